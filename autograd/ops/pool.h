/// Pooling over height and width of [N, C, H, W]; the result keeps the memory layout.
#pragma once

#include <cairn/core/tensor.h>
#include <cairn/kernels/pool.h>

#include <utility>

namespace cairn::inline v0 {

/// Largest element of each window; NaN wins; the first of equal ones gets the gradient. Output size as in conv2d.
/// Padding must be at most half of the kernel.
CAIRN_API Tensor max_pool2d(const Tensor& x, const PoolGeometry& geometry);

/// Mean of each window.
CAIRN_API Tensor avg_pool2d(const Tensor& x, const PoolGeometry& geometry);

/// Mean / largest of the H/P x W/Q windows that tile the input: [N, C, P, Q].
CAIRN_API Tensor adaptive_avg_pool2d(const Tensor& x, std::int64_t p, std::int64_t q);
CAIRN_API Tensor adaptive_max_pool2d(const Tensor& x, std::int64_t p, std::int64_t q);

}  // namespace cairn::inline v0
