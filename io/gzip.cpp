#include <cairn/io/gzip.h>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace cairn::inline v0 {
namespace {

constexpr int gzip_window_bits = 15 + 16;  // zlib: 16 more asks for a gzip header and trailer

}  // namespace

struct GzipSource::Stream {
  std::unique_ptr<ByteSource> packed;
  z_stream zlib = {};
  std::array<std::uint8_t, 1 << 16> buffer = {};
  bool done = false;

  explicit Stream(std::unique_ptr<ByteSource> source) : packed(std::move(source)) {
    if (inflateInit2(&zlib, gzip_window_bits) != Z_OK) throw_io_error(packed->name(), "zlib cannot start");
  }
  ~Stream() { inflateEnd(&zlib); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// False at the end of the packed bytes.
  bool refill() {
    if (zlib.avail_in > 0) return true;
    zlib.next_in = buffer.data();
    zlib.avail_in = static_cast<uInt>(packed->read(buffer.data(), buffer.size()));
    return zlib.avail_in > 0;
  }

  /// After a member: the next one, or the end. tar and tape tools pad with zeros.
  void begin_next_member() {
    while (refill() && *zlib.next_in == 0) {
      ++zlib.next_in;
      --zlib.avail_in;
    }
    done = !refill();
    if (!done && inflateReset(&zlib) != Z_OK) throw_io_error(packed->name(), "zlib cannot go on");
  }
};

GzipSource::GzipSource(std::unique_ptr<ByteSource> packed)
    : ByteSource(packed->name()), stream_(std::make_unique<Stream>(std::move(packed))) {}

GzipSource::~GzipSource() = default;

std::size_t GzipSource::read(void* data, std::size_t count) {
  z_stream& zlib = stream_->zlib;
  std::size_t done = 0;
  while (done < count && !stream_->done) {
    if (!stream_->refill()) throw_io_error(name(), "truncated gzip data");
    const std::size_t space = std::min<std::size_t>(count - done, std::numeric_limits<uInt>::max());
    zlib.next_out = static_cast<Bytef*>(data) + done;
    zlib.avail_out = static_cast<uInt>(space);
    const int status = inflate(&zlib, Z_NO_FLUSH);
    done += space - zlib.avail_out;
    if (status == Z_STREAM_END) {
      stream_->begin_next_member();
    } else if (status != Z_OK) {
      throw_io_error(name(), concat("corrupt gzip data: ", zlib.msg != nullptr ? zlib.msg : zError(status)));
    }
  }
  return done;
}

std::unique_ptr<ByteSource> open_source(const std::string& path) {
  std::array<std::uint8_t, 2> magic = {};
  FileSource(path).read(magic.data(), magic.size());
  auto file = std::make_unique<FileSource>(path);
  if (magic[0] == 0x1f && magic[1] == 0x8b) return std::make_unique<GzipSource>(std::move(file));
  return file;
}

Bytes read_file(const std::string& path) { return open_source(path)->read_all(); }

Bytes gzip(const Bytes& bytes, int level) {
  check<ValueError>(level >= 1 && level <= 9, "gzip", "level is ", level, ", expected 1..9");
  check<ValueError>(bytes.size() < std::numeric_limits<uInt>::max() / 2, "gzip", "more than 2 GiB at once");
  z_stream zlib = {};
  const int memory_level = 8;  // zlib's default
  if (deflateInit2(&zlib, level, Z_DEFLATED, gzip_window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw OutOfMemoryError("[gzip] zlib cannot start");
  }
  Bytes packed(deflateBound(&zlib, static_cast<uLong>(bytes.size())));
  zlib.next_in = const_cast<Bytef*>(bytes.data());  // zlib only reads it
  zlib.avail_in = static_cast<uInt>(bytes.size());
  zlib.next_out = packed.data();
  zlib.avail_out = static_cast<uInt>(packed.size());
  deflate(&zlib, Z_FINISH);  // deflateBound makes one call enough
  packed.resize(zlib.total_out);
  deflateEnd(&zlib);
  return packed;
}

}  // namespace cairn::inline v0
