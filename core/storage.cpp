#include <cairn/core/storage.h>

#include <cairn/core/allocator.h>

namespace cairn::inline v0 {

Storage::Storage(Device device, std::size_t bytes)
    : device_(device), bytes_(bytes), data_(allocator(device).allocate(bytes)) {}

Storage::Storage(Device device, std::size_t bytes, void* data, std::function<void()> release)
    : device_(device), bytes_(bytes), data_(data), release_(release ? std::move(release) : [] {}) {}

Storage::~Storage() {
  if (release_) {
    release_();
  } else if (data_ != nullptr) {
    allocator(device_).release(data_, bytes_);
  }
}

}  // namespace cairn::inline v0
