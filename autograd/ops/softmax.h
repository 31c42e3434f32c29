/// Softmax and its logarithm, stable for logits of any size.
#pragma once

#include <cairn/core/tensor.h>

namespace cairn::inline v0 {

/// exp(x_i) / sum_j exp(x_j) along `dim`.
CAIRN_API Tensor softmax(const Tensor& x, std::int64_t dim);

/// x_i - log sum_j exp(x_j) along `dim`.
CAIRN_API Tensor log_softmax(const Tensor& x, std::int64_t dim);

}  // namespace cairn::inline v0
