/// Kernels that compute each output element from the elements at the same place of the inputs.
#pragma once

#include <cairn/core/view.h>

namespace cairn::inline v0 {

/// `p0`, `p1` are the parameters handed to the kernel. Formulas and gradients: kernels/functors-inl.h.
enum class PointwiseOp : std::int32_t {
  fill,  ///< no input: p0 everywhere
  copy,  ///< also converts: the output may have any dtype (towards integers it truncates, NaN gives 0)
  // one input; same dtype unless said otherwise
  neg, abs, sign, square, sqrt, rsqrt, reciprocal, exp, expm1, log, log1p, sin, cos, tanh, erf,
  sigmoid, relu,
  leaky_relu,  ///< p0: slope for x < 0
  gelu,        ///< x Phi(x), by erf
  gelu_tanh,   ///< the tanh approximation (Hendrycks and Gimpel 2016)
  silu,
  softplus,   ///< log(1 + e^x)
  floor, ceil, round,  ///< round: half to even
  clamp,       ///< to [p0, p1]; NaN stays NaN
  pow_scalar,  ///< x^p0
  logical_not, isnan,  ///< output bool
  // two inputs of one dtype
  add, sub, mul, div, pow,
  maximum, minimum,  ///< NaN if either is
  eq, ne, lt, le, gt, ge,               ///< output bool
  logical_and, logical_or, logical_xor,  ///< output bool
  bce,              ///< -(y log p + (1 - y) log(1 - p)) of (p, y); logarithms not below -100
  bce_with_logits,  ///< the same of (z, y) with p = sigmoid(z): max(z, 0) - z y + log(1 + e^-|z|)
  // three inputs
  where,   ///< (bool condition, a, b)
  addcmul,  ///< a + p0 b c
  count_,
};

struct PointwiseKernels {
  /// output = op(inputs…). Every view has the sizes of the output; broadcast operands have stride 0
  /// where they repeat. Any strides; inputs may alias the output exactly. All dtypes where the op has
  /// a meaning (integers and bool: fill copy neg abs sign square relu clamp add sub mul maximum
  /// minimum, comparisons, logic, where); bf16 and f16 compute in f32. Must not write where the output
  /// is expanded (stride 0).
  Status (*forward)(Context&, PointwiseOp op, const View* inputs, int input_count, View output, const double* params);

  /// dx = dy * op'(x) for the ops with one input and a derivative, given x and y = op(x). Floating
  /// dtypes. dx may alias any of them.
  Status (*backward)(Context&, PointwiseOp op, View x, View y, View dy, View dx, const double* params);
};

}  // namespace cairn::inline v0
