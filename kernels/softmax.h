/// Softmax and its logarithm over the last axis. All operands: [rows, cols], contiguous, one dtype (f32, f64).
#pragma once

#include <cairn/core/view.h>

namespace cairn::inline v0 {

struct SoftmaxKernels {
  /// y = exp(x - max) / sum exp(x - max). May alias.
  Status (*forward)(Context&, View x, View y);

  /// dx = y * (dy - sum(dy * y)). May alias.
  Status (*backward)(Context&, View y, View dy, View dx);

  /// y = x - max - log(sum exp(x - max)). May alias.
  Status (*log_forward)(Context&, View x, View y);

  /// dx = dy - exp(y) * sum(dy). May alias.
  Status (*log_backward)(Context&, View y, View dy, View dx);
};

}  // namespace cairn::inline v0
