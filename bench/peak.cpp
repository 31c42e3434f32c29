/// The two numbers that everything else is measured against: how many multiply-adds the cores can do, and how many
/// bytes the memory can move.
#include "bench.h"

#include <cairn/core/parallel.h>
#include <cairn/kernels/kernels.h>

#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace bench {

namespace {

/// Independent chains of dependent multiply-adds: enough to fill two pipes of latency 4 to 6, few enough for 16 registers.
constexpr int chains = 12;

__attribute__((target("avx512f"))) float fma_chains_avx512(std::int64_t rounds) {
  __m512 sum[chains];
  for (int i = 0; i < chains; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 factor = _mm512_set1_ps(0.5F), term = _mm512_set1_ps(1.0F);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) sum[i] = _mm512_fmadd_ps(sum[i], factor, term);
  }
  for (int i = 1; i < chains; ++i) sum[0] = _mm512_add_ps(sum[0], sum[i]);
  return _mm512_cvtss_f32(sum[0]);
}

__attribute__((target("avx2,fma"))) float fma_chains_avx2(std::int64_t rounds) {
  __m256 sum[chains];
  for (int i = 0; i < chains; ++i) sum[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 factor = _mm256_set1_ps(0.5F), term = _mm256_set1_ps(1.0F);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) sum[i] = _mm256_fmadd_ps(sum[i], factor, term);
  }
  for (int i = 1; i < chains; ++i) sum[0] = _mm256_add_ps(sum[0], sum[i]);
  return _mm256_cvtss_f32(sum[0]);
}

double seconds_of(const Step& step) {
  const auto begin = std::chrono::steady_clock::now();
  step();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The shortest of several runs: a peak is what the machine does when nothing is in its way.
double best_seconds(int runs, const Step& step) {
  double best = seconds_of(step);
  for (int i = 1; i < runs; ++i) best = std::min(best, seconds_of(step));
  return best;
}

double fma_flops(int threads) {
  constexpr std::int64_t rounds = 1'000'000;  // a few milliseconds: short enough to find a quiet moment
  const bool wide = cairn::cpu_isa() == cairn::Isa::avx512;
  const double flop = 2.0 * chains * (wide ? 16 : 8) * static_cast<double>(rounds) * threads;
  return flop / best_seconds(20, [&] {
           cairn::parallel_chunks(threads, [&](std::int64_t) {
             [[maybe_unused]] volatile float sink = wide ? fma_chains_avx512(rounds) : fma_chains_avx2(rounds);
           });
         });
}

double triad_bytes(bool streaming) {
  constexpr std::int64_t count = 32 << 20, grain = 1 << 16;
  const cairn::Tensor a = cairn::empty({count}), b = normal({count}), c = normal({count});
  float* to = a.data<float>();
  const float *x = b.data<float>(), *y = c.data<float>();
  const auto plain = [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = x[i] + 3.0F * y[i];
  };
  const auto bypassing = [=](std::int64_t begin, std::int64_t end) {
    const __m128 scale = _mm_set1_ps(3.0F);
    for (std::int64_t i = begin; i < end; i += 4) {
      _mm_stream_ps(to + i, _mm_add_ps(_mm_load_ps(x + i), _mm_mul_ps(scale, _mm_load_ps(y + i))));
    }
    _mm_sfence();
  };
  const double best = best_seconds(6, [&] {
    if (streaming) {
      cairn::parallel_for(count, grain, bypassing);
    } else {
      cairn::parallel_for(count, grain, plain);
    }
  });
  return 12.0 * static_cast<double>(count) / best;
}

}  // namespace

const Peak& peak() {
  static const Peak measured{fma_flops(1), fma_flops(cairn::num_threads()), triad_bytes(false), triad_bytes(true)};
  return measured;
}

}  // namespace bench
