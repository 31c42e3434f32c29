#include <cairn/core/error.h>
#include <cairn/data/sample_rng.h>

#include <numeric>
#include <utility>

namespace cairn::inline v0 {

std::vector<std::int64_t> shuffled_order(std::int64_t count, std::uint64_t seed, std::uint64_t epoch) {
  check<ValueError>(count >= 0 && count < std::int64_t{1} << 32, "shuffled_order", "count is ", count,
                    ", expected 0..2^32-1");
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const PhiloxBlock derived = philox(epoch, seed);  // words 0 and 1 are SampleRng's key
  const std::uint64_t key = (std::uint64_t{derived.word[3]} << 32) | derived.word[2];
  for (std::size_t i = order.size(); i > 1; --i) {
    const std::uint64_t bits = philox_word(i, key);
    std::swap(order[i - 1], order[(bits * i) >> 32]);
  }
  return order;
}

}  // namespace cairn::inline v0
