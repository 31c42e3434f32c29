/// Comparisons, logic, where: bool results, no derivatives but those of where's operands.
#include "../op_table.h"

#include <cmath>
#include <limits>

namespace op_table {

namespace {

const double nan = std::numeric_limits<double>::quiet_NaN();

OpRow comparison(const std::string& name, Tensor (*op)(const Tensor&, const Tensor&), std::function<bool(double, double)> holds) {
  // Whole numbers from a small range, so that equal ones occur.
  const auto whole = [](const Sizes& sizes, unsigned seed) {
    Array x = indices(sizes, 4, seed);
    x.kind = Kind::value;
    return x;
  };
  OpRow row;
  row.name = name;
  row.op = [op](const Tensors& in) { return Tensors{op(in[0], in[1])}; };
  row.reference = [holds](const Arrays& in) {
    return Arrays{zip(in[0], in[1], [&](double a, double b) { return holds(a, b) ? 1.0 : 0.0; })};
  };
  row.samples = {{"same shape", {whole({3, 37}, 1), whole({3, 37}, 2)}},
                 {"outer", {whole({5, 1}, 3), whole({1, 7}, 4)}},
                 {"row", {whole({2, 3}, 5), whole({3}, 6)}},
                 {"images", {whole({2, 3, 3, 5}, 7), whole({2, 3, 3, 5}, 8)}},
                 {"scalars", {whole({}, 9), whole({}, 10)}},
                 {"NaN", {Array({4}, {nan, 1, nan, 0}), Array({4}, {nan, nan, 0, -0.0})}},
                 {"empty", {whole({0, 3}, 11), whole({3}, 12)}}};
  row.dtypes = everything;
  row.result_dtype = to_bool;
  row.differentiable = false;
  row.large = [whole] { return Arrays{whole({301, 307}, 13), whole({301, 307}, 14)}; };
  row.bad_calls = {bad<cairn::ShapeError>("shapes that cannot be broadcast", [op] { (void)op(cairn::zeros({2, 3}), cairn::zeros({3, 2})); },
                                          {"[" + name + "]", "[2, 3]", "[3, 2]"})};
  return row;
}

OpRow of_one(const std::string& name, Tensor (*op)(const Tensor&), std::function<bool(double)> holds) {
  OpRow row;
  row.name = name;
  row.op = [op](const Tensors& in) { return Tensors{op(in[0])}; };
  row.reference = [holds](const Arrays& in) { return Arrays{map(in[0], [&](double x) { return holds(x) ? 1.0 : 0.0; })}; };
  row.samples = {{"vector", {Array({5}, {0, -0.0, 1, nan, -3})}},
                 {"matrix", {random({5, 7}, -2, 2)}},
                 {"images", {random({2, 3, 5, 3}, -2, 2)}},
                 {"scalar", {Array({}, {nan})}},
                 {"empty", {Array({0})}}};
  row.dtypes = everything;
  row.result_dtype = to_bool;
  row.differentiable = false;
  return row;
}

OpRow where_row() {
  OpRow row;
  row.name = "where";
  row.op = [](const Tensors& in) { return Tensors{cairn::where(in[0], in[1], in[2])}; };
  row.reference = [](const Arrays& in) {
    Array y(broadcast(in[0].sizes, broadcast(in[1].sizes, in[2].sizes)));
    for_each_index(y.sizes, [&](const Sizes& i) { y.at(i) = broadcast_at(in[broadcast_at(in[0], i) != 0.0 ? 1 : 2], i); });
    return Arrays{y};
  };
  row.samples = {{"same shape", {truths({3, 7}), random({3, 7}), random({3, 7}, -2, 2, 2)}},
                 {"condition column", {truths({3, 1}), random({3, 5}), random({5}, -2, 2, 2)}},
                 {"scalar branches", {truths({4, 3}), random({}), random({}, -2, 2, 2)}},
                 {"images", {truths({2, 3, 2, 3}), random({2, 3, 2, 3}), random({1, 3, 1, 1}, -2, 2, 2)}},
                 {"NaN not taken", {Array({2}, {1, 0}, Kind::truth), Array({2}, {1, nan}), Array({2}, {nan, 2})}, false},
                 {"scalars", {truths({}), random({}), random({}, -2, 2, 2)}},
                 {"empty", {truths({0, 1}), random({0, 3}), random({3})}}};
  row.dtypes = everything;
  row.large = [] { return Arrays{truths({301, 307}), random({301, 307}), random({301, 1}, -2, 2, 2)}; };
  row.bad_calls = {bad<cairn::DTypeError>("condition of another dtype", [] { (void)cairn::where(cairn::zeros({2}), cairn::zeros({2}), cairn::zeros({2})); }, {"[where]", "bool", "f32[2]"}),
                   bad<cairn::ShapeError>("shapes", [] { (void)cairn::where(cairn::zeros({2}, {DType::boolean}), cairn::zeros({3}), cairn::zeros({3})); }, {"[where]", "[2]", "[3]"})};
  return row;
}

}  // namespace

Rows logic_rows() {
  Rows rows;
  rows.push_back(comparison("eq", cairn::eq, [](double a, double b) { return a == b; }));
  rows.push_back(comparison("ne", cairn::ne, [](double a, double b) { return a != b; }));
  rows.push_back(comparison("lt", cairn::lt, [](double a, double b) { return a < b; }));
  rows.push_back(comparison("le", cairn::le, [](double a, double b) { return a <= b; }));
  rows.push_back(comparison("gt", cairn::gt, [](double a, double b) { return a > b; }));
  rows.push_back(comparison("ge", cairn::ge, [](double a, double b) { return a >= b; }));
  rows.push_back(comparison("logical_and", cairn::logical_and, [](double a, double b) { return a != 0 && b != 0; }));
  rows.push_back(comparison("logical_or", cairn::logical_or, [](double a, double b) { return a != 0 || b != 0; }));
  rows.push_back(comparison("logical_xor", cairn::logical_xor, [](double a, double b) { return (a != 0) != (b != 0); }));
  rows.push_back(of_one("logical_not", cairn::logical_not, [](double x) { return x == 0; }));
  rows.push_back(of_one("isnan", cairn::isnan, [](double x) { return std::isnan(x); }));
  rows.push_back(where_row());
  for (const auto& [variant, op, holds] : std::vector<std::tuple<std::string, Tensor (*)(const Tensor&), std::function<bool(double)>>>{
           {"gt", [](const Tensor& x) { return x > 0.0; }, [](double x) { return x > 0; }},
           {"ge", [](const Tensor& x) { return x >= 0.0; }, [](double x) { return x >= 0; }},
           {"lt", [](const Tensor& x) { return x < 0.0; }, [](double x) { return x < 0; }},
           {"le", [](const Tensor& x) { return x <= 0.0; }, [](double x) { return x <= 0; }}}) {
    OpRow row = of_one(variant, op, holds);
    row.variant = "with a number";
    rows.push_back(row);
  }
  return rows;
}

}  // namespace op_table
