/// Tensors from nothing.
#pragma once

#include <cairn/core/tensor.h>

namespace cairn::inline v0 {

CAIRN_API Tensor full(const Dims& sizes, double value, TensorOptions options = {});
CAIRN_API Tensor zeros(const Dims& sizes, TensorOptions options = {});
CAIRN_API Tensor ones(const Dims& sizes, TensorOptions options = {});
CAIRN_API Tensor full_like(const Tensor& like, double value);
CAIRN_API Tensor zeros_like(const Tensor& like);
CAIRN_API Tensor ones_like(const Tensor& like);

/// A tensor without dimensions.
CAIRN_API Tensor scalar(double value, TensorOptions options = {});

/// start, start + step, … below `stop` (above it for a negative step): ceil((stop - start) / step) values.
/// Throws ValueError for a step of 0.
CAIRN_API Tensor arange(double start, double stop, double step = 1.0, TensorOptions options = {DType::i64});

}  // namespace cairn::inline v0
