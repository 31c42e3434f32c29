#include <cairn/data/cifar.h>
#include <cairn/data/loader.h>
#include <cairn/data/mnist.h>
#include <cairn/data/sample_rng.h>
#include <cairn/data/synthetic.h>
#include <cairn/data/transforms.h>
#include <cairn/io/gzip.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "file_fixture.h"

namespace cairn {
namespace {

using namespace testing;
namespace fs = std::filesystem;
using CifarTest = FileTest;
using MnistTest = FileTest;

bool same_bytes(const Tensor& a, const Tensor& b) {
  const std::size_t bytes = static_cast<std::size_t>(a.numel()) * size_of(a.dtype());
  return a.describe() == b.describe() && a.strides() == b.strides() &&
         std::memcmp(a.raw_data(), b.raw_data(), bytes) == 0;
}

// ---- CIFAR ----------------------------------------------------------------------------------------

/// `count` records: labels first, first + 1, … modulo 10, every pixel of plane c of record i is i + 50 * c.
Bytes cifar_batch(int count, int first = 0) {
  Bytes bytes;
  for (int i = 0; i < count; ++i) {
    bytes.push_back(static_cast<std::uint8_t>((first + i) % 10));
    for (int c = 0; c < 3; ++c) bytes.insert(bytes.end(), 1024, static_cast<std::uint8_t>(i + 50 * c));
  }
  return bytes;
}

const std::vector<std::string> train_names{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                           "data_batch_4.bin", "data_batch_5.bin"};

void expect_batches_of_three(const ImageDataset& train) {
  EXPECT_EQ(train.images.describe(), "u8[15, 3, 32, 32] on cpu");
  EXPECT_EQ(train.labels, (std::vector<std::int64_t>{0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6}));
  EXPECT_EQ(train.class_names[9], "truck");
  EXPECT_EQ(train.images.data<std::uint8_t>()[(4 * 3 + 2) * 1024 + 1023], 1 + 100);
  check_dataset("test", train);
}

TEST_F(CifarTest, PlainFilesInTheFolder) {
  for (int i = 0; i < 5; ++i) write(train_names[static_cast<std::size_t>(i)], cifar_batch(3, i));
  write("test_batch.bin", cifar_batch(2));
  expect_batches_of_three(load_cifar10(folder_, true));
  EXPECT_EQ(load_cifar10(folder_, false).size(), 2);
}

TEST_F(CifarTest, GzippedFilesInTheSubFolderWithClassNames) {
  for (int i = 0; i < 5; ++i) {
    write("cifar-10-batches-bin/" + train_names[static_cast<std::size_t>(i)] + ".gz", gzip(cifar_batch(3, i)));
  }
  write("cifar-10-batches-bin/batches.meta.txt", bytes_of("a\nb\r\nc\nd\ne\nf\ng\nh\ni\ntruck\n\n"));
  const ImageDataset train = load_cifar10(folder_, true);
  expect_batches_of_three(train);
  EXPECT_EQ(train.class_names[1], "b");
}

TEST_F(CifarTest, TheArchiveInAnyOrder) {
  Bytes archive = tar_member("cifar-10-batches-bin/", {}, '5');
  for (int i = 4; i >= 0; --i) {
    const std::string name = "cifar-10-batches-bin/" + train_names[static_cast<std::size_t>(i)];
    archive = join({archive, tar_member(name, cifar_batch(3, i))});
  }
  archive = join({archive, tar_member("cifar-10-batches-bin/readme.html", bytes_of("<html>")), tar_end});
  const std::string file = write("cifar-10-binary.tar.gz", gzip(archive));
  expect_batches_of_three(load_cifar10(folder_, true));
  expect_batches_of_three(load_cifar10(file, true));
  expect_io_error([&] { load_cifar10(file, false); }, file, "test_batch.bin is missing");
}

TEST_F(CifarTest, BadArchivesAreRefused) {
  Bytes batch = cifar_batch(2);
  batch[3073] = 200;
  const Bytes archive = join({tar_member("x/test_batch.bin", batch), tar_end});
  const std::string file = write("cifar-10-binary.tar.gz", gzip(archive));
  expect_io_error([&] { load_cifar10(folder_, false); }, file + "(x/test_batch.bin)",
                  "record 1 has label 200, expected 0..9");
  write("cifar-10-binary.tar.gz", gzip(first_bytes(archive, 4000)));
  expect_io_error([&] { load_cifar10(folder_, false); }, file, "truncated tar archive (within x/test_batch.bin)");
  const Bytes packed = gzip(archive);
  write("cifar-10-binary.tar.gz", first_bytes(packed, packed.size() / 2));
  expect_io_error([&] { load_cifar10(folder_, false); }, file, "truncated gzip data");
}

TEST_F(CifarTest, MissingThingsAreNamed) {
  expect_io_error([&] { load_cifar10(path("none"), true); }, path("none"), "no such file or folder");
  expect_io_error([&] { load_cifar10(folder_, false); }, folder_, "test_batch.bin is missing (scripts/get_data.sh");
  for (std::size_t i = 0; i < 4; ++i) write(train_names[i], cifar_batch(1));
  expect_io_error([&] { load_cifar10(folder_, true); }, folder_, "data_batch_5.bin is missing");
}

TEST_F(CifarTest, BadBatchesAreRefused) {
  const auto load = [&] { load_cifar10(folder_, false); };
  const std::string file = write("test_batch.bin", {});
  expect_io_error(load, file, "is empty");
  write("test_batch.bin", first_bytes(cifar_batch(2), 5000));
  expect_io_error(load, file, "5000 bytes, which is no multiple of the 3073 of a record");
  Bytes bad_label = cifar_batch(20);
  bad_label[17 * 3073] = 12;
  write("test_batch.bin", bad_label);
  expect_io_error(load, file, "record 17 has label 12, expected 0..9");
  write("test_batch.bin", cifar_batch(1));
  write("batches.meta.txt", bytes_of("a\nb\n"));
  expect_io_error(load, path("batches.meta.txt"), "2 class names, expected 10");
  fs::remove(file);
  const Bytes packed = gzip(cifar_batch(4));
  write("test_batch.bin.gz", first_bytes(packed, packed.size() - 3));
  expect_io_error(load, path("test_batch.bin.gz"), "truncated gzip data");
  Bytes bad_checksum = packed;
  bad_checksum[packed.size() - 5] ^= 4;
  write("test_batch.bin.gz", bad_checksum);
  expect_io_error(load, path("test_batch.bin.gz"), "corrupt gzip data");
}

TEST_F(CifarTest, Cifar100HasTwoKindsOfLabels) {
  const Bytes image(3072, 7);
  write("test.bin", join({{19, 99}, image, {3, 42}, image}));
  const ImageDataset fine = load_cifar100(folder_, false);
  EXPECT_EQ(fine.labels, (std::vector<std::int64_t>{99, 42}));
  EXPECT_EQ(fine.class_names[42], "42");
  EXPECT_EQ(load_cifar100(folder_, false, true).labels, (std::vector<std::int64_t>{19, 3}));
  write("test.bin", join({{20, 100}, image}));
  expect_io_error([&] { load_cifar100(folder_, false); }, path("test.bin"), "record 0 has label 100, expected 0..99");
  expect_io_error([&] { load_cifar100(folder_, false, true); }, path("test.bin"), "label 20, expected 0..19");
}

TEST_F(CifarTest, TheRealOne) {
  const char* data = std::getenv("CAIRN_DATA");
  if (data == nullptr) GTEST_SKIP() << "CAIRN_DATA is not set";
  const fs::path folder = fs::path(data) / "cifar10";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there";
  const ImageDataset train = load_cifar10(folder, true);
  EXPECT_EQ(train.size(), 50'000);
  std::vector<int> histogram(10);
  for (const std::int64_t label : train.labels) ++histogram[static_cast<std::size_t>(label)];
  EXPECT_EQ(histogram, std::vector<int>(10, 5000));
  const Normalization statistics = channel_statistics(train);
  const float mean[] = {0.4914F, 0.4822F, 0.4465F};  // as published
  const float stddev[] = {0.2470F, 0.2435F, 0.2616F};
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(statistics.mean[c], mean[c], 1e-4F);
    EXPECT_NEAR(statistics.stddev[c], stddev[c], 1e-4F);
  }
  EXPECT_EQ(load_cifar10(folder, false).size(), 10'000);
}

// ---- MNIST ----------------------------------------------------------------------------------------

Bytes idx(std::uint8_t type, const std::vector<std::uint32_t>& sizes, const Bytes& values) {
  Bytes bytes{0, 0, type, static_cast<std::uint8_t>(sizes.size())};
  for (const std::uint32_t size : sizes) {
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(size >> shift));
  }
  return join({bytes, values});
}

const std::string test_images = "t10k-images-idx3-ubyte";
const std::string test_labels = "t10k-labels-idx1-ubyte";

TEST_F(MnistTest, PlainAndGzipped) {
  write("MNIST/raw/" + test_images, idx(8, {3, 2, 4}, counted_bytes(24)));
  write(test_labels + ".gz", gzip(idx(8, {3}, {9, 0, 4})));
  const ImageDataset test = load_mnist(folder_, false);
  EXPECT_EQ(test.images.describe(), "u8[3, 1, 2, 4] on cpu");
  EXPECT_EQ(test.images.data<std::uint8_t>()[23], counted_bytes(24)[23]);
  EXPECT_EQ(test.labels, (std::vector<std::int64_t>{9, 0, 4}));
  EXPECT_EQ(test.class_names.size(), 10U);
}

TEST_F(MnistTest, BadFilesAreRefused) {
  const auto load = [&] { load_mnist(folder_, false); };
  expect_io_error(load, folder_, "t10k-images-idx3-ubyte is missing");
  write(test_labels, idx(8, {3}, {1, 2, 3}));
  const auto expect_image_error = [&](const Bytes& bytes, const std::string& reason) {
    write(test_images, bytes);
    expect_io_error(load, path(test_images), reason);
  };
  expect_image_error({}, "truncated header: 0 bytes");
  expect_image_error({0, 0, 8, 3, 0, 0}, "truncated header: 6 bytes");
  expect_image_error(idx(8, {3, 2, 2, 1}, Bytes(12)), "magic number is 2052, expected 2051");
  expect_image_error(idx(9, {3, 2, 2}, Bytes(12)), "magic number is 2307, expected 2051");
  expect_image_error(idx(8, {3, 2, 2}, Bytes(11)), "truncated: 11 bytes of values, but its sizes ask for 12");
  expect_image_error(idx(8, {3, 2, 2}, Bytes(13)), "too long: 13 bytes of values");
  expect_image_error(idx(8, {0, 2, 2}, {}), "size 0 is 0");
  expect_image_error(idx(8, {~0U, ~0U, ~0U}, Bytes(12)), "sizes overflow");
  expect_image_error(idx(8, {~0U, 28, 28}, Bytes(12)), "truncated: 12 bytes");

  write(test_images, idx(8, {2, 2, 2}, Bytes(8)));
  expect_io_error(load, path(test_labels), "3 labels, but " + path(test_images) + " has 2 images");
  write(test_images, idx(8, {3, 2, 2}, Bytes(12)));
  write(test_labels, idx(8, {3}, {1, 10, 3}));
  expect_io_error(load, path(test_labels), "label 1 is 10, expected 0..9");
}

TEST_F(MnistTest, TheRealOne) {
  const char* data = std::getenv("CAIRN_DATA");
  if (data == nullptr) GTEST_SKIP() << "CAIRN_DATA is not set";
  const fs::path folder = fs::path(data) / "mnist";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there";
  EXPECT_EQ(load_mnist(folder, true).images.describe(), "u8[60000, 1, 28, 28] on cpu");
  EXPECT_EQ(load_mnist(folder, false).size(), 10'000);
}

// ---- data sets ------------------------------------------------------------------------------------

TEST(Dataset, MembersMustFitTogether) {
  ImageDataset dataset = shapes_dataset(4, 1);
  dataset.labels[2] = 10;
  EXPECT_THROW(check_dataset("test", dataset), ValueError);
  dataset.labels.pop_back();
  EXPECT_THROW(check_dataset("test", dataset), ValueError);
  EXPECT_THROW(check_dataset("test", ImageDataset()), ValueError);
  dataset.images = empty({4, 3, 2, 2});
  EXPECT_THROW(check_dataset("test", dataset), ValueError);
}

TEST(Dataset, TakeIsAWindow) {
  const ImageDataset all = shapes_dataset(20, 1);
  const ImageDataset part = take(take(all, 2, 15), 3, 4);
  EXPECT_EQ(part.labels, (std::vector<std::int64_t>{5, 6, 7, 8}));
  EXPECT_EQ(part.images.data<std::uint8_t>(), all.images.data<std::uint8_t>() + 5 * 3072);
  EXPECT_EQ(take(all, 20, 0).size(), 0);
  EXPECT_THROW(take(all, 17, 4), ValueError);
  EXPECT_THROW(take(all, -1, 2), ValueError);
}

TEST(Dataset, ChannelStatistics) {
  const Tensor images = from_values(std::vector<std::uint8_t>{0, 255, 51, 51, 255, 0, 51, 51}, {2, 2, 1, 2});
  const Normalization statistics = channel_statistics({images, {0, 0}, {"only"}});
  EXPECT_FLOAT_EQ(statistics.mean[0], 0.5F);
  EXPECT_FLOAT_EQ(statistics.stddev[0], 0.5F);
  EXPECT_FLOAT_EQ(statistics.mean[1], 0.2F);
  EXPECT_FLOAT_EQ(statistics.stddev[1], 1.0F);
}

TEST(ShapesDataset, DependsOnSeedAndIndexAlone) {
  const ImageDataset a = shapes_dataset(200, 5);
  EXPECT_TRUE(same_bytes(a.images, shapes_dataset(200, 5).images));
  EXPECT_TRUE(same_bytes(take(a, 0, 70).images, shapes_dataset(70, 5).images));
  EXPECT_FALSE(same_bytes(a.images, shapes_dataset(200, 6).images));
  for (std::int64_t i = 0; i < a.size(); ++i) EXPECT_EQ(a.labels[static_cast<std::size_t>(i)], i % 10);
  EXPECT_EQ(a.class_names.size(), 10U);
  EXPECT_EQ(shapes_dataset(0, 1).size(), 0);
  EXPECT_THROW(shapes_dataset(-1, 1), ValueError);
}

TEST(ShapesDataset, ColoursSayNothingOfTheClass) {
  const ImageDataset dataset = shapes_dataset(4000, 3);
  const std::uint8_t* pixels = dataset.images.data<std::uint8_t>();
  std::vector<double> mean(10);
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const double sum = std::accumulate(pixels + i * 3072, pixels + (i + 1) * 3072, 0.0);
    mean[static_cast<std::size_t>(i % 10)] += sum / (3072 * 400.0);
  }
  for (const double value : mean) EXPECT_NEAR(value, 127.5, 8);  // 3 standard errors
}

// ---- randomness -----------------------------------------------------------------------------------

TEST(SampleRngTest, StreamsAreKeyedByAllThree) {
  const auto draw = [](std::uint64_t seed, std::uint64_t epoch, std::uint64_t index) {
    SampleRng rng(seed, epoch, index);
    return std::vector<std::uint32_t>{rng.next(), rng.next(), rng.next(), rng.next(), rng.next()};
  };
  const auto base = draw(1, 2, 3);
  EXPECT_EQ(base, draw(1, 2, 3));
  EXPECT_NE(base, draw(2, 2, 3));
  EXPECT_NE(base, draw(1, 3, 3));
  EXPECT_NE(base, draw(1, 2, 4));
  EXPECT_EQ(std::set<std::uint32_t>(base.begin(), base.end()).size(), 5U);
}

TEST(SampleRngTest, RangesAreCovered) {
  SampleRng rng(0, 0, 0);
  std::vector<int> histogram(9);
  int heads = 0;
  for (int i = 0; i < 9000; ++i) {
    ++histogram.at(static_cast<std::size_t>(rng.below(9)));
    const float u = rng.uniform(-2, 3);
    EXPECT_TRUE(u >= -2 && u < 3);
    heads += rng.bernoulli(0.25) ? 1 : 0;
  }
  for (const int count : histogram) EXPECT_NEAR(count, 1000, 150);
  EXPECT_NEAR(heads, 2250, 200);
}

TEST(ShuffledOrder, IsAPermutationOfItsEpoch) {
  const auto order = shuffled_order(1000, 7, 0);
  EXPECT_EQ(order, shuffled_order(1000, 7, 0));
  EXPECT_NE(order, shuffled_order(1000, 7, 1));
  EXPECT_NE(order, shuffled_order(1000, 8, 0));
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) ASSERT_EQ(sorted[i], static_cast<std::int64_t>(i));
  EXPECT_TRUE(shuffled_order(0, 1, 1).empty());
  EXPECT_THROW(shuffled_order(-1, 1, 1), ValueError);
}

TEST(ShuffledOrder, EveryPlaceIsEquallyLikely) {
  std::vector<int> histogram(25);
  for (std::uint64_t epoch = 0; epoch < 5000; ++epoch) {
    const auto order = shuffled_order(5, 1, epoch);
    for (std::size_t i = 0; i < 5; ++i) ++histogram[i * 5 + static_cast<std::size_t>(order[i])];
  }
  for (const int count : histogram) EXPECT_NEAR(count, 1000, 140);  // 5 standard deviations
}

// ---- transforms -----------------------------------------------------------------------------------

/// f32 [2, 3, 4] with the values 1..24.
Tensor counted_image() {
  std::vector<float> values(24);
  std::iota(values.begin(), values.end(), 1.0F);
  return from_values(values, {2, 3, 4});
}

TEST(Transforms, Normalize) {
  const Tensor y = normalize(counted_image(), {{1, 13}, {2, 4}});
  EXPECT_EQ(y.data<float>()[2], 1.0F);
  EXPECT_EQ(y.data<float>()[23], 2.75F);
  EXPECT_TRUE(same_bytes(normalize(counted_image(), {}), counted_image()));
  EXPECT_THROW(normalize(counted_image(), {{1}, {2}}), ValueError);
  EXPECT_THROW(normalize(counted_image(), {{1, 1}, {2, 0}}), ValueError);
  EXPECT_THROW(normalize(empty({1, 2}), {}), ShapeError);
  EXPECT_THROW(normalize(empty({1, 2, 2}, {DType::f64, Device::cpu()}), {}), DTypeError);
}

TEST(Transforms, ToUnitRange) {
  const Tensor y = to_unit_range(from_values(std::vector<std::uint8_t>{0, 51, 255}, {1, 1, 3}));
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{0, 0.2F, 1}));
}

TEST(Transforms, RandomCropGivesEveryWindow) {
  std::set<std::pair<int, int>> seen;
  for (std::uint64_t i = 0; i < 300; ++i) {
    SampleRng rng(1, 1, i);
    const Tensor y = random_crop(counted_image(), 1, rng);
    const float* v = y.data<float>();
    // Element (0, 1, 1) is never padding: 6 moved by (dy, dx) is 6 + 4 dy + dx.
    const int moved = static_cast<int>(v[5]) - 6;
    const int dy = moved > 1 ? 1 : (moved < -1 ? -1 : 0);
    const int dx = moved - 4 * dy;
    seen.insert({dy, dx});
    for (int c = 0; c < 2; ++c) {
      for (int r = 0; r < 3; ++r) {
        for (int x = 0; x < 4; ++x) {
          const bool inside = r + dy >= 0 && r + dy < 3 && x + dx >= 0 && x + dx < 4;
          const float expected = inside ? static_cast<float>(12 * c + 4 * (r + dy) + x + dx + 1) : 0.0F;
          ASSERT_EQ(v[12 * c + 4 * r + x], expected);
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), 9U);
  SampleRng rng(1, 1, 1);
  EXPECT_TRUE(same_bytes(random_crop(counted_image(), 0, rng), counted_image()));
  EXPECT_THROW(random_crop(counted_image(), -1, rng), ValueError);
}

TEST(Transforms, RandomHorizontalFlip) {
  SampleRng rng(1, 1, 1);
  const Tensor y = random_horizontal_flip(counted_image(), 1, rng);
  EXPECT_EQ(y.data<float>()[0], 4);
  EXPECT_EQ(y.data<float>()[23], 21);
  EXPECT_TRUE(same_bytes(random_horizontal_flip(y, 1, rng), counted_image()));
  EXPECT_TRUE(same_bytes(random_horizontal_flip(counted_image(), 0, rng), counted_image()));
  EXPECT_THROW(random_horizontal_flip(counted_image(), 1.5, rng), ValueError);
}

TEST(Transforms, CutoutSetsASquare) {
  const std::int64_t side = 16;
  const Tensor ones = from_values(std::vector<float>(3 * side * side, 1.0F), {3, side, side});
  std::set<std::int64_t> areas;
  for (std::uint64_t i = 0; i < 200; ++i) {
    SampleRng rng(2, 0, i);
    const std::vector<float> y = cutout(ones, 6, rng).to_vector<float>();
    const auto zeros = std::count(y.begin(), y.end(), 0.0F);
    EXPECT_EQ(zeros % 3, 0);
    areas.insert(zeros / 3);
  }
  EXPECT_EQ(*areas.rbegin(), 36);
  EXPECT_GE(*areas.begin(), 9);
  EXPECT_GT(areas.size(), 3U);
  SampleRng rng(0, 0, 0);
  EXPECT_TRUE(same_bytes(cutout(ones, 0, rng), ones));
  const std::vector<float> all = cutout(ones, 40, rng).to_vector<float>();
  EXPECT_EQ(std::count(all.begin(), all.end(), 0.0F), 3 * side * side);
  EXPECT_THROW(cutout(ones, -1, rng), ValueError);
}

// ---- the loader -----------------------------------------------------------------------------------

const Normalization cifar_normalization{{0.4914F, 0.4822F, 0.4465F}, {0.2470F, 0.2435F, 0.2616F}};

LoaderOptions full_options(int workers) {
  LoaderOptions options;
  options.batch_size = 16;
  options.shuffle = true;
  options.workers = workers;
  options.seed = 11;
  options.augmentation = {.crop_padding = 4, .flip_probability = 0.5, .cutout_size = 8};
  options.normalization = cifar_normalization;
  return options;
}

std::vector<Batch> collect(DataLoader& loader) {
  std::vector<Batch> batches;
  while (auto batch = loader.next()) batches.push_back(std::move(*batch));
  return batches;
}

TEST(DataLoaderTest, BatchesAreTheComposedTransforms) {
  const ImageDataset dataset = shapes_dataset(100, 1);
  DataLoader loader(dataset, full_options(0));
  const auto order = shuffled_order(100, 11, 3);
  std::size_t at = 0;
  for (const Batch& batch : loader.epoch(3)) {
    EXPECT_TRUE(batch.images.is_channels_last());
    for (std::int64_t i = 0; i < batch.size(); ++i, ++at) {
      const std::int64_t sample = order[at];
      EXPECT_EQ(batch.labels.data<std::int64_t>()[i], dataset.labels[static_cast<std::size_t>(sample)]);
      const Tensor image = make_view(dataset.images, {3, 32, 32}, {1024, 32, 1}, sample * 3072);
      SampleRng rng(11, 3, static_cast<std::uint64_t>(sample));
      const Tensor expected = augment(image, full_options(0).augmentation, cifar_normalization, rng);
      const float* got = batch.images.data<float>() + i * 3072;
      for (std::int64_t c = 0; c < 3; ++c) {
        for (std::int64_t p = 0; p < 1024; ++p) ASSERT_EQ(got[p * 3 + c], expected.data<float>()[c * 1024 + p]);
      }
    }
  }
  EXPECT_EQ(at, 100U);
}

TEST(DataLoaderTest, PlainBatchesAreTheImages) {
  const ImageDataset dataset = shapes_dataset(5, 1);
  DataLoader loader(dataset, {.batch_size = 5});
  const Batch batch = *loader.next();
  EXPECT_EQ(batch.images.describe(), "f32[5, 3, 32, 32] on cpu");
  EXPECT_EQ(batch.labels.describe(), "i64[5] on cpu");
  const std::vector<float> values = batch.images.to_vector<float>();
  const std::uint8_t* pixels = dataset.images.data<std::uint8_t>();
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<float>(pixels[i]) / 255.0F);
  EXPECT_FALSE(loader.next());
}

TEST(DataLoaderTest, WorkersDoNotChangeTheBits) {
  const ImageDataset dataset = shapes_dataset(333, 2);
  DataLoader reference(dataset, full_options(0));
  for (const int workers : {1, 3}) {
    DataLoader loader(dataset, full_options(workers));
    for (const std::int64_t epoch : {0, 1, 5}) {
      const auto expected = collect(reference.epoch(epoch));
      const auto got = collect(loader.epoch(epoch));
      ASSERT_EQ(expected.size(), 21U);
      ASSERT_EQ(got.size(), expected.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_TRUE(same_bytes(got[i].images, expected[i].images));
        EXPECT_TRUE(same_bytes(got[i].labels, expected[i].labels));
      }
    }
  }
}

TEST(DataLoaderTest, EpochsDifferAndComeBack) {
  DataLoader loader(shapes_dataset(64, 2), full_options(2));
  const Batch first = *loader.next();
  const Batch other = *loader.epoch(1).next();
  EXPECT_FALSE(same_bytes(first.images, other.images));
  EXPECT_TRUE(same_bytes(first.images, loader.epoch(0).next()->images));
  const Batch third = (collect(loader.epoch(4)))[2];
  EXPECT_TRUE(same_bytes(third.images, loader.epoch(4, 2).next()->images));
  EXPECT_FALSE(loader.epoch(4, 4).next());
}

TEST(DataLoaderTest, TheLastBatchMayBeShortOrDropped) {
  for (const int workers : {0, 2}) {
    LoaderOptions options = full_options(workers);
    DataLoader loader(shapes_dataset(40, 1), options);
    const auto batches = collect(loader);
    EXPECT_EQ(loader.batches(), 3);
    ASSERT_EQ(batches.size(), 3U);
    EXPECT_EQ(batches[2].size(), 8);
    options.drop_last = true;
    DataLoader dropping(shapes_dataset(40, 1), options);
    EXPECT_EQ(dropping.batches(), 2);
    EXPECT_EQ(collect(dropping).size(), 2U);
    EXPECT_FALSE(dropping.next());
    DataLoader nothing(shapes_dataset(0, 1), options);
    EXPECT_FALSE(nothing.next());
  }
}

TEST(DataLoaderTest, ExceptionsReachTheCallerInTheirPlace) {
  const ImageDataset dataset = shapes_dataset(64, 2);
  for (const int workers : {0, 1, 3}) {
    LoaderOptions options = full_options(workers);
    options.shuffle = false;
    options.transform = [](const Tensor& image, SampleRng&) {
      EXPECT_EQ(image.sizes(), (Dims{3, 32, 32}));
      if (image.storage_offset() == 3 * 3072) image.data<float>()[0] = 77;
    };
    DataLoader marking(dataset, options);
    EXPECT_EQ(marking.next()->images.data<float>()[3 * 3072], 77);

    std::atomic<int> calls{0};
    options.transform = [&calls](const Tensor&, SampleRng&) {
      if (++calls > 40) throw IoError("broken sample");
    };
    options.prefetch = 1;  // so that batches are made in order
    DataLoader loader(dataset, options);
    EXPECT_TRUE(loader.next());
    EXPECT_TRUE(loader.next());
    EXPECT_THROW(loader.next(), IoError);
    EXPECT_FALSE(loader.next());
    calls = -100;
    EXPECT_EQ(collect(loader.epoch(1)).size(), 4U);
  }
}

TEST(DataLoaderTest, PrefetchIsBounded) {
  LoaderOptions options = full_options(3);
  options.batch_size = 1;
  options.prefetch = 5;
  std::atomic<int> made{0};
  options.transform = [&made](const Tensor&, SampleRng&) { ++made; };
  DataLoader loader(shapes_dataset(200, 1), options);
  for (int delivered = 1; delivered <= 200; ++delivered) {
    ASSERT_TRUE(loader.next());
    ASSERT_LE(made.load(), delivered + 5);
  }
  EXPECT_FALSE(loader.next());
  EXPECT_EQ(made.load(), 200);
}

TEST(DataLoaderTest, EarlyDestructionAndMovesAreClean) {
  const ImageDataset dataset = shapes_dataset(300, 1);
  for (int i = 0; i < 30; ++i) {
    DataLoader loader(dataset, full_options(3));
    if (i % 3 != 0) loader.next();
    DataLoader moved = std::move(loader);
    if (i % 3 == 2) {
      moved.next();
      moved = DataLoader(dataset, full_options(1));
      moved.epoch(2);
    }
  }
}

TEST(DataLoaderTest, BadOptionsAreRefused) {
  const ImageDataset dataset = shapes_dataset(10, 1);
  const auto make = [&](auto change) {
    LoaderOptions options;
    change(options);
    DataLoader loader(dataset, options);
  };
  EXPECT_THROW(make([](LoaderOptions& o) { o.batch_size = 0; }), ValueError);
  EXPECT_THROW(make([](LoaderOptions& o) { o.workers = -1; }), ValueError);
  EXPECT_THROW(make([](LoaderOptions& o) { o.prefetch = 0; }), ValueError);
  EXPECT_THROW(make([](LoaderOptions& o) { o.augmentation.crop_padding = -1; }), ValueError);
  EXPECT_THROW(make([](LoaderOptions& o) { o.augmentation.flip_probability = std::nan(""); }), ValueError);
  EXPECT_THROW(make([](LoaderOptions& o) { o.augmentation.cutout_size = -2; }), ValueError);
  EXPECT_THROW(make([](LoaderOptions& o) { o.normalization = {{0.5F}, {0.5F}}; }), ValueError);
  EXPECT_THROW(DataLoader(ImageDataset(), {}), ValueError);
  DataLoader loader(dataset, {});
  EXPECT_THROW(loader.epoch(-1), ValueError);
  EXPECT_THROW(loader.epoch(0, 2), ValueError);
}

TEST(DataLoaderTest, LargePaddingAndGreyOddSizes) {
  const Tensor images = from_values(counted_bytes(2 * 1 * 5 * 7), {2, 1, 5, 7});
  const ImageDataset dataset{images, {0, 1}, {"a", "b"}};
  LoaderOptions options;
  options.augmentation = {.crop_padding = 12, .flip_probability = 0.5, .cutout_size = 3};
  DataLoader loader(dataset, options);
  for (std::int64_t epoch = 0; epoch < 200; ++epoch) {
    const Batch batch = *loader.epoch(epoch).next();
    for (std::int64_t i = 0; i < 2; ++i) {
      SampleRng rng(0, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(i));
      const Tensor image = make_view(images, {1, 5, 7}, {35, 7, 1}, i * 35);
      const Tensor expected = augment(image, options.augmentation, {}, rng);
      ASSERT_EQ(std::memcmp(batch.images.data<float>() + i * 35, expected.raw_data(), 35 * sizeof(float)), 0);
    }
  }
}

}  // namespace
}  // namespace cairn
