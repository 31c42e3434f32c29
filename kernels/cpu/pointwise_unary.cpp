// Pointwise ops with one input and floating output.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/pointwise_unary.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/kernels/cpu/detail/pointwise.h>
#include <cairn/kernels/functors-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

using namespace math;
using detail::TileKernel;

template <class Op, class T>
void forward_tile(const void* const* in, void* out, std::int64_t n, const double* params) {
  using V = Vec<T>;
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<T*>(out);
  const Params<V> p{V(params[0]), V(params[1])};
  std::int64_t i = 0;
  for (; i + V::lanes() <= n; i += V::lanes()) store(Op::forward(load(x + i), p), y + i);
  if (i < n) store_first(Op::forward(load_first(x + i, n - i), p), y + i, n - i);
}

template <class Op>
TileKernel forward_tile_for(DType dtype) {
  return dtype == DType::f64 ? forward_tile<Op, double> : forward_tile<Op, float>;
}

}  // namespace

TileKernel unary_kernel(PointwiseOp op, DType dtype) {
  switch (op) {
    case PointwiseOp::neg: return forward_tile_for<Neg>(dtype);
    case PointwiseOp::abs: return forward_tile_for<Abs>(dtype);
    case PointwiseOp::sign: return forward_tile_for<Sign>(dtype);
    case PointwiseOp::square: return forward_tile_for<Square>(dtype);
    case PointwiseOp::sqrt: return forward_tile_for<Sqrt>(dtype);
    case PointwiseOp::rsqrt: return forward_tile_for<Rsqrt>(dtype);
    case PointwiseOp::reciprocal: return forward_tile_for<Reciprocal>(dtype);
    case PointwiseOp::exp: return forward_tile_for<Exp>(dtype);
    case PointwiseOp::expm1: return forward_tile_for<Expm1>(dtype);
    case PointwiseOp::log: return forward_tile_for<Log>(dtype);
    case PointwiseOp::log1p: return forward_tile_for<Log1p>(dtype);
    case PointwiseOp::sin: return forward_tile_for<Sin>(dtype);
    case PointwiseOp::cos: return forward_tile_for<Cos>(dtype);
    case PointwiseOp::tanh: return forward_tile_for<Tanh>(dtype);
    case PointwiseOp::erf: return forward_tile_for<Erf>(dtype);
    case PointwiseOp::sigmoid: return forward_tile_for<Sigmoid>(dtype);
    case PointwiseOp::relu: return forward_tile_for<Relu>(dtype);
    case PointwiseOp::leaky_relu: return forward_tile_for<LeakyRelu>(dtype);
    case PointwiseOp::gelu: return forward_tile_for<Gelu>(dtype);
    case PointwiseOp::gelu_tanh: return forward_tile_for<GeluTanh>(dtype);
    case PointwiseOp::silu: return forward_tile_for<Silu>(dtype);
    case PointwiseOp::softplus: return forward_tile_for<Softplus>(dtype);
    case PointwiseOp::floor: return forward_tile_for<Floor>(dtype);
    case PointwiseOp::ceil: return forward_tile_for<Ceil>(dtype);
    case PointwiseOp::round: return forward_tile_for<Round>(dtype);
    case PointwiseOp::clamp: return forward_tile_for<Clamp>(dtype);
    case PointwiseOp::pow_scalar: return forward_tile_for<PowScalar>(dtype);
    default: return nullptr;
  }
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
