/// Device memory. The CPU allocator caches freed blocks by size class, because the first touch of
/// fresh memory costs far more than the arithmetic that follows.
#pragma once

#include <cairn/core/device.h>

#include <cstddef>
#include <cstdint>

namespace cairn::inline v0 {

struct MemoryStats {
  std::size_t in_use = 0;       ///< bytes of live blocks, as rounded to their size class
  std::size_t cached = 0;       ///< bytes kept for reuse
  std::size_t peak_in_use = 0;  ///< the most that `in_use` has been since the last reset
  std::uint64_t allocations = 0;
  std::uint64_t cache_hits = 0;
};

class CAIRN_API Allocator {
 public:
  virtual ~Allocator() = default;

  /// At least `bytes` bytes, 64-byte aligned, uninitialised; null for 0. Throws OutOfMemoryError that
  /// says how much was asked, held and free.
  virtual void* allocate(std::size_t bytes) = 0;

  /// Gives back what allocate(bytes) returned. Null is fine.
  virtual void release(void* data, std::size_t bytes) noexcept = 0;

  virtual MemoryStats stats() const = 0;
  virtual void reset_peak() = 0;

  /// Returns the cached blocks to the system.
  virtual void release_cached() = 0;

  /// Refuses to hold more than `bytes` (0: no limit but the system's).
  virtual void set_limit(std::size_t bytes) = 0;
};

/// The allocator of a device. Loads the device's plugin when needed; throws DeviceError without one.
CAIRN_API Allocator& allocator(Device device);

CAIRN_API MemoryStats memory_stats(Device device = Device::cpu());

}  // namespace cairn::inline v0
