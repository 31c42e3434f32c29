/// What a kernel sees of a tensor, and what it returns: plain data, the same in a plugin.
#pragma once

#include <cairn/core/dims.h>
#include <cairn/core/dtype.h>

#include <cstddef>
#include <cstdint>

namespace cairn::inline v0 {

/// A strided window on memory that somebody else owns. Strides are in elements and may be zero or
/// negative. `data == nullptr` means "not given" for optional operands.
struct View {
  void* data = nullptr;
  DType dtype = DType::f32;
  std::int32_t rank = 0;
  std::int64_t sizes[max_rank] = {};
  std::int64_t strides[max_rank] = {};

  template <class T>
  T* as() const { return static_cast<T*>(data); }

  explicit operator bool() const { return data != nullptr; }

  std::int64_t numel() const {
    std::int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= sizes[i];
    return n;
  }

  /// Row-major without gaps; dimensions of size 1 do not count.
  bool is_contiguous() const {
    std::int64_t expected = 1;
    for (int i = rank - 1; i >= 0; --i) {
      if (sizes[i] == 0) return true;
      if (sizes[i] != 1 && strides[i] != expected) return false;
      expected *= sizes[i];
    }
    return true;
  }
};

/// What a kernel returns; core makes exceptions of it. Kernels never throw.
enum class Status : std::int32_t {
  ok = 0,
  unsupported_dtype,
  unsupported_layout,
  unsupported,
  index_out_of_range,
  out_of_memory,
  device_failure,
};

/// What a kernel may use besides its operands.
struct Context {
  void* stream = nullptr;  ///< the CUDA stream; null on the CPU
  void* owner = nullptr;   ///< of `scratch`

  /// `bytes` of uninitialised, 64-byte aligned memory of the device that lives until the kernel's
  /// work is done; null when there is none (return Status::out_of_memory then).
  void* (*allocate)(Context&, std::size_t bytes) = nullptr;

  template <class T>
  T* scratch(std::int64_t count) {
    return static_cast<T*>(allocate(*this, static_cast<std::size_t>(count) * sizeof(T)));
  }
};

}  // namespace cairn::inline v0
