/// The process's source of randomness: a seed and a position in its Philox stream.
#pragma once

#include <cairn/core/export.h>
#include <cairn/core/philox.h>

namespace cairn::inline v0 {

/// Restarts the stream of random numbers. Ops called in the same order then draw the same bits.
CAIRN_API void manual_seed(std::uint64_t seed);

/// Seed and position of the next number; with set_random_state, what a checkpoint stores.
CAIRN_API PhiloxState random_state();
CAIRN_API void set_random_state(PhiloxState state);

/// Reserves `count` numbers and returns where they begin.
CAIRN_API PhiloxState advance_random(std::uint64_t count);

}  // namespace cairn::inline v0
