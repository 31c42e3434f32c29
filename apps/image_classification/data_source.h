/// Which images a run learns from and is tested on.
#pragma once

#include "options.h"

#include <cairn/data/dataset.h>
#include <cairn/data/transforms.h>

#include <string>

struct DataSource {
  std::string name;        ///< cifar10, cifar100, mnist or embedded
  std::string path;        ///< "" for the embedded set
  cairn::ImageDataset train;  ///< without images when only evaluating
  cairn::ImageDataset test;

  bool is_embedded() const { return path.empty(); }
  std::int64_t channels() const { return test.images.size(1); }
};

/// Reads --data, $CAIRN_DATA/cifar10 or draws the embedded set, and cuts it to --train-size and --test-size.
/// The training images are left out when nothing asks for them.
DataSource open_data(const Options& options, bool needs_train);

/// What --augment means for these images.
cairn::Augmentation choose_augmentation(const Options& options, const DataSource& data);

/// A normalisation and where it comes from.
struct NamedNormalization {
  std::string name;  ///< cifar, imagenet, data, or weights
  cairn::Normalization values;
};

/// cifar, imagenet, or data: measured on the training images.
NamedNormalization normalization_by_name(const std::string& name, const DataSource& data);
