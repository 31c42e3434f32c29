/// Elementary functions on vectors of f32 and f64, by argument reduction and polynomials.
///
/// The polynomials interpolate in Chebyshev nodes (computed with 400 digits), so that their own error is below
/// a quarter ulp of the result; the numbers in brackets are the largest errors seen over dense samples
/// against long double, in ulp (f32, f64). Results below the smallest normal number are gradual, not flushed.
#if defined(CAIRN_KERNELS_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_MATH_INL_H
#undef CAIRN_KERNELS_MATH_INL_H
#else
#define CAIRN_KERNELS_MATH_INL_H
#endif

#include <cairn/kernels/cpu/detail/vec-inl.h>

#include <limits>
#include <math.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE::math {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class T>
struct Format;

template <>
struct Format<float> {
  using Int = std::int32_t;
  static constexpr int mantissa_bits = 23, bias = 127;
  static constexpr double shifter = 0x1.8p23;  ///< adding it rounds to an integer, which stands in the low bits
  static constexpr double smallest_normal = 0x1p-126;
  static constexpr double ln2 = 0.6931471824645996, ln2_rest = -1.9046542121259336e-09;
  static constexpr double half_pi[3] = {1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15};
  static constexpr double trigonometric_limit = 65536;  ///< the reduction by half_pi is exact enough below it
  static constexpr double exp_min = -104, exp_max = 89, expm1_min = -20;

  static constexpr float exp_p[] = {0.5F, 0.166665763F, 0.0416665524F, 0.00836333353F, 0.00139263761F};
  static constexpr float log_p[] = {0.666666687F, 0.400001228F, 0.285508037F, 0.233309641F};
  static constexpr float sin_p[] = {-0.166666672F, 0.00833333191F, -0.000198400739F, 2.72483658e-06F};
  static constexpr float cos_p[] = {0.0416666679F, -0.00138888881F, 2.48005908e-05F, -2.72996573e-07F};
  static constexpr float erf_p[] = {1.12837911F, -0.376125783F, 0.112821594F, -0.026712317F, 0.0046248124F};
  static constexpr float erfcx_p[] = {1.23299515F,    -0.13962093F,   0.0153775923F,  0.0680883974F,
                                      -0.101001427F,  0.0938634872F,  -0.0665093809F, 0.0363834724F,
                                      -0.0162923578F, 0.00659800228F, 0.000742842793F};
};

template <>
struct Format<double> {
  using Int = std::int64_t;
  static constexpr int mantissa_bits = 52, bias = 1023;
  static constexpr double shifter = 0x1.8p52;
  static constexpr double smallest_normal = 0x1p-1022;
  static constexpr double ln2 = 0.6931471805599453, ln2_rest = 2.3190468138462996e-17;
  static constexpr double half_pi[3] = {1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33};
  static constexpr double trigonometric_limit = 1048576;
  static constexpr double exp_min = -746, exp_max = 710, expm1_min = -40;

  static constexpr double exp_p[] = {0.5000000000000001,     0.16666666666666669,    0.04166666666662409,
                                     0.008333333333330058,   0.0013888888917234206,  0.00019841269863069374,
                                     2.4801521264122017e-05, 2.755726843551756e-06,  2.762010358488696e-07,
                                     2.5100397137931663e-08};
  static constexpr double log_p[] = {0.6666666666666666,  0.4000000000000088,  0.28571428570801954,
                                     0.22222222392089008, 0.18181795600060793, 0.15386241881938595,
                                     0.13268714792348096, 0.1308723619665962};
  static constexpr double sin_p[] = {-0.16666666666666666,   0.008333333333333331,   -0.0001984126984126494,
                                     2.7557319219243677e-06, -2.505210619936182e-08, 1.6058526388142101e-10,
                                     -7.586389554705215e-13};
  static constexpr double cos_p[] = {0.041666666666666664,    -0.0013888888888888887, 2.4801587301584578e-05,
                                     -2.755731922134973e-07,  2.087675577268547e-09,  -1.1470457979362018e-11,
                                     4.745700902269626e-14};
  static constexpr double erf_p[] = {1.1283791670955126,      -0.3761263890318374,    0.11283791670954045,
                                     -0.026866170644669406,   0.005223977615416509,   -0.0008548325772227582,
                                     0.00012055237780486874,  -1.4921156135429902e-05, 1.6333275676265747e-06,
                                     -1.4296125151207916e-07};
  static constexpr double erfcx_p[] = {
      1.2329951186255526,      -0.1396211168405629,     0.01537965210262074,     0.06809705425473732,
      -0.10103906603635213,    0.09373283499679412,     -0.06633036581152939,    0.03716751556249286,
      -0.016197734059115006,   0.005031969755895426,    -0.00075777334141333,    -0.00019925550755614952,
      0.000150622243948303,    -2.4403169244974074e-05, -1.1224789135154701e-05, 5.7178872846321855e-06,
      3.0135049944875397e-07,  -8.351619688696847e-07,  6.270727157198311e-08,   1.1534943745754157e-07,
      -7.71541861441783e-09,   -1.3670989863347383e-08, -1.8206098680308682e-09};
};

template <class T>
using IntTag = hn::Rebind<typename Format<T>::Int, hn::ScalableTag<T>>;

template <class T>
HWY_INLINE hn::Vec<IntTag<T>> bits_of(Vec<T> x) {
  return hn::BitCast(IntTag<T>(), x.v);
}
template <class T>
HWY_INLINE Vec<T> from_bits(hn::Vec<IntTag<T>> bits) {
  return hn::BitCast(hn::ScalableTag<T>(), bits);
}

/// 2^q for integers q with a normal result: the biased exponent is shifted to its place.
template <class T>
HWY_INLINE Vec<T> power_of_two(Vec<T> q) {
  using F = Format<T>;
  return from_bits<T>(hn::ShiftLeft<F::mantissa_bits>(bits_of(q + Vec<T>(F::shifter + F::bias))));
}

/// e^x = 2^q (1 + p) with |p| < 0.42.
template <class T>
struct ExpParts {
  Vec<T> q, p;
};

template <class T>
HWY_INLINE ExpParts<T> exp_parts(Vec<T> x) {
  using F = Format<T>;
  using V = Vec<T>;
  const V shifter(F::shifter);
  const V q = fma(x, V(1.4426950408889634), shifter) - shifter;
  const V r = fma(q, V(-F::ln2_rest), fma(q, V(-F::ln2), x));
  return {q, fma(polynomial(r, F::exp_p), r * r, r)};
}

/// [0.8, 0.8]
template <class T>
HWY_INLINE Vec<T> exp(Vec<T> x) {
  using F = Format<T>;
  using V = Vec<T>;
  x = select(x < V(F::exp_min), V(F::exp_min), x);
  x = select(x > V(F::exp_max), V(F::exp_max), x);
  const auto [q, p] = exp_parts(x);
  // Two factors, because 2^q may lie outside the normal range.
  const V half = rint(q * V(0.5));
  return (V(1.0) + p) * power_of_two(half) * power_of_two(q - half);
}

/// [1.6, 2.1]
template <class T>
HWY_INLINE Vec<T> expm1(Vec<T> x) {
  using F = Format<T>;
  using V = Vec<T>;
  V a = select(x < V(F::expm1_min), V(F::expm1_min), x);
  a = select(a > V(F::exp_max), V(F::exp_max), a);
  const auto [q, p] = exp_parts(a);
  // 2^q (1 + p) - 1, where 2^q - 1 is computed first; halved so that q may reach the largest exponent + 1
  const V half_scale = power_of_two(q - V(1.0));
  const V y = fma(half_scale, p, half_scale - V(0.5)) * V(2.0);
  return select(abs(x) < V(0x1p-60), x, y);
}

/// x = 2^e (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), for positive normal x.
template <class T>
struct LogParts {
  Vec<T> e, f;
};

template <class T>
HWY_INLINE LogParts<T> log_parts(Vec<T> x) {
  using F = Format<T>;
  using Int = typename F::Int;
  const IntTag<T> di;
  const hn::RebindToUnsigned<IntTag<T>> du;
  const auto one = hn::Set(di, Int{F::bias} << F::mantissa_bits);
  const auto root_half = bits_of(Vec<T>(0.7071067811865476));
  const auto shifted = hn::Add(bits_of(x), hn::Sub(one, root_half));
  // The biased exponent becomes a number by standing in the low bits of 2^mantissa_bits.
  constexpr double base = static_cast<double>(Int{1} << F::mantissa_bits);
  const auto exponent = hn::BitCast(di, hn::ShiftRight<F::mantissa_bits>(hn::BitCast(du, shifted)));
  const auto fraction = hn::And(shifted, hn::Set(di, (Int{1} << F::mantissa_bits) - 1));
  return {from_bits<T>(hn::Or(exponent, bits_of(Vec<T>(base)))) - Vec<T>(base + F::bias),
          from_bits<T>(hn::Add(fraction, root_half)) - Vec<T>(1.0)};
}

/// e ln 2 + log(1 + f) + rest, with log(1 + f) = 2 atanh(s), s = f / (2 + f), arranged as in fdlibm's e_log.c
/// (Sun Microsystems, 1993) so that f is added last.
template <class T>
HWY_INLINE Vec<T> log_from_parts(LogParts<T> parts, Vec<T> rest) {
  using F = Format<T>;
  using V = Vec<T>;
  const auto [e, f] = parts;
  const V s = f / (V(2.0) + f);
  const V s2 = s * s;
  const V half_square = V(0.5) * f * f;
  const V series = polynomial(s2, F::log_p) * s2;
  const V small = fma(s, half_square + series, fma(e, V(F::ln2_rest), rest));
  return fma(e, V(F::ln2), f - (half_square - small));
}

/// log x for every x, given the logarithm of a positive finite one.
template <class T>
HWY_INLINE Vec<T> log_specials(Vec<T> x, Vec<T> y) {
  using V = Vec<T>;
  y = select(x < V(infinity), y, x);  // +inf and NaN
  y = select(x == V(0.0), V(-infinity), y);
  return select(x < V(0.0), V(not_a_number), y);
}

/// [0.8, 0.9]
template <class T>
HWY_INLINE Vec<T> log(Vec<T> x) {
  using F = Format<T>;
  using V = Vec<T>;
  const auto subnormal = x < V(F::smallest_normal);
  LogParts<T> parts = log_parts(select(subnormal, x * V(0x1p54), x));
  parts.e = select(subnormal, parts.e - V(54.0), parts.e);
  return log_specials(x, log_from_parts(parts, V(0.0)));
}

/// [1.1, 1.1]
template <class T>
HWY_INLINE Vec<T> log1p(Vec<T> x) {
  using V = Vec<T>;
  const V u = V(1.0) + x;
  // What rounding took from u: log(u + c) = log u + c / u.
  const V c = select(x > V(1.0), V(1.0) - (u - x), x - (u - V(1.0)));
  const V y = log_specials(u, log_from_parts(log_parts(u), c / u));
  return select(abs(x) < V(0x1p-60), x, y);
}

/// [2.4, 2.4]
template <class T>
HWY_INLINE Vec<T> tanh(Vec<T> x) {
  using V = Vec<T>;
  const V a = abs(x);
  const V t = expm1(V(2.0) * select(a > V(20.0), V(20.0), a));
  return copysign(t / (t + V(2.0)), x);
}

/// 1 / (1 + e^-x), without overflow and with small results to full relative accuracy. [2.2, 2.3]
template <class T>
HWY_INLINE Vec<T> sigmoid(Vec<T> x) {
  using V = Vec<T>;
  const V t = exp(-abs(x));
  return select(x < V(0.0), t, V(1.0)) / (V(1.0) + t);
}

/// sin(x + quadrants pi / 2) by the C library, for arguments that need a longer pi.
template <class T>
HWY_NOINLINE void sin_by_library(const T* x, T* y, std::int64_t n, bool cosine) {
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (sizeof(T) == 4) {
      y[i] = cosine ? ::cosf(x[i]) : ::sinf(x[i]);
    } else {
      y[i] = cosine ? ::cos(x[i]) : ::sin(x[i]);
    }
  }
}

template <bool Cosine, class T>
HWY_INLINE Vec<T> sin_or_cos(Vec<T> x) {
  using F = Format<T>;
  using V = Vec<T>;
  const IntTag<T> di;
  const V shifter(F::shifter);
  const V shifted = fma(x, V(0.6366197723675814), shifter);
  const V n = shifted - shifter;
  // With fma the first difference is exact (Cody and Waite), the second rounded once.
  V r = fma(n, V(-F::half_pi[0]), x);
  r = fma(n, V(-F::half_pi[1]), r);
  r = fma(n, V(-F::half_pi[2]), r);
  const V r2 = r * r;
  const V sine = fma(polynomial(r2, F::sin_p) * r2, r, r);
  const V half_square = V(0.5) * r2;
  const V head = V(1.0) - half_square;
  const V cosine = head + fma(polynomial(r2, F::cos_p), r2 * r2, (V(1.0) - head) - half_square);

  auto quadrant = bits_of(shifted);
  if constexpr (Cosine) quadrant = hn::Add(quadrant, hn::Set(di, 1));
  const Mask<T> odd{hn::RebindMask(hn::ScalableTag<T>(), hn::TestBit(quadrant, hn::Set(di, 1)))};
  constexpr int to_sign = static_cast<int>(sizeof(T)) * 8 - 2;
  const auto sign = hn::ShiftLeft<to_sign>(hn::And(quadrant, hn::Set(di, 2)));
  V y = from_bits<T>(hn::Xor(bits_of(select(odd, cosine, sine)), sign));
  if constexpr (!Cosine) y = select(x == V(0.0), x, y);

  const auto near = abs(x) < V(F::trigonometric_limit);
  if (HWY_UNLIKELY(!all(near))) {
    HWY_ALIGN T lanes[HWY_MAX_BYTES / sizeof(T)];
    store(x, lanes);
    sin_by_library(lanes, lanes, V::lanes(), Cosine);
    y = select(near, y, load(lanes));
  }
  return y;
}

/// [1.5, 1.5]
template <class T>
HWY_INLINE Vec<T> sin(Vec<T> x) {
  return sin_or_cos<false>(x);
}

/// [1.5, 1.5]
template <class T>
HWY_INLINE Vec<T> cos(Vec<T> x) {
  return sin_or_cos<true>(x);
}

/// e^(z^2) erfc(z) for z >= 0: a polynomial for (1 + 2z) erfcx(z) in (z - 4) / (z + 4), after Shepherd and
/// Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < inf", 1981. Approximation
/// error 2.2e-8 for f32 (z <= 11), 1.4e-17 for f64 (z <= 28).
template <class T>
HWY_INLINE Vec<T> erfcx(Vec<T> z) {
  using V = Vec<T>;
  const V q = (z - V(4.0)) / (z + V(4.0));
  return polynomial(q, Format<T>::erfcx_p) / fma(V(2.0), z, V(1.0));
}

/// e^(-scale z^2); the rounding error of the square goes into a correction. scale: a power of two.
template <class T>
HWY_INLINE Vec<T> exp_minus_square(Vec<T> z, double scale) {
  using V = Vec<T>;
  z = select(abs(z) > V(64.0), V(64.0), z);
  const V square = z * z;
  const V error = fma(z, z, -square);
  const V y = exp(-V(scale) * square);
  return fma(-y, V(scale) * error, y);
}

/// [2.4, 2.0]
template <class T>
HWY_INLINE Vec<T> erf(Vec<T> x) {
  using V = Vec<T>;
  const V a = abs(x);
  const V z = select(a > V(10.0), V(10.0), a);
  const V outer = V(1.0) - exp_minus_square(z, 1.0) * erfcx(z);
  const V inner = z * polynomial(z * z, Format<T>::erf_p);
  const V y = select(a < V(0.53), inner, outer);
  return copysign(y, x);
}

/// The standard normal distribution: the probability below x and the density times sqrt(2 pi).
template <class T>
struct Normal {
  Vec<T> probability, exp_part;
};

template <class T>
HWY_INLINE Normal<T> normal(Vec<T> x) {
  using V = Vec<T>;
  const V a = abs(x);
  const V exp_part = exp_minus_square(a, 0.5);
  const V z = select(a > V(39.0), V(39.0), a) * V(0.7071067811865476);
  const V tail = V(0.5) * exp_part * erfcx(z);
  return {select(x < V(0.0), tail, V(1.0) - tail), exp_part};
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE::math
HWY_AFTER_NAMESPACE();

#endif
