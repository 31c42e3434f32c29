/// Transforms of one image, for training with augmentation. Each takes f32 [C, H, W] on the CPU of any
/// strides, returns a new row-major tensor, and draws from the sample's own random source.
///
/// DataLoader does the same in one pass over the bytes; these are its readable, tested counterpart, and the
/// parts of which other pipelines are made. ShapeError or ValueError for arguments out of their domain.
#pragma once

#include <cairn/core/tensor.h>
#include <cairn/data/dataset.h>
#include <cairn/data/sample_rng.h>

#include <cstdint>

namespace cairn::inline v0 {

/// u8 0..255 to f32 0..1.
CAIRN_API Tensor to_unit_range(const Tensor& image);

/// (x - mean) / stddev for each channel; unchanged for an empty Normalization.
CAIRN_API Tensor normalize(const Tensor& image, const Normalization& normalization);

/// Pads every side with `padding` zeros and cuts out a window of the old size at a random place.
/// Draws two numbers, unless padding is 0.
CAIRN_API Tensor random_crop(const Tensor& image, std::int64_t padding, SampleRng& rng);

/// Left to right and right to left, with this probability. Draws one number, unless probability is 0.
CAIRN_API Tensor random_horizontal_flip(const Tensor& image, double probability, SampleRng& rng);

/// Sets a square of `size` pixels to 0, which is the mean after normalize(). Its centre is uniform over the
/// image, so parts may lie outside. Draws two numbers, unless size is 0.
/// DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout",
/// arXiv:1708.04552, 2017.
CAIRN_API Tensor cutout(const Tensor& image, std::int64_t size, SampleRng& rng);

/// Which of them to apply. Those left at 0 do nothing.
struct Augmentation {
  std::int64_t crop_padding = 0;  ///< pixels; 4 is usual for CIFAR (He et al., CVPR 2016, section 4.2)
  double flip_probability = 0;    ///< 0.5 is usual
  std::int64_t cutout_size = 0;   ///< pixels; 16 is usual for CIFAR-10
};

/// The whole chain for a u8 [C, H, W] image: to_unit_range, random_crop, random_horizontal_flip, normalize,
/// cutout, with numbers drawn in this order. (Padding is black before normalize, as in the papers' code.)
CAIRN_API Tensor augment(const Tensor& image, const Augmentation& augmentation, const Normalization& normalization,
                         SampleRng& rng);

}  // namespace cairn::inline v0
