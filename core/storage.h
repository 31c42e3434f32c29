/// A block of device memory, shared by a tensor, its views and its detached copies.
#pragma once

#include <cairn/core/device.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace cairn::inline v0 {

class CAIRN_API Storage {
 public:
  /// Uninitialised memory from the device's allocator.
  Storage(Device device, std::size_t bytes);

  /// Memory that somebody else owns; `release` runs when the last tensor on it is gone.
  Storage(Device device, std::size_t bytes, void* data, std::function<void()> release);

  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

  /// Counts the in-place changes; saved tensors remember it and refuse to be used after another one.
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void bump_version() { version_.fetch_add(1, std::memory_order_relaxed); }

  /// Counts the in-place changes that autograd recorded; an older view has a stale history afterwards.
  std::uint64_t rebases() const { return rebases_.load(std::memory_order_relaxed); }
  void count_rebase() { rebases_.fetch_add(1, std::memory_order_relaxed); }

 private:
  Device device_;
  std::size_t bytes_;
  void* data_;
  std::function<void()> release_;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::uint64_t> rebases_{0};
};

}  // namespace cairn::inline v0
