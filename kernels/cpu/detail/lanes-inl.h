/// Loops over whole vectors whose tail runs the same code under a mask.
#if defined(CAIRN_KERNELS_CPU_DETAIL_LANES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_CPU_DETAIL_LANES_INL_H
#undef CAIRN_KERNELS_CPU_DETAIL_LANES_INL_H
#else
#define CAIRN_KERNELS_CPU_DETAIL_LANES_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;

template <class D>
inline constexpr std::int64_t lane_count = static_cast<std::int64_t>(hn::MaxLanes(D()));

HWY_INLINE constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
HWY_INLINE constexpr std::int64_t larger(std::int64_t a, std::int64_t b) { return a < b ? b : a; }
HWY_INLINE constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// All lanes of a vector, or its first few: what a loop body needs to know of the difference.
template <class D>
struct WholeVector {
  using T = hn::TFromD<D>;
  using V = hn::Vec<D>;
  D d;
  HWY_INLINE V load(const T* p) const { return hn::LoadU(d, p); }
  HWY_INLINE void store(V v, T* p) const { hn::StoreU(v, d, p); }
  HWY_INLINE V keep(V v) const { return v; }
};

template <class D>
struct PartialVector {
  using T = hn::TFromD<D>;
  using V = hn::Vec<D>;
  D d;
  hn::Mask<D> mask;
  HWY_INLINE V load(const T* p) const { return hn::MaskedLoad(mask, d, p); }
  HWY_INLINE void store(V v, T* p) const { hn::BlendedStore(v, mask, d, p); }
  HWY_INLINE V keep(V v) const { return hn::IfThenElseZero(mask, v); }
};

/// body(lanes, i) for i = 0, N, 2 N, … < count, where N is the number of lanes.
template <class D, class Body>
HWY_INLINE void for_lanes(D d, std::int64_t count, Body body) {
  constexpr std::int64_t n = lane_count<D>;
  std::int64_t i = 0;
  for (; i + n <= count; i += n) body(WholeVector<D>{d}, i);
  if (i < count) body(PartialVector<D>{d, hn::FirstN(d, static_cast<std::size_t>(count - i))}, i);
}

/// The lanes added up in f64, first to last.
template <class D>
HWY_INLINE double sum_in_f64(D d, hn::Vec<D> v) {
  HWY_ALIGN hn::TFromD<D> lane[static_cast<std::size_t>(lane_count<D>)];
  hn::Store(v, d, lane);
  double sum = 0;
  for (const auto value : lane) sum += static_cast<double>(value);
  return sum;
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
