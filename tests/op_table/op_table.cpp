#include "../op_table.h"

namespace op_table {

const std::vector<OpRow>& op_table() {
  static const std::vector<OpRow> table = [] {
    std::vector<OpRow> all;
    for (const auto family : {pointwise_rows, binary_rows, logic_rows, in_place_rows, reduce_rows, shape_rows, view_rows,
                              matmul_rows, conv_rows, pool_rows, norm_rows, softmax_rows, loss_rows, index_rows, create_rows,
                              random_rows}) {
      for (OpRow& row : family()) all.push_back(std::move(row));
    }
    return all;
  }();
  return table;
}

}  // namespace op_table
