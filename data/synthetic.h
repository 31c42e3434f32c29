/// A data set drawn by code, for programs that must run without files or a network.
#pragma once

#include <cairn/data/dataset.h>

#include <cstdint>

namespace cairn::inline v0 {

/// `count` images u8 [N, 3, 32, 32] of ten classes: disc, ring, square, triangle, cross, star, horizontal
/// stripes, diagonal stripes, checkerboard, two dots. The label of image i is i % 10; place, size, rotation
/// and both colours are drawn independently of it, with uneven light and mild noise, so no pixel by itself
/// tells the class: logistic regression stays near chance while a small convolutional network solves it.
///
/// Image i depends on (seed, i) alone. Take other seeds for other splits:
///   train = shapes_dataset(10000, 1), test = shapes_dataset(2000, 2).
/// Throws ValueError for a negative count.
CAIRN_API ImageDataset shapes_dataset(std::int64_t count, std::uint64_t seed);

}  // namespace cairn::inline v0
