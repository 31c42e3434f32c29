/// Direct convolution on channels-last images, without an im2col matrix (Zhang, Franchetti & Low, "High
/// Performance Zero-Memory Overhead Direct Convolutions", 2018; Georganas et al., "Anatomy of
/// High-Performance Deep Learning Convolutions on SIMD Architectures", 2018).
///
/// The inner kernel holds a tile of output pixels x output channels in registers through the whole
/// reduction: each step loads one or two vectors of weights and multiplies them with one source value
/// per pixel, broadcast from memory. A pixel is just an address, so a tile may cross the ends of rows.
#if defined(CAIRN_CONV_DIRECT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_CONV_DIRECT_INL_H
#undef CAIRN_CONV_DIRECT_INL_H
#else
#define CAIRN_CONV_DIRECT_INL_H
#endif

#include <cairn/kernels/cpu/detail/conv_plan-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// Pixels per tile for one and for two vectors of channels. The sums must fit the 16 (AVX2) or 32 vector
/// registers, and the addresses of the pixels the 16 general ones.
template <int vectors>
constexpr int tile_pixels() {
  constexpr bool many_registers = HWY_TARGET <= HWY_AVX3;
  return vectors == 1 ? 12 : many_registers ? 8 : 6;
}

/// The next smaller tile, for what is left: a power of two.
constexpr int smaller_tile(int pixels) { return pixels > 8 ? 8 : pixels > 4 ? 4 : pixels / 2; }

/// y[pixel][channel] = start[channel] + sum over runs and their elements of x[pixel][element] * w[element][channel].
template <int pixels, int vectors, class D, class T = hn::TFromD<D>>
void multiply_tile(D d, const T* const* x, T* const* y, const Run* HWY_RESTRICT runs, Index run_count, const T* HWY_RESTRICT w,
                   const T* HWY_RESTRICT start, Index channels) {
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  using V = hn::Vec<D>;
  V sum[pixels][vectors];
  HWY_UNROLL(16)
  for (int i = 0; i < pixels; ++i) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) sum[i][v] = hn::LoadU(d, start + v * lanes);
  }
  const T* at[pixels];
  HWY_UNROLL(16)
  for (int i = 0; i < pixels; ++i) at[i] = x[i];
  for (const Run* run = runs; run != runs + run_count; ++run) {
    const Index end = run->offset + run->length;
    for (Index k = run->offset; k < end; ++k) {
      V weight[vectors];
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) weight[v] = hn::Load(d, w + v * lanes);
      w += vectors * lanes;
      HWY_UNROLL(16)
      for (int i = 0; i < pixels; ++i) {
        const V value = hn::Set(d, at[i][k]);
        HWY_UNROLL(2)
        for (int v = 0; v < vectors; ++v) sum[i][v] = hn::MulAdd(value, weight[v], sum[i][v]);
      }
    }
  }
  if (channels == vectors * lanes) {
    HWY_UNROLL(16)
    for (int i = 0; i < pixels; ++i) {
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) hn::StoreU(sum[i][v], d, y[i] + v * lanes);
    }
  } else {
    const auto mask = hn::FirstN(d, static_cast<std::size_t>(channels - (vectors - 1) * lanes));
    HWY_UNROLL(16)
    for (int i = 0; i < pixels; ++i) {
      HWY_UNROLL(2)
      for (int v = 0; v + 1 < vectors; ++v) hn::StoreU(sum[i][v], d, y[i] + v * lanes);
      hn::BlendedStore(sum[i][vectors - 1], mask, d, y[i] + (vectors - 1) * lanes);
    }
  }
}

/// A block of pixels against one panel: `count` addresses in x and y.
template <int pixels, int vectors, class D, class T = hn::TFromD<D>>
void multiply_pixels(D d, const T* const* x, T* const* y, Index count, const Run* runs, Index run_count, const T* w, const T* start,
                     Index channels) {
  for (; count >= pixels; count -= pixels, x += pixels, y += pixels) {
    multiply_tile<pixels, vectors>(d, x, y, runs, run_count, w, start, channels);
  }
  if constexpr (pixels > 1) {
    if (count > 0) multiply_pixels<smaller_tile(pixels), vectors>(d, x, y, count, runs, run_count, w, start, channels);
  }
}

/// Fills the panels of group g, panel p. Lanes beyond the last channel get zeros.
template <class T>
void pack_panel(const Correlation& plan, const Weights<const T>& w, const Panels<T>& panels, Index g, Index p, T* to) {
  const Index width = panels.width(p), first = p * 2 * panels.lanes;
  const Index valid = HWY_MIN(width, plan.produced - first);
  const T* from = w.data + g * w.group + first * w.produced;
  if (valid < width) std::memset(to, 0, static_cast<std::size_t>(panels.steps * width) * sizeof(T));
  // The loop over the channels with the larger stride goes outside: reads stay near each other.
  const bool reduced_outside = w.reduced > w.produced;
  const Index outer = reduced_outside ? plan.reduced : valid, inner = reduced_outside ? valid : plan.reduced;
  const Index from_outer = reduced_outside ? w.reduced : w.produced;
  const Index from_inner = reduced_outside ? w.produced : w.reduced;
  const Index to_outer = reduced_outside ? width : 1, to_inner = reduced_outside ? 1 : width;
  for (Index o = 0; o < outer; ++o) {
    for (Index t = 0; t < plan.tap_count; ++t) {
      const T* in = from + o * from_outer + plan.taps[t].r * w.r + plan.taps[t].s * w.s;
      T* out = to + t * plan.reduced * width + o * to_outer;
      for (Index i = 0; i < inner; ++i) out[i * to_inner] = in[i * from_inner];
    }
  }
}

/// How the work is cut; a function of shapes alone.
struct DirectBlocking {
  Index rows;  ///< output rows per unit
  Index row_blocks;
  Index panels;  ///< panels per unit
  Index panel_blocks;
  Index units, chunks;  ///< a chunk is a run of units with one window in scratch
};

template <class T>
DirectBlocking direct_blocking(const Correlation& plan, const Panels<T>& panels) {
  constexpr Index window_bytes = 32 << 10, panel_bytes = 512 << 10, least_pixels = 48, most_chunks = 64;
  DirectBlocking b{};
  b.rows = 1;
  const auto bytes = [&](Index rows) {
    return window_rows(plan, rows) * plan.source.width * plan.reduced * static_cast<Index>(sizeof(T));
  };
  while (b.rows < plan.rows && (bytes(b.rows + 1) <= window_bytes || b.rows * plan.cols < least_pixels)) ++b.rows;
  b.row_blocks = ceil_div(plan.rows, b.rows);
  b.rows = ceil_div(plan.rows, b.row_blocks);
  const Index one = HWY_MAX(panels.steps * 2 * panels.lanes * static_cast<Index>(sizeof(T)), Index{1});
  b.panels = HWY_MIN(HWY_MAX(panel_bytes / one, Index{1}), panels.count);
  b.panel_blocks = ceil_div(panels.count, b.panels);
  b.panels = ceil_div(panels.count, b.panel_blocks);
  b.units = b.panel_blocks * plan.groups * plan.source.count * b.row_blocks;
  b.chunks = HWY_MIN(b.units, most_chunks);
  return b;
}

/// The operands of a unit, for the loops over phases and panels.
template <class T>
struct DirectUnit {
  const Correlation& plan;
  const Window& window;
  const Panels<T>& panels;
  const Run* runs;
  const Index* run_counts;
  const T* packed;
  const T* start;  ///< bias or zeros, panels.count * 2 * lanes per group
};

/// Pixels that meet all panels before the next ones: a multiple of every tile.
constexpr Index pixel_block = 96;

/// All pixels of rows [row, row + rows) of each phase, for panels [panel, panel_end) of group g.
/// `x` is the address of the window's (or image's) pixel that output row `row` reads with offset zero.
template <class T>
void run_unit(const DirectUnit<T>& unit, const T* x, T* image, Index row, Index rows, Index g, Index panel, Index panel_end) {
  const hn::ScalableTag<T> d;
  const Correlation& plan = unit.plan;
  const Index wide = 2 * unit.panels.lanes;
  for (Index p = 0; p < plan.phase_count; ++p) {
    const Phase& phase = plan.phases[p];
    const Index total = (HWY_MIN(row + rows, phase.rows) - row) * phase.cols;
    T* y = image + phase.offset + row * plan.output.row_stride + g * plan.produced;
    Index i = 0, j = 0;
    for (Index done = 0; done < total; done += pixel_block) {
      const Index count = HWY_MIN(pixel_block, total - done);
      const T* from[pixel_block];
      T* to[pixel_block];
      for (Index n = 0; n < count; ++n) {
        from[n] = x + i * plan.step_h * unit.window.row_stride + j * plan.step_w * unit.window.col_stride;
        to[n] = y + i * plan.output.row_stride + j * plan.output.col_stride + panel * wide;
        if (++j == phase.cols) j = 0, ++i;
      }
      for (Index q = panel; q < panel_end; ++q) {
        const Index width = unit.panels.width(q);
        const T* w = unit.packed + unit.panels.offset(g, q) + phase.first_tap * plan.reduced * width;
        const T* start = unit.start + (g * unit.panels.count + q) * wide;
        const Index channels = HWY_MIN(width, plan.produced - q * wide);
        const Run* runs = unit.runs + phase.first_tap;
        if (width == wide) {
          multiply_pixels<tile_pixels<2>(), 2>(d, from, to, count, runs, unit.run_counts[p], w, start, channels);
        } else {
          multiply_pixels<tile_pixels<1>(), 1>(d, from, to, count, runs, unit.run_counts[p], w, start, channels);
        }
        for (Index n = 0; n < count; ++n) to[n] += wide;
      }
    }
  }
}

/// output = correlation of source with w (+ bias over the produced channels).
template <class T>
Status correlate(Context& context, const Correlation& plan, const T* source, const Weights<const T>& w, const View& bias,
                 T* output) {
  if (plan.source.count == 0 || plan.rows == 0 || plan.cols == 0 || plan.produced == 0) return Status::ok;
  const Window window = window_of<T>(plan);
  const Panels<T> panels = panels_of<T>(plan);
  const DirectBlocking blocking = direct_blocking(plan, panels);
  const Index wide = 2 * panels.lanes, start_count = plan.groups * panels.count * wide;
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  const Index slot = window.copied ? ceil_div(window_rows(plan, blocking.rows) * window.row_stride, line) * line : Index{0};
  T* packed = context.scratch<T>(HWY_MAX(plan.groups * panels.group_stride, Index{1}));
  T* start = context.scratch<T>(start_count);
  T* slots = context.scratch<T>(HWY_MAX(blocking.chunks * slot, Index{1}));
  Run* runs = context.scratch<Run>(HWY_MAX(plan.tap_count, Index{1}));
  Index* run_counts = context.scratch<Index>(plan.phase_count);
  if (packed == nullptr || start == nullptr || slots == nullptr || runs == nullptr || run_counts == nullptr) {
    return Status::out_of_memory;
  }
  runs_of(plan, window, runs, run_counts);
  for (Index g = 0; g < plan.groups; ++g) {
    T* to = start + g * panels.count * wide;
    for (Index k = 0; k < panels.count * wide; ++k) {
      const Index channel = g * plan.produced + k;
      to[k] = bias && k < plan.produced ? bias.as<const T>()[channel * bias.strides[0]] : T{0};
    }
  }
  // Small weights are packed by one thread: waking the others would take longer.
  const Index pack_grain = HWY_MAX(Index{16384} / HWY_MAX(panels.steps * wide, Index{1}), Index{1});
  parallel_for(plan.groups * panels.count, pack_grain, [&](Index begin, Index end) HWY_ATTR {
    for (Index i = begin; i < end; ++i) {
      const Index g = i / panels.count, p = i % panels.count;
      pack_panel(plan, w, panels, g, p, packed + panels.offset(g, p));
    }
  });
  const DirectUnit<T> unit{plan, window, panels, runs, run_counts, packed, start};
  parallel_chunks(blocking.chunks, [&](Index chunk) HWY_ATTR {
    const Index end = (chunk + 1) * blocking.units / blocking.chunks;
    for (Index u = chunk * blocking.units / blocking.chunks; u < end; ++u) {
      const Index block = u % blocking.row_blocks, n = u / blocking.row_blocks % plan.source.count;
      const Index outer = u / blocking.row_blocks / plan.source.count;
      const Index g = outer % plan.groups, panel = outer / plan.groups * blocking.panels;
      const Index row = block * blocking.rows, rows = HWY_MIN(blocking.rows, plan.rows - row);
      const T* image = source + n * plan.source.image_stride + g * plan.reduced;
      const T* x = image + row * plan.step_h * plan.source.row_stride;
      if (window.copied) {
        T* copy = slots + chunk * slot;
        copy_window(plan, window, image, row * plan.step_h + plan.row_low, window_rows(plan, rows), copy);
        x = copy;
      }
      run_unit(unit, x, output + n * plan.output.image_stride, row, rows, g, panel, HWY_MIN(panel + blocking.panels, panels.count));
    }
  });
  return Status::ok;
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // CAIRN_CONV_DIRECT_INL_H
