/// How core reaches a device that lives in a plugin.
///
/// A plugin is a shared library that exports one function, `cairn_plugin`, which returns a DeviceApi.
/// It links no Cairn code. `libcairn_cuda.so` is looked up at the first use of a CUDA device;
/// the environment variable CAIRN_CUDA_PLUGIN names another file.
#pragma once

#include <cairn/core/device.h>
#include <cairn/core/export.h>
#include <cairn/core/view.h>

#include <cstddef>
#include <cstdint>

namespace cairn::inline v0 {

inline constexpr std::uint32_t plugin_abi_version = 1;

struct DeviceApi {
  std::uint32_t abi_version;  ///< plugin_abi_version it was built with
  std::uint32_t struct_size;  ///< sizeof(DeviceApi) it was built with
  const char* name;           ///< for error texts, e.g. "CUDA 13.0, 1 device"

  int (*device_count)();
  const char* (*last_error)();  ///< the text behind the last device_failure on this thread

  Status (*allocate)(int device, std::size_t bytes, void** data);
  Status (*release)(int device, void* data);
  Status (*memory_info)(int device, std::size_t* free_bytes, std::size_t* total_bytes);
  Status (*copy)(int device, void* destination, const void* source, std::size_t bytes);  ///< any direction
  Status (*synchronize)(int device);

  const void* kernels;        ///< a `Kernels` (<cairn/kernels/kernels.h>)
  std::uint32_t kernels_size;  ///< sizeof(Kernels) it was built with
};

/// The plugin's entry point, with C linkage: `const DeviceApi* cairn_plugin()`.
using PluginEntry = const DeviceApi* (*)();

/// The plugin behind a device that is not the CPU. Loads it at the first call. Throws DeviceError
/// that says which file was tried and why it did not serve.
CAIRN_API const DeviceApi& device_api(Device device);

/// Whether `device` can be used; never throws.
CAIRN_API bool is_available(Device device);

}  // namespace cairn::inline v0
