/// Memory layouts that kernels ask for, as views: sizes of 1 get the strides that the layout says.
#pragma once

#include <cairn/core/tensor.h>

namespace cairn::inline v0::detail {

/// `x` (channels-last in memory already) with canonical channels-last strides. Without history.
inline Tensor canonical_channels_last(const Tensor& x) {
  return make_view(x, x.sizes(), channels_last_strides(x.sizes()), x.storage_offset());
}

/// `x` (row-major already) with canonical row-major strides. Without history.
inline Tensor canonical_row_major(const Tensor& x) {
  return make_view(x, x.sizes(), row_major_strides(x.sizes()), x.storage_offset());
}

/// Uninitialised, channels-last.
inline Tensor empty_channels_last(const Dims& sizes, TensorOptions options) {
  return empty_strided(sizes, channels_last_strides(sizes), options);
}

}  // namespace cairn::inline v0::detail
