/// From Philox words to numbers: the definitions that every backend shares, so that all give the same bits. Each
/// multiply-add is an explicit fma; what a compiler may contract is nowhere left to it.
#pragma once

#include <cairn/core/philox.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#ifdef __CUDACC__
#define CAIRN_ON_ANY_DEVICE __host__ __device__ inline
#else
#define CAIRN_ON_ANY_DEVICE inline
#endif

namespace cairn::inline v0::random_math {

/// low + width * u with one rounding; width = high - low, formed in f64 and rounded to T by the caller.
CAIRN_ON_ANY_DEVICE float uniform_value(std::uint32_t bits, float low, float width) {
  return std::fma(width, uniform_from_bits(bits), low);
}
CAIRN_ON_ANY_DEVICE double uniform_value(std::uint32_t bits, double low, double width) {
  return std::fma(width, static_cast<double>(uniform_from_bits(bits)), low);
}

/// The largest value of T below `high`, in the arithmetic type A: uniform values are bounded by it, because rounding
/// to T could otherwise reach `high`. (Not called on the device: a launch computes it once.)
template <class T, class A>
A largest_below(double high) {
  if constexpr (std::is_same_v<T, A>) {
    const T nearest = static_cast<T>(high);
    return static_cast<double>(nearest) < high ? nearest : std::nextafter(nearest, -std::numeric_limits<T>::infinity());
  } else {
    T value(static_cast<float>(high));
    if (static_cast<double>(static_cast<float>(value)) < high) return static_cast<A>(value);
    if ((value.bits & 0x7fffU) == 0) {
      value.bits = 0x8001U;  // just below zero
    } else {
      value.bits = static_cast<std::uint16_t>((value.bits & 0x8000U) != 0 ? value.bits + 1 : value.bits - 1);
    }
    return static_cast<A>(value);
  }
}

/// u < p exactly when the upper 24 bits are below this: ceil(p * 2^24), 0 for p <= 0 or NaN, 2^24 for p >= 1.
CAIRN_ON_ANY_DEVICE std::uint32_t probability_threshold(double p) {
  if (!(p > 0)) return 0;
  if (p >= 1) return std::uint32_t{1} << 24;
  return static_cast<std::uint32_t>(std::ceil(p * 0x1p24));
}
CAIRN_ON_ANY_DEVICE bool is_below(std::uint32_t bits, std::uint32_t threshold) { return (bits >> 8) < threshold; }

/// What dropout multiplies the kept elements by, 1 / (1 - p), formed in f64 and rounded to f32 by the caller (f64
/// tensors keep it). With p = 1 nothing is kept and the factor is 0.
CAIRN_ON_ANY_DEVICE double dropout_scale(double p) { return p < 1 ? 1 / (1 - p) : 0.0; }

/// log(1 + f) = f - f^2 / 2 + f^3 P(f) for sqrt(1/2) <= 1 + f < sqrt(2); relative error 6e-9 (minimax).
inline constexpr float log_polynomial[8] = {0.333333164F,  -0.250008106F, 0.200022861F, -0.166245535F,
                                            0.141811922F, -0.13128753F,  0.1288165F,   -0.0785961822F};
/// sin(pi/2 r) = r S(r^2), cos(pi/2 r) = 1 + r^2 C(r^2) for |r| <= 1/2; errors 5e-9 and 6e-11 (minimax).
inline constexpr float sine_polynomial[4] = {1.57079637F, -0.64596349F, 0.0796802267F, -0.00460217707F};
inline constexpr float cosine_polynomial[4] = {-1.23370051F, 0.253669232F, -0.0208602883F, 0.000904021726F};

inline constexpr std::uint32_t one_bits = 0x3f800000;        ///< 1.0F
inline constexpr std::uint32_t sqrt_half_bits = 0x3f3504f3;  ///< sqrt(1/2)
inline constexpr float log_two = 0x1.62e430p-1F;

/// log(x) for 2^-24 <= x <= 1, x = 2^e (1 + f); at most 2 units in the last place off.
CAIRN_ON_ANY_DEVICE float log_of_unit(float x) {
  const std::uint32_t shifted = std::bit_cast<std::uint32_t>(x) + (one_bits - sqrt_half_bits);
  const float e = static_cast<float>(static_cast<std::int32_t>(shifted >> 23) - 127);
  const float f = std::bit_cast<float>((shifted & 0x7fffffU) + sqrt_half_bits) - 1.0F;
  float p = log_polynomial[7];
  for (int i = 6; i >= 0; --i) p = std::fma(p, f, log_polynomial[i]);
  const float square = f * f;
  const float tail = std::fma(square * f, p, -0.5F * square);
  return std::fma(e, log_two, f + tail);
}

struct NormalPair {
  float cosine, sine;
};

/// Box and Muller, "A Note on the Generation of Random Normal Deviates" (1958), in f32 for every dtype:
///   u1 = 1 - u(bits0) in (0, 1], u2 = u(bits1),  r = sqrt(-2 log u1),  (r cos 2 pi u2, r sin 2 pi u2).
/// 4 u2 = quadrant + turn with |turn| <= 1/2 is exact.
CAIRN_ON_ANY_DEVICE NormalPair normal_pair(std::uint32_t bits0, std::uint32_t bits1) {
  const float radius = std::sqrt(-2.0F * log_of_unit(1.0F - uniform_from_bits(bits0)));
  const std::uint32_t angle = bits1 >> 8;  // in units of 2^-24 turns
  const std::uint32_t quadrant = (angle + (std::uint32_t{1} << 21)) >> 22;
  const float turn = static_cast<float>(static_cast<std::int32_t>(angle - (quadrant << 22))) * 0x1p-22F;
  const float square = turn * turn;
  float s = sine_polynomial[3];
  float c = cosine_polynomial[3];
  for (int i = 2; i >= 0; --i) {
    s = std::fma(s, square, sine_polynomial[i]);
    c = std::fma(c, square, cosine_polynomial[i]);
  }
  s *= turn;
  c = std::fma(c, square, 1.0F);
  const bool swapped = (quadrant & 1U) != 0;
  const float cosine = swapped ? s : c;
  const float sine = swapped ? c : s;
  return {radius * (((quadrant + 1) & 2U) != 0 ? -cosine : cosine), radius * ((quadrant & 2U) != 0 ? -sine : sine)};
}

/// mean + deviation * z with one rounding.
CAIRN_ON_ANY_DEVICE float normal_value(float z, float mean, float deviation) { return std::fma(deviation, z, mean); }
CAIRN_ON_ANY_DEVICE double normal_value(float z, double mean, double deviation) {
  return std::fma(deviation, static_cast<double>(z), mean);
}

}  // namespace cairn::inline v0::random_math
