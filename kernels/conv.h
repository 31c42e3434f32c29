/// Two-dimensional convolution (cross-correlation, as in every deep-learning framework) and its gradients.
#pragma once

#include <cairn/core/view.h>

namespace cairn::inline v0 {

struct ConvGeometry {
  std::int64_t stride[2] = {1, 1};    ///< height, width
  std::int64_t padding[2] = {0, 0};   ///< zeros on both sides
  std::int64_t dilation[2] = {1, 1};
  std::int64_t groups = 1;
};

/// x: [N, C, H, W], w: [K, C/groups, R, S], y: [N, K, P, Q] with
/// P = (H + 2 padding - dilation (R - 1) - 1) / stride + 1, Q likewise. f32 or f64, all of one dtype.
/// x, y, dx, dy are channels-last (strides H*W*C, 1, W*C, C); w and dw have any strides.
struct ConvKernels {
  /// y = conv(x, w) (+ bias[K] when given).
  Status (*forward)(Context&, View x, View w, View bias, View y, const ConvGeometry& geometry);

  /// dx from dy.
  Status (*backward_data)(Context&, View dy, View w, View dx, const ConvGeometry& geometry);

  /// dw from x and dy; the order of the sums depends on shapes alone.
  Status (*backward_weight)(Context&, View x, View dy, View dw, const ConvGeometry& geometry);
};

}  // namespace cairn::inline v0
