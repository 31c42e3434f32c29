/// Pooling over the last two dimensions of [N, C, H, W].
#pragma once

#include <cairn/core/view.h>

namespace cairn::inline v0 {

struct PoolGeometry {
  std::int64_t kernel[2] = {1, 1};
  std::int64_t stride[2] = {1, 1};
  std::int64_t padding[2] = {0, 0};
  std::int64_t dilation[2] = {1, 1};  ///< max pooling only
  bool count_include_pad = true;      ///< average pooling only: whether padding counts in the divisor
};

/// x, dx: [N, C, H, W]; y, dy: [N, C, P, Q]; each dense, row-major or channels-last (all alike). f32, f64.
struct PoolKernels {
  /// y = max over each window (NaN wins), indices (i64, shape and layout of y) = h * W + w of the first maximum.
  Status (*max_forward)(Context&, View x, View y, View indices, const PoolGeometry& geometry);

  /// The same with window [floor(p H / P), ceil((p + 1) H / P)) for output row p, columns likewise.
  Status (*adaptive_max_forward)(Context&, View x, View y, View indices);

  /// dx = 0, then dx[index] += dy, for either of the above, in the order of the outputs.
  Status (*max_backward)(Context&, View dy, View indices, View dx);

  Status (*average_forward)(Context&, View x, View y, const PoolGeometry& geometry);
  Status (*average_backward)(Context&, View dy, View dx, const PoolGeometry& geometry);

  /// Average over the windows of adaptive_max_forward.
  Status (*adaptive_average_forward)(Context&, View x, View y);
  Status (*adaptive_average_backward)(Context&, View dy, View dx);
};

}  // namespace cairn::inline v0
