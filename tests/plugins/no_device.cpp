/// A plugin of the right ABI on a machine without a device.
#include <cairn/core/plugin.h>

namespace {
int no_devices() { return 0; }
const char* no_error() { return ""; }
}  // namespace

extern "C" CAIRN_API const cairn::DeviceApi* cairn_plugin() {
  static const cairn::DeviceApi api = [] {
    cairn::DeviceApi empty = {};
    empty.abi_version = cairn::plugin_abi_version;
    empty.struct_size = sizeof(cairn::DeviceApi);
    empty.name = "a bus without cards";
    empty.device_count = no_devices;
    empty.last_error = no_error;
    return empty;
  }();
  return &api;
}
