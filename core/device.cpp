#include <cairn/core/device.h>

#include <cairn/core/error.h>

#include <charconv>

namespace cairn::inline v0 {

Device Device::parse(std::string_view text) {
  if (text == "cpu") return cpu();
  if (text == "cuda") return cuda();
  if (text.starts_with("cuda:")) {
    const std::string_view digits = text.substr(5);
    int index = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error == std::errc() && end == digits.data() + digits.size() && index >= 0) return cuda(index);
  }
  throw DeviceError(concat("[Device::parse] expected cpu, cuda or cuda:INDEX, not \"", text, "\""));
}

std::string to_string(Device device) {
  if (device.is_cpu()) return "cpu";
  return concat("cuda:", device.index);
}

}  // namespace cairn::inline v0
