/// Element types, their promotion, and the two 16-bit floating formats.
#pragma once

#include <cairn/core/export.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cairn::inline v0 {

enum class DType : std::uint8_t { f32, f64, bf16, f16, i64, i32, u8, boolean };
inline constexpr int dtype_count = 8;

/// bfloat16: the upper half of an IEEE binary32. Conversion from float rounds to nearest even.
struct BFloat16 {
  std::uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value) {
    const auto u = std::bit_cast<std::uint32_t>(value);
    if ((u & 0x7fffffffU) > 0x7f800000U) {  // NaN: keep it quiet, keep the sign
      bits = static_cast<std::uint16_t>((u >> 16) | 0x40U);
    } else {
      bits = static_cast<std::uint16_t>((u + 0x7fffU + ((u >> 16) & 1U)) >> 16);
    }
  }
  explicit operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

/// IEEE binary16. Conversion from float rounds to nearest even and keeps subnormals.
struct Half {
  std::uint16_t bits = 0;

  Half() = default;
  explicit Half(float value);
  explicit operator float() const;
};

inline Half::Half(float value) {
  const auto u = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((u >> 16) & 0x8000U);
  const std::uint32_t magnitude = u & 0x7fffffffU;
  if (magnitude > 0x7f800000U) {
    bits = static_cast<std::uint16_t>(sign | 0x7e00U);
  } else if (magnitude >= 0x477ff000U) {  // 65520 and above round to infinity
    bits = static_cast<std::uint16_t>(sign | 0x7c00U);
  } else if (magnitude < 0x38800000U) {  // below 2^-14: adding 0.5 aligns the mantissa and rounds it
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    bits = static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000U));
  } else {
    const std::uint32_t rounded = magnitude + 0xfffU + ((magnitude >> 13) & 1U) - 0x38000000U;
    bits = static_cast<std::uint16_t>(sign | (rounded >> 13));
  }
}

inline Half::operator float() const {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t magnitude = bits & 0x7fffU;
  if (magnitude >= 0x7c00U) return std::bit_cast<float>(sign | 0x7f800000U | ((magnitude & 0x3ffU) << 13));
  if (magnitude < 0x400U) {  // subnormal: magnitude * 2^-24 is exact
    const float value = static_cast<float>(magnitude) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
  }
  return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000U));
}

/// Bytes per element.
CAIRN_API std::size_t size_of(DType dtype);

/// "f32", "f64", "bf16", "f16", "i64", "i32", "u8", "bool".
CAIRN_API std::string_view name_of(DType dtype);

CAIRN_API bool is_floating(DType dtype);

/// The dtype of the result of an operation on two tensors (PyTorch's table: floating beats integral
/// beats bool; bf16 with f16 gives f32; u8 with a signed type gives the signed type).
CAIRN_API DType promote(DType a, DType b);

/// dtype_of<float>() == DType::f32, and so on for each element type.
template <class T>
inline constexpr DType dtype_of_v = [] { static_assert(sizeof(T) == 0, "not an element type"); return DType::f32; }();
template <> inline constexpr DType dtype_of_v<float> = DType::f32;
template <> inline constexpr DType dtype_of_v<double> = DType::f64;
template <> inline constexpr DType dtype_of_v<BFloat16> = DType::bf16;
template <> inline constexpr DType dtype_of_v<Half> = DType::f16;
template <> inline constexpr DType dtype_of_v<std::int64_t> = DType::i64;
template <> inline constexpr DType dtype_of_v<std::int32_t> = DType::i32;
template <> inline constexpr DType dtype_of_v<std::uint8_t> = DType::u8;
template <> inline constexpr DType dtype_of_v<bool> = DType::boolean;

}  // namespace cairn::inline v0
