#include "data_source.h"

#include <cairn/core/error.h>
#include <cairn/data/cifar.h>
#include <cairn/data/mnist.h>
#include <cairn/data/synthetic.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace fs = std::filesystem;
using cairn::ImageDataset;

namespace {

constexpr std::int64_t embedded_train_size = 10000;
constexpr std::int64_t embedded_test_size = 2000;
constexpr std::uint64_t embedded_train_seed = 1;
constexpr std::uint64_t embedded_test_seed = 2;

/// Is one of these files there, plain or gzipped, in the folder or this sub folder of it?
bool has_any(const std::string& folder, const std::string& sub_folder, const std::vector<std::string>& names) {
  for (const fs::path& place : {fs::path(folder), fs::path(folder) / sub_folder}) {
    for (const std::string& name : names) {
      std::error_code ignored;
      if (fs::exists(place / name, ignored) || fs::exists(place / (name + ".gz"), ignored)) return true;
    }
  }
  return false;
}

/// Data sets are known by the names of their files; what has none of these is taken for CIFAR-10.
std::string kind_of(const std::string& path) {
  if (has_any(path, "MNIST/raw", {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                  "t10k-labels-idx1-ubyte"})) {
    return "mnist";
  }
  if (path.ends_with("cifar-100-binary.tar.gz") || has_any(path, "cifar-100-binary", {"train.bin", "test.bin"}) ||
      has_any(path, "", {"cifar-100-binary.tar"})) {
    return "cifar100";
  }
  return "cifar10";
}

ImageDataset read(const std::string& kind, const std::string& path, bool train) {
  if (kind == "mnist") return cairn::load_mnist(path, train);
  if (kind == "cifar100") return cairn::load_cifar100(path, train);
  return cairn::load_cifar10(path, train);
}

std::string default_path() {
  const char* root = std::getenv("CAIRN_DATA");
  if (root == nullptr || *root == '\0') return "";
  const std::string path = (fs::path(root) / "cifar10").string();
  std::error_code ignored;
  return fs::is_directory(path, ignored) ? path : "";
}

ImageDataset first(const char* option, const ImageDataset& dataset, std::optional<std::int64_t> count) {
  if (!count) return dataset;
  if (*count > dataset.size()) {
    throw UsageError(cairn::concat(option, " ", *count, ": there are only ", dataset.size(), " images"));
  }
  return cairn::take(dataset, 0, *count);
}

}  // namespace

DataSource open_data(const Options& options, bool needs_train) {
  DataSource data;
  data.path = options.data.empty() ? default_path() : options.data;
  if (data.is_embedded()) {
    data.name = "embedded";
    data.test = cairn::shapes_dataset(options.test_size.value_or(embedded_test_size), embedded_test_seed);
    if (needs_train) {
      data.train = cairn::shapes_dataset(options.train_size.value_or(embedded_train_size), embedded_train_seed);
    }
    return data;
  }
  data.name = kind_of(data.path);
  data.test = first("--test-size", read(data.name, data.path, false), options.test_size);
  if (needs_train) data.train = first("--train-size", read(data.name, data.path, true), options.train_size);
  return data;
}

cairn::Augmentation choose_augmentation(const Options& options, const DataSource& data) {
  const auto asks_for = [&](const char* word) {
    return std::find(options.augment.begin(), options.augment.end(), word) != options.augment.end();
  };
  const bool is_auto = asks_for("auto");
  const bool is_grey = data.channels() == 1;  // digits, which a mirror changes
  cairn::Augmentation augmentation;
  if (is_auto || asks_for("crop")) augmentation.crop_padding = is_grey ? 2 : 4;
  if ((is_auto && !is_grey) || asks_for("flip")) augmentation.flip_probability = 0.5;
  if (asks_for("cutout")) augmentation.cutout_size = data.test.images.size(2) / 2;
  return augmentation;
}

NamedNormalization normalization_by_name(const std::string& name, const DataSource& data) {
  if (name == "data") return {name, cairn::channel_statistics(data.train)};
  if (data.channels() != 3) {
    throw UsageError(cairn::concat("--normalisation ", name, " is for colour images, these have ", data.channels(),
                                   data.channels() == 1 ? " channel" : " channels"));
  }
  if (name == "imagenet") return {name, {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}}};
  return {name, {{0.4914F, 0.4822F, 0.4465F}, {0.2470F, 0.2435F, 0.2616F}}};
}
