/// Dense and like layouts, and a walk through a strided tensor in row-major logical order.
#if defined(CAIRN_KERNELS_CPU_DETAIL_LAYOUT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_CPU_DETAIL_LAYOUT_INL_H
#undef CAIRN_KERNELS_CPU_DETAIL_LAYOUT_INL_H
#else
#define CAIRN_KERNELS_CPU_DETAIL_LAYOUT_INL_H
#endif

#include <cairn/core/view.h>
#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// Dense in some order of the dimensions: sorted by stride, each stride is the product of the sizes before it.
HWY_INLINE bool is_dense(const View& x) {
  const std::int64_t total = x.numel();
  std::int64_t covered = 1;
  while (covered < total) {
    int next = -1;
    for (int i = 0; i < x.rank; ++i) {
      if (x.sizes[i] > 1 && x.strides[i] == covered) next = i;
    }
    if (next < 0) return false;
    covered *= x.sizes[next];
  }
  return true;
}

HWY_INLINE bool same_sizes(const View& a, const View& b) {
  bool same = a.rank == b.rank;
  for (int i = 0; same && i < a.rank; ++i) same = a.sizes[i] == b.sizes[i];
  return same;
}

/// One shape, and the same place in memory for each element.
HWY_INLINE bool same_layout(const View& a, const View& b) {
  bool same = same_sizes(a, b);
  if (same && a.numel() == 0) return true;
  for (int i = 0; same && i < a.rank; ++i) same = a.sizes[i] == 1 || a.strides[i] == b.strides[i];
  return same;
}

/// The memory offset of a logical index that counts up in row-major order.
struct Odometer {
  const View& x;
  std::int64_t position[max_rank] = {};
  std::int64_t offset = 0;

  Odometer(const View& view, std::int64_t index) : x(view) {
    for (int i = x.rank - 1; i >= 0; --i) {
      position[i] = index % x.sizes[i];
      index /= x.sizes[i];
      offset += position[i] * x.strides[i];
    }
  }
  HWY_INLINE void advance() {
    for (int i = x.rank - 1; i >= 0; --i) {
      offset += x.strides[i];
      if (++position[i] < x.sizes[i]) return;
      offset -= x.sizes[i] * x.strides[i];
      position[i] = 0;
    }
  }
};

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
