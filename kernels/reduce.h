/// Kernels that combine the elements along some dimensions.
#pragma once

#include <cairn/core/view.h>

namespace cairn::inline v0 {

enum class ReduceOp : std::int32_t {
  sum,             ///< times `scale`; integers and bool give i64
  prod,            ///< integers and bool give i64
  max, min,        ///< NaN if one is there
  argmax, argmin,  ///< output i64: the first extreme element (NaN counts as extreme), as a row-major index
                   ///< within the reduced dimensions
  any, all,        ///< output bool
};

struct ReduceKernels {
  /// y = op over x. Both have the same rank; y has size 1 in the reduced dimensions. Any strides of x;
  /// y must not overlap x. An empty reduction gives the neutral element; max, min, argmax and argmin
  /// are not called with one. bf16 and f16 accumulate in f32. The order of a sum depends on shapes and
  /// strides alone; its error grows like that of pairwise or blocked summation.
  Status (*forward)(Context&, ReduceOp op, View x, View y, double scale);
};

}  // namespace cairn::inline v0
