/// Reading and adding at places given by an i64 tensor. All dtypes; any strides. An index outside
/// [0, size): Status::index_out_of_range.
#pragma once

#include <cairn/core/view.h>

namespace cairn::inline v0 {

struct IndexKernels {
  /// y[…, i, …] = x[…, index[i], …] along `dim`. index: [n]; y: sizes of x with n at `dim`.
  Status (*select)(Context&, View x, int dim, View index, View y);

  /// y[…, index[i], …] += x[…, i, …], in the order of i. y is read and written.
  Status (*add)(Context&, View y, int dim, View index, View x);

  /// y[i][j][k] = x[i][index[i][j][k]][k] (for dim = 1). index and y: one shape, not larger than x but at `dim`.
  Status (*gather)(Context&, View x, int dim, View index, View y);

  /// y[i][index[i][j][k]][k] += x[i][j][k] (for dim = 1), in the order of j. y is read and written.
  Status (*scatter_add)(Context&, View y, int dim, View index, View x);
};

}  // namespace cairn::inline v0
