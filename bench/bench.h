/// How a family adds its cases, and what each case is measured against.
#pragma once

#include <cairn/core/tensor.h>

#include <functional>
#include <string>

namespace bench {

/// What is timed: one call of a step whose operands exist already.
using Step = std::function<void()>;

/// One named case. Names, operands and units are those of bench/peers/torch_cpu.py.
struct Case {
  std::string name;
  std::string unit;  ///< "flop", "byte", "elem", "param" or "image"
  double units = 0;  ///< per call
  std::function<Step()> build;  ///< makes the operands; called once before the case is timed
};

/// Registers the case with Google Benchmark. Reported counters: median_s and min_s (seconds per call), unit/s at the
/// median, and for units "flop" and "byte" its share of the machine's peak.
void add_case(Case each);

// One function per file, called by main().
void add_gemm_cases();
void add_conv_cases();
void add_op_cases();
void add_train_cases();

/// What the machine can do with num_threads() threads, measured by loops of our own (peak.cpp).
struct Peak {
  double flops_one_thread;   ///< f32 fused multiply-adds count as two
  double flops_all_threads;
  double triad_plain;        ///< bytes per second of a = b + s c over arrays beyond any cache; 12 bytes an element
  double triad_streaming;    ///< the same with stores that bypass the cache
  double best_triad() const { return triad_plain > triad_streaming ? triad_plain : triad_streaming; }
};

/// Measured at the first call (about a second) and kept.
const Peak& peak();

/// Standard normal f32, 4-d ones in channels-last memory as Cairn keeps its images.
cairn::Tensor normal(const cairn::Dims& sizes, bool requires_grad = false);

}  // namespace bench
