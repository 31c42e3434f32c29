/// The JSON header of a safetensors file, parsed and checked.
#pragma once

#include <cairn/core/dims.h>
#include <cairn/core/dtype.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::inline v0::detail {

struct HeaderEntry {
  std::string name;
  DType dtype = DType::f32;
  Dims sizes;
  std::uint64_t begin = 0;  ///< in bytes from the end of the header
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> entries;  ///< sorted by begin; they cover the data without gap or overlap
  std::map<std::string, std::string> metadata;
};

/// `data_bytes`: how many bytes follow the header. Throws IoError "PATH: reason".
SafetensorsHeader parse_header(const std::string& path, std::string_view text, std::uint64_t data_bytes);

/// "F32" and so on.
std::string_view format_name(DType dtype);

}  // namespace cairn::inline v0::detail
