// Pointwise ops on integers and bool, comparisons, logic, selection: plain loops, which the compiler vectorises.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/pointwise_integer.cpp"
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

/// The nearest T to a parameter.
template <class T>
Wrapped<T> bound(double p) {
  constexpr auto lowest = static_cast<double>(hwy::LimitsMin<T>());
  constexpr double above = static_cast<double>(hwy::LimitsMax<T>() / 2 + 1) * 2.0;
  if (p >= above) return hwy::LimitsMax<T>();
  return p > lowest ? static_cast<T>(p) : hwy::LimitsMin<T>();
}
template <>
Wrapped<bool> bound<bool>(double p) {
  return p > 0.0;
}

template <class Op, class T>
void unary_tile(const void* const* in, void* out, std::int64_t n, const double* params) {
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<T*>(out);
  const Params<Wrapped<T>> p{bound<T>(params[0]), bound<T>(params[1])};
  for (std::int64_t i = 0; i < n; ++i) y[i] = Op::forward(Wrapped<T>(x[i]), p).v;
}

template <class Op, class T>
void binary_tile(const void* const* in, void* out, std::int64_t n, const double*) {
  const auto* a = static_cast<const T*>(in[0]);
  const auto* b = static_cast<const T*>(in[1]);
  auto* y = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = Op::forward(Wrapped<T>(a[i]), Wrapped<T>(b[i])).v;
}

template <class T>
TileKernel integer_kernel_of(PointwiseOp op) {
  switch (op) {
    case PointwiseOp::neg: return unary_tile<Neg, T>;
    case PointwiseOp::abs: return unary_tile<Abs, T>;
    case PointwiseOp::sign: return unary_tile<Sign, T>;
    case PointwiseOp::square: return unary_tile<Square, T>;
    case PointwiseOp::relu: return unary_tile<Relu, T>;
    case PointwiseOp::clamp: return unary_tile<Clamp, T>;
    case PointwiseOp::add: return binary_tile<Add, T>;
    case PointwiseOp::sub: return binary_tile<Sub, T>;
    case PointwiseOp::mul: return binary_tile<Mul, T>;
    case PointwiseOp::maximum: return binary_tile<Maximum, T>;
    case PointwiseOp::minimum: return binary_tile<Minimum, T>;
    default: return nullptr;
  }
}

template <class Op, class T>
void predicate_tile(const void* const* in, void* out, std::int64_t n, const double*) {
  const auto* a = static_cast<const T*>(in[0]);
  const auto* b = static_cast<const T*>(in[1]);
  auto* y = static_cast<bool*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<bool>(Op::forward(a[i], b[i]));
}

template <class T>
void not_tile(const void* const* in, void* out, std::int64_t n, const double*) {
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<bool*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] == T{};
}

template <class T>
void isnan_tile(const void* const* in, void* out, std::int64_t n, const double*) {
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<bool*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] != x[i];
}

template <class T>
TileKernel predicate_kernel_of(PointwiseOp op) {
  switch (op) {
    case PointwiseOp::eq: return predicate_tile<Eq, T>;
    case PointwiseOp::ne: return predicate_tile<Ne, T>;
    case PointwiseOp::lt: return predicate_tile<Lt, T>;
    case PointwiseOp::le: return predicate_tile<Le, T>;
    case PointwiseOp::gt: return predicate_tile<Gt, T>;
    case PointwiseOp::ge: return predicate_tile<Ge, T>;
    case PointwiseOp::logical_and: return predicate_tile<LogicalAnd, T>;
    case PointwiseOp::logical_or: return predicate_tile<LogicalOr, T>;
    case PointwiseOp::logical_xor: return predicate_tile<LogicalXor, T>;
    case PointwiseOp::logical_not: return not_tile<T>;
    case PointwiseOp::isnan: return isnan_tile<T>;
    default: return nullptr;
  }
}

template <class Item>
void where_tile(const void* const* in, void* out, std::int64_t n, const double*) {
  const auto* condition = static_cast<const std::uint8_t*>(in[0]);
  const auto* a = static_cast<const Item*>(in[1]);
  const auto* b = static_cast<const Item*>(in[2]);
  auto* y = static_cast<Item*>(out);
  for (std::int64_t i = 0; i < n; ++i) {
    const Item on_true = a[i], on_false = b[i];
    y[i] = condition[i] != 0 ? on_true : on_false;
  }
}

/// params[0] holds the bits of the item.
template <class Item>
void fill_tile(const void* const*, void* out, std::int64_t n, const double* params) {
  Item value;
  __builtin_memcpy(&value, params, sizeof(value));
  auto* y = static_cast<Item*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = value;
}

}  // namespace

TileKernel integer_kernel(PointwiseOp op, DType dtype) {
  switch (dtype) {
    case DType::i64: return integer_kernel_of<std::int64_t>(op);
    case DType::i32: return integer_kernel_of<std::int32_t>(op);
    case DType::u8: return integer_kernel_of<std::uint8_t>(op);
    case DType::boolean: return integer_kernel_of<bool>(op);
    default: return nullptr;
  }
}

TileKernel predicate_kernel(PointwiseOp op, DType dtype) {
  switch (dtype) {
    case DType::f64: return predicate_kernel_of<double>(op);
    case DType::i64: return predicate_kernel_of<std::int64_t>(op);
    case DType::i32: return predicate_kernel_of<std::int32_t>(op);
    case DType::u8:
    case DType::boolean: return predicate_kernel_of<std::uint8_t>(op);
    default: return predicate_kernel_of<float>(op);
  }
}

TileKernel where_kernel(std::int64_t item) {
  switch (item) {
    case 1: return where_tile<std::uint8_t>;
    case 2: return where_tile<std::uint16_t>;
    case 4: return where_tile<std::uint32_t>;
    default: return where_tile<std::uint64_t>;
  }
}

TileKernel fill_kernel(std::int64_t item) {
  switch (item) {
    case 1: return fill_tile<std::uint8_t>;
    case 2: return fill_tile<std::uint16_t>;
    case 4: return fill_tile<std::uint32_t>;
    default: return fill_tile<std::uint64_t>;
  }
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
