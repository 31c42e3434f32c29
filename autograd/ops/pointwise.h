/// Elementwise operations. Two operands are broadcast to a common shape and converted to their promoted
/// dtype; a plain number takes the dtype of the tensor (f32 beside an integer tensor unless it is whole).
/// The result has the memory layout of the first operand of its shape. Functions of real analysis turn
/// integers into f32; errors name op, shapes and dtypes.
#pragma once

#include <cairn/core/tensor.h>

namespace cairn::inline v0 {

CAIRN_API Tensor neg(const Tensor& x);
CAIRN_API Tensor abs(const Tensor& x);   ///< gradient at 0: 0
CAIRN_API Tensor sign(const Tensor& x);
CAIRN_API Tensor square(const Tensor& x);
CAIRN_API Tensor sqrt(const Tensor& x);
CAIRN_API Tensor rsqrt(const Tensor& x);  ///< 1 / sqrt(x)
CAIRN_API Tensor reciprocal(const Tensor& x);
CAIRN_API Tensor exp(const Tensor& x);
CAIRN_API Tensor expm1(const Tensor& x);
CAIRN_API Tensor log(const Tensor& x);
CAIRN_API Tensor log1p(const Tensor& x);
CAIRN_API Tensor sin(const Tensor& x);
CAIRN_API Tensor cos(const Tensor& x);
CAIRN_API Tensor tanh(const Tensor& x);
CAIRN_API Tensor erf(const Tensor& x);
CAIRN_API Tensor floor(const Tensor& x);
CAIRN_API Tensor ceil(const Tensor& x);
CAIRN_API Tensor round(const Tensor& x);  ///< half to even

CAIRN_API Tensor sigmoid(const Tensor& x);  ///< 1 / (1 + e^-x)
CAIRN_API Tensor relu(const Tensor& x);     ///< gradient at 0: 0
CAIRN_API Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);
enum class GeluForm { erf, tanh };
CAIRN_API Tensor gelu(const Tensor& x, GeluForm form = GeluForm::erf);
CAIRN_API Tensor silu(const Tensor& x);      ///< x sigmoid(x)
CAIRN_API Tensor softplus(const Tensor& x);  ///< log(1 + e^x)

/// To [low, high]; gradient 1 inside and at the bounds, 0 outside.
CAIRN_API Tensor clamp(const Tensor& x, double low, double high);

CAIRN_API Tensor pow(const Tensor& x, double exponent);
CAIRN_API Tensor pow(const Tensor& x, const Tensor& exponent);

CAIRN_API Tensor add(const Tensor& a, const Tensor& b);
CAIRN_API Tensor sub(const Tensor& a, const Tensor& b);
CAIRN_API Tensor mul(const Tensor& a, const Tensor& b);
CAIRN_API Tensor div(const Tensor& a, const Tensor& b);      ///< true division: integers give f32
CAIRN_API Tensor maximum(const Tensor& a, const Tensor& b);  ///< equal operands share the gradient
CAIRN_API Tensor minimum(const Tensor& a, const Tensor& b);

// Comparisons and logic give bool and are not differentiable.
CAIRN_API Tensor eq(const Tensor& a, const Tensor& b);
CAIRN_API Tensor ne(const Tensor& a, const Tensor& b);
CAIRN_API Tensor lt(const Tensor& a, const Tensor& b);
CAIRN_API Tensor le(const Tensor& a, const Tensor& b);
CAIRN_API Tensor gt(const Tensor& a, const Tensor& b);
CAIRN_API Tensor ge(const Tensor& a, const Tensor& b);
CAIRN_API Tensor logical_and(const Tensor& a, const Tensor& b);
CAIRN_API Tensor logical_or(const Tensor& a, const Tensor& b);
CAIRN_API Tensor logical_xor(const Tensor& a, const Tensor& b);
CAIRN_API Tensor logical_not(const Tensor& x);
CAIRN_API Tensor isnan(const Tensor& x);

/// a where the bool tensor `condition` holds, else b.
CAIRN_API Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

/// `value` as a tensor without dimensions that does not raise the dtype of `like` needlessly.
CAIRN_API Tensor scalar_like(const Tensor& like, double value);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator+(const Tensor& a, double b) { return add(a, scalar_like(a, b)); }
inline Tensor operator-(const Tensor& a, double b) { return sub(a, scalar_like(a, b)); }
inline Tensor operator*(const Tensor& a, double b) { return mul(a, scalar_like(a, b)); }
inline Tensor operator/(const Tensor& a, double b) { return div(a, scalar_like(a, b)); }
inline Tensor operator+(double a, const Tensor& b) { return add(scalar_like(b, a), b); }
inline Tensor operator-(double a, const Tensor& b) { return sub(scalar_like(b, a), b); }
inline Tensor operator*(double a, const Tensor& b) { return mul(scalar_like(b, a), b); }
inline Tensor operator/(double a, const Tensor& b) { return div(scalar_like(b, a), b); }
inline Tensor operator>(const Tensor& a, double b) { return gt(a, scalar_like(a, b)); }
inline Tensor operator>=(const Tensor& a, double b) { return ge(a, scalar_like(a, b)); }
inline Tensor operator<(const Tensor& a, double b) { return lt(a, scalar_like(a, b)); }
inline Tensor operator<=(const Tensor& a, double b) { return le(a, scalar_like(a, b)); }

}  // namespace cairn::inline v0
