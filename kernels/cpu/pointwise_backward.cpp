// Gradients of the pointwise ops with one input.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/pointwise_backward.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/kernels/cpu/detail/pointwise.h>
#include <cairn/kernels/functors-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

using namespace math;

template <class Op, class T>
void backward_tile(const void* const* in, void* out, std::int64_t n, const double* params) {
  using V = Vec<T>;
  const auto* x = static_cast<const T*>(in[0]);
  const auto* y = static_cast<const T*>(in[1]);
  const auto* dy = static_cast<const T*>(in[2]);
  auto* dx = static_cast<T*>(out);
  const Params<V> p{V(params[0]), V(params[1])};
  std::int64_t i = 0;
  for (; i + V::lanes() <= n; i += V::lanes()) {
    V vx(0.0), vy(0.0);
    if constexpr ((Op::reads & reads_x) != 0) vx = load(x + i);
    if constexpr ((Op::reads & reads_y) != 0) vy = load(y + i);
    store(Op::backward(vx, vy, load(dy + i), p), dx + i);
  }
  if (i < n) {
    V vx(0.0), vy(0.0);
    if constexpr ((Op::reads & reads_x) != 0) vx = load_first(x + i, n - i);
    if constexpr ((Op::reads & reads_y) != 0) vy = load_first(y + i, n - i);
    store_first(Op::backward(vx, vy, load_first(dy + i, n - i), p), dx + i, n - i);
  }
}

template <class Op>
BackwardKernel backward_tile_for(DType dtype) {
  return {dtype == DType::f64 ? backward_tile<Op, double> : backward_tile<Op, float>,
          ~Op::reads & (reads_x | reads_y)};
}

}  // namespace

BackwardKernel backward_kernel(PointwiseOp op, DType dtype) {
  switch (op) {
    case PointwiseOp::copy: return backward_tile_for<Identity>(dtype);
    case PointwiseOp::neg: return backward_tile_for<Neg>(dtype);
    case PointwiseOp::abs: return backward_tile_for<Abs>(dtype);
    case PointwiseOp::sign: return backward_tile_for<Sign>(dtype);
    case PointwiseOp::square: return backward_tile_for<Square>(dtype);
    case PointwiseOp::sqrt: return backward_tile_for<Sqrt>(dtype);
    case PointwiseOp::rsqrt: return backward_tile_for<Rsqrt>(dtype);
    case PointwiseOp::reciprocal: return backward_tile_for<Reciprocal>(dtype);
    case PointwiseOp::exp: return backward_tile_for<Exp>(dtype);
    case PointwiseOp::expm1: return backward_tile_for<Expm1>(dtype);
    case PointwiseOp::log: return backward_tile_for<Log>(dtype);
    case PointwiseOp::log1p: return backward_tile_for<Log1p>(dtype);
    case PointwiseOp::sin: return backward_tile_for<Sin>(dtype);
    case PointwiseOp::cos: return backward_tile_for<Cos>(dtype);
    case PointwiseOp::tanh: return backward_tile_for<Tanh>(dtype);
    case PointwiseOp::erf: return backward_tile_for<Erf>(dtype);
    case PointwiseOp::sigmoid: return backward_tile_for<Sigmoid>(dtype);
    case PointwiseOp::relu: return backward_tile_for<Relu>(dtype);
    case PointwiseOp::leaky_relu: return backward_tile_for<LeakyRelu>(dtype);
    case PointwiseOp::gelu: return backward_tile_for<Gelu>(dtype);
    case PointwiseOp::gelu_tanh: return backward_tile_for<GeluTanh>(dtype);
    case PointwiseOp::silu: return backward_tile_for<Silu>(dtype);
    case PointwiseOp::softplus: return backward_tile_for<Softplus>(dtype);
    case PointwiseOp::floor: return backward_tile_for<Floor>(dtype);
    case PointwiseOp::ceil: return backward_tile_for<Ceil>(dtype);
    case PointwiseOp::round: return backward_tile_for<Round>(dtype);
    case PointwiseOp::clamp: return backward_tile_for<Clamp>(dtype);
    case PointwiseOp::pow_scalar: return backward_tile_for<PowScalar>(dtype);
    default: return {nullptr, 0};
  }
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
