/// Reading and adding at places given by integer tensors. Indices must lie in [0, size): IndexError otherwise.
#pragma once

#include <cairn/core/tensor.h>

namespace cairn::inline v0 {

/// y[…, i, …] = x[…, index[i], …] along `dim`; index: i64 [n].
CAIRN_API Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index);

/// A copy of x with source[…, i, …] added to its element index[i] along `dim`, in the order of i.
CAIRN_API Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);

/// y[i][j][k] = x[i][index[i][j][k]][k] for dim = 1; index (i64) has the rank of x and is not larger in the other dimensions.
CAIRN_API Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index);

/// A copy of x with y[i][index[i][j][k]][k] += source[i][j][k] for dim = 1, in the order of j.
CAIRN_API Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source);

}  // namespace cairn::inline v0
