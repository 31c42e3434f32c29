/// What an augmented sample drew, and in which order: shared by the transforms and by DataLoader's one pass.
#pragma once

#include <cairn/data/transforms.h>

#include <algorithm>

namespace cairn::inline v0::detail {

/// Where the window begins in the unpadded image: -padding..padding each.
struct CropOffset {
  std::int64_t y = 0;
  std::int64_t x = 0;
};

/// Rows top..bottom-1 and columns left..right-1, inside the image.
struct Box {
  std::int64_t top = 0;
  std::int64_t bottom = 0;
  std::int64_t left = 0;
  std::int64_t right = 0;
};

inline CropOffset draw_crop(std::int64_t padding, SampleRng& rng) {
  if (padding == 0) return {};
  const std::int64_t y = rng.below(2 * padding + 1) - padding;
  const std::int64_t x = rng.below(2 * padding + 1) - padding;
  return {y, x};
}

inline bool draw_flip(double probability, SampleRng& rng) { return probability > 0 && rng.bernoulli(probability); }

inline Box draw_cutout(std::int64_t size, std::int64_t height, std::int64_t width, SampleRng& rng) {
  if (size == 0 || height == 0 || width == 0) return {};
  const std::int64_t top = rng.below(height) - size / 2;
  const std::int64_t left = rng.below(width) - size / 2;
  return {std::max<std::int64_t>(top, 0), std::min(top + size, height), std::max<std::int64_t>(left, 0),
          std::min(left + size, width)};
}

/// Throws ValueError naming `op` for values out of their domain.
void check_augmentation(const char* op, const Augmentation& augmentation);

/// Also for a number of entries other than `channels`.
void check_normalization(const char* op, const Normalization& normalization, std::int64_t channels);

}  // namespace cairn::inline v0::detail
