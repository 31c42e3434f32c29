#include <cairn/io/gzip.h>
#include <cairn/io/safetensors.h>
#include <cairn/io/tar.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>

#include "file_fixture.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

using namespace testing;
using IoTest = FileTest;
using GzipTest = FileTest;
using TarTest = FileTest;
using SafeTensorsTest = FileTest;

// ---- files ----------------------------------------------------------------------------------------

TEST_F(IoTest, ReadFileGivesTheBytes) {
  const Bytes bytes = counted_bytes(3'000'000);
  EXPECT_EQ(read_file(write("plain", bytes)), bytes);
  EXPECT_TRUE(read_file(write("empty", {})).empty());
  EXPECT_EQ(read_file(write("one", {0x1f})), Bytes{0x1f});
}

TEST_F(IoTest, MissingFileAndFolderAreNamed) {
  expect_io_error([&] { read_file(path("none")); }, path("none"), "cannot open: No such file or directory");
  expect_io_error([&] { read_file(folder_); }, folder_, "Is a directory");
  expect_io_error([&] { MappedFile map(folder_); }, folder_, "not a regular file");
}

TEST_F(IoTest, MappedFileKeepsWritesToItself) {
  const std::string file = write("mapped", {1, 2, 3});
  MappedFile map(file);
  ASSERT_EQ(map.size(), 3U);
  map.data()[1] = 9;
  EXPECT_EQ(read_file(file), (Bytes{1, 2, 3}));
  EXPECT_EQ(MappedFile(write("empty", {})).size(), 0U);
}

TEST_F(IoTest, AtomicFileReplacesTheTargetOfALinkAndNoDevice) {
  write("target", {1});
  fs::create_symlink(path("target"), path("link"));
  {
    AtomicFile file(path("link"));
    const Bytes bytes{2, 3};
    file.write(bytes.data(), bytes.size());
    file.commit();
  }
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read_file(path("target")), (Bytes{2, 3}));
  expect_io_error([] { AtomicFile file("/dev/null"); }, "/dev/null", "not a regular file");
}

TEST_F(IoTest, AtomicFileAppearsOnlyWhenCommitted) {
  const std::string file = write("target", bytes_of("old"));
  {
    AtomicFile unfinished(file);
    unfinished.write("new", 3);
  }
  EXPECT_EQ(read_file(file), bytes_of("old"));
  {
    AtomicFile finished(file);
    finished.write("new", 3);
    finished.commit();
  }
  EXPECT_EQ(read_file(file), bytes_of("new"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);  // no temporary file left
}

TEST_F(IoTest, ReadExactlySurvivesASizeThatLies) {
  FileSource source(write("short", {1, 2, 3}));
  expect_io_error([&] { source.read_exactly(std::uint64_t{1} << 62, "thing"); }, path("short"), "truncated thing");
}

// ---- gzip -----------------------------------------------------------------------------------------

TEST_F(GzipTest, RoundTrip) {
  for (const std::size_t count : {0U, 1U, 100'000U, 3'000'000U}) {
    const Bytes bytes = counted_bytes(count);
    EXPECT_EQ(read_file(write("file.gz", gzip(bytes))), bytes);
  }
  EXPECT_THROW(gzip({}, 10), ValueError);
}

TEST_F(GzipTest, MembersAreJoinedAndPaddingIgnored) {
  const Bytes packed = join({gzip(bytes_of("one ")), gzip(bytes_of("two")), Bytes(700, 0)});
  EXPECT_EQ(read_file(write("members.gz", packed)), bytes_of("one two"));
}

TEST_F(GzipTest, TruncationIsNoticedAtEveryLength) {
  const Bytes packed = gzip(counted_bytes(1000));
  for (std::size_t length = 2; length < packed.size(); length += 7) {
    const std::string file = write("cut.gz", first_bytes(packed, length));
    expect_io_error([&] { read_file(file); }, file, "truncated gzip data");
  }
}

TEST_F(GzipTest, CorruptionIsNoticed) {
  const Bytes packed = gzip(counted_bytes(100'000));
  Bytes bad_checksum = packed;
  bad_checksum[packed.size() - 8] ^= 1;
  const std::string file = write("crc.gz", bad_checksum);
  expect_io_error([&] { read_file(file); }, file, "corrupt gzip data: incorrect data check");
  Bytes bad_length = packed;
  bad_length[packed.size() - 1] ^= 1;
  expect_io_error([&] { read_file(write("length.gz", bad_length)); }, path("length.gz"), "incorrect length check");
  const std::string tail = write("tail.gz", join({packed, bytes_of("tail")}));
  expect_io_error([&] { read_file(tail); }, tail, "incorrect header");
}

// ---- tar ------------------------------------------------------------------------------------------

/// "name:content" of every regular file.
std::vector<std::string> list(const std::string& file) {
  const auto source = open_source(file);
  TarReader reader(*source);
  std::vector<std::string> result;
  while (const auto member = reader.next()) {
    const Bytes content = reader.read();
    EXPECT_EQ(content.size(), member->size);
    result.push_back(member->name + ":" + std::string(content.begin(), content.end()));
  }
  return result;
}

TEST_F(TarTest, RegularFilesAreListedAndOthersPassedOver) {
  const Bytes archive = join({tar_member("folder/", {}, '5'), tar_member("folder/a", bytes_of("alpha")),
                              tar_member("link", {}, '2'), tar_member("pax", bytes_of("30 path=long\n"), 'x'),
                              tar_member("b", Bytes(512, 'b'), '\0'), tar_member("c", {}, '0', "deep/down"), tar_end});
  const std::vector<std::string> expected{"folder/a:alpha", "b:" + std::string(512, 'b'), "deep/down/c:"};
  EXPECT_EQ(list(write("plain.tar", archive)), expected);
  EXPECT_EQ(list(write("packed.tar.gz", gzip(archive))), expected);
}

TEST_F(TarTest, ContentMayBeLeftUnread) {
  write("two.tar", join({tar_member("a", Bytes(5000, 'a')), tar_member("b", bytes_of("bee")), tar_end}));
  FileSource source(path("two.tar"));
  TarReader reader(source);
  reader.next();
  EXPECT_EQ(reader.next()->name, "b");
  EXPECT_EQ(reader.read(), bytes_of("bee"));
  EXPECT_TRUE(reader.read().empty());
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.next());
}

TEST_F(TarTest, TruncationIsNoticed) {
  const Bytes archive = tar_member("a", Bytes(2000, 'a'));
  for (const std::size_t length : {100U, 512U, 1000U, 2511U, 2560U}) {
    const std::string file = write("cut.tar", first_bytes(archive, length));
    expect_io_error([&] { list(file); }, file, "truncated tar archive");
  }
}

TEST_F(TarTest, WrongChecksumIsNoticed) {
  Bytes archive = join({tar_member("a", {}), tar_end});
  archive[0] = 'b';
  expect_io_error([&] { list(write("bad.tar", archive)); }, path("bad.tar"), "wrong checksum");
  expect_io_error([&] { list(write("no.tar", counted_bytes(2048))); }, path("no.tar"), "wrong checksum");
}

// ---- safetensors ----------------------------------------------------------------------------------

/// A file of this header and data.
Bytes safetensors_bytes(const std::string& header, const Bytes& data) {
  const std::uint64_t length = header.size();
  Bytes bytes(sizeof length);
  std::memcpy(bytes.data(), &length, sizeof length);
  return join({bytes, bytes_of(header), data});
}

TEST_F(SafeTensorsTest, RoundTripOfEveryDType) {
  const std::string file = path("all.safetensors");
  const NamedTensors tensors{
      {"flags", from_values(std::vector<bool>{true, false, true}, {3})},
      {"bytes", from_values(std::vector<std::uint8_t>{0, 128, 255}, {3, 1})},
      {"ints", from_values(std::vector<std::int32_t>{-1, 2}, {2})},
      {"longs", from_values(std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), 7}, {1, 2})},
      {"floats", from_values(std::vector<float>{1.5F, -0.0F, 3e-45F, 4, 5, 6}, {2, 3})},
      {"doubles", from_values(std::vector<double>{0.1}, {})},
      {"halves", from_values(std::vector<Half>{Half(0.5F), Half(-2.0F)}, {2})},
      {"brains", from_values(std::vector<BFloat16>{BFloat16(0.5F)}, {1, 1, 1})},
      {"nothing", empty({0, 4})},
  };
  save_safetensors(file, tensors, {{"format", "pt"}, {"note", "ünï \"quoted\"\n"}});
  const SafeTensors loaded = SafeTensors::open(file);
  EXPECT_EQ(loaded.metadata().at("note"), "ünï \"quoted\"\n");
  EXPECT_EQ(loaded.names().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    ASSERT_TRUE(loaded.contains(name));
    const Tensor copy = loaded.tensor(name);
    EXPECT_EQ(copy.describe(), tensor.describe()) << name;
    const std::size_t bytes = static_cast<std::size_t>(tensor.numel()) * size_of(tensor.dtype());
    EXPECT_TRUE(bytes == 0 || std::memcmp(copy.raw_data(), tensor.raw_data(), bytes) == 0) << name;
  }
  EXPECT_EQ(loaded.tensors().size(), tensors.size());
}

TEST_F(SafeTensorsTest, SavedTensorsAreAlignedAndMappedWithoutCopy) {
  const std::string file = path("order.safetensors");
  save_safetensors(file, {{"u", from_values(std::vector<std::uint8_t>{1, 2, 3}, {3})},
                          {"a", from_values(std::vector<float>{1}, {1})},
                          {"d", from_values(std::vector<double>{2}, {1})},
                          {"b", from_values(std::vector<float>{3, 4}, {2})}});
  const SafeTensors loaded = SafeTensors::open(file);
  EXPECT_EQ(loaded.names(), (std::vector<std::string>{"d", "a", "b", "u"}));
  EXPECT_EQ(loaded.tensor("a").raw_data(), loaded.tensor("a").raw_data());  // the same page, so no copy
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(loaded.tensor("d").raw_data()) % 8, 0U);
}

TEST_F(SafeTensorsTest, TensorsOutliveTheFileObjectAndWritesStayInMemory) {
  const std::string file = path("life.safetensors");
  save_safetensors(file, {{"x", from_values(std::vector<float>{1, 2, 3}, {3})}});
  const Bytes before = read_file(file);
  Tensor x = SafeTensors::open(file).tensor("x");
  x.data<float>()[0] = 42;
  EXPECT_EQ(x.data<float>()[2], 3);
  fs::rename(file, path("elsewhere"));
  EXPECT_EQ(x.data<float>()[0], 42);
  EXPECT_EQ(read_file(path("elsewhere")), before);
}

TEST_F(SafeTensorsTest, SavingReplacesTheFileThatIsMapped) {
  const std::string file = path("self.safetensors");
  save_safetensors(file, {{"x", from_values(std::vector<float>{1, 2}, {2})}});
  const Tensor x = SafeTensors::open(file).tensor("x");
  x.data<float>()[0] = 5;
  save_safetensors(file, {{"x", x}});
  EXPECT_EQ(SafeTensors::open(file).tensor("x").data<float>()[0], 5);
  EXPECT_EQ(x.data<float>()[1], 2);
}

TEST_F(SafeTensorsTest, StridedTensorsAreSavedInLogicalOrder) {
  const std::string file = path("strided.safetensors");
  const Dims sizes{2, 3, 4, 5};
  const Tensor x = empty_strided(sizes, channels_last_strides(sizes));
  for (std::int64_t n = 0, value = 0; n < 2; ++n) {
    for (std::int64_t c = 0; c < 3; ++c) {
      for (std::int64_t i = 0; i < 20; ++i) x.data<float>()[n * 60 + i * 3 + c] = static_cast<float>(value++);
    }
  }
  save_safetensors(file, {{"x", x}});
  const Tensor y = SafeTensors::open(file).tensor("x");
  EXPECT_EQ(y.sizes(), sizes);
  EXPECT_TRUE(y.is_contiguous());
  for (std::int64_t i = 0; i < y.numel(); ++i) ASSERT_EQ(y.data<float>()[i], static_cast<float>(i));
}

TEST_F(SafeTensorsTest, MisalignedTensorsAreCopied) {
  const std::string header = R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                             R"("x":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})";
  Bytes data(9, 7);
  const float values[2] = {1.25F, -8};
  std::memcpy(data.data() + 1, values, sizeof values);
  for (const int spaces : {0, 1, 2, 3}) {  // of these, at most one leaves x aligned
    const SafeTensors file = SafeTensors::open(
        write("odd.safetensors", safetensors_bytes(header + std::string(static_cast<std::size_t>(spaces), ' '), data)));
    const Tensor x = file.tensor("x");
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.raw_data()) % alignof(float), 0U);
    EXPECT_EQ(x.data<float>()[0], 1.25F);
    EXPECT_EQ(x.data<float>()[1], -8);
  }
}

TEST_F(SafeTensorsTest, ADocumentedExampleIsRead) {
  const std::string header = R"({"__metadata__":{"format":"pt"},)"
                             R"("w":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]}}   )";
  const SafeTensors file = SafeTensors::open(write("doc.safetensors", safetensors_bytes(header, {0, 0x3c, 0, 0xc0})));
  EXPECT_EQ(file.metadata().at("format"), "pt");
  const Tensor w = file.tensor("w");
  EXPECT_EQ(static_cast<float>(w.data<Half>()[0]), 1.0F);
  EXPECT_EQ(static_cast<float>(w.data<Half>()[1]), -2.0F);
  EXPECT_TRUE(SafeTensors::open(write("none.safetensors", safetensors_bytes("{}", {}))).names().empty());
}

TEST_F(SafeTensorsTest, LengthsBeyondTheFileAreRefused) {
  const auto open_bytes = [&](const Bytes& bytes) { SafeTensors::open(write("bad", bytes)); };
  expect_io_error([&] { SafeTensors::open(path("none")); }, path("none"), "No such file");
  expect_io_error([&] { open_bytes({}); }, path("bad"), "truncated: 0 bytes");
  expect_io_error([&] { open_bytes({1, 2, 3}); }, path("bad"), "truncated: 3 bytes");
  for (const std::uint64_t claim : {std::uint64_t{3}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    Bytes bytes = safetensors_bytes("{}", {});
    std::memcpy(bytes.data(), &claim, sizeof claim);
    expect_io_error([&] { open_bytes(bytes); }, path("bad"), "header claims " + std::to_string(claim) + " bytes");
  }
}

TEST_F(SafeTensorsTest, BadHeadersAreRefusedWithTheReason) {
  struct Case {
    std::string header;
    std::string reason;
  };
  const auto entry = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"x":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  const std::string good = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const std::string other = R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})";
  const std::vector<Case> cases{
      {"", "not a safetensors file"},
      {"[]", "not a safetensors file"},
      {R"({"x":)", "header is not JSON"},
      {R"({"x":1}})", "header is not JSON"},
      {"{\"\xff\":1}", "header is not JSON"},
      {"{\"x\":" + std::string(100'000, '['), "header is nested too deeply"},
      {R"({"x":1})", "\"x\" is not described by an object"},
      {R"({"x":{}})", "has no dtype"},
      {R"({"x":{"dtype":3,"shape":[],"data_offsets":[0,8]}})", "dtype that is no string"},
      {R"({"x":{"dtype":"F32","shape":[2]}})", "has no data_offsets"},
      {R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"extra":1}})", "unknown key \"extra\""},
      {entry("F8_E4M3", "[8]", "[0,8]"), "dtype F8_E4M3"},
      {entry("f32", "[2]", "[0,8]"), "dtype f32"},
      {entry("F32", "[-2]", "[0,8]"), "shape with -2"},
      {entry("F32", "[2.0]", "[0,8]"), "shape with 2.0"},
      {entry("F32", "2", "[0,8]"), "shape that is no array"},
      {entry("F32", "[18446744073709551615]", "[0,8]"), "dimension of size 18446744073709551615"},
      {entry("F32", "[18446744073709551616]", "[0,8]"), "expected integers"},
      {entry("F32", "[4294967296,4294967296,4]", "[0,0]"), "overflows"},
      {entry("F32", "[0,4294967296,4294967296,4]", "[0,0]"), "overflows"},
      {entry("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), "9 dimensions"},
      {entry("F32", "[2]", "[0,8,9]"), "3 data_offsets"},
      {entry("F32", "[2]", "[8,0]"), "after its end"},
      {entry("F32", "[2]", "[4,12]"), "ends at byte 12 of the data, which has only 8"},
      {entry("F32", "[2]", "[0,18446744073709551615]"), "ends at byte 18446744073709551615"},
      {entry("F32", "[1]", "[0,8]"), "has 8 bytes, but F32[1] takes 4"},
      {entry("F32", "[1]", "[0,4]"), "4 bytes after the last tensor"},
      {entry("F32", "[1]", "[4,8]"), "a gap of 4 bytes before tensor \"x\""},
      {"{}", "8 bytes after the last tensor"},
      {R"({"x":)" + good + R"(,"y":)" + other + "}", "overlaps"},
      {R"({"x":)" + good + R"(,"y":)" + good + "}", "overlaps"},
      {R"({"x":)" + good + R"(,"x":)" + good + "}", "the key \"x\" twice"},
      {R"({"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "the key \"dtype\" twice"},
      {R"({"__metadata__":3,"x":)" + good + "}", "__metadata__ is no object"},
      {R"({"__metadata__":{"a":1},"x":)" + good + "}", "no string, under \"a\""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.header.substr(0, 200));
    const std::string file = write("bad", safetensors_bytes(c.header, Bytes(8, 0)));
    expect_io_error([&] { SafeTensors::open(file); }, file, c.reason);
  }
}

TEST_F(SafeTensorsTest, BadNamesAndBoolsAreRefused) {
  const std::string header = R"({"b":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}})";
  const std::string file = write("bool", safetensors_bytes(header, {0, 1, 2}));
  const SafeTensors loaded = SafeTensors::open(file);
  expect_io_error([&] { loaded.tensor("b"); }, file, "BOOL value 2 at element 2");
  expect_io_error([&] { loaded.tensor("c"); }, file, "has no tensor \"c\"");
}

TEST_F(SafeTensorsTest, WhatCannotBeSavedIsRefused) {
  const Tensor x = from_values(std::vector<float>{1}, {1});
  EXPECT_THROW(save_safetensors(path("f"), {{"x", x}, {"x", x}}), ValueError);
  EXPECT_THROW(save_safetensors(path("f"), {{"x", Tensor()}}), ValueError);
  EXPECT_THROW(save_safetensors(path("f"), {{"__metadata__", x}}), ValueError);
  EXPECT_THROW(save_safetensors(path("f"), {{"\xff", x}}), ValueError);
  EXPECT_TRUE(fs::is_empty(folder_));
  expect_io_error([&] { save_safetensors(path("no/f"), {{"x", x}}); }, path("no/f"), "cannot create: No such file");
  fs::create_directory(path("taken"));
  expect_io_error([&] { save_safetensors(path("taken"), {{"x", x}}); }, path("taken"), "is not a regular file");
}

TEST_F(SafeTensorsTest, EveryFlippedHeaderByteIsReadOrRefused) {
  const std::string file = path("base");
  save_safetensors(file,
                   {{"w", from_values(std::vector<float>{1, 2, 3, 4}, {2, 2})},
                    {"n", from_values(std::vector<std::int64_t>{5}, {1})}},
                   {{"k", "v"}});
  const Bytes base = read_file(file);
  for (std::size_t i = 0; i + 24 < base.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      Bytes bytes = base;
      bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ (1 << bit));
      try {
        SafeTensors::open(write("flipped", bytes)).tensors();
      } catch (const IoError&) {
      }
    }
  }
}

TEST_F(SafeTensorsTest, ADeeplyNestedHeaderIsRefused) {
  const std::string header = R"({"a":{"dtype":"F32","data_offsets":[0,0],"shape":)" + std::string(300'000, '[') + std::string(300'000, ']') + "}}";
  const std::uint64_t length = header.size();
  std::string text(reinterpret_cast<const char*>(&length), sizeof length);
  const std::string file = write("deep", bytes_of(text + header));
  expect_io_error([&] { SafeTensors::open(file); }, file, "nested too deeply");
}

TEST_F(SafeTensorsTest, PretrainedWeightsAreRead) {
  const char* data = std::getenv("CAIRN_DATA");
  if (data == nullptr) GTEST_SKIP() << "CAIRN_DATA is not set";
  const fs::path file = fs::path(data) / "pretrained/resnet20_cifar10/resnet20-12fca82f.safetensors";
  if (!fs::exists(file)) GTEST_SKIP() << file << " is not there";
  const SafeTensors weights = SafeTensors::open(file);
  EXPECT_EQ(weights.names().size(), 97U);
  EXPECT_EQ(weights.tensor("module.conv1.weight").sizes(), (Dims{16, 3, 3, 3}));
}

}  // namespace
}  // namespace cairn
