/// How parameters begin. Each function fills a tensor in place, unrecorded, from the process's random stream.
#pragma once

#include <cairn/core/tensor.h>

#include <cstdint>

namespace cairn::inline v0::nn::init {

struct Fans {
  std::int64_t in = 0;
  std::int64_t out = 0;
};

/// Inputs per output and outputs per input of a weight [out, in] or [out, in, R, S], where each counts R S times.
/// Throws ShapeError for rank below 2.
CAIRN_API Fans fans(const Tensor& weight);

enum class Mode { fan_in, fan_out };
enum class Nonlinearity { linear, sigmoid, tanh, relu, leaky_relu, selu };

/// The factor by which the deviation of weights before this nonlinearity exceeds 1 / sqrt(fan): 1, 1, 5/3, sqrt(2),
/// sqrt(2 / (1 + slope^2)), 3/4.
CAIRN_API double gain(Nonlinearity nonlinearity, double negative_slope = 0.01);

CAIRN_API void constant_(const Tensor& x, double value);
CAIRN_API void uniform_(const Tensor& x, double low = 0.0, double high = 1.0);
CAIRN_API void normal_(const Tensor& x, double mean = 0.0, double deviation = 1.0);

/// Variance gain^2 / fan, with the gain of a leaky ReLU of slope `a` (He, Zhang, Ren and Sun, "Delving Deep into
/// Rectifiers", 2015). The uniform one draws from [-b, b], b = gain sqrt(3 / fan).
CAIRN_API void kaiming_uniform_(const Tensor& weight, double a = 0.0, Mode mode = Mode::fan_in,
                                Nonlinearity nonlinearity = Nonlinearity::leaky_relu);
CAIRN_API void kaiming_normal_(const Tensor& weight, double a = 0.0, Mode mode = Mode::fan_in,
                               Nonlinearity nonlinearity = Nonlinearity::leaky_relu);

/// Variance gain^2 * 2 / (fan_in + fan_out) (Glorot and Bengio, "Understanding the difficulty of training deep
/// feedforward neural networks", 2010). The uniform one draws from [-b, b], b = gain sqrt(6 / (fan_in + fan_out)).
CAIRN_API void xavier_uniform_(const Tensor& weight, double gain = 1.0);
CAIRN_API void xavier_normal_(const Tensor& weight, double gain = 1.0);

/// What Linear and Conv2d begin with, as in PyTorch: weight and bias uniform in [-b, b], b = 1 / sqrt(fan_in) (that is,
/// kaiming_uniform_ with a = sqrt(5)). An undefined bias is skipped.
CAIRN_API void reset_affine_(const Tensor& weight, const Tensor& bias);

}  // namespace cairn::inline v0::nn::init
