// Conversions between dtypes.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/pointwise_convert.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/kernels/cpu/detail/pointwise.h>

#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using detail::Convert;
using detail::TileKernel;

template <class To, class From>
HWY_INLINE To convert(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From{};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // Truncates; values out of range go to the nearest end, NaN to 0.
    constexpr From lowest = static_cast<From>(hwy::LimitsMin<To>());
    constexpr From above = static_cast<From>(hwy::LimitsMax<To>() / 2 + 1) * From{2};
    const bool fits = (x >= lowest) & (x < above);
    const To inside = static_cast<To>(fits ? x : From{0});
    return x >= above ? hwy::LimitsMax<To>() : x < lowest ? hwy::LimitsMin<To>() : inside;
  } else {
    return static_cast<To>(x);
  }
}

template <class From, class To>
void convert_tile(const void* const* in, void* out, std::int64_t n, const double*) {
  const auto* x = static_cast<const From*>(in[0]);
  auto* y = static_cast<To*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = convert<To>(x[i]);
}

template <class From>
TileKernel convert_tile_from(DType to) {
  switch (to) {
    case DType::f64: return convert_tile<From, double>;
    case DType::i64: return convert_tile<From, std::int64_t>;
    case DType::i32: return convert_tile<From, std::int32_t>;
    case DType::u8: return convert_tile<From, std::uint8_t>;
    case DType::boolean: return convert_tile<From, bool>;
    default: return convert_tile<From, float>;
  }
}

using F32 = hn::ScalableTag<float>;
using U16 = hn::Rebind<std::uint16_t, F32>;
using F16 = hn::Rebind<hwy::float16_t, F32>;

HWY_INLINE hn::Vec<F32> widen_bf16(const std::uint16_t* from) {
  const hn::Rebind<std::uint32_t, F32> wide;
  return hn::BitCast(F32(), hn::ShiftLeft<16>(hn::PromoteTo(wide, hn::LoadU(U16(), from))));
}

/// To nearest even, as BFloat16(float).
HWY_INLINE void narrow_bf16(hn::Vec<F32> x, std::uint16_t* to) {
  const hn::Rebind<std::uint32_t, F32> wide;
  const hn::Rebind<std::int32_t, F32> wide_signed;
  const auto u = hn::BitCast(wide, x);
  const auto even = hn::And(hn::ShiftRight<16>(u), hn::Set(wide, 1U));
  const auto rounded = hn::ShiftRight<16>(hn::Add(u, hn::Add(even, hn::Set(wide, 0x7fffU))));
  const auto quiet = hn::Or(hn::ShiftRight<16>(u), hn::Set(wide, 0x40U));
  const auto bits = hn::IfThenElse(hn::RebindMask(wide, hn::IsNaN(x)), quiet, rounded);
  hn::StoreU(hn::DemoteTo(U16(), hn::BitCast(wide_signed, bits)), U16(), to);
}

HWY_INLINE hn::Vec<F32> widen_f16(const std::uint16_t* from) {
  return hn::PromoteTo(F32(), hn::BitCast(F16(), hn::LoadU(U16(), from)));
}

HWY_INLINE void narrow_f16(hn::Vec<F32> x, std::uint16_t* to) {
  hn::StoreU(hn::BitCast(U16(), hn::DemoteTo(F16(), x)), U16(), to);
}

template <hn::Vec<F32> (*widen)(const std::uint16_t*)>
HWY_INLINE void widen_all(const void* from, void* to, std::int64_t n) {
  const auto* x = static_cast<const std::uint16_t*>(from);
  auto* y = static_cast<float*>(to);
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(F32()));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(widen(x + i), F32(), y + i);
  if (i == n) return;
  std::uint16_t rest[lanes] = {};
  __builtin_memcpy(rest, x + i, static_cast<std::size_t>(n - i) * sizeof(*rest));
  hn::BlendedStore(widen(rest), hn::FirstN(F32(), static_cast<std::size_t>(n - i)), F32(), y + i);
}

template <void (*narrow)(hn::Vec<F32>, std::uint16_t*)>
HWY_INLINE void narrow_all(const void* from, void* to, std::int64_t n) {
  const auto* x = static_cast<const float*>(from);
  auto* y = static_cast<std::uint16_t*>(to);
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(F32()));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) narrow(hn::LoadU(F32(), x + i), y + i);
  if (i == n) return;
  std::uint16_t rest[lanes];
  narrow(hn::MaskedLoad(hn::FirstN(F32(), static_cast<std::size_t>(n - i)), F32(), x + i), rest);
  __builtin_memcpy(y + i, rest, static_cast<std::size_t>(n - i) * sizeof(*rest));
}

void bf16_to_f32(const void* from, void* to, std::int64_t n) { widen_all<widen_bf16>(from, to, n); }
void f16_to_f32(const void* from, void* to, std::int64_t n) { widen_all<widen_f16>(from, to, n); }
void f32_to_bf16(const void* from, void* to, std::int64_t n) { narrow_all<narrow_bf16>(from, to, n); }
void f32_to_f16(const void* from, void* to, std::int64_t n) { narrow_all<narrow_f16>(from, to, n); }

}  // namespace

TileKernel convert_kernel(DType from, DType to) {
  switch (from) {
    case DType::f64: return convert_tile_from<double>(to);
    case DType::i64: return convert_tile_from<std::int64_t>(to);
    case DType::i32: return convert_tile_from<std::int32_t>(to);
    case DType::u8: return convert_tile_from<std::uint8_t>(to);
    case DType::boolean: return convert_tile_from<bool>(to);
    default: return convert_tile_from<float>(to);
  }
}

Convert to_f32(DType from) {
  return from == DType::bf16 ? bf16_to_f32 : from == DType::f16 ? f16_to_f32 : nullptr;
}

Convert from_f32(DType to) {
  return to == DType::bf16 ? f32_to_bf16 : to == DType::f16 ? f32_to_f16 : nullptr;
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
