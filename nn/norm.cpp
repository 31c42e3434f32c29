#include <cairn/nn/norm.h>

#include <cairn/autograd/ops/create.h>
#include <cairn/autograd/ops/norm.h>
#include <cairn/autograd/record.h>

namespace cairn::inline v0::nn {

BatchNorm::BatchNorm(std::int64_t channels, const BatchNormOptions& options) : options_(options) {
  if (options.affine) {
    weight = Parameter(ones({channels}));
    bias = Parameter(zeros({channels}));
  }
  if (options.track_running_stats) {
    running_mean = Buffer(zeros({channels}));
    running_var = Buffer(ones({channels}));
    num_batches_tracked = Buffer(zeros({}, {DType::i64}));
  }
}

Tensor BatchNorm::normalize(const Tensor& x) {
  double momentum = options_.momentum.value_or(0.0);
  if (is_training() && num_batches_tracked.defined()) {
    NoGrad guard;
    num_batches_tracked.add_(1.0);
    if (!options_.momentum) momentum = 1.0 / num_batches_tracked.item();
  }
  const bool batch_statistics = is_training() || !running_mean.defined();
  return batch_norm(x, weight, bias, running_mean, running_var, batch_statistics, momentum, options_.eps);
}

Tensor BatchNorm2d::forward(const Tensor& x) {
  check<ShapeError>(x.rank() == 4, "BatchNorm2d", "expected [N, C, H, W], got ", x.describe());
  return normalize(x);
}

Tensor BatchNorm1d::forward(const Tensor& x) {
  check<ShapeError>(x.rank() == 2 || x.rank() == 3, "BatchNorm1d", "expected [N, C] or [N, C, L], got ", x.describe());
  return x.rank() == 2 ? normalize(x) : normalize(x.unsqueeze(3)).squeeze(3);
}

LayerNorm::LayerNorm(const Dims& normalized, const LayerNormOptions& options)
    : normalized_(normalized), eps_(options.eps) {
  check<ShapeError>(!normalized.empty(), "LayerNorm", "needs at least one dimension to normalise over");
  if (options.affine) weight = Parameter(ones(normalized));
  if (options.affine && options.bias) bias = Parameter(zeros(normalized));
}

Tensor LayerNorm::forward(const Tensor& x) { return layer_norm(x, normalized_, weight, bias, eps_); }

}  // namespace cairn::inline v0::nn
