/// Random tensors, drawn from the process's Philox stream (<cairn/core/generator.h>).
#pragma once

#include <cairn/core/generator.h>
#include <cairn/core/tensor.h>

namespace cairn::inline v0 {

CAIRN_API Tensor rand(const Dims& sizes, TensorOptions options = {});                           ///< uniform in [0, 1)
CAIRN_API Tensor uniform(const Dims& sizes, double low, double high, TensorOptions options = {});
CAIRN_API Tensor randn(const Dims& sizes, TensorOptions options = {});                          ///< standard normal
CAIRN_API Tensor normal(const Dims& sizes, double mean, double deviation, TensorOptions options = {});
CAIRN_API Tensor bernoulli(const Dims& sizes, double p, TensorOptions options = {});            ///< 1 with probability p

/// Integers in [low, high), i64 unless said otherwise.
CAIRN_API Tensor randint(std::int64_t low, std::int64_t high, const Dims& sizes, TensorOptions options = {DType::i64});

/// In training: each element is 0 with probability p, else x / (1 - p) (Srivastava et al. 2014). Otherwise x.
CAIRN_API Tensor dropout(const Tensor& x, double p, bool training = true);

}  // namespace cairn::inline v0
