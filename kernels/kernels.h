/// What a backend can compute: one struct of functions per family.
#pragma once

#include <cairn/core/device.h>
#include <cairn/kernels/conv.h>
#include <cairn/kernels/index.h>
#include <cairn/kernels/loss.h>
#include <cairn/kernels/matmul.h>
#include <cairn/kernels/norm.h>
#include <cairn/kernels/optimizer.h>
#include <cairn/kernels/pointwise.h>
#include <cairn/kernels/pool.h>
#include <cairn/kernels/random.h>
#include <cairn/kernels/reduce.h>
#include <cairn/kernels/softmax.h>

namespace cairn::inline v0 {

/// A null entry means that the backend lacks the function; calling it gives NotImplementedError.
struct Kernels {
  PointwiseKernels pointwise;
  ReduceKernels reduce;
  MatmulKernels matmul;
  ConvKernels conv;
  PoolKernels pool;
  NormKernels norm;
  SoftmaxKernels softmax;
  LossKernels loss;
  IndexKernels index;
  RandomKernels random;
  OptimizerKernels optimizer;
};

/// The tables of a device's backend. Loads the plugin of a device other than the CPU; throws
/// DeviceError when there is none or when it was built for another version.
CAIRN_API const Kernels& kernels(Device device);

/// The instruction sets that the CPU kernels are built for, weakest first.
enum class Isa { avx2, avx512 };

/// The one in use: the best that the processor has, or what the environment variable CAIRN_ISA
/// ("avx2", "avx512") says, if the processor has it. Throws ValueError for another word and DeviceError
/// for one that the processor lacks.
CAIRN_API Isa cpu_isa();
CAIRN_API const char* name_of(Isa isa);

}  // namespace cairn::inline v0
