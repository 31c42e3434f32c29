#include <cairn/core/parallel.h>

#include <cairn/core/error.h>

#include <omp.h>

#include <atomic>

namespace cairn::inline v0 {

namespace {
std::atomic<int> requested_threads{0};  // 0: OpenMP's own default
thread_local bool single_thread = false;
}  // namespace

int num_threads() {
  if (single_thread || omp_in_parallel() != 0) return 1;
  const int requested = requested_threads.load(std::memory_order_relaxed);
  return requested > 0 ? requested : omp_get_max_threads();
}

void set_num_threads(int count) {
  check<ValueError>(count >= 1, "set_num_threads", "the number of threads must be at least 1, not ", count);
  requested_threads.store(count, std::memory_order_relaxed);
}

SingleThreadGuard::SingleThreadGuard() : previous_(single_thread) { single_thread = true; }
SingleThreadGuard::~SingleThreadGuard() { single_thread = previous_; }

namespace detail {

void run_chunks(std::int64_t chunks, void (*body)(void*, std::int64_t), void* state) {
  // Always the whole team, also for fewer chunks: GNU OpenMP ends the threads that a smaller team leaves out and makes
  // new ones for the next larger team.
  const int threads = num_threads();
  if (threads <= 1) {
    for (std::int64_t i = 0; i < chunks; ++i) body(state, i);
    return;
  }
  // Which thread runs a chunk does not matter for the result, so late threads may take fewer of them.
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (std::int64_t i = 0; i < chunks; ++i) body(state, i);
}

}  // namespace detail

}  // namespace cairn::inline v0
