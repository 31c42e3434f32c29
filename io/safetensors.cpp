#include <cairn/io/detail/safetensors_header.h>
#include <cairn/io/safetensors.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

namespace cairn::inline v0 {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian, and is mapped as it is");

constexpr std::size_t length_bytes = sizeof(std::uint64_t);
constexpr std::uint64_t max_header_bytes = 100'000'000;  // the limit of the reference implementation
constexpr std::size_t header_alignment = 8;

std::size_t bytes_of(const Tensor& tensor) {
  return static_cast<std::size_t>(tensor.numel()) * size_of(tensor.dtype());
}

/// The bytes of a tensor of any strides, row-major.
Bytes gather(const Tensor& tensor) {
  const std::size_t element = size_of(tensor.dtype());
  const auto* base = static_cast<const std::uint8_t*>(tensor.raw_data());
  Bytes bytes(bytes_of(tensor));
  std::vector<std::int64_t> index(static_cast<std::size_t>(tensor.rank()));
  std::int64_t offset = 0;  // of the element at `index`
  for (std::size_t done = 0; done < bytes.size(); done += element) {
    std::memcpy(bytes.data() + done, base + offset * static_cast<std::int64_t>(element), element);
    for (int dim = tensor.rank() - 1; dim >= 0; --dim) {  // the next index, as an odometer counts
      std::int64_t& i = index[static_cast<std::size_t>(dim)];
      offset += tensor.strides()[dim];
      if (++i < tensor.sizes()[dim]) break;
      offset -= i * tensor.strides()[dim];
      i = 0;
    }
  }
  return bytes;
}

void check_savable(const std::string& path, const NamedTensors& tensors) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    const auto require = [&, &name = name](bool condition, const std::string& reason) {
      if (!condition) throw ValueError("[save_safetensors] " + path + ": tensor \"" + name + "\" " + reason);
    };
    require(tensor.defined(), "is undefined");
    require(tensor.device().is_cpu(), "is on " + to_string(tensor.device()) + ", expected cpu");
    require(name != "__metadata__", "has a name that the format reserves");
    require(names.insert(name).second, "is given twice");
  }
}

/// The header's text, padded with spaces so that the data begins at a multiple of 8 bytes.
std::string header_of(const std::string& path, const NamedTensors& tensors, const Metadata& metadata) {
  std::string text = "{";
  try {
    if (!metadata.empty()) text += "\"__metadata__\":" + nlohmann::json(metadata).dump();
    std::size_t begin = 0;
    for (const auto& [name, tensor] : tensors) {
      const std::size_t end = begin + bytes_of(tensor);
      if (text.size() > 1) text += ',';
      text += nlohmann::json(name).dump();
      text += concat(":{\"dtype\":\"", detail::format_name(tensor.dtype()), "\",\"shape\":", tensor.sizes(),
                     ",\"data_offsets\":[", begin, ",", end, "]}");
      begin = end;
    }
  } catch (const nlohmann::json::exception& error) {
    throw ValueError(concat("[save_safetensors] ", path, ": a name or metadata is not UTF-8: ", error.what()));
  }
  text += '}';
  text.resize((text.size() + header_alignment - 1) / header_alignment * header_alignment, ' ');
  return text;
}

}  // namespace

SafeTensors SafeTensors::open(const std::string& path) {
  SafeTensors result;
  result.file_ = std::make_shared<MappedFile>(path);
  const MappedFile& file = *result.file_;
  if (file.size() < length_bytes) {
    throw_io_error(path, concat("truncated: ", file.size(), " bytes, expected at least ", length_bytes));
  }
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), length_bytes);
  if (header_bytes > file.size() - length_bytes) {
    throw_io_error(path, concat("header claims ", header_bytes, " bytes, but the file has only ",
                                file.size() - length_bytes, " more"));
  }
  if (header_bytes > max_header_bytes) {
    throw_io_error(path, concat("header has ", header_bytes, " bytes; at most ", max_header_bytes, " are accepted"));
  }
  const std::size_t data_begin = length_bytes + static_cast<std::size_t>(header_bytes);
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + length_bytes, header_bytes);
  detail::SafetensorsHeader header = detail::parse_header(path, text, file.size() - data_begin);
  for (const detail::HeaderEntry& entry : header.entries) {
    result.names_.push_back(entry.name);
    result.entries_[entry.name] = {entry.dtype, entry.sizes, data_begin + entry.begin, entry.end - entry.begin};
  }
  result.metadata_ = std::move(header.metadata);
  return result;
}

Tensor SafeTensors::tensor(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw_io_error(path(), "has no tensor \"" + name + "\"");
  const Entry& entry = found->second;
  std::uint8_t* data = file_->data() + entry.begin;
  if (entry.dtype == DType::boolean) {  // any other value in a C++ bool is undefined behaviour
    const auto* bad = std::find_if(data, data + entry.bytes, [](std::uint8_t byte) { return byte > 1; });
    if (bad != data + entry.bytes) {
      throw_io_error(path(),
                     concat("tensor \"", name, "\" has the BOOL value ", int{*bad}, " at element ", bad - data));
    }
  }
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(data) % size_of(entry.dtype) == 0;
  if (is_aligned && entry.bytes > 0) {
    return from_memory(data, entry.sizes, entry.dtype, [file = file_] {});
  }
  Tensor copy = empty(entry.sizes, {entry.dtype, Device::cpu()});
  if (entry.bytes > 0) std::memcpy(copy.raw_data(), data, entry.bytes);
  return copy;
}

NamedTensors SafeTensors::tensors() const {
  NamedTensors result;
  for (const std::string& name : names_) result.emplace_back(name, tensor(name));
  return result;
}

void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata) {
  check_savable(path, tensors);
  NamedTensors sorted = tensors;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return size_of(a.second.dtype()) > size_of(b.second.dtype());
  });
  const std::string header = header_of(path, sorted, metadata);
  const std::uint64_t header_bytes = header.size();
  AtomicFile file(path);
  file.write(&header_bytes, length_bytes);
  file.write(header.data(), header.size());
  for (const auto& [name, tensor] : sorted) {
    if (tensor.is_contiguous()) {
      file.write(tensor.raw_data(), bytes_of(tensor));
    } else {
      const Bytes bytes = gather(tensor);
      file.write(bytes.data(), bytes.size());
    }
  }
  file.commit();
}

}  // namespace cairn::inline v0
