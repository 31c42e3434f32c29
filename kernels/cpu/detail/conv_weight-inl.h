/// The gradient with respect to the weight: for each tap t and channels c, k
///
///   dw[k, c, t] = sum over images and output pixels of dy[pixel, k] * x[pixel * step + t, c]
///
/// a sum of outer products. The inner kernel holds a tile of (tap, c) x k in registers while it walks a
/// block of pixels. The pixels are split into a fixed number of parts, each with its own dw in panel
/// form (conv_plan-inl.h), and the parts are added in order at the end.
#if defined(CAIRN_CONV_WEIGHT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_CONV_WEIGHT_INL_H
#undef CAIRN_CONV_WEIGHT_INL_H
#else
#define CAIRN_CONV_WEIGHT_INL_H
#endif

#include <cairn/kernels/cpu/detail/conv_plan-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// Reduction elements per tile for one and for two vectors of channels.
template <int vectors>
constexpr int tile_elements() {
  constexpr bool many_registers = HWY_TARGET <= HWY_AVX3;
  return many_registers ? (vectors == 1 ? 16 : 8) : (vectors == 1 ? 12 : 6);
}

constexpr int smaller_elements(int elements) { return elements > 8 ? 8 : elements > 4 ? 4 : elements / 2; }

/// A block of pixels: their offsets in x, and one panel of dy without gaps.
template <class T>
struct PixelBlock {
  const T* x;
  const Index* offsets;
  const T* dy;
  Index count;
};

/// dw[element][channel] += sum over pixels of x[pixel + first + element] * dy[pixel][channel].
template <int elements, int vectors, class D, class T = hn::TFromD<D>>
void accumulate_tile(D d, const PixelBlock<T>& block, Index first, T* HWY_RESTRICT dw) {
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  using V = hn::Vec<D>;
  V sum[elements][vectors];
  HWY_UNROLL(16)
  for (int i = 0; i < elements; ++i) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) sum[i][v] = hn::Zero(d);
  }
  const T* x = block.x + first;
  const T* dy = block.dy;
  for (Index p = 0; p < block.count; ++p, dy += vectors * lanes) {
    const T* at = x + block.offsets[p];
    V gradient[vectors];
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) gradient[v] = hn::LoadU(d, dy + v * lanes);
    HWY_UNROLL(16)
    for (int i = 0; i < elements; ++i) {
      const V value = hn::Set(d, at[i]);
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) sum[i][v] = hn::MulAdd(value, gradient[v], sum[i][v]);
    }
  }
  HWY_UNROLL(16)
  for (int i = 0; i < elements; ++i) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) {
      T* to = dw + (i * vectors + v) * lanes;
      hn::Store(hn::Add(hn::Load(d, to), sum[i][v]), d, to);
    }
  }
}

/// One run of reduction elements, [first, first + count), in tiles.
template <int elements, int vectors, class D, class T = hn::TFromD<D>>
void accumulate_run(D d, const PixelBlock<T>& block, Index first, Index count, T* dw) {
  const Index width = vectors * static_cast<Index>(hn::Lanes(d));
  for (; count >= elements; count -= elements, first += elements, dw += elements * width) {
    accumulate_tile<elements, vectors>(d, block, first, dw);
  }
  if constexpr (elements > 1) {
    if (count > 0) accumulate_run<smaller_elements(elements), vectors>(d, block, first, count, dw);
  }
}

template <int vectors, class D, class T = hn::TFromD<D>>
void accumulate_panel(D d, const PixelBlock<T>& block, const Run* runs, Index run_count, T* dw) {
  const Index width = vectors * static_cast<Index>(hn::Lanes(d));
  for (const Run* run = runs; run != runs + run_count; ++run) {
    accumulate_run<tile_elements<vectors>(), vectors>(d, block, run->offset, run->length, dw);
    dw += run->length * width;
  }
}

/// Cuts the channels of x into slices, each a group of its own for the loops below (they share their
/// dy): one slice of the window, of dy and of dw should stay in the second-level cache together.
/// Returns the number of slices per group.
inline Index slice_channels(Correlation& plan) {
  constexpr Index least = 64, most_elements = 640;
  Index slices = 1;
  while (plan.reduced % (2 * least) == 0 && plan.reduced * plan.tap_count > most_elements) {
    plan.reduced /= 2;
    slices *= 2;
  }
  plan.groups *= slices;
  return slices;
}

/// How the work is cut; a function of shapes alone. A block of pixels is some rows of one image, or
/// several whole images.
struct WeightBlocking {
  Index slices;  ///< of the channels of a group
  Index rows, row_blocks;
  Index images, image_blocks;
  Index panels, panel_blocks;
  Index splits;  ///< of the blocks of pixels, each with its own dw
};

template <class T>
WeightBlocking weight_blocking(const Correlation& plan, const Panels<T>& panels, Index slices) {
  constexpr Index element = static_cast<Index>(sizeof(T));
  constexpr Index block_bytes = 48 << 10, most_bytes = 192 << 10, enough_pixels = 256, large_weight = 512 << 10;
  constexpr Index tasks = 32, split_bytes = 5 << 20;
  WeightBlocking b{};
  b.slices = slices;
  const auto bytes = [&](Index rows) {
    return (window_rows(plan, rows) * plan.source.width * plan.reduced + rows * plan.cols * 2 * panels.lanes) * element;
  };
  b.rows = 1;
  while (b.rows < plan.rows && bytes(b.rows + 1) <= block_bytes) ++b.rows;
  b.row_blocks = ceil_div(plan.rows, b.rows);
  b.rows = ceil_div(plan.rows, b.row_blocks);
  b.images = 1;
  if (b.row_blocks == 1) {
    while (b.images < plan.source.count && b.images * plan.rows * plan.cols < enough_pixels &&
           (b.images + 1) * bytes(b.rows) <= most_bytes) {
      ++b.images;
    }
  }
  b.image_blocks = ceil_div(plan.source.count, b.images);
  // A large dw is shared out by panels; splits would each need one of their own.
  const Index all = HWY_MAX(plan.groups * panels.group_stride * element, Index{1});
  b.panel_blocks = all >= large_weight ? HWY_MIN(panels.count, ceil_div(tasks, plan.groups)) : Index{1};
  b.panels = ceil_div(panels.count, b.panel_blocks);
  b.panel_blocks = ceil_div(panels.count, b.panels);
  b.splits = HWY_MIN(tasks / (b.panel_blocks * plan.groups), split_bytes / all);
  b.splits = HWY_MAX(HWY_MIN(b.splits, b.image_blocks * b.row_blocks), Index{1});
  return b;
}

/// One panel of dy for `count` pixels, without gaps; lanes beyond the last channel are zero.
template <class T>
void copy_gradient(const T* dy, Index stride, Index count, Index valid, Index width, T* to) {
  const hn::ScalableTag<T> d;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  for (Index v = 0; v < width; v += lanes) {
    const auto mask = hn::FirstN(d, static_cast<std::size_t>(HWY_MIN(HWY_MAX(valid - v, Index{0}), lanes)));
    for (Index i = 0; i < count; ++i) hn::Store(hn::MaskedLoad(mask, d, dy + i * stride + v), d, to + i * width + v);
  }
}

/// Adds the parts into the first, for channels [c0, c1) of one panel, and spreads that over dw.
template <class T>
void finish_panel(const Correlation& plan, const Panels<T>& panels, const WeightBlocking& b, T* parts, Index part_stride, Index g,
                  Index p, Index c0, Index c1, const Weights<T>& dw) {
  const hn::ScalableTag<T> d;
  const Index width = panels.width(p);
  for (Index t = 0; t < plan.tap_count; ++t) {
    T* first = parts + panels.offset(g, p) + (t * plan.reduced + c0) * width;
    for (Index i = 0; i < (c1 - c0) * width; i += panels.lanes) {
      auto sum = hn::Load(d, first + i);
      for (Index part = 1; part < b.splits; ++part) sum = hn::Add(sum, hn::Load(d, first + part * part_stride + i));
      hn::Store(sum, d, first + i);
    }
  }
  const Index k0 = p * 2 * panels.lanes, valid = HWY_MIN(width, plan.produced - k0);
  for (Index k = 0; k < valid; ++k) {
    T* to = dw.data + g / b.slices * dw.group + g % b.slices * plan.reduced * dw.reduced + (k0 + k) * dw.produced;
    for (Index c = c0; c < c1; ++c) {
      const T* from = parts + panels.offset(g, p) + c * width + k;
      for (Index t = 0; t < plan.tap_count; ++t) {
        to[c * dw.reduced + plan.taps[t].r * dw.r + plan.taps[t].s * dw.s] = from[t * plan.reduced * width];
      }
    }
  }
}

/// The blocks of one split against some panels of one group.
template <class T>
void run_split(const Correlation& plan, const Window& window, const Panels<T>& panels, const WeightBlocking& b, const Run* runs,
               Index run_count, const Index* offsets, const T* x, const T* dy, T* gradient, T* copy, T* part, Index split, Index g,
               Index panel, Index panel_end) {
  const hn::ScalableTag<T> d;
  const Index wide = 2 * panels.lanes;
  const Index blocks = b.image_blocks * b.row_blocks;
  const Index pitch = window_rows(plan, b.rows) * window.row_stride;
  for (Index i = split * blocks / b.splits; i < (split + 1) * blocks / b.splits; ++i) {
    const Index n = i / b.row_blocks * b.images, images = HWY_MIN(b.images, plan.source.count - n);
    const Index row = i % b.row_blocks * b.rows, rows = HWY_MIN(b.rows, plan.rows - row);
    const T* image = x + n * plan.source.image_stride + g * plan.reduced;
    PixelBlock<T> block{};
    block.x = image + row * plan.step_h * plan.source.row_stride;
    if (window.copied) {
      for (Index m = 0; m < images; ++m) {
        copy_window(plan, window, image + m * plan.source.image_stride, row * plan.step_h + plan.row_low, window_rows(plan, rows),
                    copy + m * pitch);
      }
      block.x = copy;
    }
    block.offsets = offsets;
    block.count = images * rows * plan.cols;
    const T* first = dy + n * plan.output.image_stride + row * plan.output.row_stride + g / b.slices * plan.produced;
    for (Index p = panel; p < panel_end; ++p) {
      const Index width = panels.width(p);
      block.dy = first + p * wide;
      if (plan.output.col_stride != width) {
        copy_gradient(block.dy, plan.output.col_stride, block.count, plan.produced - p * wide, width, gradient);
        block.dy = gradient;
      }
      T* to = part + panels.offset(g, p);
      if (width == wide) {
        accumulate_panel<2>(d, block, runs, run_count, to);
      } else {
        accumulate_panel<1>(d, block, runs, run_count, to);
      }
    }
  }
}

/// dw from x (the plan's source) and dy (its output).
template <class T>
Status weight_gradient(Context& context, const Correlation& whole, const T* x, const T* dy, const Weights<T>& dw) {
  if (whole.produced == 0 || whole.tap_count * whole.reduced == 0) return Status::ok;
  Correlation plan = whole;
  const Index slices = slice_channels(plan);
  const Window window = window_of<T>(plan);
  const Panels<T> panels = panels_of<T>(plan);
  const WeightBlocking b = weight_blocking(plan, panels, slices);
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  const Index pitch = window_rows(plan, b.rows) * window.row_stride;
  const Index gradient = b.images * b.rows * plan.cols * 2 * panels.lanes;
  const Index slot = gradient + (window.copied ? ceil_div(b.images * pitch, line) * line : Index{0});
  const Index part_stride = ceil_div(plan.groups * panels.group_stride, line) * line;
  const Index tasks = plan.groups * b.panel_blocks * b.splits;
  T* parts = context.scratch<T>(b.splits * part_stride);
  T* slots = context.scratch<T>(HWY_MAX(tasks * slot, Index{1}));
  Run* runs = context.scratch<Run>(plan.tap_count);
  Index* offsets = context.scratch<Index>(HWY_MAX(b.images * b.rows * plan.cols, Index{1}));
  if (parts == nullptr || slots == nullptr || runs == nullptr || offsets == nullptr) return Status::out_of_memory;
  Index run_count = 0;
  runs_of(plan, window, runs, &run_count);
  const Index image_pitch = window.copied ? pitch : plan.source.image_stride;
  Index* offset = offsets;
  for (Index n = 0; n < b.images; ++n) {
    for (Index i = 0; i < b.rows; ++i) {
      for (Index j = 0; j < plan.cols; ++j) {
        *offset++ = n * image_pitch + i * plan.step_h * window.row_stride + j * plan.step_w * window.col_stride;
      }
    }
  }
  parallel_chunks(tasks, [&](Index task) HWY_ATTR {
    const Index split = task % b.splits, block = task / b.splits % b.panel_blocks, g = task / b.splits / b.panel_blocks;
    const Index panel = block * b.panels, end = HWY_MIN(panel + b.panels, panels.count);
    T* part = parts + split * part_stride;
    const Index begin_offset = panels.offset(g, panel);
    const Index end_offset = end == panels.count ? (g + 1) * panels.group_stride : panels.offset(g, end);
    std::memset(part + begin_offset, 0, static_cast<std::size_t>(end_offset - begin_offset) * sizeof(T));
    run_split(plan, window, panels, b, runs, run_count, offsets, x, dy, slots + task * slot, slots + task * slot + gradient, part,
              split, g, panel, end);
  });
  const Index per_channel = plan.tap_count * 2 * panels.lanes * b.splits;
  const Index channels = HWY_MAX(Index{65536} / per_channel, Index{1});
  const Index channel_blocks = ceil_div(plan.reduced, channels);
  parallel_chunks(plan.groups * panels.count * channel_blocks, [&](Index i) HWY_ATTR {
    const Index c0 = i % channel_blocks * channels, panel = i / channel_blocks;
    finish_panel(plan, panels, b, parts, part_stride, panel / panels.count, panel % panels.count, c0,
                 HWY_MIN(c0 + channels, plan.reduced), dw);
  });
  return Status::ok;
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // CAIRN_CONV_WEIGHT_INL_H
