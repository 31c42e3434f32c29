// Pointwise ops with two or three inputs and floating output.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/pointwise_binary.cpp"
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
void binary_tile(const void* const* in, void* out, std::int64_t n, const double*) {
  using V = Vec<T>;
  const auto* a = static_cast<const T*>(in[0]);
  const auto* b = static_cast<const T*>(in[1]);
  auto* y = static_cast<T*>(out);
  std::int64_t i = 0;
  for (; i + V::lanes() <= n; i += V::lanes()) store(Op::forward(load(a + i), load(b + i)), y + i);
  if (i < n) store_first(Op::forward(load_first(a + i, n - i), load_first(b + i, n - i)), y + i, n - i);
}

template <class T>
void addcmul_tile(const void* const* in, void* out, std::int64_t n, const double* params) {
  using V = Vec<T>;
  const auto* a = static_cast<const T*>(in[0]);
  const auto* b = static_cast<const T*>(in[1]);
  const auto* c = static_cast<const T*>(in[2]);
  auto* y = static_cast<T*>(out);
  const Params<V> p{V(params[0]), V(0.0)};
  std::int64_t i = 0;
  for (; i + V::lanes() <= n; i += V::lanes()) {
    store(Addcmul::forward(load(a + i), load(b + i), load(c + i), p), y + i);
  }
  if (const std::int64_t rest = n - i; rest > 0) {
    store_first(Addcmul::forward(load_first(a + i, rest), load_first(b + i, rest), load_first(c + i, rest), p), y + i,
                rest);
  }
}

template <class Op>
TileKernel binary_tile_for(DType dtype) {
  return dtype == DType::f64 ? binary_tile<Op, double> : binary_tile<Op, float>;
}

}  // namespace

TileKernel binary_kernel(PointwiseOp op, DType dtype) {
  switch (op) {
    case PointwiseOp::add: return binary_tile_for<Add>(dtype);
    case PointwiseOp::sub: return binary_tile_for<Sub>(dtype);
    case PointwiseOp::mul: return binary_tile_for<Mul>(dtype);
    case PointwiseOp::div: return binary_tile_for<Div>(dtype);
    case PointwiseOp::pow: return binary_tile_for<Pow>(dtype);
    case PointwiseOp::maximum: return binary_tile_for<Maximum>(dtype);
    case PointwiseOp::minimum: return binary_tile_for<Minimum>(dtype);
    case PointwiseOp::bce: return binary_tile_for<Bce>(dtype);
    case PointwiseOp::bce_with_logits: return binary_tile_for<BceWithLogits>(dtype);
    case PointwiseOp::addcmul: return dtype == DType::f64 ? addcmul_tile<double> : addcmul_tile<float>;
    default: return nullptr;
  }
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
