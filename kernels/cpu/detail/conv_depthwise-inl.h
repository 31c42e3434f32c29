/// Depthwise convolution: as many groups as channels, so there is no reduction over channels to block
/// for. The channels fill the vectors, and the taps outside the image are skipped.
#if defined(CAIRN_CONV_DEPTHWISE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_CONV_DEPTHWISE_INL_H
#undef CAIRN_CONV_DEPTHWISE_INL_H
#else
#define CAIRN_CONV_DEPTHWISE_INL_H
#endif

#include <cairn/kernels/cpu/detail/conv_plan-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// `vectors` vectors of channels of one output pixel; the last under the mask.
template <int vectors, class D, class T = hn::TFromD<D>>
HWY_INLINE void depthwise_pixel(D d, const Correlation& plan, const Phase& phase, const T* image, Index row, Index col, const T* w,
                                Index w_stride, const T* start, hn::Mask<D> mask, T* y) {
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  hn::Vec<D> sum[vectors];
  HWY_UNROLL(4)
  for (int v = 0; v < vectors; ++v) sum[v] = hn::Load(d, start + v * lanes);
  for (Index t = phase.first_tap; t < phase.first_tap + phase.taps; ++t) {
    const Index h = row + plan.taps[t].row, q = col + plan.taps[t].col;
    if (h < 0 || h >= plan.source.height || q < 0 || q >= plan.source.width) continue;
    const T* x = image + h * plan.source.row_stride + q * plan.source.col_stride;
    const T* weight = w + t * w_stride;
    HWY_UNROLL(4)
    for (int v = 0; v < vectors; ++v) {
      const auto value = v + 1 == vectors ? hn::MaskedLoad(mask, d, x + v * lanes) : hn::LoadU(d, x + v * lanes);
      sum[v] = hn::MulAdd(value, hn::Load(d, weight + v * lanes), sum[v]);
    }
  }
  HWY_UNROLL(4)
  for (int v = 0; v + 1 < vectors; ++v) hn::StoreU(sum[v], d, y + v * lanes);
  hn::BlendedStore(sum[vectors - 1], mask, d, y + (vectors - 1) * lanes);
}

template <class T>
Status depthwise_correlate(Context& context, const Correlation& plan, const T* source, const Weights<const T>& w, const View& bias,
                           T* output) {
  if (plan.source.count == 0 || plan.rows == 0 || plan.cols == 0) return Status::ok;
  const hn::ScalableTag<T> d;
  const Index lanes = static_cast<Index>(hn::Lanes(d)), channels = plan.groups;
  const Index stride = ceil_div(channels, lanes) * lanes;
  T* packed = context.scratch<T>((plan.tap_count + 1) * stride);
  if (packed == nullptr) return Status::out_of_memory;
  T* start = packed + plan.tap_count * stride;
  for (Index c = 0; c < stride; ++c) {
    for (Index t = 0; t < plan.tap_count; ++t) {
      const Tap& tap = plan.taps[t];
      packed[t * stride + c] = c < channels ? w.data[c * w.group + tap.r * w.r + tap.s * w.s] : T{0};
    }
    start[c] = bias && c < channels ? bias.as<const T>()[c * bias.strides[0]] : T{0};
  }
  parallel_chunks(plan.source.count * plan.rows, [&](Index chunk) HWY_ATTR {
    const Index n = chunk / plan.rows, i = chunk % plan.rows;
    const T* image = source + n * plan.source.image_stride;
    const auto all = hn::FirstN(d, static_cast<std::size_t>(lanes));
    for (Index p = 0; p < plan.phase_count; ++p) {
      const Phase& phase = plan.phases[p];
      if (i >= phase.rows) continue;
      T* y = output + n * plan.output.image_stride + phase.offset + i * plan.output.row_stride;
      for (Index j = 0; j < phase.cols; ++j, y += plan.output.col_stride) {
        const Index row = i * plan.step_h, col = j * plan.step_w;
        Index c = 0;
        for (; c + 4 * lanes <= channels; c += 4 * lanes) {
          depthwise_pixel<4>(d, plan, phase, image + c, row, col, packed + c, stride, start + c, all, y + c);
        }
        for (; c < channels; c += lanes) {
          const auto mask = hn::FirstN(d, static_cast<std::size_t>(channels - c));
          depthwise_pixel<1>(d, plan, phase, image + c, row, col, packed + c, stride, start + c, mask, y + c);
        }
      }
    }
  });
  return Status::ok;
}

/// dw[tap][c] += sum over the columns of a row whose tap lies inside the image.
template <int vectors, class D, class T = hn::TFromD<D>>
HWY_INLINE void depthwise_row(D d, const T* x, Index x_stride, const T* dy, Index dy_stride, Index count, hn::Mask<D> mask, T* dw) {
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  hn::Vec<D> sum[vectors];
  HWY_UNROLL(4)
  for (int v = 0; v < vectors; ++v) sum[v] = hn::Zero(d);
  for (Index j = 0; j < count; ++j, x += x_stride, dy += dy_stride) {
    HWY_UNROLL(4)
    for (int v = 0; v < vectors; ++v) {
      if (v + 1 == vectors) {
        sum[v] = hn::MulAdd(hn::MaskedLoad(mask, d, x + v * lanes), hn::MaskedLoad(mask, d, dy + v * lanes), sum[v]);
      } else {
        sum[v] = hn::MulAdd(hn::LoadU(d, x + v * lanes), hn::LoadU(d, dy + v * lanes), sum[v]);
      }
    }
  }
  HWY_UNROLL(4)
  for (int v = 0; v < vectors; ++v) {
    hn::Store(hn::Add(hn::Load(d, dw + v * lanes), sum[v]), d, dw + v * lanes);
  }
}

template <class T>
Status depthwise_weight_gradient(Context& context, const Correlation& plan, const T* x, const T* dy, const Weights<T>& dw) {
  const hn::ScalableTag<T> d;
  const Index lanes = static_cast<Index>(hn::Lanes(d)), channels = plan.groups;
  const Index stride = ceil_div(channels, lanes) * lanes, size = plan.tap_count * stride;
  const Index rows = plan.source.count * plan.rows;
  const Index splits = HWY_MIN(HWY_MAX(rows, Index{1}), Index{32});
  T* parts = context.scratch<T>(HWY_MAX(splits * size, Index{1}));
  if (parts == nullptr) return Status::out_of_memory;
  parallel_chunks(splits, [&](Index split) HWY_ATTR {
    T* part = parts + split * size;
    std::memset(part, 0, static_cast<std::size_t>(size) * sizeof(T));
    const auto all = hn::FirstN(d, static_cast<std::size_t>(lanes));
    for (Index u = split * rows / splits; u < (split + 1) * rows / splits; ++u) {
      const Index n = u / plan.rows, i = u % plan.rows;
      for (Index t = 0; t < plan.tap_count; ++t) {
        const Tap& tap = plan.taps[t];
        const Index h = i * plan.step_h + tap.row;
        if (h < 0 || h >= plan.source.height || tap.col >= plan.source.width) continue;
        const Index first = tap.col < 0 ? ceil_div(-tap.col, plan.step_w) : Index{0};
        const Index last = HWY_MIN(plan.cols, (plan.source.width - 1 - tap.col) / plan.step_w + 1);
        if (first >= last) continue;
        const T* from = x + n * plan.source.image_stride + h * plan.source.row_stride + (first * plan.step_w + tap.col) * channels;
        const T* gradient = dy + n * plan.output.image_stride + i * plan.output.row_stride + first * channels;
        T* to = part + t * stride;
        Index c = 0;
        for (; c + 4 * lanes <= channels; c += 4 * lanes) {
          depthwise_row<4>(d, from + c, plan.step_w * channels, gradient + c, channels, last - first, all, to + c);
        }
        for (; c < channels; c += lanes) {
          const auto mask = hn::FirstN(d, static_cast<std::size_t>(channels - c));
          depthwise_row<1>(d, from + c, plan.step_w * channels, gradient + c, channels, last - first, mask, to + c);
        }
      }
    }
  });
  for (Index t = 0; t < plan.tap_count; ++t) {
    for (Index c = 0; c < channels; ++c) {
      T sum = parts[t * stride + c];
      for (Index split = 1; split < splits; ++split) sum += parts[split * size + t * stride + c];
      dw.data[c * dw.group + plan.taps[t].r * dw.r + plan.taps[t].s * dw.s] = sum;
    }
  }
  return Status::ok;
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // CAIRN_CONV_DEPTHWISE_INL_H
