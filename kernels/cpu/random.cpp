/// Random tensors. Every element is a function of seed, offset and its logical index; tasks are ranges of that index.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/random.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/core/parallel.h>
#include <cairn/kernels/cpu/detail/layout-inl.h>
#include <cairn/kernels/cpu/detail/philox-inl.h>
#include <cairn/kernels/random.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// Elements of one task, a multiple of PhiloxWords::capacity and so even: no pair of normals is cut.
inline constexpr std::int64_t grain = 8 * PhiloxWords::capacity;

/// Calls body(begin, count, words) over pieces of [0, total), count <= PhiloxWords::capacity.
template <class Body>
void for_words(std::int64_t total, const PhiloxState& state, Body body) {
  parallel_for(total, grain, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    PhiloxWords words;
    for (std::int64_t i = begin; i < end; i += PhiloxWords::capacity) {
      const std::int64_t count = smaller(PhiloxWords::capacity, end - i);
      body(i, count, words.draw(state.seed, state.offset + static_cast<std::uint64_t>(i), count));
    }
  });
}

/// Writes value(j), j < count, to the elements of `out` from logical index `begin` on.
template <class T, class Value>
HWY_INLINE void put(const View& out, std::int64_t begin, std::int64_t count, Value value) {
  T* data = out.as<T>();
  if (out.is_contiguous()) {
    for (std::int64_t j = 0; j < count; ++j) data[begin + j] = static_cast<T>(value(j));
    return;
  }
  Odometer place(out, begin);
  for (std::int64_t j = 0; j < count; ++j, place.advance()) data[place.offset] = static_cast<T>(value(j));
}

/// Calls body(T()) with the element type of a floating dtype.
template <class Body>
Status with_floating(DType dtype, Body body) {
  switch (dtype) {
    case DType::f32: body(float()); return Status::ok;
    case DType::f64: body(double()); return Status::ok;
    case DType::bf16: body(BFloat16()); return Status::ok;
    case DType::f16: body(Half()); return Status::ok;
    default: return Status::unsupported_dtype;
  }
}

/// The arithmetic of a dtype: f64 for f64, f32 for the others.
template <class T>
struct ArithmeticOf { using type = float; };
template <>
struct ArithmeticOf<double> { using type = double; };
template <class T>
using Arithmetic = typename ArithmeticOf<T>::type;

Status uniform(Context&, View out, const PhiloxState* state, double low, double high) {
  return with_floating(out.dtype, [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    using A = Arithmetic<T>;
    const A from = static_cast<A>(low), width = static_cast<A>(high - low);
    const A limit = low < high ? random_math::largest_below<T, A>(high) : from;
    for_words(out.numel(), *state, [&](std::int64_t begin, std::int64_t count, const std::uint32_t* words) HWY_ATTR {
      put<T>(out, begin, count, [&](std::int64_t j) HWY_ATTR {
        return std::min(random_math::uniform_value(words[j], from, width), limit);
      });
    });
  });
}

Status normal(Context&, View out, const PhiloxState* state, double mean, double deviation) {
  return with_floating(out.dtype, [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    using A = Arithmetic<T>;
    const A center = static_cast<A>(mean), scale = static_cast<A>(deviation);
    for_words(out.numel(), *state, [&](std::int64_t begin, std::int64_t count, const std::uint32_t* words) HWY_ATTR {
      const Tag<float> d;
      const Tag<std::uint32_t> du;
      constexpr std::int64_t n = lane_count<Tag<float>>;
      HWY_ALIGN float z[PhiloxWords::capacity + 2 * n];
      for (std::int64_t j = 0; j < count; j += 2 * n) {
        Words bits0, bits1;
        Floats cosine, sine;
        hn::LoadInterleaved2(du, words + j, bits0, bits1);
        normal_pairs(bits0, bits1, cosine, sine);
        hn::StoreInterleaved2(cosine, sine, d, z + j);
      }
      put<T>(out, begin, count, [&](std::int64_t j) HWY_ATTR {
        return random_math::normal_value(z[j], center, scale);
      });
    });
  });
}

Status bernoulli(Context&, View out, const PhiloxState* state, double p) {
  const std::uint32_t threshold = random_math::probability_threshold(p);
  const auto run = [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    for_words(out.numel(), *state, [&](std::int64_t begin, std::int64_t count, const std::uint32_t* words) HWY_ATTR {
      put<T>(out, begin, count, [&](std::int64_t j) HWY_ATTR {
        return static_cast<Arithmetic<T>>(random_math::is_below(words[j], threshold));
      });
    });
    return Status::ok;
  };
  switch (out.dtype) {
    case DType::i64: return run(std::int64_t());
    case DType::i32: return run(std::int32_t());
    case DType::u8: return run(std::uint8_t());
    case DType::boolean: return run(bool());
    default: return with_floating(out.dtype, run);
  }
}

/// y = u >= p ? x * scale : 0.
template <class T>
void scale_kept(const T* x, const std::uint32_t* words, std::uint32_t threshold, Arithmetic<T> scale, T* y,
                std::int64_t count) {
  if constexpr (dtype_of_v<T> == DType::f32) {
    const Tag<float> d;
    const Tag<std::uint32_t> du;
    const Tag<std::int32_t> di;  // 24 bits compare alike as signed numbers
    const auto limit = hn::Set(di, static_cast<std::int32_t>(threshold));
    for_lanes(d, count, [&](auto lanes, std::int64_t j) HWY_ATTR {
      const auto bits = hn::BitCast(di, hn::ShiftRight<8>(hn::LoadU(du, words + j)));
      const auto scaled = hn::Mul(lanes.load(x + j), hn::Set(d, scale));
      lanes.store(hn::IfThenZeroElse(hn::RebindMask(d, hn::Lt(bits, limit)), scaled), y + j);
    });
  } else {
    using A = Arithmetic<T>;
    for (std::int64_t j = 0; j < count; ++j) {
      const A scaled = static_cast<A>(x[j]) * scale;
      y[j] = static_cast<T>(random_math::is_below(words[j], threshold) ? A{0} : scaled);
    }
  }
}

Status dropout(Context&, View x, View y, View mask, const PhiloxState* state, double p) {
  if (y.dtype != x.dtype || mask.dtype != DType::boolean) return Status::unsupported_dtype;
  if (!same_layout(x, y) || !same_layout(x, mask)) return Status::unsupported_layout;
  const std::uint32_t threshold = random_math::probability_threshold(p);
  return with_floating(x.dtype, [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    using A = Arithmetic<T>;
    const A scale = static_cast<A>(random_math::dropout_scale(p));
    const T* from = x.as<const T>();
    T* to = y.as<T>();
    bool* kept = mask.as<bool>();
    const bool contiguous = x.is_contiguous();
    for_words(x.numel(), *state, [&](std::int64_t begin, std::int64_t count, const std::uint32_t* words) HWY_ATTR {
      if (contiguous) {
        for (std::int64_t j = 0; j < count; ++j) kept[begin + j] = !random_math::is_below(words[j], threshold);
        scale_kept(from + begin, words, threshold, scale, to + begin, count);
        return;
      }
      Odometer place(x, begin);
      for (std::int64_t j = 0; j < count; ++j, place.advance()) {
        const bool keep = !random_math::is_below(words[j], threshold);
        kept[place.offset] = keep;
        to[place.offset] = static_cast<T>(keep ? static_cast<A>(from[place.offset]) * scale : A{0});
      }
    });
  });
}

}  // namespace

void fill(RandomKernels& table) {
  table.uniform = uniform;
  table.normal = normal;
  table.bernoulli = bernoulli;
  table.dropout = dropout;
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
