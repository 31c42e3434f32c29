/// Softmax and its logarithm.
#include "../op_table.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace op_table {

namespace {

/// f(run, i) for every run of elements along `dim`.
Array along(const Array& x, std::int64_t dim, const std::function<double(const std::vector<double>&, std::size_t)>& f) {
  if (x.rank() == 0) return Array({}, {f(x.values, 0)});
  const auto d = static_cast<std::size_t>(dim < 0 ? dim + x.rank() : dim);
  Array y(x.sizes);
  for_each_index(x.sizes, [&](const Sizes& index) {
    std::vector<double> run;
    Sizes at = index;
    for (at[d] = 0; at[d] < x.sizes[d]; ++at[d]) run.push_back(x.at(at));
    y.at(index) = f(run, static_cast<std::size_t>(index[d]));
  });
  return y;
}

/// Logarithm of the share of element i; the largest element is taken off first, so that nothing cancels.
double log_share(const std::vector<double>& run, std::size_t i) {
  const double top = *std::max_element(run.begin(), run.end());
  double sum = 0.0;
  for (const double v : run) sum += std::exp(v - top);
  return run[i] - top - std::log(sum);
}

OpRow softmax_row(const std::string& name, Tensor (*op)(const Tensor&, std::int64_t), std::int64_t dim, bool logarithm) {
  OpRow row;
  row.name = name;
  row.variant = "dim " + std::to_string(dim);
  row.op = [op, dim](const Tensors& in) { return Tensors{op(in[0], dim)}; };
  row.reference = [dim, logarithm](const Arrays& in) {
    return Arrays{along(in[0], dim, [&](const std::vector<double>& run, std::size_t i) {
      return logarithm ? log_share(run, i) : std::exp(log_share(run, i));
    })};
  };
  row.samples = {{"matrix", {random({5, 7})}},  {"images", {random({2, 3, 3, 5})}}, {"vector", {random({19})}}, {"one class", {random({1, 1})}},
                 {"empty", {Array({0, 3})}},    {"no classes", {Array({3, 0})}}};
  row.samples.push_back({"huge logits", {Array({2, 4}, {1e4, 9.9e3, -1e4, 0, -5e4, -5e4, -5e4, -6e4})}, false});
  row.samples.push_back({"one possible", {Array({1, 3}, {-std::numeric_limits<double>::infinity(), 2, -std::numeric_limits<double>::infinity()})}, false});
  row.samples.push_back({"wide", {random({3, 1031}, -5, 5)}, false});
  row.samples.push_back({"scalar", {random({})}});
  row.tolerances = {.f32 = 4e-6, .floor = logarithm ? 1.0 : 1e-3};
  row.dtypes = {DType::f32, DType::f64, DType::bf16, DType::f16, DType::i64};
  row.result_dtype = to_floating;
  row.large = [] { return Arrays{random({301, 307})}; };
  row.bad_calls = {bad<cairn::IndexError>("dimension", [op] { (void)op(cairn::zeros({2, 3}), 2); }, {"[" + name + "]", "2"})};
  return row;
}

}  // namespace

Rows softmax_rows() {
  Rows rows;
  for (const std::int64_t dim : {-1, 0}) {
    rows.push_back(softmax_row("softmax", cairn::softmax, dim, false));
    rows.push_back(softmax_row("log_softmax", cairn::log_softmax, dim, true));
  }
  return rows;
}

}  // namespace op_table
