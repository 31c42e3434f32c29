// Reductions of dense runs.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/reduce_fold.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/kernels/cpu/detail/reduce.h>
#include <cairn/kernels/cpu/detail/rows-inl.h>

#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

using namespace math;
using detail::Fold;
using detail::FoldState;

template <class T>
inline constexpr bool is_floating_v = std::is_floating_point_v<T>;

template <class T>
void take_sum(FoldState& state, const void* in, std::int64_t n, std::int64_t) {
  const auto* x = static_cast<const T*>(in);
  if constexpr (is_floating_v<T>) {
    detail::add_exactly(state.value, state.rest,
                        row_sum<T>(n, [&](auto place) HWY_ATTR { return place.load(x); }));
  } else {
    auto sum = static_cast<std::uint64_t>(state.whole);
    for (std::int64_t i = 0; i < n; ++i) sum += static_cast<std::uint64_t>(x[i]);
    state.whole = static_cast<std::int64_t>(sum);
  }
}

void merge_sum(FoldState& state, const FoldState& later) {
  detail::add_exactly(state.value, state.rest, later.value);
  state.rest += later.rest;
  state.whole = static_cast<std::int64_t>(static_cast<std::uint64_t>(state.whole) +
                                          static_cast<std::uint64_t>(later.whole));
}

template <class T>
void take_prod(FoldState& state, const void* in, std::int64_t n, std::int64_t) {
  const auto* x = static_cast<const T*>(in);
  if constexpr (is_floating_v<T>) {
    for (std::int64_t i = 0; i < n; ++i) state.value *= static_cast<double>(x[i]);
  } else {
    auto product = static_cast<std::uint64_t>(state.whole);
    for (std::int64_t i = 0; i < n; ++i) product *= static_cast<std::uint64_t>(x[i]);
    state.whole = static_cast<std::int64_t>(product);
  }
}

void merge_prod(FoldState& state, const FoldState& later) {
  state.value *= later.value;
  state.whole = static_cast<std::int64_t>(static_cast<std::uint64_t>(state.whole) *
                                          static_cast<std::uint64_t>(later.whole));
}

/// Whether b goes before a, for max (Largest) or min.
template <bool Largest, class T>
HWY_INLINE auto beats(T b, T a) {
  if constexpr (Largest) {
    return b > a;
  } else {
    return b < a;
  }
}

/// The extreme of n > 0 elements; NaN if one is there.
template <bool Largest, class T>
T extreme(const T* x, std::int64_t n) {
  if constexpr (is_floating_v<T>) {
    using V = Vec<T>;
    V best[2] = {V(static_cast<double>(x[0])), V(static_cast<double>(x[0]))};
    auto nan = best[0] != best[0];
    const auto take = [&](auto place, V& to) HWY_ATTR {
      const V v = place.or_else(place.load(x), to);
      nan = nan | (v != v);
      to = select(beats<Largest>(v, to), v, to);
    };
    constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<T>()));
    std::int64_t i = 0;
    for (; i + 2 * lanes <= n; i += 2 * lanes) {
      take(Full<T>{i}, best[0]);
      take(Full<T>{i + lanes}, best[1]);
    }
    for (; i + lanes <= n; i += lanes) take(Full<T>{i}, best[0]);
    if (i < n) take(Tail<T>{i, n - i}, best[1]);
    if (any(nan)) return static_cast<T>(__builtin_nan(""));
    const auto v = select(beats<Largest>(best[0], best[1]), best[0], best[1]);
    const hn::ScalableTag<T> d;
    return hn::GetLane(Largest ? hn::MaxOfLanes(d, v.v) : hn::MinOfLanes(d, v.v));
  } else {
    T best = x[0];
    for (std::int64_t i = 1; i < n; ++i) best = beats<Largest>(x[i], best) ? x[i] : best;
    return best;
  }
}

template <class T>
HWY_INLINE T value_of(const FoldState& state) {
  if constexpr (is_floating_v<T>) {
    return static_cast<T>(state.value);
  } else {
    return static_cast<T>(state.whole);
  }
}

/// Whether a value replaces the state's: NaN beats all, the first one of equals stays.
template <bool Largest, class T>
HWY_INLINE bool replaces(T value, const FoldState& state) {
  if (state.index < 0) return true;
  const T old = value_of<T>(state);
  if (old != old) return false;
  return value != value || beats<Largest>(value, old);
}

template <bool Largest, class T>
void take_extreme(FoldState& state, const void* in, std::int64_t n, std::int64_t index) {
  if (n == 0) return;
  const auto* x = static_cast<const T*>(in);
  const T value = extreme<Largest>(x, n);
  if (!replaces<Largest>(value, state)) return;
  state.index = index;
  if constexpr (is_floating_v<T>) {
    state.value = static_cast<double>(value);
  } else {
    state.whole = static_cast<std::int64_t>(value);
  }
}

template <bool Largest, class T>
void take_arg_extreme(FoldState& state, const void* in, std::int64_t n, std::int64_t index) {
  if (n == 0) return;
  const auto* x = static_cast<const T*>(in);
  const T value = extreme<Largest>(x, n);
  if (!replaces<Largest>(value, state)) return;
  std::int64_t i = 0;
  while (value == value ? x[i] != value : x[i] == x[i]) ++i;
  state.index = index + i;
  if constexpr (is_floating_v<T>) {
    state.value = static_cast<double>(value);
  } else {
    state.whole = static_cast<std::int64_t>(value);
  }
}

template <bool Largest, class T>
void merge_extreme(FoldState& state, const FoldState& later) {
  if (later.index >= 0 && replaces<Largest>(value_of<T>(later), state)) state = later;
}

template <bool Any, class T>
void take_truth(FoldState& state, const void* in, std::int64_t n, std::int64_t) {
  const auto* x = static_cast<const T*>(in);
  std::int64_t hits = 0;
  for (std::int64_t i = 0; i < n; ++i) hits += (x[i] != T{}) == Any ? 1 : 0;
  if (hits > 0) state.whole = Any ? 1 : 0;
}

template <bool Any>
void merge_truth(FoldState& state, const FoldState& later) {
  if (later.whole == (Any ? 1 : 0)) state.whole = later.whole;
}

FoldState starting_with(double value, std::int64_t whole) {
  FoldState state;
  state.value = value;
  state.whole = whole;
  return state;
}

template <class T>
Fold fold_of(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum: return {starting_with(0.0, 0), take_sum<T>, merge_sum};
    case ReduceOp::prod: return {starting_with(1.0, 1), take_prod<T>, merge_prod};
    case ReduceOp::max: return {{}, take_extreme<true, T>, merge_extreme<true, T>};
    case ReduceOp::min: return {{}, take_extreme<false, T>, merge_extreme<false, T>};
    case ReduceOp::argmax: return {{}, take_arg_extreme<true, T>, merge_extreme<true, T>};
    case ReduceOp::argmin: return {{}, take_arg_extreme<false, T>, merge_extreme<false, T>};
    case ReduceOp::any: return {starting_with(0.0, 0), take_truth<true, T>, merge_truth<true>};
    case ReduceOp::all: return {starting_with(0.0, 1), take_truth<false, T>, merge_truth<false>};
  }
  return {};
}

}  // namespace

Fold fold_for(ReduceOp op, DType dtype) {
  switch (dtype) {
    case DType::f64: return fold_of<double>(op);
    case DType::i64: return fold_of<std::int64_t>(op);
    case DType::i32: return fold_of<std::int32_t>(op);
    case DType::u8: return fold_of<std::uint8_t>(op);
    case DType::boolean: return fold_of<bool>(op);
    default: return fold_of<float>(op);
  }
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
