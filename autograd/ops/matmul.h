/// Matrix products.
#pragma once

#include <cairn/core/tensor.h>

namespace cairn::inline v0 {

/// a [.., M, K] times b [.., K, N]. Leading dimensions are broadcast. A vector on the left is a row, on the right
/// a column, and its dimension is dropped from the result.
CAIRN_API Tensor matmul(const Tensor& a, const Tensor& b);

/// a [B, M, K] times b [B, K, N].
CAIRN_API Tensor bmm(const Tensor& a, const Tensor& b);

/// x [.., in] times weight [out, in] transposed, plus bias [out] when defined: [.., out].
CAIRN_API Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace cairn::inline v0
