/// Normalisation layers.
#pragma once

#include <cairn/nn/module.h>

namespace cairn::inline v0::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  ///< none: the running statistics are the plain mean over all batches
  bool affine = true;
  bool track_running_stats = true;  ///< without them the statistics of the batch serve in evaluation too
};

/// y = (x - mean) / sqrt(var + eps) * weight + bias for each channel (Ioffe and Szegedy 2015). In training mean and
/// variance are the batch's, and the running ones move towards them; in evaluation they are the running ones.
class CAIRN_API BatchNorm : public Module {
 public:
  Parameter weight;            ///< [C], ones; undefined when not affine
  Parameter bias;              ///< [C], zeros
  Buffer running_mean;         ///< [C], zeros; undefined when not tracked
  Buffer running_var;          ///< [C], ones
  Buffer num_batches_tracked;  ///< i64 []

 protected:
  BatchNorm(std::int64_t channels, const BatchNormOptions& options);
  Tensor normalize(const Tensor& x);

 private:
  BatchNormOptions options_;
};

/// Of [N, C, H, W], over N, H and W.
class CAIRN_API BatchNorm2d : public BatchNorm {
 public:
  CAIRN_MODULE(BatchNorm2d, weight, bias, running_mean, running_var, num_batches_tracked)
  explicit BatchNorm2d(std::int64_t channels, const BatchNormOptions& options = {}) : BatchNorm(channels, options) {}
  Tensor forward(const Tensor& x) override;
};

/// Of [N, C] over N, or of [N, C, L] over N and L.
class CAIRN_API BatchNorm1d : public BatchNorm {
 public:
  CAIRN_MODULE(BatchNorm1d, weight, bias, running_mean, running_var, num_batches_tracked)
  explicit BatchNorm1d(std::int64_t channels, const BatchNormOptions& options = {}) : BatchNorm(channels, options) {}
  Tensor forward(const Tensor& x) override;
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool affine = true;
  bool bias = true;
};

/// Normalises each sample over its last dimension(s) of sizes `normalized` (Ba, Kiros and Hinton 2016).
class CAIRN_API LayerNorm : public Module {
 public:
  Parameter weight;  ///< of the normalised sizes, ones; undefined when not affine
  Parameter bias;    ///< zeros
  CAIRN_MODULE(LayerNorm, weight, bias)

  explicit LayerNorm(const Dims& normalized, const LayerNormOptions& options = {});
  explicit LayerNorm(std::int64_t size, const LayerNormOptions& options = {}) : LayerNorm(Dims{size}, options) {}

  Tensor forward(const Tensor& x) override;

 private:
  Dims normalized_;
  double eps_;
};

}  // namespace cairn::inline v0::nn
