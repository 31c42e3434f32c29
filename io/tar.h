/// Reading tar archives (POSIX.1-1988 "ustar", also the older format) as a stream.
#pragma once

#include <cairn/io/bytes.h>

#include <optional>

namespace cairn::inline v0 {

struct TarMember {
  std::string name;  ///< as it stands in the 100 + 155 bytes of the header
  std::uint64_t size = 0;
};

/// Goes through the regular files of an archive. Folders, links, devices and the extra headers of pax
/// and GNU tar are passed over, so a name longer than the header holds is seen cut off.
/// Throws IoError for a header whose checksum is wrong and for an archive that ends too early.
class CAIRN_API TarReader {
 public:
  explicit TarReader(ByteSource& source) : source_(source) {}

  /// The next regular file; nothing after the last.
  std::optional<TarMember> next();

  /// The content of the file that next() returned; empty when called again.
  Bytes read();

 private:
  ByteSource& source_;
  TarMember member_;
  std::uint64_t unread_ = 0;  ///< bytes until the next header, with the padding
  bool done_ = false;
};

}  // namespace cairn::inline v0
