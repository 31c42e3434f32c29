#include <cairn/io/bytes.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace cairn::inline v0 {
namespace {

constexpr std::size_t chunk_size = std::size_t{1} << 20;

int open_for_reading(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw_errno(path, "cannot open");
  return file;
}

/// Makes the entry of a renamed file durable. Some file systems cannot; the file itself is safe then.
void sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::absolute(path).parent_path();
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace

void throw_io_error(const std::string& path, const std::string& reason) { throw IoError(path + ": " + reason); }

void throw_errno(const std::string& path, const std::string& action) {
  const int code = errno;
  throw_io_error(path, action + ": " + std::generic_category().message(code));
}

Bytes ByteSource::read_exactly(std::uint64_t count, const std::string& what) {
  Bytes bytes;
  while (bytes.size() < count) {
    const std::size_t have = bytes.size();
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(count - have, std::max(have, chunk_size)));
    bytes.resize(have + want);
    if (read(bytes.data() + have, want) != want) throw_io_error(name_, "truncated " + what);
  }
  return bytes;
}

void ByteSource::skip(std::uint64_t count, const std::string& what) {
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(count, chunk_size)));
  while (count > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer.size()));
    if (read(buffer.data(), want) != want) throw_io_error(name_, "truncated " + what);
    count -= want;
  }
}

Bytes ByteSource::read_all() {
  Bytes bytes;
  for (;;) {
    const std::size_t have = bytes.size();
    const std::size_t want = std::max(have, chunk_size);
    bytes.resize(have + want);
    const std::size_t got = read(bytes.data() + have, want);
    if (got < want) {
      bytes.resize(have + got);
      return bytes;
    }
  }
}

FileSource::FileSource(const std::string& path) : ByteSource(path), file_(open_for_reading(path)) {}

FileSource::~FileSource() { ::close(file_); }

std::size_t FileSource::read(void* data, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::read(file_, static_cast<std::uint8_t*>(data) + done, count - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(name(), "cannot read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

MappedFile::MappedFile(const std::string& path) : path_(path) {
  struct Descriptor {  // the map outlives it
    int file;
    ~Descriptor() { ::close(file); }
  } const descriptor{open_for_reading(path)};
  struct stat status = {};
  if (::fstat(descriptor.file, &status) != 0) throw_errno(path, "cannot read its size");
  if (!S_ISREG(status.st_mode)) throw_io_error(path, "not a regular file");
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* map = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor.file, 0);
  if (map == MAP_FAILED) throw_errno(path, "cannot map");
  data_ = static_cast<std::uint8_t*>(map);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  std::error_code error;
  if (std::filesystem::is_symlink(path, error)) {  // replace what it points to, not the link
    const auto target = std::filesystem::weakly_canonical(path, error);
    if (!error) path_ = target.string();
  }
  const auto status = std::filesystem::status(path_, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw_io_error(path, "is not a regular file, so it cannot be replaced");
  }
  static std::atomic<unsigned> serial{0};
  temporary_ = concat(path_, ".", ::getpid(), ".", serial.fetch_add(1), ".tmp");
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file_ < 0) throw_errno(temporary_, "cannot create");
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* data, std::size_t count) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  while (count > 0) {
    const ssize_t written = ::write(file_, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno(temporary_, "cannot write");
    bytes += written;
    count -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  if (::fsync(file_) != 0) throw_errno(temporary_, "cannot bring to the disk");
  const int closed = ::close(file_);
  file_ = -1;
  if (closed != 0) throw_errno(temporary_, "cannot close");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_errno(path_, "cannot rename " + temporary_ + " to it");
  temporary_.clear();
  sync_folder_of(path_);
}

}  // namespace cairn::inline v0
