/// Joining, padding and memory layout. Views (reshape, permute, slice, …) are members of Tensor.
#pragma once

#include <cairn/core/tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace cairn::inline v0 {

/// Joins tensors that agree in all sizes but that of `dim`.
CAIRN_API Tensor cat(const std::vector<Tensor>& tensors, std::int64_t dim = 0);

/// Joins tensors of one shape along a new dimension `dim`.
CAIRN_API Tensor stack(const std::vector<Tensor>& tensors, std::int64_t dim = 0);

/// Adds `value` before and after the elements of each dimension: amounts[d] = {before, after}, one pair per
/// dimension, none negative.
CAIRN_API Tensor pad(const Tensor& x, const std::vector<std::pair<std::int64_t, std::int64_t>>& amounts, double value = 0.0);

/// How many times an op had to copy a tensor only to change its memory layout (this thread, since the last
/// reset). Convolutional networks on channels-last images should need none but the first.
CAIRN_API std::int64_t layout_copies();
CAIRN_API void reset_layout_copies();

}  // namespace cairn::inline v0
