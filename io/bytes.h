/// Bytes from files: streams, whole files, and memory maps. Every failure is an IoError "PATH: reason".
#pragma once

#include <cairn/core/error.h>
#include <cairn/core/export.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cairn::inline v0 {

using Bytes = std::vector<std::uint8_t>;

/// Throws IoError("PATH: reason").
[[noreturn]] CAIRN_API void throw_io_error(const std::string& path, const std::string& reason);

/// Throws IoError("PATH: action: what errno says"), as in "model.bin: cannot open: No such file or directory".
[[noreturn]] CAIRN_API void throw_errno(const std::string& path, const std::string& action);

/// Bytes that are read once, from first to last.
class CAIRN_API ByteSource {
 public:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Fills `data` with the next bytes and returns how many: `count`, or fewer at the end only.
  virtual std::size_t read(void* data, std::size_t count) = 0;

  /// The next `count` bytes. At an earlier end throws "NAME: truncated `what`". Memory grows with what
  /// is there, so that a size field that lies costs nothing.
  Bytes read_exactly(std::uint64_t count, const std::string& what);

  /// Passes over `count` bytes; throws as read_exactly does.
  void skip(std::uint64_t count, const std::string& what);

  /// All that is left.
  Bytes read_all();

  /// What error texts call this source: a path, for example.
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

/// The bytes of a file as they are.
class CAIRN_API FileSource : public ByteSource {
 public:
  explicit FileSource(const std::string& path);
  ~FileSource() override;
  std::size_t read(void* data, std::size_t count) override;

 private:
  int file_;
};

/// A file in memory. The pages are private: writing to them changes this map and never the file.
/// Should another process shorten the file meanwhile, touching the lost part raises SIGBUS.
class CAIRN_API MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::uint8_t* data() const { return data_; }  ///< page aligned; null for an empty file
  std::size_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A file that appears complete or not at all: bytes go to a temporary file in the same folder, which
/// commit() brings to the disk (fsync) and renames to `path`. Without commit() the destructor removes it.
class CAIRN_API AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t count);
  void commit();

 private:
  std::string path_;
  std::string temporary_;
  int file_ = -1;
};

}  // namespace cairn::inline v0
