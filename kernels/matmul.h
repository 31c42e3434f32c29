/// Matrix products.
#pragma once

#include <cairn/core/view.h>

namespace cairn::inline v0 {

struct MatmulKernels {
  /// c[b, m, n] = sum over k of a[b, m, k] * b[b, k, n] (+ bias[n] when given).
  /// a: [B, M, K], b: [B, K, N], c: [B, M, N], bias: [N] or not given; one floating dtype. Any strides of
  /// a and b (batch stride 0 repeats); c has unit stride in its last or its last but one dimension and
  /// does not overlap the inputs. K = 0 gives the bias or zero. bf16 and f16 accumulate in f32.
  Status (*matmul)(Context&, View a, View b, View bias, View c);
};

}  // namespace cairn::inline v0
