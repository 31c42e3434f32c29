/// Vectors of Philox words and of normal numbers, bit for bit those of <cairn/core/philox.h> and
/// <cairn/kernels/random_math.h>.
#if defined(CAIRN_KERNELS_CPU_DETAIL_PHILOX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_CPU_DETAIL_PHILOX_INL_H
#undef CAIRN_KERNELS_CPU_DETAIL_PHILOX_INL_H
#else
#define CAIRN_KERNELS_CPU_DETAIL_PHILOX_INL_H
#endif

#include <cairn/kernels/cpu/detail/lanes-inl.h>
#include <cairn/kernels/random_math.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// A run of consecutive words of the stream.
class PhiloxWords {
 public:
  static constexpr std::int64_t capacity = 1024;

  /// Words position, …, position + count - 1, count <= capacity, and a few beyond that fill up the last vector.
  const std::uint32_t* draw(std::uint64_t seed, std::uint64_t position, std::int64_t count) {
    constexpr std::int64_t n = lane_count<Tag<std::uint32_t>>;
    const std::int64_t lead = static_cast<std::int64_t>(position % 4);
    std::uint64_t block = position / 4;
    for (std::int64_t done = 0; done < lead + count + 2 * n; done += 4 * n) {
      draw_blocks(seed, block, words_ + done);
      block += static_cast<std::uint64_t>(n);
    }
    return words_ + lead;
  }

 private:
  using Wide = hn::Vec<Tag<std::uint64_t>>;

  /// A block's four words in the lower halves of 64-bit lanes; the upper halves hold anything. So a product is one
  /// instruction, its low word needs none, and its high word a shift.
  struct Block {
    Wide x0, x1, x2, x3;

    explicit HWY_INLINE Block(Wide counter)
        : x0(counter), x1(hn::ShiftRight<32>(counter)), x2(hn::Zero(Tag<std::uint64_t>())), x3(x2) {}

    HWY_INLINE void round(Wide key0, Wide key1) {
      const Tag<std::uint32_t> d;
      const Wide p0 = hn::MulEven(hn::BitCast(d, x0), hn::Set(d, 0xD2511F53U));
      const Wide p1 = hn::MulEven(hn::BitCast(d, x2), hn::Set(d, 0xCD9E8D57U));
      x0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), x1), key0);
      x1 = p1;
      x2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), x3), key1);
      x3 = p0;
    }
  };

  static HWY_INLINE hn::Vec<Tag<std::uint32_t>> join(Wide even, Wide odd) {
    const Tag<std::uint32_t> d;
    return hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even));
  }

  /// One vector's worth of blocks from `first` on: the even ones in one set of lanes, the odd ones in another.
  static HWY_INLINE void draw_blocks(std::uint64_t seed, std::uint64_t first, std::uint32_t* out) {
    const Tag<std::uint64_t> d64;
    const Tag<std::uint32_t> d;
    const Wide lanes = hn::Iota(d64, std::uint64_t{0});
    const Wide counter = hn::Add(hn::Set(d64, first), hn::Add(lanes, lanes));
    const Wide wrap = hn::Set(d64, ~std::uint64_t{0} >> 2);  // positions are counted modulo 2^64, four to a block
    Block even(hn::And(counter, wrap)), odd(hn::And(hn::Add(counter, hn::Set(d64, std::uint64_t{1})), wrap));
    std::uint32_t key0 = static_cast<std::uint32_t>(seed), key1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const Wide k0 = hn::Set(d64, std::uint64_t{key0}), k1 = hn::Set(d64, std::uint64_t{key1});
      even.round(k0, k1);
      odd.round(k0, k1);
      key0 += 0x9E3779B9U;
      key1 += 0xBB67AE85U;
    }
    hn::StoreInterleaved4(join(even.x0, odd.x0), join(even.x1, odd.x1), join(even.x2, odd.x2), join(even.x3, odd.x3), d,
                          out);
  }

  HWY_ALIGN std::uint32_t words_[capacity + 128];
};

using Words = hn::Vec<Tag<std::uint32_t>>;
using Floats = hn::Vec<Tag<float>>;

/// random_math::log_of_unit.
HWY_INLINE Floats log_of_unit(Floats x) {
  namespace rm = random_math;
  const Tag<float> d;
  const Tag<std::uint32_t> du;
  const Tag<std::int32_t> di;
  const Words shifted = hn::Add(hn::BitCast(du, x), hn::Set(du, rm::one_bits - rm::sqrt_half_bits));
  const auto exponent = hn::Sub(hn::BitCast(di, hn::ShiftRight<23>(shifted)), hn::Set(di, 127));
  const Words mantissa = hn::Add(hn::And(shifted, hn::Set(du, 0x7fffffU)), hn::Set(du, rm::sqrt_half_bits));
  const Floats f = hn::Sub(hn::BitCast(d, mantissa), hn::Set(d, 1.0F));
  Floats p = hn::Set(d, rm::log_polynomial[7]);
  for (int i = 6; i >= 0; --i) p = hn::MulAdd(p, f, hn::Set(d, rm::log_polynomial[i]));
  const Floats square = hn::Mul(f, f);
  const Floats tail = hn::MulAdd(hn::Mul(square, f), p, hn::Mul(hn::Set(d, -0.5F), square));
  return hn::MulAdd(hn::ConvertTo(d, exponent), hn::Set(d, rm::log_two), hn::Add(f, tail));
}

/// random_math::normal_pair.
HWY_INLINE void normal_pairs(Words bits0, Words bits1, Floats& cosine, Floats& sine) {
  namespace rm = random_math;
  const Tag<float> d;
  const Tag<std::uint32_t> du;
  const Tag<std::int32_t> di;
  const Floats u = hn::Mul(hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<8>(bits0))), hn::Set(d, 0x1p-24F));
  const Floats radius = hn::Sqrt(hn::Mul(hn::Set(d, -2.0F), log_of_unit(hn::Sub(hn::Set(d, 1.0F), u))));

  const Words angle = hn::ShiftRight<8>(bits1);
  const Words quadrant = hn::ShiftRight<22>(hn::Add(angle, hn::Set(du, std::uint32_t{1} << 21)));
  const auto part = hn::BitCast(di, hn::Sub(angle, hn::ShiftLeft<22>(quadrant)));
  const Floats turn = hn::Mul(hn::ConvertTo(d, part), hn::Set(d, 0x1p-22F));
  const Floats square = hn::Mul(turn, turn);
  Floats s = hn::Set(d, rm::sine_polynomial[3]), c = hn::Set(d, rm::cosine_polynomial[3]);
  for (int i = 2; i >= 0; --i) {
    s = hn::MulAdd(s, square, hn::Set(d, rm::sine_polynomial[i]));
    c = hn::MulAdd(c, square, hn::Set(d, rm::cosine_polynomial[i]));
  }
  s = hn::Mul(s, turn);
  c = hn::MulAdd(c, square, hn::Set(d, 1.0F));

  // The sign bit is bit 1 of (quadrant + 1) for the cosine and of the quadrant for the sine.
  const Words one = hn::Set(du, 1U), two = hn::Set(du, 2U);
  const auto swapped = hn::RebindMask(d, hn::Eq(hn::And(quadrant, one), one));
  const Words cosine_sign = hn::ShiftLeft<30>(hn::And(hn::Add(quadrant, one), two));
  const Words sine_sign = hn::ShiftLeft<30>(hn::And(quadrant, two));
  cosine = hn::Mul(radius, hn::Xor(hn::IfThenElse(swapped, s, c), hn::BitCast(d, cosine_sign)));
  sine = hn::Mul(radius, hn::Xor(hn::IfThenElse(swapped, c, s), hn::BitCast(d, sine_sign)));
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
