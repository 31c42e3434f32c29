#include <cairn/io/bytes.h>
#include <cairn/io/detail/safetensors_header.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <utility>

namespace cairn::inline v0::detail {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<std::string_view, DType>, dtype_count> format_names{{{"F32", DType::f32},
                                                                                    {"F64", DType::f64},
                                                                                    {"BF16", DType::bf16},
                                                                                    {"F16", DType::f16},
                                                                                    {"I64", DType::i64},
                                                                                    {"I32", DType::i32},
                                                                                    {"U8", DType::u8},
                                                                                    {"BOOL", DType::boolean}}};

/// The parser alone would let the last of two equal keys win.
Json parse_without_duplicates(const std::string& path, std::string_view text) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  constexpr int deepest = 3;  // names, entries, numbers
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > deepest) throw_io_error(path, "header is nested too deeply");
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto [key, is_new] = keys.back().insert(value.get<std::string>());
      if (!is_new) throw_io_error(path, "header has the key \"" + *key + "\" twice");
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), watch);
  } catch (const Json::exception& error) {
    throw_io_error(path, concat("header is not JSON: ", error.what()));
  }
}

/// Checks of one tensor's entry; the error texts begin with the file and the tensor.
class EntryReader {
 public:
  EntryReader(const std::string& path, const std::string& name, const Json& json)
      : path_(path), name_(name), json_(json) {}

  HeaderEntry read(std::uint64_t data_bytes) const {
    if (!json_.is_object()) fail("is not described by an object");
    for (const auto& [key, value] : json_.items()) {
      if (key != "dtype" && key != "shape" && key != "data_offsets") fail("has the unknown key \"" + key + "\"");
    }
    HeaderEntry entry;
    entry.name = name_;
    entry.dtype = read_dtype();
    entry.sizes = read_shape();
    const std::vector<std::uint64_t> offsets = read_numbers("data_offsets");
    if (offsets.size() != 2) fail(concat("has ", offsets.size(), " data_offsets, expected 2"));
    entry.begin = offsets[0];
    entry.end = offsets[1];
    if (entry.begin > entry.end) fail(concat("begins at byte ", entry.begin, ", after its end at ", entry.end));
    if (entry.end > data_bytes) fail(concat("ends at byte ", entry.end, " of the data, which has only ", data_bytes));
    const std::uint64_t expected = count_bytes(entry);
    if (entry.end - entry.begin != expected) {
      fail(concat("has ", entry.end - entry.begin, " bytes, but ", format_name(entry.dtype), entry.sizes, " takes ",
                  expected));
    }
    return entry;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw_io_error(path_, "tensor \"" + name_ + "\" " + reason);
  }

  const Json& field(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) fail(concat("has no ", key));
    return *found;
  }

  DType read_dtype() const {
    const Json& value = field("dtype");
    if (!value.is_string()) fail("has a dtype that is no string");
    const auto& text = value.get_ref<const std::string&>();
    for (const auto& [format, dtype] : format_names) {
      if (format == text) return dtype;
    }
    fail("has the dtype " + text + ", which is unknown here");
  }

  std::vector<std::uint64_t> read_numbers(const char* key) const {
    const Json& value = field(key);
    if (!value.is_array()) fail(concat("has a ", key, " that is no array"));
    std::vector<std::uint64_t> numbers;
    for (const Json& number : value) {
      if (!number.is_number_unsigned()) {
        const std::string got = number.is_number() ? number.dump() : "a value of type " + std::string(number.type_name());
        fail(concat("has a ", key, " with ", got, ", expected integers from 0"));
      }
      numbers.push_back(number.get<std::uint64_t>());
    }
    return numbers;
  }

  Dims read_shape() const {
    const std::vector<std::uint64_t> sizes = read_numbers("shape");
    if (sizes.size() > max_rank) {
      fail(concat("has ", sizes.size(), " dimensions; at most ", max_rank, " are supported"));
    }
    Dims dims;
    for (const std::uint64_t size : sizes) {
      if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail(concat("has a dimension of size ", size));
      }
      dims.push_back(static_cast<std::int64_t>(size));
    }
    return dims;
  }

  /// Also bounds the product of the sizes before a zero, so that strides cannot overflow either.
  std::uint64_t count_bytes(const HeaderEntry& entry) const {
    std::uint64_t bytes = size_of(entry.dtype);
    bool is_empty = false;
    for (const std::int64_t size : entry.sizes) {
      if (size == 0) {
        is_empty = true;
        continue;
      }
      const auto factor = static_cast<std::uint64_t>(size);
      if (bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / factor) {
        fail(concat("has a shape ", entry.sizes, " whose size in bytes overflows"));
      }
      bytes *= factor;
    }
    return is_empty ? 0 : bytes;
  }

  const std::string& path_;
  const std::string& name_;
  const Json& json_;
};

std::map<std::string, std::string> read_metadata(const std::string& path, const Json& json) {
  if (!json.is_object()) throw_io_error(path, "__metadata__ is no object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) throw_io_error(path, "__metadata__ has a value that is no string, under \"" + key + "\"");
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

/// Sorts the entries, which must follow one another from 0 to `data_bytes`.
void check_layout(const std::string& path, std::vector<HeaderEntry>& entries, std::uint64_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t position = 0;
  for (const HeaderEntry& entry : entries) {
    if (entry.begin < position) throw_io_error(path, "tensor \"" + entry.name + "\" overlaps another one");
    if (entry.begin > position) {
      throw_io_error(path, concat("a gap of ", entry.begin - position, " bytes before tensor \"", entry.name, "\""));
    }
    position = entry.end;
  }
  if (position != data_bytes) {
    throw_io_error(path, concat(data_bytes - position, " bytes after the last tensor belong to none"));
  }
}

}  // namespace

SafetensorsHeader parse_header(const std::string& path, std::string_view text, std::uint64_t data_bytes) {
  if (text.empty() || text.front() != '{') throw_io_error(path, "header does not begin with {: not a safetensors file");
  const Json json = parse_without_duplicates(path, text);
  SafetensorsHeader header;
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__") {
      header.metadata = read_metadata(path, value);
    } else {
      header.entries.push_back(EntryReader(path, name, value).read(data_bytes));
    }
  }
  check_layout(path, header.entries, data_bytes);
  return header;
}

std::string_view format_name(DType dtype) {
  for (const auto& [format, candidate] : format_names) {
    if (candidate == dtype) return format;
  }
  return "?";
}

}  // namespace cairn::inline v0::detail
