#include <cairn/nn/loss.h>

namespace cairn::inline v0::nn {

namespace {

/// The weight as it is now: the module may have been moved or converted.
CrossEntropyArgs with_weight(CrossEntropyArgs args, const Tensor& weight) {
  args.class_weight = weight;
  return args;
}

}  // namespace

Tensor CrossEntropyLoss::forward(const Tensor& logits, const Tensor& target) {
  return cross_entropy(logits, target, with_weight(args_, weight));
}

Tensor NLLLoss::forward(const Tensor& log_probabilities, const Tensor& target) {
  return nll_loss(log_probabilities, target, with_weight(args_, weight));
}

}  // namespace cairn::inline v0::nn
