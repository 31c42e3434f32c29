/// Which inputs an output of a pooling reads, along one axis, and the memory layout of the operands.
#if defined(CAIRN_KERNELS_CPU_DETAIL_POOL_WINDOWS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_CPU_DETAIL_POOL_WINDOWS_INL_H
#undef CAIRN_KERNELS_CPU_DETAIL_POOL_WINDOWS_INL_H
#else
#define CAIRN_KERNELS_CPU_DETAIL_POOL_WINDOWS_INL_H
#endif

#include <cairn/kernels/cpu/detail/lanes-inl.h>
#include <cairn/kernels/pool.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// The positions from begin up to, not including, end.
struct Span {
  std::int64_t begin, end;
};

struct PoolAxis {
  std::int64_t in = 0, out = 0;
  bool adaptive = false;
  std::int64_t kernel = 1, stride = 1, padding = 0, dilation = 1;
  bool count_padding = false;

  static PoolAxis adapting(std::int64_t in, std::int64_t out) { return {in, out, true, ceil_div(in, larger(out, 1))}; }
  static PoolAxis sliding(std::int64_t in, std::int64_t out, const PoolGeometry& g, int axis, std::int64_t dilation) {
    return {in, out, false, g.kernel[axis], g.stride[axis], g.padding[axis], dilation, g.count_include_pad};
  }

  /// The inputs of output p inside the image, `dilation` apart.
  HWY_INLINE Span window(std::int64_t p) const {
    if (adaptive) return {p * in / out, ceil_div((p + 1) * in, out)};
    const std::int64_t start = p * stride - padding;
    const std::int64_t skipped = start < 0 ? ceil_div(-start, dilation) : 0;
    return {start + skipped * dilation, smaller(in, start + (kernel - 1) * dilation + 1)};
  }

  /// The outputs that read input i, for dilation 1. For adaptive windows, floor(p I / O) <= i < ceil((p + 1) I / O)
  /// holds exactly for floor(i O / I) <= p < ceil((i + 1) O / I).
  HWY_INLINE Span readers(std::int64_t i) const {
    if (adaptive) return {i * out / in, ceil_div((i + 1) * out, in)};
    const std::int64_t last = (i + padding) / stride, reach = i + padding - kernel + 1;
    return {reach > 0 ? ceil_div(reach, stride) : 0, smaller(out, last + 1)};
  }

  /// This axis' factor of the divisor of an average. Padding ends `padding` beyond the image, however far the last
  /// window reaches.
  HWY_INLINE std::int64_t divisor(std::int64_t p) const {
    if (!adaptive && count_padding) {
      const std::int64_t start = p * stride - padding;
      return larger(1, smaller(start + kernel, in + padding) - start);
    }
    const Span valid = window(p);
    return larger(1, valid.end - valid.begin);
  }
};

/// n images [h.in, w.in, c] with c innermost. A row-major operand is n * c images of one channel.
struct PoolShape {
  std::int64_t n = 0, c = 0;
  PoolAxis h, w;

  std::int64_t inputs() const { return n * c * h.in * w.in; }
  std::int64_t outputs() const { return n * c * h.out * w.out; }
};

HWY_INLINE bool is_channels_last_image(const View& x) {
  const std::int64_t c = x.sizes[1], h = x.sizes[2], w = x.sizes[3];
  return (c == 1 || x.strides[1] == 1) && (w == 1 || x.strides[3] == c) && (h == 1 || x.strides[2] == w * c) &&
         (x.sizes[0] == 1 || x.strides[0] == h * w * c);
}

/// Checks operands that lie on the input grid (`in`) and on the output grid (`out`), of which `indices` may be not
/// given, and fills in n and c.
inline Status describe_pool(const View& in, const View& out, const View& indices, PoolShape& shape) {
  if (in.dtype != DType::f32 && in.dtype != DType::f64) return Status::unsupported_dtype;
  if (out.dtype != in.dtype || (indices && indices.dtype != DType::i64)) return Status::unsupported_dtype;
  if (in.rank != 4 || out.rank != 4 || (indices && indices.rank != 4)) return Status::unsupported_layout;
  if (in.sizes[0] != out.sizes[0] || in.sizes[1] != out.sizes[1]) return Status::unsupported_layout;
  for (int i = 0; indices && i < 4; ++i) {
    if (indices.sizes[i] != out.sizes[i]) return Status::unsupported_layout;
  }
  const std::int64_t n = in.sizes[0], c = in.sizes[1];
  if (in.numel() == 0 && out.numel() == 0) {
    shape.n = 0;
    shape.c = 1;
  } else if (c > 1 && (in.numel() == 0 || is_channels_last_image(in)) &&
             (out.numel() == 0 || (is_channels_last_image(out) && (!indices || is_channels_last_image(indices))))) {
    shape.n = n;
    shape.c = c;
  } else if (in.is_contiguous() && out.is_contiguous() && (!indices || indices.is_contiguous())) {
    shape.n = n * c;
    shape.c = 1;
  } else {
    return Status::unsupported_layout;
  }
  return Status::ok;
}

inline Status check_geometry(const PoolGeometry& g) {
  for (int i = 0; i < 2; ++i) {
    if (g.kernel[i] < 1 || g.stride[i] < 1 || g.padding[i] < 0 || g.dilation[i] < 1) return Status::unsupported;
  }
  return Status::ok;
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
