/// Normalisation with its gradients.
#pragma once

#include <cairn/core/view.h>

namespace cairn::inline v0 {

/// f32 or f64, all operands of one dtype.
struct NormKernels {
  /// Batch normalisation in training (Ioffe and Szegedy 2015):
  ///   y = (x - mean_c) * invstd_c * weight_c + bias_c,  invstd_c = 1 / sqrt(var_c + eps),
  /// mean and (biased) variance over all x[:, c, :]. x, y: [N, C, L], either C or L of unit stride, dense,
  /// alike; every other operand [C]. weight, bias, running_mean, running_var may be not given. Writes mean and invstd;
  /// running = (1 - momentum) * running + momentum * (mean, unbiased variance).
  Status (*batch_norm_train)(Context&, View x, View weight, View bias, View running_mean, View running_var, View y,
                             View mean, View invstd, double momentum, double eps);

  /// The same with given mean and variance: y = (x - mean) / sqrt(variance + eps) * weight + bias.
  Status (*batch_norm_eval)(Context&, View x, View weight, View bias, View mean, View variance, View y, double eps);

  /// dbias = sum dy, dweight = sum dy * xhat, and, where xhat = (x - mean) * invstd and M = N * L,
  ///   training: dx = weight * invstd * (dy - dbias / M - xhat * dweight / M)
  ///   otherwise (constant statistics): dx = weight * invstd * dy.
  /// dx, dweight or dbias may be not given.
  Status (*batch_norm_backward)(Context&, View x, View dy, View weight, View mean, View invstd, bool training, View dx,
                                View dweight, View dbias);

  /// Layer normalisation (Ba, Kiros and Hinton 2016): each row of x [rows, cols] (contiguous) to mean 0 and
  /// variance 1 (biased, plus eps), then * weight[cols] + bias[cols] where given. mean, invstd: [rows].
  Status (*layer_norm_forward)(Context&, View x, View weight, View bias, View y, View mean, View invstd, double eps);

  /// dx, dweight, dbias: any may be not given.
  Status (*layer_norm_backward)(Context&, View x, View dy, View weight, View mean, View invstd, View dx, View dweight,
                                View dbias);
};

}  // namespace cairn::inline v0
