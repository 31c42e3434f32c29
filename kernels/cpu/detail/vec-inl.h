/// Vec<T>: one SIMD register of T (f32, f64) that formulas can treat like a number, and Wrapped<T>, the
/// same for integers. Compiled once for each instruction set.
#if defined(CAIRN_KERNELS_CPU_DETAIL_VEC_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_CPU_DETAIL_VEC_INL_H
#undef CAIRN_KERNELS_CPU_DETAIL_VEC_INL_H
#else
#define CAIRN_KERNELS_CPU_DETAIL_VEC_INL_H
#endif

#include <cstddef>
#include <cstdint>
#include <hwy/highway.h>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE::math {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
struct Mask {
  using D = hn::ScalableTag<T>;
  hn::Mask<D> m;

  friend HWY_INLINE Mask operator&(Mask a, Mask b) { return {hn::And(a.m, b.m)}; }
  friend HWY_INLINE Mask operator|(Mask a, Mask b) { return {hn::Or(a.m, b.m)}; }
  friend HWY_INLINE Mask operator!(Mask a) { return {hn::Not(a.m)}; }
  friend HWY_INLINE bool all(Mask a) { return hn::AllTrue(D(), a.m); }
  friend HWY_INLINE bool any(Mask a) { return !hn::AllFalse(D(), a.m); }
};

template <class T>
struct Vec {
  using D = hn::ScalableTag<T>;
  using Scalar = T;
  hn::Vec<D> v;

  Vec() = default;
  HWY_INLINE Vec(hn::Vec<D> raw) : v(raw) {}
  HWY_INLINE explicit Vec(double c) : v(hn::Set(D(), static_cast<T>(c))) {}

  static HWY_INLINE std::int64_t lanes() { return static_cast<std::int64_t>(hn::Lanes(D())); }

  friend HWY_INLINE Vec operator+(Vec a, Vec b) { return hn::Add(a.v, b.v); }
  friend HWY_INLINE Vec operator-(Vec a, Vec b) { return hn::Sub(a.v, b.v); }
  friend HWY_INLINE Vec operator*(Vec a, Vec b) { return hn::Mul(a.v, b.v); }
  friend HWY_INLINE Vec operator/(Vec a, Vec b) { return hn::Div(a.v, b.v); }
  friend HWY_INLINE Vec operator-(Vec a) { return hn::Neg(a.v); }
  friend HWY_INLINE Mask<T> operator<(Vec a, Vec b) { return {hn::Lt(a.v, b.v)}; }
  friend HWY_INLINE Mask<T> operator>(Vec a, Vec b) { return {hn::Gt(a.v, b.v)}; }
  friend HWY_INLINE Mask<T> operator<=(Vec a, Vec b) { return {hn::Le(a.v, b.v)}; }
  friend HWY_INLINE Mask<T> operator>=(Vec a, Vec b) { return {hn::Ge(a.v, b.v)}; }
  friend HWY_INLINE Mask<T> operator==(Vec a, Vec b) { return {hn::Eq(a.v, b.v)}; }
  /// True for NaN, unlike hn::Ne of Highway 1.0.
  friend HWY_INLINE Mask<T> operator!=(Vec a, Vec b) { return !(a == b); }

  /// m ? a : b
  friend HWY_INLINE Vec select(Mask<T> m, Vec a, Vec b) { return hn::IfThenElse(m.m, a.v, b.v); }
  /// a b + c, rounded once
  friend HWY_INLINE Vec fma(Vec a, Vec b, Vec c) { return hn::MulAdd(a.v, b.v, c.v); }
  friend HWY_INLINE Vec abs(Vec a) { return hn::Abs(a.v); }
  friend HWY_INLINE Vec sqrt(Vec a) { return hn::Sqrt(a.v); }
  friend HWY_INLINE Vec floor(Vec a) { return hn::Floor(a.v); }
  friend HWY_INLINE Vec ceil(Vec a) { return hn::Ceil(a.v); }
  friend HWY_INLINE Vec rint(Vec a) { return hn::Round(a.v); }
  /// The magnitude of a with the sign of b.
  friend HWY_INLINE Vec copysign(Vec a, Vec b) { return hn::CopySign(a.v, b.v); }
};

template <class T>
HWY_INLINE Vec<T> load(const T* p) {
  return hn::LoadU(hn::ScalableTag<T>(), p);
}
template <class T>
HWY_INLINE void store(Vec<T> a, T* p) {
  hn::StoreU(a.v, hn::ScalableTag<T>(), p);
}

/// The first n lanes, n less than a full vector; the others are zero. Does not touch memory behind them.
template <class T>
HWY_INLINE Vec<T> load_first(const T* p, std::int64_t n) {
  const hn::ScalableTag<T> d;
  return hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(n)), d, p);
}
template <class T>
HWY_INLINE void store_first(Vec<T> a, T* p, std::int64_t n) {
  const hn::ScalableTag<T> d;
  hn::BlendedStore(a.v, hn::FirstN(d, static_cast<std::size_t>(n)), d, p);
}
template <class T>
HWY_INLINE Mask<T> first_mask(std::int64_t n) {
  return {hn::FirstN(hn::ScalableTag<T>(), static_cast<std::size_t>(n))};
}

/// c[0] + c[1] x + c[2] x^2 + …
template <class T, std::size_t N>
HWY_INLINE Vec<T> polynomial(Vec<T> x, const T (&c)[N]) {
  Vec<T> sum(static_cast<double>(c[N - 1]));
  for (std::size_t i = N - 1; i-- > 0;) sum = fma(sum, x, Vec<T>(static_cast<double>(c[i])));
  return sum;
}

/// An integer (or bool) whose arithmetic wraps around.
template <class T>
struct Wrapped {
  using U = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  T v;

  Wrapped() = default;
  HWY_INLINE Wrapped(T value) : v(value) {}
  HWY_INLINE explicit Wrapped(double c) : v(static_cast<T>(c)) {}

  friend HWY_INLINE Wrapped operator+(Wrapped a, Wrapped b) {
    return static_cast<T>(static_cast<U>(a.v) + static_cast<U>(b.v));
  }
  friend HWY_INLINE Wrapped operator-(Wrapped a, Wrapped b) {
    return static_cast<T>(static_cast<U>(a.v) - static_cast<U>(b.v));
  }
  friend HWY_INLINE Wrapped operator*(Wrapped a, Wrapped b) {
    return static_cast<T>(static_cast<U>(a.v) * static_cast<U>(b.v));
  }
  friend HWY_INLINE Wrapped operator-(Wrapped a) { return static_cast<T>(U{0} - static_cast<U>(a.v)); }
  friend HWY_INLINE bool operator<(Wrapped a, Wrapped b) { return a.v < b.v; }
  friend HWY_INLINE bool operator>(Wrapped a, Wrapped b) { return a.v > b.v; }
  friend HWY_INLINE bool operator<=(Wrapped a, Wrapped b) { return a.v <= b.v; }
  friend HWY_INLINE bool operator>=(Wrapped a, Wrapped b) { return a.v >= b.v; }
  friend HWY_INLINE bool operator==(Wrapped a, Wrapped b) { return a.v == b.v; }
  friend HWY_INLINE bool operator!=(Wrapped a, Wrapped b) { return a.v != b.v; }
  friend HWY_INLINE Wrapped select(bool m, Wrapped a, Wrapped b) { return m ? a : b; }
  friend HWY_INLINE Wrapped abs(Wrapped a) { return a < Wrapped(T{0}) ? -a : a; }
};

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE::math
HWY_AFTER_NAMESPACE();

#endif
