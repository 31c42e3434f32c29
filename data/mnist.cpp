#include <cairn/data/detail/file_set.h>
#include <cairn/data/mnist.h>

#include <cstring>
#include <limits>

namespace cairn::inline v0 {
namespace {

constexpr int num_classes = 10;

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) | (std::uint32_t{bytes[2]} << 8) | bytes[3];
}

/// An IDX file of unsigned bytes: 0, 0, 8 (the type), the rank, each size in 4 big-endian bytes, the values.
struct Idx {
  std::vector<std::int64_t> sizes;
  const std::uint8_t* values;
};

Idx parse_idx(const detail::FoundFile& file, std::size_t rank) {
  const Bytes& bytes = file.bytes;
  const std::size_t header_bytes = 4 + 4 * rank;
  if (bytes.size() < header_bytes) throw_io_error(file.where, concat("truncated header: ", bytes.size(), " bytes"));
  const std::uint32_t magic = big_endian(bytes.data());
  const auto expected_magic = static_cast<std::uint32_t>(0x800 + rank);
  if (magic != expected_magic) {
    throw_io_error(file.where, concat("magic number is ", magic, ", expected ", expected_magic));
  }
  Idx idx;
  const std::size_t available = bytes.size() - header_bytes;
  std::uint64_t count = 1;
  for (std::size_t dim = 0; dim < rank; ++dim) {
    const std::uint32_t size = big_endian(bytes.data() + 4 + 4 * dim);
    if (size == 0) throw_io_error(file.where, concat("size ", dim, " is 0"));
    if (count > std::numeric_limits<std::uint64_t>::max() / size) throw_io_error(file.where, "sizes overflow");
    count *= size;
    idx.sizes.push_back(size);
  }
  if (count != available) {
    throw_io_error(file.where, concat(count > available ? "truncated: " : "too long: ", available,
                                      " bytes of values, but its sizes ask for ", count));
  }
  idx.values = bytes.data() + header_bytes;
  return idx;
}

}  // namespace

ImageDataset load_mnist(const std::string& folder, bool train) {
  const std::string prefix = train ? "train" : "t10k";
  const std::string images_name = prefix + "-images-idx3-ubyte";
  const std::string labels_name = prefix + "-labels-idx1-ubyte";
  const detail::Publication publication{"MNIST", {"", "MNIST/raw"}, "", "scripts/get_data.sh mnist fetches it"};
  const auto files = detail::find_files(folder, publication, {images_name, labels_name});

  const Idx images = parse_idx(files.at(images_name), 3);
  const Idx labels = parse_idx(files.at(labels_name), 1);
  const std::int64_t count = labels.sizes[0];
  if (images.sizes[0] != count) {
    throw_io_error(files.at(labels_name).where,
                   concat(count, " labels, but ", files.at(images_name).where, " has ", images.sizes[0], " images"));
  }
  ImageDataset dataset;
  dataset.images = empty({count, 1, images.sizes[1], images.sizes[2]}, {DType::u8, Device::cpu()});
  std::memcpy(dataset.images.raw_data(), images.values, static_cast<std::size_t>(dataset.images.numel()));
  for (std::int64_t i = 0; i < count; ++i) {
    const int label = labels.values[i];
    if (label >= num_classes) {
      throw_io_error(files.at(labels_name).where,
                     concat("label ", i, " is ", label, ", expected 0..", num_classes - 1));
    }
    dataset.labels.push_back(label);
  }
  for (int i = 0; i < num_classes; ++i) dataset.class_names.push_back(std::to_string(i));
  return dataset;
}

}  // namespace cairn::inline v0
