/// Runs a kernel for dense tiles over operands of any strides and dtypes.
#pragma once

#include <cairn/kernels/cpu/detail/strided.h>

namespace cairn::inline v0::cpu::detail {

/// out[i] = op(in[0][i], …) for i < n, all dense.
using TileKernel = void (*)(const void* const* in, void* out, std::int64_t n, const double* params);

/// to[i] = from[i] in another dtype.
using Convert = void (*)(const void* from, void* to, std::int64_t n);

/// What to run, and the conversions between the dtypes in memory and those of the kernel (null: none).
struct TileOp {
  TileKernel kernel = nullptr;
  Convert load[max_operands] = {};
  Convert store = nullptr;
  const double* params = nullptr;
  unsigned ignored = 0;  ///< bit i: the kernel does not read input i
};

/// The last view is the output.
void run_tiles(const TileOp& op, const View* views, int count);

}  // namespace cairn::inline v0::cpu::detail
