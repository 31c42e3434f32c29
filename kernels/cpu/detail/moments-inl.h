/// Sums and moments over rows and over columns of a matrix, the two reductions of normalisation.
///
/// Both add up p and p * q, where p and q come from a lambda: with p = q = x - shift they give mean and variance,
/// with p = dy and q = x - mean the gradients. Blocks of at most a few dozen additions per lane are summed
/// in T and then carried in f64.
///
/// Moments are taken about the first value of a block, k. As (k - mean)^2 <= n var, the cancellation in
/// var = sum (x - k)^2 / n - (mean - k)^2 costs at most a factor n + 1, whatever the mean is. Blocks are joined by
/// Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979).
#if defined(CAIRN_KERNELS_CPU_DETAIL_MOMENTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_CPU_DETAIL_MOMENTS_INL_H
#undef CAIRN_KERNELS_CPU_DETAIL_MOMENTS_INL_H
#else
#define CAIRN_KERNELS_CPU_DETAIL_MOMENTS_INL_H
#endif

#include <cairn/kernels/cpu/detail/lanes-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

template <class D>
struct Factors {
  hn::Vec<D> p, q;
};

struct Sums {
  double p = 0, pq = 0;
};

struct Moments {
  double count = 0, mean = 0, m2 = 0;  ///< m2 = sum (x - mean)^2
};

HWY_INLINE Moments moments_about(double shift, double count, double sum, double square) {
  const double distance = sum / count;
  const double m2 = square - sum * distance;
  return {count, shift + distance, m2 < 0 ? 0 : m2};
}

HWY_INLINE Moments join(const Moments& a, const Moments& b) {
  if (a.count == 0) return b;
  if (b.count == 0) return a;
  const double count = a.count + b.count;
  const double delta = b.mean - a.mean;
  return {count, a.mean + delta * (b.count / count), a.m2 + b.m2 + delta * delta * (a.count * b.count / count)};
}

inline constexpr std::int64_t row_block = 2048;   ///< elements of a row that are summed in T
inline constexpr std::int64_t column_block = 128;  ///< rows of a column sum that are summed in T
inline constexpr std::int64_t tile_width = 512;   ///< columns whose sums lie on the stack

/// Adds up over i < count <= row_block; term(lanes, i) gives the factors at i.
template <class D, class Term>
HWY_INLINE Sums row_sums(D d, std::int64_t count, Term term) {
  constexpr std::int64_t n = lane_count<D>;
  const WholeVector<D> whole{d};
  auto p0 = hn::Zero(d), p1 = p0, p2 = p0, p3 = p0, s0 = p0, s1 = p0, s2 = p0, s3 = p0;
  std::int64_t i = 0;
  for (; i + 4 * n <= count; i += 4 * n) {
    const Factors<D> f0 = term(whole, i), f1 = term(whole, i + n);
    const Factors<D> f2 = term(whole, i + 2 * n), f3 = term(whole, i + 3 * n);
    p0 = hn::Add(p0, f0.p);
    p1 = hn::Add(p1, f1.p);
    p2 = hn::Add(p2, f2.p);
    p3 = hn::Add(p3, f3.p);
    s0 = hn::MulAdd(f0.p, f0.q, s0);
    s1 = hn::MulAdd(f1.p, f1.q, s1);
    s2 = hn::MulAdd(f2.p, f2.q, s2);
    s3 = hn::MulAdd(f3.p, f3.q, s3);
  }
  for_lanes(d, count - i, [&](auto lanes, std::int64_t j) HWY_ATTR {
    const Factors<D> f = term(lanes, i + j);
    const auto p = lanes.keep(f.p);
    p0 = hn::Add(p0, p);
    s0 = hn::MulAdd(p, lanes.keep(f.q), s0);
  });
  return {sum_in_f64(d, hn::Add(hn::Add(p0, p1), hn::Add(p2, p3))),
          sum_in_f64(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)))};
}

/// Sums of a row of any length.
template <class D, class Term>
HWY_INLINE Sums long_row_sums(D d, std::int64_t count, Term term) {
  Sums total;
  for (std::int64_t begin = 0; begin < count; begin += row_block) {
    const Sums block = row_sums(d, smaller(row_block, count - begin), [&](auto lanes, std::int64_t i) HWY_ATTR {
      return term(lanes, begin + i);
    });
    total.p += block.p;
    total.pq += block.pq;
  }
  return total;
}

template <class T>
Moments row_moments(const T* x, std::int64_t count) {
  const Tag<T> d;
  Moments total;
  for (std::int64_t begin = 0; begin < count; begin += row_block) {
    const T* block = x + begin;
    const std::int64_t length = smaller(row_block, count - begin);
    const auto shift = hn::Set(d, block[0]);
    const Sums sums = row_sums(d, length, [&](auto lanes, std::int64_t i) HWY_ATTR {
      const auto difference = hn::Sub(lanes.load(block + i), shift);
      return Factors<Tag<T>>{difference, difference};
    });
    const double shift64 = static_cast<double>(block[0]);
    total = join(total, moments_about(shift64, static_cast<double>(length), sums.p, sums.pq));
  }
  return total;
}

/// Sums of p and p * q down the columns of one tile, in T.
template <class T>
struct ColumnSums {
  HWY_ALIGN T p[tile_width];
  HWY_ALIGN T pq[tile_width];

  HWY_INLINE void clear() {
    const Tag<T> d;
    for (std::int64_t i = 0; i < tile_width; i += lane_count<Tag<T>>) {
      hn::Store(hn::Zero(d), d, p + i);
      hn::Store(hn::Zero(d), d, pq + i);
    }
  }

  /// Adds rows [0, rows) of columns [0, width), width <= tile_width; term(lanes, row, column) gives the factors.
  /// Eight rows are added as a tree before the sum is touched: short chains, few roundings.
  template <class Term>
  HWY_INLINE void add(std::int64_t rows, std::int64_t width, Term term) {
    const Tag<T> d;
    using F = Factors<Tag<T>>;
    std::int64_t r = 0;
    for (; r + 8 <= rows; r += 8) {
      for_lanes(d, width, [&](auto lanes, std::int64_t i) HWY_ATTR {
        const F f0 = term(lanes, r, i), f1 = term(lanes, r + 1, i);
        const F f2 = term(lanes, r + 2, i), f3 = term(lanes, r + 3, i);
        const F f4 = term(lanes, r + 4, i), f5 = term(lanes, r + 5, i);
        const F f6 = term(lanes, r + 6, i), f7 = term(lanes, r + 7, i);
        const auto a0 = hn::Add(hn::Add(f0.p, f1.p), hn::Add(f2.p, f3.p));
        const auto a1 = hn::Add(hn::Add(f4.p, f5.p), hn::Add(f6.p, f7.p));
        const auto b0 = hn::MulAdd(f1.p, f1.q, hn::Mul(f0.p, f0.q));
        const auto b1 = hn::MulAdd(f3.p, f3.q, hn::Mul(f2.p, f2.q));
        const auto b2 = hn::MulAdd(f5.p, f5.q, hn::Mul(f4.p, f4.q));
        const auto b3 = hn::MulAdd(f7.p, f7.q, hn::Mul(f6.p, f6.q));
        hn::Store(hn::Add(hn::Load(d, p + i), hn::Add(a0, a1)), d, p + i);
        hn::Store(hn::Add(hn::Load(d, pq + i), hn::Add(hn::Add(b0, b1), hn::Add(b2, b3))), d, pq + i);
      });
    }
    for (; r < rows; ++r) {
      for_lanes(d, width, [&](auto lanes, std::int64_t i) HWY_ATTR {
        const F f = term(lanes, r, i);
        hn::Store(hn::Add(hn::Load(d, p + i), f.p), d, p + i);
        hn::Store(hn::MulAdd(f.p, f.q, hn::Load(d, pq + i)), d, pq + i);
      });
    }
  }
};

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
