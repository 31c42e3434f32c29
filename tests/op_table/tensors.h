/// From the table's arrays to tensors of any dtype and memory layout, and back.
#pragma once

#include "../op_table.h"

namespace op_table {

enum class Layout {
  row_major,
  permuted,       ///< the last dimension varies slowest
  strided,        ///< every second element of a larger tensor
  channels_last,  ///< of rank 4
};
std::string name_of(Layout layout);
bool applies(Layout layout, const Array& x);

/// The dtype that an input of this kind has when the row is run for `dtype`.
DType dtype_of(const Array& x, DType dtype);

/// Whether every value can be held (no NaN as an integer).
bool representable(const Array& x, DType dtype);

/// Integers are cut off towards zero, u8 takes absolute values. An input that is not given becomes undefined.
Tensor to_tensor(const Array& x, DType dtype, Layout layout = Layout::row_major);
Tensors to_tensors(const Arrays& all, DType dtype, Layout layout = Layout::row_major);

/// The values that the tensors really hold, for the reference.
Arrays as_held(const Arrays& all, DType dtype);

/// Marks the inputs of Kind::value.
void require_grad(const Arrays& all, const Tensors& tensors);

/// What differs first between a result and the reference, or nothing.
std::string difference(const Tensor& got, const Array& want, DType dtype, const Tolerances& tolerances);

}  // namespace op_table
