/// The tile kernels of the pointwise ops, by op and dtype; null where there is none. f32 and f64 kernels also
/// serve bf16 and f16, which are converted tile by tile.
#pragma once

#include <cairn/kernels/cpu/detail/elementwise.h>
#include <cairn/kernels/pointwise.h>

namespace cairn::inline v0::cpu {

#define CAIRN_DECLARE_POINTWISE                                                                        \
  detail::TileKernel unary_kernel(PointwiseOp op, DType dtype);                                        \
  detail::TileKernel binary_kernel(PointwiseOp op, DType dtype);                                       \
  detail::TileKernel integer_kernel(PointwiseOp op, DType dtype);                                      \
  /* comparisons, logic and isnan, of any number of inputs; the output is bool */                      \
  detail::TileKernel predicate_kernel(PointwiseOp op, DType dtype);                                    \
  detail::TileKernel where_kernel(std::int64_t item);                                                  \
  detail::TileKernel fill_kernel(std::int64_t item);                                                   \
  detail::TileKernel convert_kernel(DType from, DType to);                                             \
  /* dtypes that compute in f32 have conversions from and to it */                                     \
  detail::Convert to_f32(DType from);                                                                  \
  detail::Convert from_f32(DType to);                                                                  \
  struct BackwardKernel {                                                                              \
    detail::TileKernel kernel;                                                                         \
    unsigned ignored; /* of the inputs x, y, dy */                                                     \
  };                                                                                                   \
  BackwardKernel backward_kernel(PointwiseOp op, DType dtype);

namespace N_AVX2 {
CAIRN_DECLARE_POINTWISE
}
namespace N_AVX3 {
CAIRN_DECLARE_POINTWISE
}
#undef CAIRN_DECLARE_POINTWISE

}  // namespace cairn::inline v0::cpu
