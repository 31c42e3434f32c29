/// Randomness for data: numbers that depend on (seed, epoch, sample) alone, so that any worker may
/// prepare any sample and the result is the same.
#pragma once

#include <cairn/core/export.h>
#include <cairn/core/philox.h>

#include <cstdint>
#include <vector>

namespace cairn::inline v0 {

/// The numbers of one sample in one epoch. Philox under the seed turns the epoch into a key; under that
/// key the counter is (sample index, block number).
class SampleRng {
 public:
  /// index < 2^48; a sample may draw 2^18 numbers before they run into the next one's.
  SampleRng(std::uint64_t seed, std::uint64_t epoch, std::uint64_t index) : position_(index << 18) {
    const PhiloxBlock derived = philox(epoch, seed);
    key_ = (std::uint64_t{derived.word[1]} << 32) | derived.word[0];
  }

  /// 32 random bits.
  std::uint32_t next() {
    if (position_ % 4 == 0) block_ = philox(position_ / 4, key_);
    return block_.word[position_++ % 4];
  }

  /// Uniform in [0, 1).
  float uniform() { return uniform_from_bits(next()); }

  /// Uniform in [low, high).
  float uniform(float low, float high) { return low + (high - low) * uniform(); }

  /// Uniform in 0..count-1, for 1 <= count <= 2^32. (Some values are likelier by at most count / 2^32.)
  std::int64_t below(std::int64_t count) {
    return static_cast<std::int64_t>((std::uint64_t{next()} * static_cast<std::uint64_t>(count)) >> 32);
  }

  /// True with this probability.
  bool bernoulli(double probability) { return uniform() < probability; }

 private:
  std::uint64_t key_;
  std::uint64_t position_;  ///< in words
  PhiloxBlock block_ = {};
};

/// The order of `count` samples in an epoch: a Fisher-Yates shuffle of 0..count-1 (Durstenfeld, "Algorithm
/// 235: Random permutation", CACM 1964). count < 2^32. Its numbers are independent of every SampleRng's.
CAIRN_API std::vector<std::int64_t> shuffled_order(std::int64_t count, std::uint64_t seed, std::uint64_t epoch);

}  // namespace cairn::inline v0
