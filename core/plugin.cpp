#include <cairn/core/plugin.h>

#include <cairn/core/error.h>

#include <dlfcn.h>

#include <cstdlib>
#include <mutex>
#include <string>

namespace cairn::inline v0 {

namespace {

struct Loaded {
  const DeviceApi* api = nullptr;
  std::string error;  ///< why there is none
};

Loaded load_cuda_plugin() {
  const char* named = std::getenv("CAIRN_CUDA_PLUGIN");
  const std::string file = named != nullptr && *named != '\0' ? named : "libcairn_cuda.so";
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    return {nullptr, concat("the CUDA plugin ", file, " could not be loaded (", reason != nullptr ? reason : "?", ")")};
  }
  const auto entry = reinterpret_cast<PluginEntry>(dlsym(library, "cairn_plugin"));
  if (entry == nullptr) return {nullptr, concat(file, " is not a Cairn plugin: it has no function cairn_plugin")};
  const DeviceApi* api = entry();
  if (api == nullptr) return {nullptr, concat(file, ": cairn_plugin() gave no device")};
  if (api->abi_version != plugin_abi_version || api->struct_size != sizeof(DeviceApi)) {
    return {nullptr, concat(file, " was built for plugin ABI ", api->abi_version, " (", api->struct_size,
                            " bytes), this library needs ", plugin_abi_version, " (", sizeof(DeviceApi), " bytes)")};
  }
  return {api, ""};
}

const Loaded& cuda_plugin() {
  static const Loaded loaded = load_cuda_plugin();
  return loaded;
}

}  // namespace

const DeviceApi& device_api(Device device) {
  check<DeviceError>(device.is_cuda(), "device_api", "the CPU has no plugin");
  const Loaded& loaded = cuda_plugin();
  if (loaded.api == nullptr) throw DeviceError(concat("device ", to_string(device), " is not available: ", loaded.error));
  const int count = loaded.api->device_count();
  if (device.index >= count) {
    throw DeviceError(concat("device ", to_string(device), " is not available: ", loaded.api->name, " sees ", count,
                             count == 1 ? " device" : " devices"));
  }
  return *loaded.api;
}

bool is_available(Device device) {
  if (device.is_cpu()) return true;
  const Loaded& loaded = cuda_plugin();
  return loaded.api != nullptr && device.index < loaded.api->device_count();
}

}  // namespace cairn::inline v0
