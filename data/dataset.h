/// Labelled images in memory: what the readers return and what DataLoader serves.
#pragma once

#include <cairn/core/tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cairn::inline v0 {

struct ImageDataset {
  Tensor images;                         ///< u8 [N, C, H, W] on the CPU, row-major, intensities 0..255
  std::vector<std::int64_t> labels;      ///< N of them, each in 0..num_classes()-1
  std::vector<std::string> class_names;  ///< one for each class

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t num_classes() const { return static_cast<std::int64_t>(class_names.size()); }
};

/// Throws ValueError unless the members fit together as documented. `op` is named in the text.
CAIRN_API void check_dataset(const char* op, const ImageDataset& dataset);

/// The samples begin..begin+count-1, on the same memory. Throws ValueError when they are not all there.
CAIRN_API ImageDataset take(const ImageDataset& dataset, std::int64_t begin, std::int64_t count);

/// Per channel: y = (x - mean) / stddev, where x = intensity / 255 is in 0..1. Empty: y = x.
struct Normalization {
  std::vector<float> mean;
  std::vector<float> stddev;
};

/// Mean and standard deviation of every channel over all pixels. Constant channels get stddev 1.
CAIRN_API Normalization channel_statistics(const ImageDataset& dataset);

}  // namespace cairn::inline v0
