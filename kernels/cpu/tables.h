/// How the backend collects the tables of each instruction set.
#pragma once

#include <cairn/kernels/kernels.h>

namespace cairn::inline v0::cpu {

#define CAIRN_DECLARE_FILLS         \
  void fill(PointwiseKernels&);     \
  void fill(ReduceKernels&);        \
  void fill(MatmulKernels&);        \
  void fill(ConvKernels&);          \
  void fill(PoolKernels&);          \
  void fill(NormKernels&);          \
  void fill(SoftmaxKernels&);       \
  void fill(LossKernels&);          \
  void fill(IndexKernels&);         \
  void fill(RandomKernels&);        \
  void fill(OptimizerKernels&);
namespace N_AVX2 {
CAIRN_DECLARE_FILLS
}
namespace N_AVX3 {
CAIRN_DECLARE_FILLS
}
#undef CAIRN_DECLARE_FILLS

}  // namespace cairn::inline v0::cpu
