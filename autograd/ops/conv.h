/// Two-dimensional convolution.
#pragma once

#include <cairn/core/tensor.h>
#include <cairn/kernels/conv.h>

namespace cairn::inline v0 {

/// x [N, C, H, W], weight [K, C / groups, R, S], bias [K] or undefined: [N, K, P, Q] in channels-last memory,
///   y[n, k, p, q] = bias[k] + sum over c, r, s of x[n, c, p stride - padding + r dilation, …] weight[k, c, r, s],
/// P = floor((H + 2 padding - dilation (R - 1) - 1) / stride) + 1. One dtype; bf16 and f16 compute in f32.
CAIRN_API Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvGeometry& geometry = {});

/// The gradients of conv2d with respect to its input (of sizes `x_sizes`) and its weight (of sizes
/// `weight_sizes`). Both are linear in each operand and differentiable themselves.
CAIRN_API Tensor conv2d_backward_data(const Tensor& dy, const Tensor& weight, const Dims& x_sizes, const ConvGeometry& geometry);
CAIRN_API Tensor conv2d_backward_weight(const Tensor& x, const Tensor& dy, const Dims& weight_sizes, const ConvGeometry& geometry);

}  // namespace cairn::inline v0
