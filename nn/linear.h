/// The fully connected layer.
#pragma once

#include <cairn/nn/module.h>

namespace cairn::inline v0::nn {

/// y = x weight^T + bias: [.., in] to [.., out].
class CAIRN_API Linear : public Module {
 public:
  Parameter weight;  ///< [out, in]
  Parameter bias;    ///< [out]; undefined without bias
  CAIRN_MODULE(Linear, weight, bias)

  /// Both uniform in [-1, 1] / sqrt(in).
  Linear(std::int64_t in, std::int64_t out, bool with_bias = true);

  Tensor forward(const Tensor& x) override;
};

}  // namespace cairn::inline v0::nn
