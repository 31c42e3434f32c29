/// Where a tensor's memory lies.
#pragma once

#include <cairn/core/export.h>

#include <string>
#include <string_view>

namespace cairn::inline v0 {

enum class DeviceType : unsigned char { cpu, cuda };

struct Device {
  DeviceType type = DeviceType::cpu;
  int index = 0;

  static constexpr Device cpu() { return {}; }
  static constexpr Device cuda(int index = 0) { return {DeviceType::cuda, index}; }

  /// "cpu", "cuda" or "cuda:1". Throws DeviceError for anything else.
  CAIRN_API static Device parse(std::string_view text);

  bool is_cpu() const { return type == DeviceType::cpu; }
  bool is_cuda() const { return type == DeviceType::cuda; }
  bool operator==(const Device&) const = default;
};

/// "cpu" or "cuda:1".
CAIRN_API std::string to_string(Device device);

}  // namespace cairn::inline v0
