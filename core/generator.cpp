#include <cairn/core/generator.h>

#include <mutex>

namespace cairn::inline v0 {

namespace {
std::mutex mutex;
PhiloxState state;
}  // namespace

void manual_seed(std::uint64_t seed) { set_random_state({seed, 0}); }

PhiloxState random_state() {
  const std::lock_guard lock(mutex);
  return state;
}

void set_random_state(PhiloxState value) {
  const std::lock_guard lock(mutex);
  state = value;
}

PhiloxState advance_random(std::uint64_t count) {
  const std::lock_guard lock(mutex);
  const PhiloxState before = state;
  state.offset += count;
  return before;
}

}  // namespace cairn::inline v0
