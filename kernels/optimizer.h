/// One parameter's step of an optimizer, in one pass over memory. Learning rate and step count are read
/// through pointers when the kernel runs. All tensors of one call: one shape and dense layout, f32 or f64.
#pragma once

#include <cairn/core/view.h>

namespace cairn::inline v0 {

struct SgdOptions {
  double momentum = 0.0;
  double dampening = 0.0;
  double weight_decay = 0.0;
  bool nesterov = false;
  bool decoupled = false;  ///< theta -= lr * weight_decay * theta instead of adding weight_decay * theta to the gradient
};

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.0;
  bool decoupled = false;  ///< AdamW (Loshchilov and Hutter 2019)
};

struct OptimizerKernels {
  /// g = grad (+ weight_decay * theta when coupled); with momentum: v = momentum * v + (1 - dampening) * g
  /// (v = g when *step == 1), g = nesterov ? g + momentum * v : v; theta -= lr * g (and lr * weight_decay *
  /// theta, the old one, when decoupled). `velocity` is not given without momentum.
  Status (*sgd)(Context&, View theta, View grad, View velocity, const SgdOptions& options, const double* learning_rate,
                const std::int64_t* step);

  /// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
  /// theta -= lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps), t = *step >= 1 (Kingma and Ba 2015).
  Status (*adam)(Context&, View theta, View grad, View m, View v, const AdamOptions& options,
                 const double* learning_rate, const std::int64_t* step);
};

}  // namespace cairn::inline v0
