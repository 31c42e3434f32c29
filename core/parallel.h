/// Threads. OpenMP runs the chunks; which elements form a chunk depends on sizes alone, never on the
/// number of threads, so that results are the same bits for any number of them.
#pragma once

#include <cairn/core/export.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace cairn::inline v0 {

/// How many threads a kernel called from this thread may use (default: OMP_NUM_THREADS or the cores).
CAIRN_API int num_threads();

/// Sets that number for the whole process. Throws ValueError unless count >= 1.
CAIRN_API void set_num_threads(int count);

/// While one lives, kernels called from this thread run on this thread alone (loader workers use it).
class CAIRN_API SingleThreadGuard {
 public:
  SingleThreadGuard();
  ~SingleThreadGuard();
  SingleThreadGuard(const SingleThreadGuard&) = delete;
  SingleThreadGuard& operator=(const SingleThreadGuard&) = delete;

 private:
  bool previous_;
};

namespace detail {
CAIRN_API void run_chunks(std::int64_t chunks, void (*body)(void*, std::int64_t), void* state);
}

/// Calls body(i) for i in [0, chunks), spread over the threads; each i exactly once. The body must
/// not throw. A nested call runs in the calling thread.
template <class Body>
void parallel_chunks(std::int64_t chunks, Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  if (chunks == 1) {
    body(std::int64_t{0});
  } else if (chunks > 1) {
    detail::run_chunks(
        chunks, [](void* state, std::int64_t i) { (*static_cast<Plain*>(state))(i); },
        const_cast<void*>(static_cast<const void*>(std::addressof(body))));
  }
}

/// Calls body(begin, end) over disjoint ranges of `grain` (the last may be shorter) that cover [0, count).
template <class Body>
void parallel_for(std::int64_t count, std::int64_t grain, Body&& body) {
  if (count <= 0) return;
  grain = std::max<std::int64_t>(grain, 1);
  parallel_chunks((count + grain - 1) / grain,
                  [&](std::int64_t i) { body(i * grain, std::min(count, (i + 1) * grain)); });
}

}  // namespace cairn::inline v0
