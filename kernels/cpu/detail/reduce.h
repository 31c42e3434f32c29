/// The parts of a reduction: folding dense runs of elements into a state, and whole columns side by side.
#pragma once

#include <cairn/kernels/cpu/detail/elementwise.h>
#include <cairn/kernels/reduce.h>

namespace cairn::inline v0::cpu {
namespace detail {

/// What a reduction knows after some of its elements.
struct FoldState {
  double value = 0.0;      ///< floating dtypes: the sum, product or extreme
  double rest = 0.0;       ///< what rounding took from a sum
  std::int64_t whole = 0;  ///< the same for integers, and the truth value of any and all
  std::int64_t index = -1; ///< of the extreme; -1: no element yet
};

/// How an op reduces dense elements of one dtype.
struct Fold {
  FoldState start;
  /// Takes in n elements, the first of which has this index.
  void (*take)(FoldState& state, const void* x, std::int64_t n, std::int64_t index) = nullptr;
  /// Takes in the state of later elements.
  void (*merge)(FoldState& state, const FoldState& later) = nullptr;
};

/// What a column-wise reduction needs: x[row][column], the columns dense.
struct Columns {
  Loop kept;     ///< operands x, y; innermost the columns, of unit stride in x
  Loop reduced;  ///< operand x
  Convert load = nullptr;
  /// Writes values[0 .. n) to the outputs from this index on.
  void (*store)(const Columns& columns, std::int64_t index, const double* values, std::int64_t n) = nullptr;
  DType output = DType::f32;
  double scale = 1.0;
};

/// s + b exactly as sum and rest (Knuth's two-sum); infinities leave no rest.
inline void add_exactly(double& sum, double& rest, double b) {
  const double s = sum + b;
  const double taken = s - sum;
  rest += (sum - (s - taken)) + (b - taken);
  sum = s;
}

/// The rest of an infinite sum is NaN and does not count.
inline double exact_total(double sum, double rest) { return sum - sum == 0.0 ? sum + rest : sum; }

}  // namespace detail

#define CAIRN_DECLARE_REDUCE                                                                        \
  /* `take` is null where the op has no meaning; bf16 and f16 are folded as f32 */                  \
  detail::Fold fold_for(ReduceOp op, DType dtype);                                                  \
  /* sum, max and min of f32 and f64 (the dtype after `load`) */                                    \
  Status reduce_columns(Context& context, ReduceOp op, DType dtype, const detail::Columns& columns);

namespace N_AVX2 {
CAIRN_DECLARE_REDUCE
}
namespace N_AVX3 {
CAIRN_DECLARE_REDUCE
}
#undef CAIRN_DECLARE_REDUCE

}  // namespace cairn::inline v0::cpu
