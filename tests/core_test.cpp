/// Element types, shapes, memory, random numbers, threads and devices; print_test.cpp has the printing.
#include <cairn/core/allocator.h>
#include <cairn/core/device.h>
#include <cairn/core/generator.h>
#include <cairn/core/parallel.h>
#include <cairn/core/philox.h>
#include <cairn/core/plugin.h>
#include <cairn/core/tensor.h>

#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <cmath>
#include <fstream>
#include <numeric>

namespace {

using namespace cairn;

/// The text of the exception E that `call` throws; fails when none or another comes.
template <class E, class Call>
std::string text_of(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
    return "";
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}
#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

// ---- 16-bit formats -------------------------------------------------------------------------------

/// `v` rounded to nearest even among numbers with `mantissa` stored bits and exponents from `lowest`, in f64, where
/// every step is exact; infinite from `limit` on.
double rounded(double v, int mantissa, int lowest, double limit) {
  if (!std::isfinite(v) || v == 0.0) return v;
  const double quantum = std::ldexp(1.0, std::max(std::ilogb(v), lowest) - mantissa);
  const double result = std::nearbyint(v / quantum) * quantum;
  return std::abs(result) >= limit ? std::copysign(INFINITY, v) : result;
}

template <class T>
void expect_rounding(float v, int mantissa, int lowest, double limit) {
  const double got = static_cast<double>(static_cast<float>(T(v)));
  const double want = rounded(static_cast<double>(v), mantissa, lowest, limit);
  const bool same = std::isnan(v) ? std::isnan(got) : got == want && std::signbit(got) == std::signbit(v);
  ASSERT_TRUE(same) << "from " << v << " came " << got << ", expected " << want;
}

TEST(SixteenBits, AllPatternsRoundTrip) {
  for (std::uint32_t pattern = 0; pattern < 65536; ++pattern) {
    Half half;
    half.bits = static_cast<std::uint16_t>(pattern);
    BFloat16 brain;
    brain.bits = static_cast<std::uint16_t>(pattern);
    const auto h = static_cast<float>(half), b = static_cast<float>(brain);
    if (std::isnan(h)) EXPECT_TRUE(std::isnan(static_cast<float>(Half(h))));
    else ASSERT_EQ(Half(h).bits, half.bits);
    if (std::isnan(b)) EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(b))));
    else ASSERT_EQ(BFloat16(b).bits, brain.bits);
    const int exponent = static_cast<int>((pattern >> 10) & 31);  // the value by the definition of binary16
    if (exponent == 31) continue;
    const double magnitude = exponent == 0 ? std::ldexp(pattern & 1023, -24) : std::ldexp(1024 + (pattern & 1023), exponent - 25);
    ASSERT_EQ(h, static_cast<float>((pattern & 0x8000) != 0 ? -magnitude : magnitude)) << pattern;
  }
}

TEST(SixteenBits, RoundToNearestEven) {
  std::vector<float> values = {0.0F, -0.0F, 65504.0F, 65519.996F, 65520.0F, 0x1p-24F, 0x1p-25F, 0x1.000002p-25F, 0x1.8p-24F, 0x1.ff8p-15F,
                               0x1.ffep-15F, 1.0F + 0x1p-11F, 1.0F + 0x3p-11F, 1.0F + 0x1p-8F, 1.0F + 0x3p-8F, 3.4e38F, 0x1.fep127F, 0x1.ffp127F, INFINITY, NAN, 0x1p-149F};
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 4093) values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  for (const float v : values) {
    for (const float signed_v : {v, -v}) {
      expect_rounding<Half>(signed_v, 10, -14, 65520.0);
      expect_rounding<BFloat16>(signed_v, 7, -126, 0x1p128);
    }
  }
}

TEST(DTypes, PromoteLikePyTorch) {
  const DType f32 = DType::f32, f64 = DType::f64, bf16 = DType::bf16, f16 = DType::f16, i64 = DType::i64, i32 = DType::i32, u8 = DType::u8, b = DType::boolean;
  const DType order[] = {f32, f64, bf16, f16, i64, i32, u8, b};
  const DType table[8][8] = {{f32, f64, f32, f32, f32, f32, f32, f32},  {f64, f64, f64, f64, f64, f64, f64, f64},
                             {f32, f64, bf16, f32, bf16, bf16, bf16, bf16}, {f32, f64, f32, f16, f16, f16, f16, f16},
                             {f32, f64, bf16, f16, i64, i64, i64, i64}, {f32, f64, bf16, f16, i64, i32, i32, i32},
                             {f32, f64, bf16, f16, i64, i32, u8, u8},   {f32, f64, bf16, f16, i64, i32, u8, b}};
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 8; ++j) EXPECT_EQ(promote(order[i], order[j]), table[i][j]) << name_of(order[i]) << " with " << name_of(order[j]);
  }
}

// ---- shapes ---------------------------------------------------------------------------------------

TEST(Dims, HoldAtMostEight) {
  Dims dims{2, 3};
  dims.push_back(4);
  dims.insert(0, 1);
  EXPECT_EQ(dims, (Dims{1, 2, 3, 4}));
  dims.erase(1);
  EXPECT_EQ(dims, (Dims{1, 3, 4}));
  EXPECT_EQ(dims.product(), 12);
  EXPECT_EQ(Dims{}.product(), 1);
  EXPECT_SAYS(text_of<ShapeError>([] { Dims::filled(9, 1); }), "8");
}

TEST(Dims, NormalizeAndBroadcast) {
  EXPECT_EQ(normalize_dim("op", -1, 3), 2);
  EXPECT_SAYS(text_of<IndexError>([] { (void)normalize_dim("op", 3, 3); }), "[op] dimension 3");
  EXPECT_SAYS(text_of<IndexError>([] { (void)normalize_dim("op", -4, 3); }), "-4");
  EXPECT_EQ(broadcast_shapes("op", {2, 1, 3}, {4, 1}), (Dims{2, 4, 3}));
  EXPECT_EQ(broadcast_shapes("op", {0, 1}, {1, 3}), (Dims{0, 3}));
  EXPECT_SAYS(text_of<ShapeError>([] { (void)broadcast_shapes("op", {2}, {3}); }), "[op] shapes [2] and [3]");
}

TEST(Strides, RowMajorAndChannelsLast) {
  EXPECT_EQ(row_major_strides({2, 3, 4}), (Dims{12, 4, 1}));
  EXPECT_EQ(channels_last_strides({2, 3, 4, 5}), (Dims{60, 1, 15, 3}));
  const Tensor x = empty_strided({2, 3, 4, 5}, channels_last_strides({2, 3, 4, 5}));
  EXPECT_TRUE(x.is_channels_last());
  EXPECT_FALSE(x.is_contiguous());
  EXPECT_EQ(empty_like(x).strides(), x.strides());
  const Tensor ambiguous = empty_strided({2, 1, 4, 5}, channels_last_strides({2, 1, 4, 5}));  // both: ties are row-major
  EXPECT_TRUE(ambiguous.is_contiguous());
  EXPECT_FALSE(ambiguous.is_channels_last());
  EXPECT_SAYS(text_of<ShapeError>([] { (void)empty_strided({2, 2}, {4, 1}); }), "gaps");
  EXPECT_SAYS(text_of<ShapeError>([] { (void)empty({2, -3}); }), "[2, -3]");
}

TEST(View, StaysInsideTheStorage) {
  const Tensor x = from_values<float>({0, 1, 2, 3, 4, 5}, {6});
  EXPECT_EQ(make_view(x, {2, 2}, {3, 1}, 1).to_vector<float>(), (std::vector<float>{1, 2, 4, 5}));
  EXPECT_EQ(make_view(x, {3}, {-2}, 5).to_vector<float>(), (std::vector<float>{5, 3, 1}));
  EXPECT_TRUE(make_view(x, {3}, {1}, 0).is_view());
  EXPECT_SAYS(text_of<ShapeError>([&] { (void)make_view(x, {3}, {2}, 2); }), "[make_view]");
  EXPECT_SAYS(text_of<ShapeError>([&] { (void)make_view(x, {3}, {-2}, 3); }), "[make_view]");
  EXPECT_SAYS(text_of<ShapeError>([&] { (void)make_view(x, {3}, {1}, -1); }), "[make_view]");
  EXPECT_NO_THROW((void)make_view(x, {0, 3}, {3, 1}, 6));
}

TEST(Tensor, SaysWhatItIs) {
  EXPECT_EQ(empty({2, 3}, {DType::bf16}).describe(), "bf16[2, 3] on cpu");
  EXPECT_EQ(Tensor().describe(), "undefined");
  EXPECT_SAYS(text_of<ValueError>([] { (void)Tensor().sizes(); }), "undefined");
  EXPECT_SAYS(text_of<DTypeError>([] { (void)empty({2}).data<double>(); }), "f64");
  EXPECT_SAYS(text_of<ShapeError>([] { (void)from_values<float>({1, 2}, {3}); }), "[3]");
}

// ---- memory ---------------------------------------------------------------------------------------

TEST(FromMemory, WrapsWithoutCopyingAndReleases) {
  std::vector<float> memory = {1, 2, 3, 4};
  int released = 0;
  {
    Tensor row;
    {
      const Tensor x = from_memory(memory.data(), {2, 2}, DType::f32, [&] { ++released; });
      EXPECT_EQ(x.data<float>(), memory.data());
      row = make_view(x, {2}, {1}, 2);
    }
    EXPECT_EQ(released, 0) << "a view still holds the memory";
    memory[2] = 9;
    EXPECT_EQ(row.to_vector<float>(), (std::vector<float>{9, 4}));
  }
  EXPECT_EQ(released, 1);
}

class AllocatorTest : public testing::Test {
 protected:
  Allocator& cpu = allocator(Device::cpu());
  void SetUp() override { cpu.release_cached(); }
  void TearDown() override { cpu.set_limit(0); }
};

TEST_F(AllocatorTest, CountsAndCaches) {
  const MemoryStats before = cpu.stats();
  void* first = cpu.allocate(1000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % 64, 0U);
  EXPECT_GE(cpu.stats().in_use, before.in_use + 1000);
  EXPECT_LE(cpu.stats().in_use, before.in_use + 1250 + 64);
  cpu.release(first, 1000);
  EXPECT_EQ(cpu.stats().in_use, before.in_use);
  EXPECT_GE(cpu.stats().cached, 1000U);
  EXPECT_EQ(cpu.allocate(1000), first) << "the freed block is used again";
  EXPECT_EQ(cpu.stats().cache_hits, before.cache_hits + 1);
  EXPECT_EQ(cpu.stats().allocations, before.allocations + 2);
  cpu.release(first, 1000);
  cpu.release_cached();
  EXPECT_EQ(cpu.stats().cached, 0U);
  EXPECT_EQ(cpu.allocate(0), nullptr);
  cpu.release(nullptr, 0);
}

TEST_F(AllocatorTest, RemembersThePeak) {
  cpu.reset_peak();
  const std::size_t base = cpu.stats().in_use;
  cpu.release(cpu.allocate(1 << 20), 1 << 20);
  EXPECT_GE(cpu.stats().peak_in_use, base + (1 << 20));
  cpu.reset_peak();
  EXPECT_EQ(cpu.stats().peak_in_use, cpu.stats().in_use);
}

TEST_F(AllocatorTest, OutOfMemorySaysAskedHeldFree) {
  const Tensor held = empty({1 << 18});  // 1 MiB
  cpu.set_limit(cpu.stats().in_use + (2 << 20));
  const std::string text = text_of<OutOfMemoryError>([] { (void)empty({3 << 18}); });
  EXPECT_SAYS(text, "asked for 3.0 MiB");
  EXPECT_SAYS(text, "held");
  EXPECT_SAYS(text, "free 2.0 MiB");
  EXPECT_NO_THROW((void)empty({1 << 18})) << "a smaller one still fits";
}

TEST_F(AllocatorTest, RefusesAnAbsurdSize) {
  EXPECT_SAYS(text_of<OutOfMemoryError>([] { (void)empty({std::int64_t{1} << 58}); }), "asked for");
  EXPECT_SAYS(text_of<ShapeError>([] { (void)empty({std::int64_t{1} << 40, std::int64_t{1} << 40}); }), "too many");
  EXPECT_THROW((void)cpu.allocate(SIZE_MAX), OutOfMemoryError);
  EXPECT_NO_THROW((void)empty({std::int64_t{1} << 40, 0, std::int64_t{1} << 40})) << "no elements, no memory";
}

// ---- random numbers -------------------------------------------------------------------------------

TEST(Philox, KnownAnswers) {  // the known-answer file of Random123, philox4x32 with 10 rounds
  const PhiloxBlock zero = philox(0, 0);
  EXPECT_EQ(zero.word[0], 0x6627e8d5U);
  EXPECT_EQ(zero.word[1], 0xe169c58dU);
  EXPECT_EQ(zero.word[2], 0xbc57ac4cU);
  EXPECT_EQ(zero.word[3], 0x9b00dbd8U);
  EXPECT_EQ(philox_word(6, 0), philox(1, 0).word[2]);
}

TEST(Philox, UniformTakesTheUpperBits) {
  EXPECT_EQ(uniform_from_bits(0), 0.0F);
  EXPECT_EQ(uniform_from_bits(0xff), 0.0F);
  EXPECT_EQ(uniform_from_bits(0x80000000U), 0.5F);
  EXPECT_EQ(uniform_from_bits(0xffffffffU), 1.0F - 0x1p-24F);
}

TEST(Generator, KeepsItsPlace) {
  manual_seed(42);
  EXPECT_EQ(random_state().seed, 42U);
  EXPECT_EQ(advance_random(10).offset, 0U);
  EXPECT_EQ(random_state().offset, 10U);
  set_random_state({7, 3});
  EXPECT_EQ(advance_random(1).offset, 3U);
  manual_seed(42);
  EXPECT_EQ(random_state().offset, 0U);
}

// ---- threads --------------------------------------------------------------------------------------

class ThreadsTest : public testing::Test {
 protected:
  int before = num_threads();
  void TearDown() override { set_num_threads(before); }
};

TEST_F(ThreadsTest, EveryIndexOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    EXPECT_EQ(num_threads(), threads);
    for (const std::int64_t count : {0, 1, 7, 1000}) {
      for (const std::int64_t grain : {0, 1, 3, 2000}) {
        std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
        parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
        });
        for (const auto& n : visits) ASSERT_EQ(n.load(), 1) << threads << " threads, " << count << " by " << grain;
      }
    }
  }
}

TEST_F(ThreadsTest, NestedCallsRunInTheCallingThread) {
  set_num_threads(3);
  std::atomic<int> total{0}, widest{0};
  parallel_chunks(4, [&](std::int64_t) {
    if (num_threads() > widest) widest = num_threads();
    parallel_chunks(5, [&](std::int64_t) { ++total; });
  });
  EXPECT_EQ(total, 20);
  EXPECT_EQ(widest, 1);
}

TEST_F(ThreadsTest, GuardAndErrors) {
  set_num_threads(4);
  {
    const SingleThreadGuard guard;
    EXPECT_EQ(num_threads(), 1);
  }
  EXPECT_EQ(num_threads(), 4);
  EXPECT_SAYS(text_of<ValueError>([] { set_num_threads(0); }), "[set_num_threads]");
  EXPECT_SAYS(text_of<ValueError>([] { set_num_threads(-2); }), "-2");
}

// ---- devices --------------------------------------------------------------------------------------

TEST(DeviceText, ParsesAndPrints) {
  EXPECT_EQ(Device::parse("cpu"), Device::cpu());
  EXPECT_EQ(Device::parse("cuda"), Device::cuda(0));
  EXPECT_EQ(Device::parse("cuda:3"), Device::cuda(3));
  EXPECT_EQ(to_string(Device::cuda(1)), "cuda:1");
  for (const char* text : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "CPU", "cpu:0x", "cuda:99999999999"}) {
    EXPECT_SAYS(text_of<DeviceError>([=] { (void)Device::parse(text); }), concat("\"", text, "\""));
  }
}

/// A plugin is loaded once per process: each case runs in a process of its own.
class PluginDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  /// Asks for the CUDA device with this plugin and ends the process; the error's text is on stderr.
  [[noreturn]] static void ask_for_cuda(const char* plugin) {
    setenv("CAIRN_CUDA_PLUGIN", plugin, 1);
    if (is_available(Device::cuda())) std::exit(3);
    try {
      (void)empty({2}, {DType::f32, Device::cuda()});
    } catch (const DeviceError& error) {
      std::fprintf(stderr, "DeviceError: %s\n", error.what());
      std::exit(0);
    }
    std::exit(2);
  }
};

TEST_F(PluginDeathTest, MissingFile) {
  EXPECT_EXIT(ask_for_cuda("/nowhere/libcairn_cuda.so"), testing::ExitedWithCode(0), "cuda:0 is not available.*/nowhere/libcairn_cuda.so could not be loaded");
}
TEST_F(PluginDeathTest, TextFile) {
  const std::string path = testing::TempDir() + "not_a_plugin.so";
  std::ofstream(path) << "this is no shared library\n";
  EXPECT_EXIT(ask_for_cuda(path.c_str()), testing::ExitedWithCode(0), "not_a_plugin.so could not be loaded");
}
TEST_F(PluginDeathTest, OtherLibrary) {
  EXPECT_EXIT(ask_for_cuda(CAIRN_PLUGIN_NO_ENTRY), testing::ExitedWithCode(0), "is not a Cairn plugin.*cairn_plugin");
}
TEST_F(PluginDeathTest, WrongAbi) {
  EXPECT_EXIT(ask_for_cuda(CAIRN_PLUGIN_WRONG_ABI), testing::ExitedWithCode(0), "built for plugin ABI 4[0-9].*this library needs");
}
TEST_F(PluginDeathTest, NoDevice) {
  EXPECT_EXIT(ask_for_cuda(CAIRN_PLUGIN_NO_DEVICE), testing::ExitedWithCode(0), "cuda:0 is not available: a bus without cards sees 0 devices");
}

}  // namespace
