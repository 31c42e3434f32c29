/// Losses for classification and regression. docs/cross_entropy.md derives the cross-entropy ones.
#pragma once

#include <cairn/core/tensor.h>

#include <cstdint>

namespace cairn::inline v0 {

enum class Reduction { none, mean, sum };

/// -(y log p + (1 - y) log(1 - p)) for probabilities p in [0, 1] and targets y of the same shape, logarithms not below
/// -100, times `weight` (broadcast) when defined. Throws ValueError for p outside [0, 1].
CAIRN_API Tensor binary_cross_entropy(const Tensor& p, const Tensor& y, Reduction reduction = Reduction::mean,
                                      const Tensor& weight = {});

/// The same of p = sigmoid(z), as max(z, 0) - z y + log(1 + exp(-|z|)): exact for any finite z.
CAIRN_API Tensor binary_cross_entropy_with_logits(const Tensor& z, const Tensor& y, Reduction reduction = Reduction::mean,
                                                  const Tensor& weight = {});

struct CrossEntropyArgs {
  Tensor class_weight = {};          ///< [K]; the mean divides by the sum of the weights of the targets
  double label_smoothing = 0.0;      ///< in [0, 1]: the target becomes (1 - s) onehot + s / K
  std::int64_t ignore_index = -100;  ///< targets of this value count nowhere
  Reduction reduction = Reduction::mean;
};

/// Cross-entropy between softmax(logits) and integer targets: logits [N, K] or [N, K, d1, …], target i64 [N] or
/// [N, d1, …]. Forward and backward are one fused kernel each; the gradient is softmax(z) - y. Throws IndexError for a
/// target outside [0, K) that is not ignore_index. A mean over no targets is NaN.
CAIRN_API Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyArgs& args = {});

/// -log_probabilities[n, target[n]], with shapes, weights and reductions as in cross_entropy (no smoothing).
CAIRN_API Tensor nll_loss(const Tensor& log_probabilities, const Tensor& target, const CrossEntropyArgs& args = {});

/// (a - b)^2.
CAIRN_API Tensor mse_loss(const Tensor& a, const Tensor& b, Reduction reduction = Reduction::mean);

/// |a - b|.
CAIRN_API Tensor l1_loss(const Tensor& a, const Tensor& b, Reduction reduction = Reduction::mean);

}  // namespace cairn::inline v0
