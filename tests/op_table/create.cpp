/// Tensors from nothing. The input of a row only says shape, dtype and layout.
#include "../op_table.h"

namespace op_table {

namespace {

OpRow filled(const std::string& name, std::function<Tensor(const Tensor&)> op, double value) {
  OpRow row;
  row.name = name;
  row.op = [op](const Tensors& in) { return Tensors{op(in[0])}; };
  row.reference = [value](const Arrays& in) { return Arrays{Array(in[0].sizes, value)}; };
  row.samples = {{"matrix", {random({3, 37})}}, {"images", {random({2, 3, 3, 5})}}, {"scalar", {random({})}}, {"empty", {Array({3, 0})}}};
  row.dtypes = everything;
  row.differentiable = false;
  row.bad_calls = {bad<cairn::ShapeError>("negative size", [] { (void)cairn::zeros({2, -1}); }, {"[2, -1]"})};
  return row;
}

OpRow arange_row(double start, double stop, double step) {
  OpRow row;
  row.name = "arange";
  row.variant = std::to_string(start) + " to " + std::to_string(stop) + " by " + std::to_string(step);
  row.op = [=](const Tensors& in) { return Tensors{cairn::arange(start, stop, step, in[0].options())}; };
  row.reference = [=](const Arrays&) {
    std::vector<double> values;
    for (std::int64_t i = 0; step > 0 ? start + static_cast<double>(i) * step < stop : start + static_cast<double>(i) * step > stop; ++i) {
      values.push_back(start + static_cast<double>(i) * step);
    }
    return Arrays{Array({static_cast<std::int64_t>(values.size())}, values)};
  };
  row.samples = {{"any", {Array(Sizes{})}}};
  row.no_empty = "it has no input";
  row.dtypes = step == 1.0 ? std::vector<DType>{DType::f32, DType::f64, DType::i64, DType::i32} : std::vector<DType>{DType::f32, DType::f64};
  row.differentiable = false;
  row.bad_calls = {bad<cairn::ValueError>("step 0", [] { (void)cairn::arange(0, 3, 0); }, {"[arange]", "0", "3"})};
  row.property = [] {
    if (cairn::arange(0, 3).dtype() != DType::i64) return "i64 unless said otherwise";
    return cairn::arange(3, 0).numel() == 0 ? "" : "nothing lies below stop";
  };
  return row;
}

}  // namespace

Rows create_rows() {
  Rows rows;
  rows.push_back(filled("full", [](const Tensor& x) { return cairn::full(x.sizes(), 1.0, x.options()); }, 1.0));
  rows.push_back(filled("zeros", [](const Tensor& x) { return cairn::zeros(x.sizes(), x.options()); }, 0.0));
  rows.push_back(filled("ones", [](const Tensor& x) { return cairn::ones(x.sizes(), x.options()); }, 1.0));
  rows.push_back(filled("full_like", [](const Tensor& x) { return cairn::full_like(x, 1.0); }, 1.0));
  rows.push_back(filled("zeros_like", [](const Tensor& x) { return cairn::zeros_like(x); }, 0.0));
  rows.push_back(filled("ones_like", [](const Tensor& x) { return cairn::ones_like(x); }, 1.0));
  rows.back().property = [] {
    const Tensor like = cairn::empty({2, 3, 4, 5}).channels_last();
    return cairn::ones_like(like).is_channels_last() ? "" : "the result has the layout of `like`";
  };
  rows.push_back(filled("scalar", [](const Tensor& x) { return cairn::scalar(1.0, x.options()).expand(x.sizes()); }, 1.0));
  rows.back().property = [] { return cairn::scalar(2.5).rank() == 0 && cairn::scalar(2.5).item() == 2.5 ? "" : "no dimensions, the value"; };
  rows.push_back(arange_row(0, 7, 1));
  rows.push_back(arange_row(-2, 5, 1));
  rows.push_back(arange_row(0.5, 3.25, 0.5));
  rows.push_back(arange_row(3, -2, -1.5));
  rows.push_back(arange_row(0, 1, 0.1));
  return rows;
}

}  // namespace op_table
