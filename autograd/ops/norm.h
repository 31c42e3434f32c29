/// Normalisation layers as functions.
#pragma once

#include <cairn/core/tensor.h>

namespace cairn::inline v0 {

/// Batch normalisation (Ioffe and Szegedy 2015) of x [N, C] or [N, C, H, W] over all dimensions but C:
///   y = (x - mean) / sqrt(var + eps) * weight + bias.
/// training: mean and biased variance of this batch; running_mean and running_var [C], when defined, move by
/// `momentum` towards the batch's mean and unbiased variance. Otherwise mean and variance are the running ones,
/// which must be defined. weight and bias [C] may be undefined.
CAIRN_API Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                            const Tensor& running_var, bool training, double momentum = 0.1, double eps = 1e-5);

/// Layer normalisation (Ba, Kiros and Hinton 2016) over the last dimension(s) of sizes `normalized`; weight and
/// bias of those sizes may be undefined.
CAIRN_API Tensor layer_norm(const Tensor& x, const Dims& normalized, const Tensor& weight = {}, const Tensor& bias = {},
                            double eps = 1e-5);

}  // namespace cairn::inline v0
