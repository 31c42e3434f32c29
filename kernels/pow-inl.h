/// pow on vectors of f32 and f64.
#if defined(CAIRN_KERNELS_POW_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_POW_INL_H
#undef CAIRN_KERNELS_POW_INL_H
#else
#define CAIRN_KERNELS_POW_INL_H
#endif

#include <cairn/kernels/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE::math {

/// hi + lo, with |lo| at most half an ulp of hi.
struct DoubleDouble {
  Vec<double> hi, lo;
};

/// a + b exactly, when |a| >= |b| or a = 0 (Dekker 1971).
HWY_INLINE DoubleDouble fast_two_sum(Vec<double> a, Vec<double> b) {
  const Vec<double> hi = a + b;
  return {hi, b - (hi - a)};
}

/// log a for positive finite a to about 2^-63, as 2 s + s^3 (2/3 + s^2 P(s^2)) with s = f / (2 + f).
HWY_INLINE DoubleDouble log_double_double(Vec<double> a) {
  using F = Format<double>;
  using V = Vec<double>;
  static constexpr double p[] = {0.4,
                                 0.2857142857142937,
                                 0.22222222221654733,
                                 0.1818181833565416,
                                 0.15384594934597917,
                                 0.13334806212100603,
                                 0.11706195689881364,
                                 0.11723603622905411};
  const V two_thirds(0.6666666666666666), two_thirds_rest(3.700743415417188e-17);

  const auto subnormal = a < V(F::smallest_normal);
  LogParts<double> parts = log_parts(select(subnormal, a * V(0x1p54), a));
  const V e = select(subnormal, parts.e - V(54.0), parts.e);
  const V f = parts.f;

  const V denominator = V(2.0) + f;
  const V denominator_rest = f - (denominator - V(2.0));
  const V s = f / denominator;
  const V s_rest = (fma(-s, denominator, f) - s * denominator_rest) / denominator;

  const V t = s * s;
  const V t_rest = fma(s, s, -t) + V(2.0) * s * s_rest;
  const V series = t * polynomial(t, p);
  const V c = two_thirds + series;
  const V c_rest = (two_thirds - c) + series + two_thirds_rest;
  const V u = s * t;
  const V u_rest = fma(s, t, -u) + s * t_rest + s_rest * t;
  const V w = u * c;
  const V w_rest = fma(u, c, -w) + u * c_rest + u_rest * c;

  const V l = e * V(F::ln2);
  const V l_rest = fma(e, V(F::ln2), -l) + e * V(F::ln2_rest);
  const DoubleDouble head = fast_two_sum(l, V(2.0) * s);
  const DoubleDouble sum = fast_two_sum(head.hi, w);
  return fast_two_sum(sum.hi, sum.lo + (head.lo + (l_rest + (V(2.0) * s_rest + w_rest))));
}

/// a^y for positive finite a.
HWY_INLINE Vec<double> positive_pow(Vec<double> a, Vec<double> y) {
  using V = Vec<double>;
  const DoubleDouble l = log_double_double(a);
  const V product = y * l.hi;
  const auto moderate = abs(product) < V(800.0);
  const V rest = select(moderate, fma(y, l.hi, -product) + y * l.lo, V(0.0));
  const V power = exp(product);
  return select(power < V(infinity), fma(power, rest, power), power);
}

/// In f64 the rounding of y log a is far below the precision of an f32 result.
HWY_INLINE Vec<float> positive_pow(Vec<float> a, Vec<float> y) {
  const hn::ScalableTag<float> d;
  const hn::ScalableTag<double> wide;
  const hn::Half<decltype(d)> narrow;
  const auto half = [&](auto base, auto exponent) HWY_ATTR {
    const Vec<double> wide_base = hn::PromoteTo(wide, base), wide_exponent = hn::PromoteTo(wide, exponent);
    return hn::DemoteTo(narrow, exp(wide_exponent * log(wide_base)).v);
  };
  return hn::Combine(d, half(hn::UpperHalf(narrow, a.v), hn::UpperHalf(narrow, y.v)),
                     half(hn::LowerHalf(narrow, a.v), hn::LowerHalf(narrow, y.v)));
}

/// With the special values of C99, annex F. [f32: 0.51, f64: 1.5 ulp]
template <class T>
HWY_INLINE Vec<T> pow(Vec<T> x, Vec<T> y) {
  using V = Vec<T>;
  const V a = abs(x), zero(0.0), one(1.0), inf(infinity);
  V r = positive_pow(a, y);
  // The magnitude at 0 and infinity: base 0 with a positive exponent is like infinity with a negative one.
  const auto to_zero = ((a == zero) & (y > zero)) | ((a == inf) & (y < zero)) | ((a < one) & (y == inf)) |
                       ((a > one) & (y == -inf));
  const auto to_inf = ((a == zero) & (y < zero)) | ((a == inf) & (y > zero)) | ((a > one) & (y == inf)) |
                      ((a < one) & (y == -inf));
  r = select(to_zero, zero, select(to_inf, inf, r));
  r = select((a == one) & (abs(y) == inf), one, r);

  const auto integer = floor(y) == y;
  const V half_y = y * V(0.5);
  const auto odd = integer & (floor(half_y) != half_y);
  r = select(odd, copysign(r, x), r);
  r = select((x < zero) & (a < inf) & !integer, V(not_a_number), r);
  r = select((x != x) | (y != y), x + y, r);
  return select((y == zero) | (x == one), one, r);
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE::math
HWY_AFTER_NAMESPACE();

#endif
