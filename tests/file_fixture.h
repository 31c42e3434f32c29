/// For tests that read and write files: a temporary folder, byte strings, a tar writer.
#pragma once

#include <cairn/io/bytes.h>

#include <gtest/gtest.h>

#include <stdlib.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>

namespace cairn::testing {

/// A fresh folder for each test, removed afterwards.
class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cairn_test_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// Writes a file, with the folders that it needs, and returns its path.
  std::string write(const std::string& name, const Bytes& bytes) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream file(path(name), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path(name);
  }

  std::filesystem::path folder_;
};

inline Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

inline Bytes join(std::initializer_list<Bytes> parts) {
  Bytes result;
  for (const Bytes& part : parts) result.insert(result.end(), part.begin(), part.end());
  return result;
}

inline Bytes first_bytes(const Bytes& bytes, std::size_t count) { return Bytes(bytes.data(), bytes.data() + count); }

/// Some bytes that do not repeat soon.
inline Bytes counted_bytes(std::size_t count) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(i * i / 7);
  return bytes;
}

/// Header, content and padding of one member of a tar archive.
inline Bytes tar_member(const std::string& name, const Bytes& content, char type = '0',
                        const std::string& prefix = "") {
  Bytes header(512, 0);
  const auto put = [&](std::size_t at, const std::string& text) {
    std::memcpy(header.data() + at, text.data(), text.size());
  };
  char octal[16];
  std::snprintf(octal, sizeof octal, "%011zo", content.size());
  put(0, name);
  put(100, "0000644");
  put(124, octal);
  put(156, std::string(1, type));
  put(257, "ustar");
  put(263, "00");
  put(345, prefix);
  put(148, "        ");
  std::snprintf(octal, sizeof octal, "%06o", std::accumulate(header.begin(), header.end(), 0U));
  put(148, octal);
  header[154] = 0;
  return join({header, content, Bytes((512 - content.size() % 512) % 512, 0)});
}

inline const Bytes tar_end(1024, 0);

/// Expects an IoError whose text begins with the file and contains `reason`.
template <class Function>
void expect_io_error(const Function& function, const std::string& file, const std::string& reason) {
  try {
    function();
    FAIL() << "no IoError; expected: " << reason;
  } catch (const IoError& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.rfind(file, 0), 0U) << text;
    EXPECT_NE(text.find(reason), std::string::npos) << text << "\nexpected: " << reason;
  }
}

}  // namespace cairn::testing
