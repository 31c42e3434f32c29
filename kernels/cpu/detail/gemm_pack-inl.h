/// Strips of matrices for the product in gemm-inl.h, converted to the type of the sums on the way.
#if defined(CAIRN_GEMM_PACK_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_GEMM_PACK_INL_H
#undef CAIRN_GEMM_PACK_INL_H
#else
#define CAIRN_GEMM_PACK_INL_H
#endif

#include <cairn/core/dtype.h>
#include <hwy/highway.h>

#include <cstring>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Index = std::int64_t;

HWY_INLINE Index blocks_of(Index count, Index block) { return (count + block - 1) / block; }

/// The type that products of T are summed in.
template <class T>
struct SumType {
  using type = float;
};
template <>
struct SumType<double> {
  using type = double;
};

HWY_INLINE float widen(float value) { return value; }
HWY_INLINE double widen(double value) { return value; }
HWY_INLINE float widen(BFloat16 value) { return static_cast<float>(value); }
HWY_INLINE float widen(Half value) { return static_cast<float>(value); }

/// Elements [0, count) at unit stride, of which the last vector is under a mask.
template <class T>
void widen_row(const T* from, Index count, T* to) {
  std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
}

void widen_row(const BFloat16* from, Index count, float* to) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> d32;
  const hn::Rebind<std::uint16_t, decltype(d)> d16;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  Index i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto bits = hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(from + i));
    hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, bits))), d, to + i);
  }
  for (; i < count; ++i) to[i] = widen(from[i]);
}

void widen_row(const Half* from, Index count, float* to) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  Index i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::PromoteTo(d, hn::LoadU(d16, reinterpret_cast<const hwy::float16_t*>(from + i))), d, to + i);
  }
  for (; i < count; ++i) to[i] = widen(from[i]);
}

/// A matrix operand: any strides.
template <class T>
struct Operand {
  const T* data;
  Index lane;  ///< stride along the dimension that survives the product: rows of a, columns of b
  Index k;     ///< stride along the reduction
};

/// to[k * width + lane] = rows[lane][k] for four lanes.
template <class Sum>
void transpose_four(const Sum* const* rows, Index count, Index width, Sum* to) {
  Index k = 0;
  if constexpr (sizeof(Sum) == 4) {
    const hn::FixedTag<Sum, 4> d;
    for (; k + 4 <= count; k += 4) {
      const auto r0 = hn::LoadU(d, rows[0] + k), r1 = hn::LoadU(d, rows[1] + k);
      const auto r2 = hn::LoadU(d, rows[2] + k), r3 = hn::LoadU(d, rows[3] + k);
      const auto even_low = hn::InterleaveLower(d, r0, r2), even_high = hn::InterleaveUpper(d, r0, r2);
      const auto odd_low = hn::InterleaveLower(d, r1, r3), odd_high = hn::InterleaveUpper(d, r1, r3);
      hn::StoreU(hn::InterleaveLower(d, even_low, odd_low), d, to + k * width);
      hn::StoreU(hn::InterleaveUpper(d, even_low, odd_low), d, to + (k + 1) * width);
      hn::StoreU(hn::InterleaveLower(d, even_high, odd_high), d, to + (k + 2) * width);
      hn::StoreU(hn::InterleaveUpper(d, even_high, odd_high), d, to + (k + 3) * width);
    }
  }
  for (; k < count; ++k) {
    for (int lane = 0; lane < 4; ++lane) to[k * width + lane] = rows[lane][k];
  }
}

/// Elements [0, count) of a row with any stride as Sums: in place where they are that already, in `buffer` otherwise.
template <class T, class Sum>
const Sum* row_as(const T* row, Index stride, Index count, Sum* buffer) {
  if (stride == 1) {
    if constexpr (std::is_same_v<T, Sum>) return row;
    widen_row(row, count, buffer);
  } else {
    for (Index i = 0; i < count; ++i) buffer[i] = widen(row[i * stride]);
  }
  return buffer;
}

/// to[k][lane] for lane in [0, width) and k in [0, count); lanes from `valid` on are zero.
template <class T, class Sum>
void pack_strip(const Operand<T>& from, Index valid, Index width, Index count, Sum* to) {
  if (valid < width) std::memset(to, 0, static_cast<std::size_t>(width * count) * sizeof(Sum));
  if (from.lane == 1) {
    for (Index k = 0; k < count; ++k) widen_row(from.data + k * from.k, valid, to + k * width);
    return;
  }
  // In pieces along the reduction, so that the part of `to` being filled stays in the first-level cache.
  constexpr Index piece = 64;
  HWY_ALIGN Sum buffers[4][piece];
  for (Index k = 0; k < count; k += piece) {
    const Index n = HWY_MIN(piece, count - k);
    const T* row = from.data + k * from.k;
    Sum* column = to + k * width;
    Index lane = 0;
    for (; lane + 4 <= valid; lane += 4, row += 4 * from.lane, column += 4) {
      const Sum* rows[4];
      for (int i = 0; i < 4; ++i) rows[i] = row_as(row + i * from.lane, from.k, n, buffers[i]);
      transpose_four(rows, n, width, column);
    }
    for (; lane < valid; ++lane, row += from.lane, ++column) {
      const Sum* values = row_as(row, from.k, n, buffers[0]);
      for (Index i = 0; i < n; ++i) column[i * width] = values[i];
    }
  }
}

/// Rounds to nearest even: [0, count) at unit stride.
template <class T>
void narrow_row(const T* from, Index count, T* to) {
  std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
}

void narrow_row(const float* from, Index count, BFloat16* to) {
  for (Index i = 0; i < count; ++i) to[i] = BFloat16(from[i]);
}

void narrow_row(const float* from, Index count, Half* to) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> d16;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  Index i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::DemoteTo(d16, hn::LoadU(d, from + i)), d16, reinterpret_cast<hwy::float16_t*>(to + i));
  }
  for (; i < count; ++i) to[i] = Half(from[i]);
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // CAIRN_GEMM_PACK_INL_H
