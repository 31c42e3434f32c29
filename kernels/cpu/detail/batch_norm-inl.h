/// Batch normalisation of x [N, C, L] in both layouts: the reductions per channel and the elementwise passes.
///
/// Channels-last, x is a matrix [N * L, C] and vectors run over channels; row-major, it is a set of N * C rows of
/// length L and vectors run along them. A pass over memory is cut into chunks by shape alone; each chunk leaves f64
/// partial results per channel, which are joined in the order of the chunks.
#if defined(CAIRN_KERNELS_CPU_DETAIL_BATCH_NORM_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_CPU_DETAIL_BATCH_NORM_INL_H
#undef CAIRN_KERNELS_CPU_DETAIL_BATCH_NORM_INL_H
#else
#define CAIRN_KERNELS_CPU_DETAIL_BATCH_NORM_INL_H
#endif

#include <cairn/core/parallel.h>
#include <cairn/kernels/cpu/detail/moments-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// How x lies in memory. Channels-last: rows [n, c], and l is 1.
struct ChannelLayout {
  bool channels_last = false;
  std::int64_t n = 0, c = 0, l = 0;
};

inline constexpr std::int64_t chunk_elements = 32768;

/// How the N x L places of a channel are cut into chunks: `images` of the N and `length` of the L each.
struct ChannelChunks {
  std::int64_t n, l, images, length, pieces, count;

  explicit ChannelChunks(const ChannelLayout& x) : n(x.n), l(x.l) {
    if (x.channels_last) {
      images = larger(32, smaller(1024, chunk_elements / x.c / column_block * column_block));
      length = 1;
    } else {
      length = smaller(l, chunk_elements);
      images = larger(1, chunk_elements / l);
    }
    pieces = ceil_div(l, length);
    count = ceil_div(n, images) * pieces;
  }

  struct Range {
    std::int64_t n0, n1, l0, l1;
    double size() const { return static_cast<double>((n1 - n0) * (l1 - l0)); }
  };
  Range operator[](std::int64_t chunk) const {
    const std::int64_t n0 = chunk / pieces * images, l0 = chunk % pieces * length;
    return {n0, smaller(n, n0 + images), l0, smaller(l, l0 + length)};
  }
};

/// One chunk's results for `width` channels from channel c on, channels-last: mean and m2.
template <class T>
void chunk_moments_channels_last(const ChannelLayout& g, const T* x, const ChannelChunks::Range& range, std::int64_t c,
                                 std::int64_t width, double* mean, double* m2) {
  ColumnSums<T> sums;
  for (std::int64_t row = range.n0; row < range.n1; row += column_block) {
    const std::int64_t rows = smaller(column_block, range.n1 - row);
    const T* block = x + row * g.c + c;
    sums.clear();
    sums.add(rows, width, [&](auto lanes, std::int64_t r, std::int64_t i) HWY_ATTR {
      const auto difference = hn::Sub(lanes.load(block + r * g.c + i), lanes.load(block + i));
      return Factors<Tag<T>>{difference, difference};
    });
    const double before = static_cast<double>(row - range.n0), count = static_cast<double>(rows);
    for (std::int64_t i = 0; i < width; ++i) {
      const Moments mine = moments_about(static_cast<double>(block[i]), count, static_cast<double>(sums.p[i]),
                                         static_cast<double>(sums.pq[i]));
      const Moments all = join({before, mean[i], m2[i]}, mine);
      mean[i] = all.mean;
      m2[i] = all.m2;
    }
  }
}

/// mean, m2: [chunks, C].
template <class T>
void chunk_moments(const ChannelLayout& g, const ChannelChunks& chunks, const T* x, double* mean, double* m2) {
  if (g.channels_last) {
    const std::int64_t tiles = ceil_div(g.c, tile_width);
    parallel_chunks(chunks.count * tiles, [&](std::int64_t task) HWY_ATTR {
      const std::int64_t chunk = task / tiles, c = task % tiles * tile_width, at = chunk * g.c + c;
      chunk_moments_channels_last(g, x, chunks[chunk], c, smaller(tile_width, g.c - c), mean + at, m2 + at);
    });
    return;
  }
  const std::int64_t grain = larger(1, chunk_elements / (smaller(chunks.images, g.n) * chunks.length));
  parallel_for(chunks.count * g.c, grain, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t c = task % g.c;
      const ChannelChunks::Range range = chunks[task / g.c];
      Moments all;
      for (std::int64_t n = range.n0; n < range.n1; ++n) {
        all = join(all, row_moments(x + (n * g.c + c) * g.l + range.l0, range.l1 - range.l0));
      }
      mean[task] = all.mean;
      m2[task] = all.m2;
    }
  });
}

/// sum dy and sum dy * (x - mean_c) per chunk and channel: [chunks, C] each.
template <class T>
void chunk_gradients(const ChannelLayout& g, const ChannelChunks& chunks, const T* x, const T* dy, const T* mean,
                     double* sum, double* product) {
  const Tag<T> d;
  if (g.channels_last) {
    const std::int64_t tiles = ceil_div(g.c, tile_width);
    parallel_chunks(chunks.count * tiles, [&](std::int64_t task) HWY_ATTR {
      const std::int64_t chunk = task / tiles, c = task % tiles * tile_width, at = chunk * g.c + c;
      const std::int64_t width = smaller(tile_width, g.c - c);
      const ChannelChunks::Range range = chunks[chunk];
      ColumnSums<T> sums;
      for (std::int64_t i = 0; i < width; ++i) sum[at + i] = product[at + i] = 0;
      for (std::int64_t row = range.n0; row < range.n1; row += column_block) {
        const T* x0 = x + row * g.c + c;
        const T* dy0 = dy + row * g.c + c;
        sums.clear();
        sums.add(smaller(column_block, range.n1 - row), width,
                 [&](auto lanes, std::int64_t r, std::int64_t i) HWY_ATTR {
                   const auto centered = hn::Sub(lanes.load(x0 + r * g.c + i), lanes.load(mean + c + i));
                   return Factors<Tag<T>>{lanes.load(dy0 + r * g.c + i), centered};
                 });
        for (std::int64_t i = 0; i < width; ++i) {
          sum[at + i] += static_cast<double>(sums.p[i]);
          product[at + i] += static_cast<double>(sums.pq[i]);
        }
      }
    });
    return;
  }
  const std::int64_t grain = larger(1, chunk_elements / (smaller(chunks.images, g.n) * chunks.length));
  parallel_for(chunks.count * g.c, grain, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t c = task % g.c;
      const ChannelChunks::Range range = chunks[task / g.c];
      const auto center = hn::Set(d, mean[c]);
      Sums all;
      for (std::int64_t n = range.n0; n < range.n1; ++n) {
        const std::int64_t at = (n * g.c + c) * g.l + range.l0;
        const Sums row = long_row_sums(d, range.l1 - range.l0, [&](auto lanes, std::int64_t i) HWY_ATTR {
          return Factors<Tag<T>>{lanes.load(dy + at + i), hn::Sub(lanes.load(x + at + i), center)};
        });
        all.p += row.p;
        all.pq += row.pq;
      }
      sum[task] = all.p;
      product[task] = all.pq;
    }
  });
}

/// out = term(lanes, place, parameters) at every place of x; parameter k of channel c is parameters[k * C + c].
template <int count, class T, class Term>
void apply_per_channel(const ChannelLayout& g, const T* parameters, T* out, Term term) {
  const Tag<T> d;
  using V = hn::Vec<Tag<T>>;
  if (g.channels_last) {
    parallel_for(g.n, larger(4, chunk_elements / g.c / 4 * 4), [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
      std::int64_t row = begin;
      for (; row + 4 <= end; row += 4) {
        for_lanes(d, g.c, [&](auto lanes, std::int64_t c) HWY_ATTR {
          V p[count];
          for (int k = 0; k < count; ++k) p[k] = lanes.load(parameters + k * g.c + c);
          const std::int64_t at = row * g.c + c;
          for (int r = 0; r < 4; ++r) lanes.store(term(lanes, at + r * g.c, p), out + at + r * g.c);
        });
      }
      for (; row < end; ++row) {
        for_lanes(d, g.c, [&](auto lanes, std::int64_t c) HWY_ATTR {
          V p[count];
          for (int k = 0; k < count; ++k) p[k] = lanes.load(parameters + k * g.c + c);
          lanes.store(term(lanes, row * g.c + c, p), out + row * g.c + c);
        });
      }
    });
    return;
  }
  const std::int64_t pieces = ceil_div(g.l, chunk_elements);
  parallel_for(g.n * g.c * pieces, larger(1, chunk_elements / g.l), [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t row = task / pieces, l = task % pieces * chunk_elements, at = row * g.l + l;
      V p[count];
      for (int k = 0; k < count; ++k) p[k] = hn::Set(d, parameters[k * g.c + row % g.c]);
      for_lanes(d, smaller(chunk_elements, g.l - l), [&](auto lanes, std::int64_t i) HWY_ATTR {
        lanes.store(term(lanes, at + i, p), out + at + i);
      });
    }
  });
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
