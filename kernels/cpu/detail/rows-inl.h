/// Loops over dense rows, with masked tails, and sums that lose little.
#if defined(CAIRN_KERNELS_CPU_DETAIL_ROWS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_CPU_DETAIL_ROWS_INL_H
#undef CAIRN_KERNELS_CPU_DETAIL_ROWS_INL_H
#else
#define CAIRN_KERNELS_CPU_DETAIL_ROWS_INL_H
#endif

#include <cairn/kernels/cpu/detail/vec-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE::math {

/// Where a full vector stands in a row.
template <class T>
struct Full {
  std::int64_t i;
  HWY_INLINE Vec<T> load(const T* row) const { return math::load(row + i); }
  HWY_INLINE void store(Vec<T> v, T* row) const { math::store(v, row + i); }
  HWY_INLINE Vec<T> or_else(Vec<T> v, Vec<T>) const { return v; }
};

/// The same for the last `n` elements, fewer than a vector.
template <class T>
struct Tail {
  std::int64_t i, n;
  HWY_INLINE Vec<T> load(const T* row) const { return load_first(row + i, n); }
  HWY_INLINE void store(Vec<T> v, T* row) const { store_first(v, row + i, n); }
  /// v where the row has elements, `other` behind its end.
  HWY_INLINE Vec<T> or_else(Vec<T> v, Vec<T> other) const { return select(first_mask<T>(n), v, other); }
};

/// Calls body(place) for each vector of a row of n elements, in order.
template <class T, class Body>
HWY_INLINE void for_each_vector(std::int64_t n, Body body) {
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) body(Full<T>{i});
  if (i < n) body(Tail<T>{i, n - i});
}

/// Adds vectors lane by lane in more precision than T has: f32 in f64, f64 in pairs (Knuth's two-sum).
template <class T>
class WideSum;

template <>
class WideSum<float> {
 public:
  HWY_INLINE WideSum() : sum_(0.0) {}
  HWY_INLINE void add(Vec<float> v) {
    const hn::ScalableTag<float> d;
    const hn::ScalableTag<double> wide;
    const hn::Half<decltype(d)> half;
    const Vec<double> low = hn::PromoteTo(wide, hn::LowerHalf(half, v.v));
    const Vec<double> high = hn::PromoteTo(wide, hn::UpperHalf(half, v.v));
    sum_ = sum_ + (low + high);
  }
  HWY_INLINE double total() const { return hn::GetLane(hn::SumOfLanes(hn::ScalableTag<double>(), sum_.v)); }

 private:
  Vec<double> sum_;
};

template <>
class WideSum<double> {
 public:
  HWY_INLINE WideSum() : sum_(0.0), rest_(0.0) {}
  HWY_INLINE void add(Vec<double> v) {
    const Vec<double> sum = sum_ + v;
    const Vec<double> taken = sum - sum_;
    rest_ = rest_ + ((sum_ - (sum - taken)) + (v - taken));
    sum_ = sum;
  }
  HWY_INLINE double total() const {
    const hn::ScalableTag<double> d;
    const double sum = hn::GetLane(hn::SumOfLanes(d, sum_.v));
    const double rest = hn::GetLane(hn::SumOfLanes(d, rest_.v));
    return sum - sum == 0.0 ? sum + rest : sum;  // infinities leave NaN in the rest
  }

 private:
  Vec<double> sum_, rest_;
};

/// sum_i term(i) of a row of n: `block` elements at a time in T, the blocks in WideSum.
template <class T, class Term>
HWY_INLINE double row_sum(std::int64_t n, Term term) {
  using V = Vec<T>;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  constexpr std::int64_t block = 32 * lanes;
  WideSum<T> sum;
  std::int64_t i = 0;
  for (; i + block <= n; i += block) {
    V part[4] = {V(0.0), V(0.0), V(0.0), V(0.0)};
    for (std::int64_t j = i; j < i + block; j += 4 * lanes) {
      for (std::int64_t k = 0; k < 4; ++k) part[k] = part[k] + term(Full<T>{j + k * lanes});
    }
    sum.add((part[0] + part[1]) + (part[2] + part[3]));
  }
  V part(0.0);
  for (; i + lanes <= n; i += lanes) part = part + term(Full<T>{i});
  if (i < n) {
    const Tail<T> tail{i, n - i};
    part = part + tail.or_else(term(tail), V(0.0));
  }
  sum.add(part);
  return sum.total();
}

/// The largest element of a row; a NaN may be passed over.
template <class T>
HWY_INLINE T row_max(const T* row, std::int64_t n) {
  using V = Vec<T>;
  const V lowest(-__builtin_inf());
  V a = lowest, b = lowest;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
  std::int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    a = hn::Max(a.v, load(row + i).v);
    b = hn::Max(b.v, load(row + i + lanes).v);
  }
  for (; i + lanes <= n; i += lanes) a = hn::Max(a.v, load(row + i).v);
  if (i < n) {
    const Tail<T> tail{i, n - i};
    b = hn::Max(b.v, tail.or_else(tail.load(row), lowest).v);
  }
  return hn::GetLane(hn::MaxOfLanes(hn::ScalableTag<T>(), hn::Max(a.v, b.v)));
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE::math
HWY_AFTER_NAMESPACE();

#endif
