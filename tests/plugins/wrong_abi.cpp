/// A plugin from another time: its ABI version is not ours.
#include <cairn/core/plugin.h>

extern "C" CAIRN_API const cairn::DeviceApi* cairn_plugin() {
  static const cairn::DeviceApi api = [] {
    cairn::DeviceApi old = {};
    old.abi_version = cairn::plugin_abi_version + 41;
    old.struct_size = sizeof(cairn::DeviceApi) - 8;
    old.name = "a device of yesterday";
    return old;
  }();
  return &api;
}
