/// Arithmetic of two operands, broadcast.
#include "../op_table.h"

#include <cmath>
#include <limits>

namespace op_table {

namespace {

struct Ranges {
  double a_low = -2, a_high = 2, b_low = -2, b_high = 2;
};

OpRow binary(const std::string& name, std::function<Tensor(const Tensor&, const Tensor&)> op,
             std::function<double(double, double)> f, Ranges ranges = {}) {
  const auto pair = [ranges](const Sizes& a, const Sizes& b, unsigned seed) {
    return Arrays{spread(a, ranges.a_low, ranges.a_high, seed), spread(b, ranges.b_low, ranges.b_high, seed + 100)};
  };
  OpRow row;
  row.name = name;
  row.op = [op](const Tensors& in) { return Tensors{op(in[0], in[1])}; };
  row.reference = [f](const Arrays& in) { return Arrays{zip(in[0], in[1], f)}; };
  row.samples = {{"same shape", pair({3, 7}, {3, 7}, 1)},
                 {"row", pair({4, 5}, {5}, 2)},
                 {"column", pair({4, 1}, {4, 5}, 3)},
                 {"outer", pair({3, 1}, {1, 5}, 4)},
                 {"rank", pair({3}, {2, 1, 3}, 5)},
                 {"scalar right", pair({2, 3}, {}, 6)},
                 {"scalar left", pair({}, {7}, 7)},
                 {"scalars", pair({}, {}, 8)},
                 {"images", pair({2, 3, 3, 5}, {2, 3, 3, 5}, 9)},
                 {"channels", pair({2, 3, 2, 3}, {1, 3, 1, 1}, 10)},
                 {"empty", pair({0, 3}, {0, 3}, 11)},
                 {"empty by broadcasting", pair({1, 3}, {0, 1}, 12)}};
  row.large = [pair] { return pair({50, 2003}, {2003}, 13); };
  row.bad_calls = {bad<cairn::ShapeError>("shapes that cannot be broadcast", [op] { (void)op(cairn::zeros({2, 3}), cairn::zeros({4})); },
                                          {"[" + name + "]", "[2, 3]", "[4]"})};
  return row;
}

OpRow with_dtypes(OpRow row, const std::vector<DType>& dtypes, std::function<DType(DType)> result = [](DType in) { return in; }) {
  row.dtypes = dtypes;
  row.result_dtype = std::move(result);
  return row;
}

/// A scalar operator with a number on one side.
OpRow with_number(const std::string& variant, const std::string& name, std::function<Tensor(const Tensor&)> op, std::function<double(double)> f) {
  OpRow row;
  row.name = name;
  row.variant = variant;
  row.op = [op](const Tensors& in) { return Tensors{op(in[0])}; };
  row.reference = [f](const Arrays& in) { return Arrays{map(in[0], f)}; };
  row.samples = {{"matrix", {random({3, 5}, 0.5, 3.0)}}, {"scalar", {random({}, 0.5, 3.0)}}, {"empty", {Array({0})}}};
  return row;
}

}  // namespace

Rows binary_rows() {
  Rows rows;
  const auto signed_numbers = std::vector<DType>{DType::f32, DType::f64, DType::bf16, DType::f16, DType::i64, DType::i32};
  rows.push_back(with_dtypes(binary("add", cairn::add, [](double a, double b) { return a + b; }), numbers));
  rows.push_back(with_dtypes(binary("sub", cairn::sub, [](double a, double b) { return a - b; }), signed_numbers));
  rows.push_back(with_dtypes(binary("mul", cairn::mul, [](double a, double b) { return a * b; }), numbers));
  rows.push_back(with_dtypes(binary("div", cairn::div, [](double a, double b) { return a / b; }, {.b_low = 1.0, .b_high = 4.0}), numbers, to_floating));
  const auto larger = [](double a, double b) { return std::isnan(a) || a > b ? a : b; };
  const auto smaller = [](double a, double b) { return std::isnan(a) || a < b ? a : b; };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (OpRow row : {with_dtypes(binary("maximum", cairn::maximum, larger, {-2, 2, -1.9, 2.1}), numbers),
                    with_dtypes(binary("minimum", cairn::minimum, smaller, {-2, 2, -1.9, 2.1}), numbers)}) {
    row.dtypes = floating;
    row.samples.push_back({"NaN and ties", {Array({5}, {nan, 1, nan, 2, -0.5}), Array({5}, {0, nan, nan, 2, -0.5})}, false});
    rows.push_back(row);
  }
  OpRow pow = binary("pow", static_cast<Tensor (*)(const Tensor&, const Tensor&)>(cairn::pow),
                     [](double a, double b) { return std::pow(a, b); }, {0.3, 3.0, -2.0, 3.0});
  pow.variant = "tensor exponent";
  pow.tolerances.f32 = 4e-6;
  pow.tolerances.f64 = 1e-12;
  pow.samples.push_back({"corners", {Array({7}, {0, 0, -2, -2, -8, 1, 5}), Array({7}, {0, 2, 3, 2, 1.0 / 3.0, nan, 0})}, false});
  rows.push_back(pow);

  rows.push_back(with_number("tensor + number", "add", [](const Tensor& x) { return x + 1.5; }, [](double x) { return x + 1.5; }));
  rows.push_back(with_number("number + tensor", "add", [](const Tensor& x) { return 1.5 + x; }, [](double x) { return 1.5 + x; }));
  rows.push_back(with_number("tensor - number", "sub", [](const Tensor& x) { return x - 0.25; }, [](double x) { return x - 0.25; }));
  rows.push_back(with_number("number - tensor", "sub", [](const Tensor& x) { return 0.25 - x; }, [](double x) { return 0.25 - x; }));
  rows.push_back(with_number("tensor * number", "mul", [](const Tensor& x) { return x * -3.0; }, [](double x) { return x * -3.0; }));
  rows.push_back(with_number("number * tensor", "mul", [](const Tensor& x) { return -3.0 * x; }, [](double x) { return -3.0 * x; }));
  rows.push_back(with_number("tensor / number", "div", [](const Tensor& x) { return x / 4.0; }, [](double x) { return x / 4.0; }));
  rows.push_back(with_number("number / tensor", "div", [](const Tensor& x) { return 4.0 / x; }, [](double x) { return 4.0 / x; }));
  OpRow like = with_number("", "scalar_like", [](const Tensor& x) { return x * cairn::scalar_like(x, 0.5); }, [](double x) { return x * 0.5; });
  like.property = [] {
    const auto dtype_of = [](DType dtype, double value) { return cairn::scalar_like(cairn::zeros({2}, {dtype}), value).dtype(); };
    if (dtype_of(DType::bf16, 0.5) != DType::bf16) return "bf16 with 0.5 must stay bf16";
    if (dtype_of(DType::i32, 2.0) != DType::i32) return "i32 with 2 must stay i32";
    if (dtype_of(DType::i32, 0.5) != DType::f32) return "i32 with 0.5 must become f32";
    return "";
  };
  rows.push_back(like);
  return rows;
}

}  // namespace op_table
