#include <cairn/data/cifar.h>
#include <cairn/data/detail/file_set.h>

#include <cstring>
#include <sstream>

namespace cairn::inline v0 {
namespace {

constexpr std::int64_t channels = 3;
constexpr std::int64_t side = 32;
constexpr std::size_t image_bytes = channels * side * side;

using Files = std::map<std::string, detail::FoundFile>;

/// A record is some label bytes, one of which counts, then the red, green and blue planes.
struct RecordFormat {
  std::size_t label_bytes;
  std::size_t label_at;
  std::int64_t num_classes;
  std::size_t bytes() const { return label_bytes + image_bytes; }
};

void check_batch(const detail::FoundFile& file, const RecordFormat& format) {
  const std::size_t bytes = file.bytes.size();
  if (bytes == 0) throw_io_error(file.where, "is empty");
  if (bytes % format.bytes() != 0) {
    throw_io_error(file.where, concat("has ", bytes, " bytes, which is no multiple of the ", format.bytes(),
                                      " of a record: truncated?"));
  }
  for (std::size_t record = 0; record < bytes / format.bytes(); ++record) {
    const int label = file.bytes[record * format.bytes() + format.label_at];
    if (label >= format.num_classes) {
      throw_io_error(file.where,
                     concat("record ", record, " has label ", label, ", expected 0..", format.num_classes - 1));
    }
  }
}

/// The lines of a file of class names, or else `otherwise`.
std::vector<std::string> read_names(const Files& files, const std::string& name, std::vector<std::string> otherwise) {
  const auto found = files.find(name);
  if (found == files.end()) return otherwise;
  std::istringstream lines(std::string(found->second.bytes.begin(), found->second.bytes.end()));
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  if (names.size() != otherwise.size()) {
    throw_io_error(found->second.where, concat("has ", names.size(), " class names, expected ", otherwise.size()));
  }
  return names;
}

/// Joins the batches in the order of `names`.
ImageDataset join_batches(const Files& files, const std::vector<std::string>& names, const RecordFormat& format) {
  std::size_t count = 0;
  for (const std::string& name : names) {
    check_batch(files.at(name), format);
    count += files.at(name).bytes.size() / format.bytes();
  }
  ImageDataset dataset;
  dataset.images = empty({static_cast<std::int64_t>(count), channels, side, side}, {DType::u8, Device::cpu()});
  dataset.labels.reserve(count);
  std::uint8_t* out = dataset.images.data<std::uint8_t>();
  for (const std::string& name : names) {
    const Bytes& bytes = files.at(name).bytes;
    for (std::size_t at = 0; at < bytes.size(); at += format.bytes()) {
      dataset.labels.push_back(bytes[at + format.label_at]);
      std::memcpy(out, bytes.data() + at + format.label_bytes, image_bytes);
      out += image_bytes;
    }
  }
  return dataset;
}

}  // namespace

ImageDataset load_cifar10(const std::string& path, bool train) {
  const detail::Publication publication{"CIFAR-10",
                                        {"", "cifar-10-batches-bin"},
                                        "cifar-10-binary.tar.gz",
                                        "scripts/get_data.sh cifar10 fetches it"};
  std::vector<std::string> batches{"test_batch.bin"};
  if (train) {
    batches = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
  }
  const Files files = detail::find_files(path, publication, batches, {"batches.meta.txt"});
  ImageDataset dataset = join_batches(files, batches, {.label_bytes = 1, .label_at = 0, .num_classes = 10});
  dataset.class_names =
      read_names(files, "batches.meta.txt",
                 {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"});
  return dataset;
}

ImageDataset load_cifar100(const std::string& path, bool train, bool coarse_labels) {
  const detail::Publication publication{"CIFAR-100",
                                        {"", "cifar-100-binary"},
                                        "cifar-100-binary.tar.gz",
                                        "https://www.cs.toronto.edu/~kriz/cifar.html has it"};
  const std::vector<std::string> batches{train ? "train.bin" : "test.bin"};
  const std::string names_file = coarse_labels ? "coarse_label_names.txt" : "fine_label_names.txt";
  const std::int64_t num_classes = coarse_labels ? 20 : 100;
  std::vector<std::string> numbers;
  for (std::int64_t i = 0; i < num_classes; ++i) numbers.push_back(std::to_string(i));

  const Files files = detail::find_files(path, publication, batches, {names_file});
  const RecordFormat format{.label_bytes = 2, .label_at = coarse_labels ? 0U : 1U, .num_classes = num_classes};
  ImageDataset dataset = join_batches(files, batches, format);
  dataset.class_names = read_names(files, names_file, numbers);
  return dataset;
}

}  // namespace cairn::inline v0
