#include <cairn/io/tar.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <string_view>

namespace cairn::inline v0 {
namespace {

constexpr std::uint64_t block_size = 512;

/// Where the fields of a header lie (POSIX.1-1988, 10.1.1).
struct Field {
  std::size_t offset;
  std::size_t length;
};
constexpr Field name_field{0, 100};
constexpr Field size_field{124, 12};
constexpr Field checksum_field{148, 8};
constexpr std::size_t type_offset = 156;
constexpr Field magic_field{257, 6};
constexpr Field prefix_field{345, 155};

std::string_view text_of(const Bytes& header, Field field) {
  const auto* begin = reinterpret_cast<const char*>(header.data()) + field.offset;
  return {begin, ::strnlen(begin, field.length)};
}

/// Octal digits between spaces, or, where the first bit is set, a big-endian binary number (GNU).
std::optional<std::uint64_t> number_of(const Bytes& header, Field field) {
  constexpr std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() >> 9;  // room for a shift and for padding
  const std::uint8_t* bytes = header.data() + field.offset;
  std::uint64_t value = 0;
  if ((bytes[0] & 0x80U) != 0) {
    for (std::size_t i = 0; i < field.length; ++i) {
      value = (value << 8) | (i == 0 ? bytes[i] & 0x7fU : bytes[i]);
      if (value > limit) return {};
    }
    return value;
  }
  std::string_view digits = text_of(header, field);
  while (!digits.empty() && digits.front() == ' ') digits.remove_prefix(1);
  while (!digits.empty() && digits.back() == ' ') digits.remove_suffix(1);
  for (const char digit : digits) {
    if (digit < '0' || digit > '7') return {};
    value = value * 8 + static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

/// The sum of all bytes of the header, those of the checksum counted as spaces.
bool checksum_fits(const Bytes& header) {
  const auto stored = number_of(header, checksum_field);
  std::uint64_t sum = std::accumulate(header.begin(), header.end(), std::uint64_t{0});
  for (std::size_t i = 0; i < checksum_field.length; ++i) {
    sum = sum + ' ' - header[checksum_field.offset + i];
  }
  return stored && *stored == sum;
}

std::string name_of_member(const Bytes& header) {
  std::string name(text_of(header, name_field));
  const bool posix = std::memcmp(header.data() + magic_field.offset, "ustar", magic_field.length) == 0;
  const std::string prefix(posix ? text_of(header, prefix_field) : std::string_view());
  return prefix.empty() ? name : prefix + "/" + name;
}

}  // namespace

std::optional<TarMember> TarReader::next() {
  while (!done_) {
    source_.skip(unread_, "tar archive (within " + member_.name + ")");
    unread_ = 0;
    const Bytes header = source_.read_exactly(block_size, "tar archive (no end mark)");
    if (std::all_of(header.begin(), header.end(), [](std::uint8_t byte) { return byte == 0; })) {
      done_ = true;
      Bytes rest(block_size);  // read to the end, so that a gzip checksum is verified
      while (source_.read(rest.data(), rest.size()) > 0) {
      }
      break;
    }
    if (!checksum_fits(header)) throw_io_error(source_.name(), "tar header with a wrong checksum");
    const auto size = number_of(header, size_field);
    member_.name = name_of_member(header);
    if (!size) throw_io_error(source_.name(), "tar header of " + member_.name + " has a size that is no number");
    const std::uint8_t type = header[type_offset];
    const bool has_content = type < '1' || type > '6';  // links, devices, folders and pipes have none
    member_.size = has_content ? *size : 0;
    unread_ = (member_.size + block_size - 1) / block_size * block_size;
    if (type == '0' || type == '\0' || type == '7') return member_;
  }
  return {};
}

Bytes TarReader::read() {
  Bytes content = source_.read_exactly(member_.size, "tar archive (within " + member_.name + ")");
  unread_ -= content.size();
  member_.size = 0;
  return content;
}

}  // namespace cairn::inline v0
