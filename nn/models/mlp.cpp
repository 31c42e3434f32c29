#include <cairn/nn/models/mlp.h>

#include <cairn/autograd/ops/pointwise.h>

namespace cairn::inline v0::nn {

MLP::MLP(const std::vector<std::int64_t>& widths) {
  check<ValueError>(widths.size() >= 2, "MLP", "needs the widths of input and output, got ", widths.size(), " in all");
  layers.reserve(widths.size() - 1);
  for (std::size_t i = 1; i < widths.size(); ++i) layers.emplace_back(widths[i - 1], widths[i]);
}

Tensor MLP::forward(const Tensor& x) {
  Tensor y = layers.front()(x.flatten(1));
  for (std::size_t i = 1; i < layers.size(); ++i) y = layers[i](relu(y));
  return y;
}

}  // namespace cairn::inline v0::nn
