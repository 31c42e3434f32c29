/// Shared by the ops that are made of pointwise kernels.
#pragma once

#include <cairn/core/tensor.h>
#include <cairn/kernels/pointwise.h>

#include <initializer_list>
#include <vector>

namespace cairn::inline v0::detail {

/// Runs op over `inputs`, which are expanded to the sizes of `output`. Records nothing.
void run_pointwise(const char* name, PointwiseOp op, std::initializer_list<Tensor> inputs, const Tensor& output,
                   const double* params = nullptr);

/// Uninitialised, of shape `sizes`, in the layout of the first of `inputs` that has this shape.
Tensor result_like(const Dims& sizes, DType dtype, std::initializer_list<Tensor> inputs);

/// Two operands in their promoted dtype.
struct Operands {
  Tensor a, b;
  Dims sizes;
};
Operands prepare(const char* name, const Tensor& a, const Tensor& b);

/// `gradient` summed over the dimensions along which an operand of shape `sizes` was broadcast.
Tensor sum_to(const Tensor& gradient, const Dims& sizes);

/// `x` as floating: integers and bool become f32.
Tensor as_floating(const Tensor& x);

/// The multiplier of dy in dx, made of recorded ops: what the fused backward kernel computes. Given the input or
/// the output of the op, whichever is saved.
using Derivative = Tensor (*)(const Tensor& saved, const double* params);

/// What the derivative is written in, and so what is kept for backward.
enum class Saves { input, output };

/// An op with one input: kernel, fused gradient, and the composite gradient for second derivatives
/// (null where the derivative is zero everywhere).
Tensor unary(const char* name, PointwiseOp op, const Tensor& x, Saves saves, Derivative derivative, double p0 = 0.0, double p1 = 0.0);

}  // namespace cairn::inline v0::detail
