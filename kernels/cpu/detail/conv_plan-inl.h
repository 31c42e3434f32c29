/// The geometry that the convolution kernels share. Every convolution, and every gradient with respect
/// to its input, is a correlation: output pixel (i, j) reads the source at
///
///   (i * step_h + tap.row, j * step_w + tap.col)
///
/// for each tap of a short list. Forward, the taps are the filter positions shifted by the padding. For
/// the data gradient the source is dy and the taps are flipped; with stride s the pixels of dx fall into
/// s * s phases by their position modulo s, and each phase meets only its own subset of the filter
/// (Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016, section 4).
#if defined(CAIRN_CONV_PLAN_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_CONV_PLAN_INL_H
#undef CAIRN_CONV_PLAN_INL_H
#else
#define CAIRN_CONV_PLAN_INL_H
#endif

#include <cairn/core/parallel.h>
#include <cairn/kernels/conv.h>
#include <hwy/highway.h>

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Index = std::int64_t;

/// A filter position (r, s) and where it reads, relative to output pixel * step.
struct Tap {
  Index row, col;
  Index r, s;
};

/// Output pixels that share a tap list: the whole output forward, one residue class modulo the stride backward.
struct Phase {
  Index rows, cols;
  Index offset;  ///< of its pixel (0, 0) in an output image, in elements
  Index first_tap, taps;
};

/// `length` consecutive reduction elements, `offset` elements behind the address of an output pixel.
struct Run {
  Index offset, length;
};

/// Channels-last images: pixel strides in elements; channels have stride 1.
struct Images {
  Index count, height, width, channels;
  Index image_stride, row_stride, col_stride;
};

struct Correlation {
  Images source;
  Images output;  ///< strides are between neighbouring pixels of a phase
  Index groups;
  Index reduced;   ///< channels of the source per group
  Index produced;  ///< channels of the output per group
  Index step_h, step_w;
  Index phase_count, tap_count;
  Phase* phases;
  Tap* taps;
  Index row_low, row_high, col_low, col_high;  ///< range of the taps' positions
  Index rows, cols;                            ///< largest over the phases
};

/// Where the weight of (group, produced channel, reduced channel, r, s) lies: any strides.
template <class T>
struct Weights {
  T* data;
  Index group, produced, reduced, r, s;
};

HWY_INLINE Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }

inline Images images_of(const View& v) {
  const Index c = v.sizes[1], h = v.sizes[2], w = v.sizes[3];
  return {v.sizes[0], h, w, c, h * w * c, w * c, c};
}

inline void measure_taps(Correlation& plan) {
  plan.row_low = plan.row_high = plan.col_low = plan.col_high = 0;
  for (Index t = 0; t < plan.tap_count; ++t) {
    const Tap& tap = plan.taps[t];
    if (t == 0 || tap.row < plan.row_low) plan.row_low = tap.row;
    if (t == 0 || tap.row > plan.row_high) plan.row_high = tap.row;
    if (t == 0 || tap.col < plan.col_low) plan.col_low = tap.col;
    if (t == 0 || tap.col > plan.col_high) plan.col_high = tap.col;
  }
  plan.rows = plan.cols = 0;
  for (Index p = 0; p < plan.phase_count; ++p) {
    plan.rows = HWY_MAX(plan.rows, plan.phases[p].rows);
    plan.cols = HWY_MAX(plan.cols, plan.phases[p].cols);
  }
}

/// y from x: one phase, every tap. False when there is no scratch memory.
inline bool plan_forward(Context& context, const View& x, const View& w, const View& y, const ConvGeometry& geometry,
                         Correlation& plan) {
  const Index R = w.sizes[2], S = w.sizes[3];
  plan.source = images_of(x);
  plan.output = images_of(y);
  plan.groups = geometry.groups;
  plan.reduced = w.sizes[1];
  plan.produced = w.sizes[0] / geometry.groups;
  plan.step_h = geometry.stride[0];
  plan.step_w = geometry.stride[1];
  plan.phase_count = 1;
  plan.phases = context.scratch<Phase>(1);
  plan.taps = context.scratch<Tap>(HWY_MAX(R * S, Index{1}));
  if (plan.phases == nullptr || plan.taps == nullptr) return false;
  plan.tap_count = 0;
  for (Index r = 0; r < R; ++r) {
    for (Index s = 0; s < S; ++s) {
      plan.taps[plan.tap_count++] = {r * geometry.dilation[0] - geometry.padding[0], s * geometry.dilation[1] - geometry.padding[1],
                                     r, s};
    }
  }
  plan.phases[0] = {plan.output.height, plan.output.width, 0, 0, plan.tap_count};
  measure_taps(plan);
  return true;
}

/// dx from dy: dx[i * stride + a] meets dy[i + (a + padding - r * dilation) / stride] for the r that make
/// the division exact.
inline bool plan_backward_data(Context& context, const View& dy, const View& w, const View& dx, const ConvGeometry& geometry,
                               Correlation& plan) {
  const Index R = w.sizes[2], S = w.sizes[3];
  const Index stride_h = geometry.stride[0], stride_w = geometry.stride[1];
  plan.source = images_of(dy);
  plan.output = images_of(dx);
  const Index row_stride = plan.output.row_stride, col_stride = plan.output.col_stride;
  plan.output.row_stride *= stride_h;
  plan.output.col_stride *= stride_w;
  plan.groups = geometry.groups;
  plan.reduced = w.sizes[0] / geometry.groups;
  plan.produced = w.sizes[1];
  plan.step_h = plan.step_w = 1;
  const Index phases_h = HWY_MIN(stride_h, plan.output.height), phases_w = HWY_MIN(stride_w, plan.output.width);
  plan.phases = context.scratch<Phase>(HWY_MAX(phases_h * phases_w, Index{1}));
  plan.taps = context.scratch<Tap>(HWY_MAX(R * S, Index{1}));
  if (plan.phases == nullptr || plan.taps == nullptr) return false;
  plan.phase_count = plan.tap_count = 0;
  for (Index a = 0; a < phases_h; ++a) {
    for (Index b = 0; b < phases_w; ++b) {
      Phase& phase = plan.phases[plan.phase_count++];
      phase = {ceil_div(plan.output.height - a, stride_h), ceil_div(plan.output.width - b, stride_w),
               a * row_stride + b * col_stride, plan.tap_count, 0};
      // Backwards over the filter, so that neighbouring taps read neighbouring pixels in rising order.
      for (Index r = R - 1; r >= 0; --r) {
        const Index row = a + geometry.padding[0] - r * geometry.dilation[0];
        if (row % stride_h != 0) continue;
        for (Index s = S - 1; s >= 0; --s) {
          const Index col = b + geometry.padding[1] - s * geometry.dilation[1];
          if (col % stride_w != 0) continue;
          plan.taps[plan.tap_count++] = {row / stride_h, col / stride_w, r, s};
          ++phase.taps;
        }
      }
    }
  }
  measure_taps(plan);
  return true;
}

/// The part of a source image that a block of output rows reads, and how it lies in memory.
struct Window {
  bool copied;  ///< into scratch with a border of zeros; otherwise the source itself is read
  Index cols;
  Index row_stride, col_stride;
};

inline Index window_rows(const Correlation& plan, Index output_rows) {
  return (output_rows - 1) * plan.step_h + plan.row_high - plan.row_low + 1;
}

template <class T>
Window window_of(const Correlation& plan) {
  const bool inside = plan.row_low >= 0 && plan.col_low >= 0 &&
                      (plan.rows - 1) * plan.step_h + plan.row_high < plan.source.height &&
                      (plan.cols - 1) * plan.step_w + plan.col_high < plan.source.width;
  if (inside) return {false, 0, plan.source.row_stride, plan.source.col_stride};
  Window window{};
  window.copied = true;
  window.cols = HWY_MAX(plan.cols - 1, Index{0}) * plan.step_w + plan.col_high - plan.col_low + 1;
  window.col_stride = plan.reduced;
  // Pixels a multiple of a quarter of a cache way (4 KiB) apart would share a few of its sets.
  if (plan.reduced * static_cast<Index>(sizeof(T)) % 1024 == 0) window.col_stride += 64 / static_cast<Index>(sizeof(T));
  window.row_stride = window.cols * window.col_stride;
  return window;
}

/// Turns the taps of each phase into runs, merging neighbours; taps keep their order, so the reduction
/// elements do too. Offsets are relative to the window's first pixel (copied) or the image's. Run lists
/// of a phase start at phase.first_tap; returns their lengths in `counts`.
inline void runs_of(const Correlation& plan, const Window& window, Run* runs, Index* counts) {
  const Index row0 = window.copied ? plan.row_low : 0, col0 = window.copied ? plan.col_low : 0;
  for (Index p = 0; p < plan.phase_count; ++p) {
    const Phase& phase = plan.phases[p];
    Run* out = runs + phase.first_tap;
    Index n = 0;
    for (Index t = phase.first_tap; t < phase.first_tap + phase.taps; ++t) {
      const Index offset = (plan.taps[t].row - row0) * window.row_stride + (plan.taps[t].col - col0) * window.col_stride;
      if (n > 0 && offset == out[n - 1].offset + out[n - 1].length) {
        out[n - 1].length += plan.reduced;
      } else {
        out[n++] = {offset, plan.reduced};
      }
    }
    counts[p] = n;
  }
}

/// Copies rows [row, row + rows) and the window's columns of one group's channels, zeros outside the image.
template <class T>
void copy_window(const Correlation& plan, const Window& window, const T* image, Index row, Index rows, T* to) {
  const Images& source = plan.source;
  const Index channels = plan.reduced;
  const Index first = plan.col_low, last = plan.col_low + window.cols;
  const Index begin = HWY_MIN(HWY_MAX(first, Index{0}), last), end = HWY_MAX(HWY_MIN(last, source.width), begin);
  const bool dense = source.col_stride == channels && window.col_stride == channels;
  const auto bytes = [](Index count) { return static_cast<std::size_t>(count) * sizeof(T); };
  for (Index i = row; i < row + rows; ++i, to += window.row_stride) {
    if (i < 0 || i >= source.height) {
      std::memset(to, 0, bytes(window.row_stride));
      continue;
    }
    const T* from = image + i * source.row_stride + begin * source.col_stride;
    T* inner = to + (begin - first) * window.col_stride;
    std::memset(to, 0, bytes(inner - to));
    if (dense) {
      std::memcpy(inner, from, bytes((end - begin) * channels));
      inner += (end - begin) * channels;
    } else {
      for (Index j = begin; j < end; ++j, from += source.col_stride, inner += window.col_stride) {
        for (Index c = 0; c < channels; ++c) inner[c] = from[c];
      }
    }
    std::memset(inner, 0, bytes(to + window.row_stride - inner));
  }
}

/// Panels: the produced channels of a group are cut into strips of two vectors, the last of one if that
/// is enough. A panel holds, for each reduction element in the order of the taps, its strip of weights.
template <class T>
struct Panels {
  Index lanes;  ///< of a vector
  Index count;  ///< panels per group
  Index steps;  ///< reduction elements
  Index last_width;
  Index group_stride;

  HWY_INLINE Index width(Index panel) const { return panel + 1 == count ? last_width : 2 * lanes; }
  HWY_INLINE Index offset(Index group, Index panel) const { return group * group_stride + panel * 2 * lanes * steps; }
};

template <class T>
Panels<T> panels_of(const Correlation& plan) {
  Panels<T> panels{};
  panels.lanes = static_cast<Index>(hn::Lanes(hn::ScalableTag<T>()));
  panels.count = ceil_div(plan.produced, 2 * panels.lanes);
  panels.steps = plan.tap_count * plan.reduced;
  const Index rest = plan.produced - (panels.count - 1) * 2 * panels.lanes;
  panels.last_width = rest > panels.lanes ? 2 * panels.lanes : panels.lanes;
  panels.group_stride = panels.steps * ((panels.count - 1) * 2 * panels.lanes + panels.last_width);
  return panels;
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // CAIRN_CONV_PLAN_INL_H
