/// The multilayer perceptron.
#pragma once

#include <cairn/nn/linear.h>

namespace cairn::inline v0::nn {

/// Linear layers with a ReLU between them: MLP({784, 256, 10}) takes [N, …] with 784 values per sample to [N, 10].
/// Parameters are "layers.0.weight", "layers.0.bias", "layers.1.weight", …
class CAIRN_API MLP : public Module {
 public:
  std::vector<Linear> layers;
  CAIRN_MODULE(MLP, layers)

  /// Throws ValueError for fewer than two widths.
  explicit MLP(const std::vector<std::int64_t>& widths);

  Tensor forward(const Tensor& x) override;
};

}  // namespace cairn::inline v0::nn
