/// cairn_bench [--threads N] [Google Benchmark's options, such as --benchmark_filter=REGEX]
/// Prints the machine's peak, then each case with its share of it.
#include "bench.h"

#include <cairn/autograd/ops.h>
#include <cairn/core/error.h>
#include <cairn/core/generator.h>
#include <cairn/core/parallel.h>
#include <cairn/kernels/kernels.h>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;

/// The operands of the latest case only: Google Benchmark calls a case several times, and some need gigabytes.
const Step& prepared(const Case& each) {
  static std::string name;
  static Step step;
  if (name != each.name) {
    step = nullptr;  // give memory back before asking for more
    cairn::manual_seed(1);
    step = each.build();
    step();
    step();
    name = each.name;
  }
  return step;
}

double median(std::vector<double> samples) {
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

void measure(benchmark::State& state, const Case& each) {
  const Step& step = prepared(each);
  std::vector<double> samples;
  for ([[maybe_unused]] auto iteration : state) {
    const auto begin = Clock::now();
    step();
    samples.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  const double seconds = median(samples), rate = each.units / seconds;
  state.counters["median_s"] = seconds;
  state.counters["min_s"] = *std::min_element(samples.begin(), samples.end());
  state.counters[each.unit + "/s"] = rate;
  if (each.unit == "flop") state.counters["of_peak"] = rate / peak().flops_all_threads;
  if (each.unit == "byte") state.counters["of_triad"] = rate / peak().best_triad();
}

/// Takes "--threads N" or "--threads=N" out of the arguments.
void take_threads(int& argc, char** argv) {
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const char* value = nullptr;
    if (std::strncmp(argv[i], "--threads=", 10) == 0) {
      value = argv[i] + 10;
    } else if (std::strcmp(argv[i], "--threads") == 0) {
      cairn::check<cairn::ValueError>(i + 1 < argc, "cairn_bench", "--threads needs a number");
      value = argv[++i];
    }
    if (value == nullptr) {
      argv[kept++] = argv[i];
      continue;
    }
    char* end = nullptr;
    const long count = std::strtol(value, &end, 10);
    cairn::check<cairn::ValueError>(*value != '\0' && *end == '\0' && count >= 1 && count <= 4096, "cairn_bench",
                                    "--threads must be a positive number, not \"", value, "\"");
    cairn::set_num_threads(static_cast<int>(count));
  }
  argc = kept;
}

void report_peak() {
  const Peak& p = peak();
  std::fprintf(stderr,
               "peak (%s): f32 FMA %.1f GFLOP/s on one thread, %.1f on %d; triad %.1f GB/s (%.1f with streaming stores)\n",
               name_of(cairn::cpu_isa()), p.flops_one_thread * 1e-9, p.flops_all_threads * 1e-9, cairn::num_threads(),
               p.triad_plain * 1e-9, p.triad_streaming * 1e-9);
  benchmark::AddCustomContext("isa", name_of(cairn::cpu_isa()));
  benchmark::AddCustomContext("threads", std::to_string(cairn::num_threads()));
  benchmark::AddCustomContext("peak_flops_one_thread", std::to_string(p.flops_one_thread));
  benchmark::AddCustomContext("peak_flops", std::to_string(p.flops_all_threads));
  benchmark::AddCustomContext("triad_plain", std::to_string(p.triad_plain));
  benchmark::AddCustomContext("triad_streaming", std::to_string(p.triad_streaming));
}

int run(int argc, char** argv) {
  take_threads(argc, argv);
  bool list_only = false;
  for (int i = 1; i < argc; ++i) list_only = list_only || std::strncmp(argv[i], "--benchmark_list_tests", 22) == 0;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  add_gemm_cases();
  add_conv_cases();
  add_op_cases();
  add_train_cases();
  if (!list_only) report_peak();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace

void add_case(Case each) {
  const std::string name = each.name;
  benchmark::RegisterBenchmark(name.c_str(), [each = std::move(each)](benchmark::State& state) { measure(state, each); })
      ->Unit(benchmark::kMillisecond);
}

cairn::Tensor normal(const cairn::Dims& sizes, bool requires_grad) {
  cairn::Tensor x = cairn::randn(sizes);
  if (x.rank() == 4) x = x.channels_last();
  return x.set_requires_grad(requires_grad);
}

}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
