/// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw,
/// "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
///
/// Element i (row-major, logical) of a random tensor drawn at offset o takes word (o + i) % 4 of the
/// block with counter (o + i) / 4; an op that fills n elements advances the offset by n. So the bits
/// depend on seed, offset and index alone: not on threads, vector width or backend.
#pragma once

#include <cstdint>

namespace cairn::inline v0 {

/// Where a random kernel finds its key and position. Read through a pointer, so that a captured CUDA
/// graph draws new numbers each time it is launched.
struct PhiloxState {
  std::uint64_t seed = 0;
  std::uint64_t offset = 0;
};

struct PhiloxBlock {
  std::uint32_t word[4];
};

/// The ten rounds for one 128-bit counter (low 64 bits given, high bits zero) under a 64-bit key.
inline constexpr PhiloxBlock philox(std::uint64_t counter, std::uint64_t key) {
  std::uint32_t x0 = static_cast<std::uint32_t>(counter);
  std::uint32_t x1 = static_cast<std::uint32_t>(counter >> 32);
  std::uint32_t x2 = 0;
  std::uint32_t x3 = 0;
  std::uint32_t k0 = static_cast<std::uint32_t>(key);
  std::uint32_t k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * x0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * x2;
    const std::uint32_t y0 = static_cast<std::uint32_t>(p1 >> 32) ^ x1 ^ k0;
    const std::uint32_t y2 = static_cast<std::uint32_t>(p0 >> 32) ^ x3 ^ k1;
    x1 = static_cast<std::uint32_t>(p1);
    x3 = static_cast<std::uint32_t>(p0);
    x0 = y0;
    x2 = y2;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {{x0, x1, x2, x3}};
}

/// The 32 random bits of stream position `position`.
inline constexpr std::uint32_t philox_word(std::uint64_t position, std::uint64_t seed) {
  return philox(position / 4, seed).word[position % 4];
}

/// Uniform in [0, 1): the upper 24 bits, exactly representable in f32.
inline constexpr float uniform_from_bits(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24F; }

}  // namespace cairn::inline v0
