#include <cairn/nn/linear.h>

#include <cairn/autograd/ops/matmul.h>
#include <cairn/nn/init.h>

namespace cairn::inline v0::nn {

Linear::Linear(std::int64_t in, std::int64_t out, bool with_bias) : weight(empty({out, in})) {
  if (with_bias) bias = Parameter(empty({out}));
  init::reset_affine_(weight, bias);
}

Tensor Linear::forward(const Tensor& x) { return linear(x, weight, bias); }

}  // namespace cairn::inline v0::nn
