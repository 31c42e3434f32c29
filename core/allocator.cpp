#include <cairn/core/allocator.h>

#include <cairn/core/error.h>
#include <cairn/core/plugin.h>

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace cairn::inline v0 {

namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Four classes per power of two: at most a quarter of a block is wasted.
std::size_t size_class(std::size_t bytes) {
  if (bytes <= alignment) return alignment;
  const std::size_t step = std::max(alignment, std::bit_floor(bytes - 1) / 4);
  return (bytes + step - 1) / step * step;
}

std::string mebibytes(std::size_t bytes) {
  std::ostringstream out;
  out.precision(1);
  out << std::fixed << static_cast<double>(bytes) / 1048576.0 << " MiB";
  return out.str();
}

/// A cache of freed blocks by size class over some source of memory.
class CachingAllocator : public Allocator {
 public:
  explicit CachingAllocator(Device device) : device_(device) {}

  void* allocate(std::size_t bytes) override {
    if (bytes == 0) return nullptr;
    const std::lock_guard lock(mutex_);
    const std::size_t rounded = bytes > SIZE_MAX / 2 ? bytes : size_class(bytes);
    void* data = nullptr;
    if (const auto found = free_.find(rounded); found != free_.end() && !found->second.empty()) {
      data = found->second.back();
      found->second.pop_back();
      stats_.cached -= rounded;
      ++stats_.cache_hits;
    } else {
      if (limit_ != 0 && (rounded > limit_ || stats_.in_use + stats_.cached > limit_ - rounded)) drop_cache();
      if (limit_ == 0 || (rounded <= limit_ && stats_.in_use <= limit_ - rounded)) data = acquire(rounded);
      if (data == nullptr) {
        drop_cache();
        if (limit_ == 0 || (rounded <= limit_ && stats_.in_use <= limit_ - rounded)) data = acquire(rounded);
      }
      if (data == nullptr) {
        throw OutOfMemoryError(concat("[allocate] out of memory on ", to_string(device_), ": asked for ",
                                      mebibytes(bytes), ", held by tensors ", mebibytes(stats_.in_use), ", free ",
                                      mebibytes(limit_ != 0 ? limit_ - std::min(limit_, stats_.in_use) : available()),
                                      limit_ != 0 ? " (limit set by the program)" : ""));
      }
    }
    stats_.in_use += rounded;
    stats_.peak_in_use = std::max(stats_.peak_in_use, stats_.in_use);
    ++stats_.allocations;
    return data;
  }

  void release(void* data, std::size_t bytes) noexcept override {
    if (data == nullptr) return;
    const std::lock_guard lock(mutex_);
    const std::size_t rounded = size_class(bytes);
    stats_.in_use -= rounded;
    try {
      free_[rounded].push_back(data);
      stats_.cached += rounded;
    } catch (...) {  // no memory for the list: hand the block back instead
      give_back(data, rounded);
    }
  }

  MemoryStats stats() const override {
    const std::lock_guard lock(mutex_);
    return stats_;
  }
  void reset_peak() override {
    const std::lock_guard lock(mutex_);
    stats_.peak_in_use = stats_.in_use;
  }
  void release_cached() override {
    const std::lock_guard lock(mutex_);
    drop_cache();
  }
  void set_limit(std::size_t bytes) override {
    const std::lock_guard lock(mutex_);
    limit_ = bytes;
  }

 protected:
  virtual void* acquire(std::size_t bytes) = 0;  // null when there is none
  virtual void give_back(void* data, std::size_t bytes) noexcept = 0;
  virtual std::size_t available() const = 0;

  Device device_;

 private:
  void drop_cache() noexcept {
    for (auto& [bytes, blocks] : free_) {
      for (void* block : blocks) give_back(block, bytes);
      blocks.clear();
    }
    stats_.cached = 0;
  }

  mutable std::mutex mutex_;
  std::unordered_map<std::size_t, std::vector<void*>> free_;
  MemoryStats stats_;
  std::size_t limit_ = 0;
};

class CpuAllocator final : public CachingAllocator {
 public:
  using CachingAllocator::CachingAllocator;

 private:
  void* acquire(std::size_t bytes) override {
    const bool large = bytes >= huge_page;
    if (bytes > SIZE_MAX - huge_page) return nullptr;
    const std::size_t unit = large ? huge_page : alignment;
    void* data = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
    if (large && data != nullptr) madvise(data, bytes, MADV_HUGEPAGE);  // a hint; failure costs only speed
    return data;
  }
  void give_back(void* data, std::size_t) noexcept override { std::free(data); }

  /// What the kernel says could be had without swapping.
  std::size_t available() const override {
    std::size_t kibibytes = 0;
    if (std::FILE* file = std::fopen("/proc/meminfo", "r")) {
      char line[128];
      while (std::fgets(line, sizeof line, file) != nullptr) {
        if (std::sscanf(line, "MemAvailable: %zu kB", &kibibytes) == 1) break;
      }
      std::fclose(file);
    }
    return kibibytes * 1024;
  }
};

class PluginAllocator final : public CachingAllocator {
 public:
  PluginAllocator(Device device, const DeviceApi& api) : CachingAllocator(device), api_(api) {}

 private:
  void* acquire(std::size_t bytes) override {
    void* data = nullptr;
    return api_.allocate(device_.index, bytes, &data) == Status::ok ? data : nullptr;
  }
  void give_back(void* data, std::size_t) noexcept override { api_.release(device_.index, data); }
  std::size_t available() const override {
    std::size_t free_bytes = 0;
    std::size_t total = 0;
    return api_.memory_info(device_.index, &free_bytes, &total) == Status::ok ? free_bytes : 0;
  }

  const DeviceApi& api_;
};

}  // namespace

// The allocators are never destroyed: tensors in static objects may outlive every other static.
Allocator& allocator(Device device) {
  static auto& cpu = *new CpuAllocator(Device::cpu());
  if (device.is_cpu()) return cpu;

  const DeviceApi& api = device_api(device);
  static auto& mutex = *new std::mutex;
  static auto& by_index = *new std::map<int, std::unique_ptr<PluginAllocator>>;
  const std::lock_guard lock(mutex);
  auto& slot = by_index[device.index];
  if (!slot) slot = std::make_unique<PluginAllocator>(device, api);
  return *slot;
}

MemoryStats memory_stats(Device device) { return allocator(device).stats(); }

}  // namespace cairn::inline v0
