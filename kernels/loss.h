/// Classification losses; the formulas are derived in docs/cross_entropy.md.
#pragma once

#include <cairn/core/view.h>

namespace cairn::inline v0 {

struct CrossEntropyOptions {
  double label_smoothing = 0.0;     ///< in [0, 1]
  std::int64_t ignore_index = -100;  ///< rows with this target have loss and gradient 0
};

/// logits, log_probabilities and their gradients: [rows, cols], contiguous, f32 or f64; target: i64 [rows],
/// contiguous; class_weight: [cols] or not given; loss, lse, dloss: [rows]. A target outside [0, cols) that
/// is not ignore_index: Status::index_out_of_range.
struct LossKernels {
  /// With w the class weights (ones when not given), s the label smoothing, K = cols, t the target:
  ///   lse  = log sum_k exp(z_k)
  ///   loss = (1 - s) w_t (lse - z_t) + (s / K) sum_k w_k (lse - z_k)
  Status (*cross_entropy_forward)(Context&, View logits, View target, View class_weight,
                                  const CrossEntropyOptions& options, View loss, View lse);

  /// dz_k = dloss * [ ((1 - s) w_t + (s / K) sum_j w_j) softmax(z)_k - (1 - s) w_t [k = t] - (s / K) w_k ]
  Status (*cross_entropy_backward)(Context&, View logits, View target, View class_weight,
                                   const CrossEntropyOptions& options, View lse, View dloss, View dlogits);

  /// loss = -w_t log_probability_t.
  Status (*nll_forward)(Context&, View log_probabilities, View target, View class_weight, std::int64_t ignore_index,
                        View loss);

  /// d log_probability_k = -w_t dloss [k = t].
  Status (*nll_backward)(Context&, View target, View class_weight, std::int64_t ignore_index, View dloss,
                         View dlog_probabilities);
};

}  // namespace cairn::inline v0
