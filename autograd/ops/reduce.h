/// Reductions. sum, mean, max, min and argmax over all elements are members of Tensor as well.
/// `dims` lists the dimensions to reduce; empty means all. `keepdim` leaves them with size 1.
#pragma once

#include <cairn/core/tensor.h>

namespace cairn::inline v0 {

CAIRN_API Tensor sum(const Tensor& x, const Dims& dims = {}, bool keepdim = false);   ///< integers and bool give i64
CAIRN_API Tensor mean(const Tensor& x, const Dims& dims = {}, bool keepdim = false);  ///< floating dtypes
CAIRN_API Tensor prod(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// Largest / smallest elements; NaN wins; equal ones share the gradient. Throws ShapeError for an empty reduction.
CAIRN_API Tensor amax(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
CAIRN_API Tensor amin(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// i64 index of the first largest / smallest element along `dim`, or in row-major order over all.
CAIRN_API Tensor argmax(const Tensor& x, std::optional<std::int64_t> dim = {}, bool keepdim = false);
CAIRN_API Tensor argmin(const Tensor& x, std::optional<std::int64_t> dim = {}, bool keepdim = false);

CAIRN_API Tensor any(const Tensor& x, const Dims& dims = {}, bool keepdim = false);  ///< bool
CAIRN_API Tensor all(const Tensor& x, const Dims& dims = {}, bool keepdim = false);  ///< bool

}  // namespace cairn::inline v0
