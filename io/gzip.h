/// Gzip (RFC 1952) through zlib: unpacked as a stream, checksum and length verified.
#pragma once

#include <cairn/io/bytes.h>

#include <memory>

namespace cairn::inline v0 {

/// The unpacked bytes of a gzip stream of one or more members; zero padding after the last is allowed.
/// Throws IoError "NAME: truncated gzip data" or "NAME: corrupt gzip data: what zlib says".
class CAIRN_API GzipSource : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> packed);
  ~GzipSource() override;
  std::size_t read(void* data, std::size_t count) override;

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

/// The content of a file, unpacked when it begins with gzip's magic 1f 8b.
CAIRN_API std::unique_ptr<ByteSource> open_source(const std::string& path);

/// All of that content.
CAIRN_API Bytes read_file(const std::string& path);

/// `bytes` as one gzip member. level: 1 (quickest) to 9 (smallest).
CAIRN_API Bytes gzip(const Bytes& bytes, int level = 6);

}  // namespace cairn::inline v0
