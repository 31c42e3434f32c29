/// Layer normalisation of the rows of a matrix [rows, cols].
#if defined(CAIRN_KERNELS_CPU_DETAIL_LAYER_NORM_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_CPU_DETAIL_LAYER_NORM_INL_H
#undef CAIRN_KERNELS_CPU_DETAIL_LAYER_NORM_INL_H
#else
#define CAIRN_KERNELS_CPU_DETAIL_LAYER_NORM_INL_H
#endif

#include <cairn/core/parallel.h>
#include <cairn/kernels/cpu/detail/moments-inl.h>

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// Null pointers stand for operands that are not given.
template <class T>
struct LayerNormForward {
  std::int64_t rows, cols;
  const T *x, *weight, *bias;
  T *y, *mean, *invstd;
  double eps;
};

template <class T>
void layer_norm_forward_row(const LayerNormForward<T>& a, std::int64_t row) {
  const Tag<T> d;
  const T* x = a.x + row * a.cols;
  T* y = a.y + row * a.cols;
  const Moments moments = row_moments(x, a.cols);
  const double invstd = 1 / std::sqrt(moments.m2 / moments.count + a.eps);
  const T mean = static_cast<T>(moments.mean);
  a.mean[row] = mean;
  a.invstd[row] = static_cast<T>(invstd);

  // xhat = (x - mean) * invstd, where the part of the mean that T cannot hold goes into the constant.
  const auto center = hn::Set(d, mean), scale = hn::Set(d, static_cast<T>(invstd));
  const auto rest = hn::Set(d, static_cast<T>((static_cast<double>(mean) - moments.mean) * invstd));
  for_lanes(d, a.cols, [&](auto lanes, std::int64_t i) HWY_ATTR {
    auto value = hn::MulAdd(hn::Sub(lanes.load(x + i), center), scale, rest);
    if (a.weight) value = hn::Mul(value, lanes.load(a.weight + i));
    if (a.bias) value = hn::Add(value, lanes.load(a.bias + i));
    lanes.store(value, y + i);
  });
}

template <class T>
void layer_norm_forward(const LayerNormForward<T>& a) {
  parallel_for(a.rows, larger(1, 16384 / a.cols), [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for (std::int64_t row = begin; row < end; ++row) layer_norm_forward_row(a, row);
  });
}

template <class T>
struct LayerNormBackward {
  std::int64_t rows, cols;
  const T *x, *dy, *weight, *mean, *invstd;
  T *dx, *dweight, *dbias;

  /// Rows of a chunk: a multiple of eight, so that the columns are added as trees.
  std::int64_t chunk_rows() const { return larger(8, smaller(64, 32768 / cols / 8 * 8)); }
  std::int64_t chunks() const { return ceil_div(rows, chunk_rows()); }
};

/// dx = invstd * (g - mean(g) - xhat * mean(g * xhat)) with g = dy * weight.
template <class T>
void layer_norm_backward_row(const LayerNormBackward<T>& a, std::int64_t row) {
  const Tag<T> d;
  const T* x = a.x + row * a.cols;
  const T* dy = a.dy + row * a.cols;
  T* dx = a.dx + row * a.cols;
  const auto center = hn::Set(d, a.mean[row]);
  const auto factors = [&](auto lanes, std::int64_t i) HWY_ATTR {
    auto g = lanes.load(dy + i);
    if (a.weight) g = hn::Mul(g, lanes.load(a.weight + i));
    return Factors<Tag<T>>{g, hn::Sub(lanes.load(x + i), center)};
  };
  const Sums sums = long_row_sums(d, a.cols, factors);
  const double invstd = static_cast<double>(a.invstd[row]), cols = static_cast<double>(a.cols);
  const auto scale = hn::Set(d, a.invstd[row]);
  const auto average = hn::Set(d, static_cast<T>(sums.p / cols));
  const auto slope = hn::Set(d, static_cast<T>(sums.pq / cols * invstd * invstd));
  for_lanes(d, a.cols, [&](auto lanes, std::int64_t i) HWY_ATTR {
    const Factors<Tag<T>> f = factors(lanes, i);
    lanes.store(hn::Mul(scale, hn::NegMulAdd(f.q, slope, hn::Sub(f.p, average))), dx + i);
  });
}

/// A chunk's share of dbias = sum dy and dweight = sum dy * xhat: partial is [2, cols].
template <class T>
void layer_norm_chunk_parameters(const LayerNormBackward<T>& a, std::int64_t begin, std::int64_t end, T* partial) {
  const Tag<T> d;
  ColumnSums<T> sums;
  for (std::int64_t column = 0; column < a.cols; column += tile_width) {
    const std::int64_t width = smaller(tile_width, a.cols - column);
    sums.clear();
    sums.add(end - begin, width, [&](auto lanes, std::int64_t r, std::int64_t i) HWY_ATTR {
      const std::int64_t row = begin + r, at = row * a.cols + column + i;
      const auto centered = hn::Sub(lanes.load(a.x + at), hn::Set(d, a.mean[row]));
      return Factors<Tag<T>>{lanes.load(a.dy + at), hn::Mul(centered, hn::Set(d, a.invstd[row]))};
    });
    for_lanes(d, width, [&](auto lanes, std::int64_t i) HWY_ATTR {
      lanes.store(hn::Load(d, sums.p + i), partial + column + i);
      lanes.store(hn::Load(d, sums.pq + i), partial + a.cols + column + i);
    });
  }
}

/// `partials`: chunks() * 2 * cols elements when dweight or dbias is given.
template <class T>
void layer_norm_backward(const LayerNormBackward<T>& a, T* partials) {
  const std::int64_t stride = 2 * a.cols;
  const bool parameters = a.dweight || a.dbias;
  parallel_chunks(a.chunks(), [&](std::int64_t chunk) HWY_ATTR {
    const std::int64_t begin = chunk * a.chunk_rows(), end = smaller(a.rows, begin + a.chunk_rows());
    if (parameters) layer_norm_chunk_parameters(a, begin, end, partials + chunk * stride);
    if (!a.dx) return;
    for (std::int64_t row = begin; row < end; ++row) layer_norm_backward_row(a, row);
  });
  if (!parameters) return;
  parallel_for(a.cols, 256, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    double bias[256] = {}, weight[256] = {};
    for (std::int64_t chunk = 0; chunk < a.chunks(); ++chunk) {
      const T* partial = partials + chunk * stride;
      for (std::int64_t i = begin; i < end; ++i) {
        bias[i - begin] += static_cast<double>(partial[i]);
        weight[i - begin] += static_cast<double>(partial[a.cols + i]);
      }
    }
    for (std::int64_t i = begin; i < end; ++i) {
      if (a.dbias) a.dbias[i] = static_cast<T>(bias[i - begin]);
      if (a.dweight) a.dweight[i] = static_cast<T>(weight[i - begin]);
    }
  });
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
