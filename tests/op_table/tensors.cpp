#include "tensors.h"

#include <cmath>
#include <limits>
#include <sstream>

namespace op_table {

namespace {

template <class T>
T converted(double v) {
  if constexpr (std::is_same_v<T, bool>) {
    return std::trunc(v) != 0.0;
  } else if constexpr (std::is_same_v<T, std::uint8_t>) {
    return static_cast<T>(std::abs(std::trunc(v)));
  } else if constexpr (std::is_integral_v<T> || std::is_same_v<T, double>) {
    return static_cast<T>(v);
  } else {
    return T(static_cast<float>(v));
  }
}

constexpr double padding_value = 77.0;  // no result may depend on what lies between the elements

template <class T>
Tensor placed(const Array& x, const Sizes& strides, std::int64_t offset, std::int64_t span) {
  std::vector<T> memory(static_cast<std::size_t>(span), converted<T>(padding_value));
  for_each_index(x.sizes, [&](const Sizes& index) {
    std::int64_t at = offset;
    for (std::size_t i = 0; i < index.size(); ++i) at += index[i] * strides[i];
    memory[static_cast<std::size_t>(at)] = converted<T>(x.at(index));
  });
  const Tensor base = cairn::from_values(memory, {span});
  return cairn::make_view(base, Dims(x.sizes), Dims(strides), offset);
}

Tensor placed(const Array& x, DType dtype, const Sizes& strides, std::int64_t offset, std::int64_t span) {
  switch (dtype) {
    case DType::f32: return placed<float>(x, strides, offset, span);
    case DType::f64: return placed<double>(x, strides, offset, span);
    case DType::bf16: return placed<cairn::BFloat16>(x, strides, offset, span);
    case DType::f16: return placed<cairn::Half>(x, strides, offset, span);
    case DType::i64: return placed<std::int64_t>(x, strides, offset, span);
    case DType::i32: return placed<std::int32_t>(x, strides, offset, span);
    case DType::u8: return placed<std::uint8_t>(x, strides, offset, span);
    case DType::boolean: return placed<bool>(x, strides, offset, span);
  }
  return {};
}

/// Dense strides with the dimensions of `order` from slowest to fastest.
Sizes strides_in(const Sizes& sizes, const Sizes& order) {
  Sizes strides(sizes.size());
  std::int64_t step = 1;
  for (std::size_t k = order.size(); k-- > 0;) {
    strides[static_cast<std::size_t>(order[k])] = step;
    step *= std::max<std::int64_t>(sizes[static_cast<std::size_t>(order[k])], 1);
  }
  return strides;
}

/// `want` as the dtype can say it: beyond its range it is infinite, u8 wraps around.
double in_range(double want, DType dtype) {
  const double limit = dtype == DType::f16 ? 65520.0 : 0x1.ffffffp127;
  if (dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f32) {
    if (std::abs(want) >= limit) return std::copysign(std::numeric_limits<double>::infinity(), want);
  }
  if (dtype == DType::u8) return want - 256.0 * std::floor(want / 256.0);
  return want;
}

double tolerance_of(const Tolerances& tolerances, DType dtype) {
  switch (dtype) {
    case DType::f32: return tolerances.f32;
    case DType::f64: return tolerances.f64;
    case DType::bf16: return tolerances.bf16;
    case DType::f16: return tolerances.f16;
    default: return 0.0;
  }
}

}  // namespace

std::string name_of(Layout layout) {
  switch (layout) {
    case Layout::row_major: return "row-major";
    case Layout::permuted: return "permuted";
    case Layout::strided: return "strided";
    case Layout::channels_last: return "channels-last";
  }
  return "?";
}

bool applies(Layout layout, const Array& x) {
  if (layout == Layout::channels_last) return x.rank() == 4;
  if (layout == Layout::permuted) return x.rank() >= 2;
  return layout == Layout::row_major || x.rank() >= 1;
}

DType dtype_of(const Array& x, DType dtype) {
  if (x.kind == Kind::index) return DType::i64;
  if (x.kind == Kind::truth) return DType::boolean;
  if (x.kind == Kind::wide && cairn::size_of(dtype) == 2) return DType::f32;
  return dtype;
}

bool representable(const Array& x, DType dtype) {
  const DType own = dtype_of(x, dtype);
  if (cairn::is_floating(own) || own == DType::boolean) return true;
  for (const double v : x.values) {
    if (!(std::abs(v) < (own == DType::u8 ? 256.0 : 2e9))) return false;
  }
  return true;
}

Tensor to_tensor(const Array& x, DType dtype, Layout layout) {
  if (!x.given()) return {};
  if (!applies(layout, x)) layout = Layout::row_major;
  Sizes order(x.sizes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  if (layout == Layout::permuted) std::swap(order.front(), order.back());
  if (layout == Layout::channels_last) order = {0, 2, 3, 1};
  Sizes strides = strides_in(x.sizes, order);
  const std::int64_t step = layout == Layout::strided ? 2 : 1;
  for (std::int64_t& stride : strides) stride *= step;
  const std::int64_t offset = layout == Layout::strided ? 3 : 0;
  const Tensor y = placed(x, dtype_of(x, dtype), strides, offset, offset + x.numel() * step);
  return layout == Layout::row_major ? y.detach() : y;
}

Tensors to_tensors(const Arrays& all, DType dtype, Layout layout) {
  Tensors tensors;
  for (const Array& x : all) tensors.push_back(to_tensor(x, dtype, layout));
  return tensors;
}

Arrays as_held(const Arrays& all, DType dtype) {
  Arrays held = all;
  for (Array& x : held) {
    if (x.given()) x.values = to_tensor(x, dtype).to_vector<double>();
  }
  return held;
}

void require_grad(const Arrays& all, const Tensors& tensors) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind == Kind::value) tensors[i].set_requires_grad();
  }
}

std::string difference(const Tensor& got, const Array& want, DType dtype, const Tolerances& tolerances) {
  std::ostringstream out;
  out.precision(17);
  if (!got.defined()) return "the result is undefined";
  if (got.dtype() != dtype) {
    out << "the result is " << got.describe() << ", expected " << cairn::name_of(dtype);
    return out.str();
  }
  if (!(got.sizes() == Dims(want.sizes))) {
    out << "the result is " << got.describe() << ", expected " << text(want.sizes);
    return out.str();
  }
  const std::vector<double> values = got.to_vector<double>();
  const double tolerance = tolerance_of(tolerances, dtype);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double wanted = in_range(want.values[i], dtype);
    if (values[i] == wanted || (std::isnan(values[i]) && std::isnan(wanted))) continue;
    if (std::isfinite(wanted) && std::abs(values[i] - wanted) <= tolerance * std::max(std::abs(wanted), tolerances.floor)) continue;
    out << "element " << i << " of " << got.describe() << " is " << values[i] << ", expected " << wanted;
    return out.str();
  }
  return "";
}

}  // namespace op_table
