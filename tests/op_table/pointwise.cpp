/// Functions of one operand.
#include "../op_table.h"

#include <cmath>
#include <limits>

namespace op_table {

namespace {

const double inf = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

struct Domain {
  double low = -3.0;
  double high = 3.0;
  std::vector<double> kinks = {};
  std::vector<double> special = {0.0, -0.0, inf, -inf, nan, 1e-30, -1e-30, 1e30, -1e30, 0.5, -0.5, 20.0, -20.0, 50.0, -50.0, 95.0, -95.0};
};

OpRow unary(const std::string& name, std::function<Tensor(const Tensor&)> op, std::function<double(double)> f,
            Domain domain = {}, const std::string& variant = "") {
  const auto draw = [domain](const Sizes& sizes, unsigned seed) {
    return avoid(random(sizes, domain.low, domain.high, seed), domain.kinks);
  };
  OpRow row;
  row.name = name;
  row.variant = variant;
  row.op = [op](const Tensors& in) { return Tensors{op(in[0])}; };
  row.reference = [f](const Arrays& in) { return Arrays{map(in[0], f)}; };
  row.samples = {{"vector", {draw({19}, 1)}},
                 {"matrix", {draw({3, 5}, 2)}},
                 {"images", {draw({2, 3, 5, 3}, 3)}},
                 {"scalar", {draw({}, 4)}},
                 {"empty", {draw({0}, 5)}},
                 {"empty matrix", {draw({3, 0}, 6)}}};
  row.samples.push_back({"special values", {Array({static_cast<std::int64_t>(domain.special.size())}, domain.special)}, false});
  row.large = [draw] { return Arrays{draw({3, 40009}, 7)}; };
  return row;
}

OpRow with(OpRow row, const std::vector<DType>& dtypes, std::function<DType(DType)> result = to_floating) {
  row.dtypes = dtypes;
  row.result_dtype = std::move(result);
  return row;
}
OpRow stepwise(OpRow row) {
  row.second_order = false;
  row.dtypes = {DType::f32, DType::f64, DType::bf16, DType::f16, DType::i64, DType::i32};
  return row;
}

double half_to_even(double x) {
  const double down = std::floor(x);
  const double rest = x - down;
  if (rest < 0.5) return std::copysign(down, x);
  if (rest > 0.5) return std::copysign(down + 1.0, x);
  return std::copysign(std::fmod(down, 2.0) == 0.0 ? down : down + 1.0, x);
}
double sigmoid_of(double x) { return x >= 0.0 ? 1.0 / (1.0 + std::exp(-x)) : std::exp(x) / (1.0 + std::exp(x)); }
const std::vector<DType> same_numbers = {DType::f32, DType::f64, DType::bf16, DType::f16, DType::i64, DType::i32};
const auto same = [](DType in) { return in; };

void simple(Rows& rows) {
  rows.push_back(with(unary("neg", cairn::neg, [](double x) { return -x; }), numbers, same));
  rows.push_back(with(unary("abs", cairn::abs, [](double x) { return std::abs(x); }, {.kinks = {0}}), numbers, same));
  rows.push_back(stepwise(unary("sign", cairn::sign, [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; },
                                {.kinks = {0}, .special = {0.0, -0.0, inf, -inf, 1e-30, -7.0}})));
  rows.push_back(with(unary("square", cairn::square, [](double x) { return x * x; }), same_numbers, same));
  rows.push_back(with(unary("reciprocal", cairn::reciprocal, [](double x) { return 1.0 / x; }, {.low = 0.3, .high = 4}), numbers));
  const std::vector<double> steps = {-3, -2, -1, 0, 1, 2, 3};
  const std::vector<double> halves = {0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 8388609.0, 1e30, inf, -inf, nan, -0.2};
  rows.push_back(stepwise(unary("floor", cairn::floor, [](double x) { return std::floor(x); }, {.kinks = steps, .special = halves})));
  rows.push_back(stepwise(unary("ceil", cairn::ceil, [](double x) { return std::ceil(x); }, {.kinks = steps, .special = halves})));
  rows.push_back(stepwise(unary("round", cairn::round, half_to_even,
                                {.kinks = {-2.5, -1.5, -0.5, 0.5, 1.5, 2.5}, .special = halves})));
}

void roots_and_logarithms(Rows& rows) {
  const std::vector<double> from_zero = {0.0, inf, nan, -1.0, 1e-30, 1e30, 1.0, 1e-8, 300.0};
  rows.push_back(with(unary("sqrt", cairn::sqrt, [](double x) { return std::sqrt(x); }, {.low = 0.2, .high = 5, .special = from_zero}), numbers));
  rows.push_back(with(unary("rsqrt", cairn::rsqrt, [](double x) { return 1.0 / std::sqrt(x); }, {.low = 0.2, .high = 5, .special = from_zero}), numbers));
  rows.push_back(with(unary("log", cairn::log, [](double x) { return std::log(x); }, {.low = 0.2, .high = 5, .special = from_zero}), numbers));
  rows.push_back(with(unary("log1p", cairn::log1p, [](double x) { return std::log1p(x); },
                            {.low = -0.7, .high = 5, .special = {0.0, -1.0, -2.0, inf, nan, 1e-12, -1e-7, 1e30}}), numbers));
}

void transcendental(Rows& rows) {
  rows.push_back(with(unary("exp", cairn::exp, [](double x) { return std::exp(x); }), numbers));
  rows.push_back(with(unary("expm1", cairn::expm1, [](double x) { return std::expm1(x); }), numbers));
  const std::vector<double> angles = {0.0, -0.0, 1e-30, 3.14159265358979, 1.5707963267949, 100.0, -1e4, 1e6, 1e30, inf, nan};
  rows.push_back(with(unary("sin", cairn::sin, [](double x) { return std::sin(x); }, {.special = angles}), numbers));
  rows.push_back(with(unary("cos", cairn::cos, [](double x) { return std::cos(x); }, {.special = angles}), numbers));
  rows.push_back(with(unary("tanh", cairn::tanh, [](double x) { return std::tanh(x); }), numbers));
  rows.push_back(with(unary("erf", cairn::erf, [](double x) { return std::erf(x); }), numbers));
}

void activations(Rows& rows) {
  rows.push_back(with(unary("sigmoid", cairn::sigmoid, sigmoid_of), numbers));
  rows.push_back(with(unary("relu", cairn::relu, [](double x) { return std::isnan(x) || x > 0 ? x : 0.0; }, {.kinks = {0}}), same_numbers, same));
  const auto leaky = [](double slope) { return [slope](double x) { return x > 0 ? x : slope * x; }; };
  rows.push_back(unary("leaky_relu", [](const Tensor& x) { return cairn::leaky_relu(x); }, leaky(0.01), {.kinks = {0}}));
  rows.push_back(unary("leaky_relu", [](const Tensor& x) { return cairn::leaky_relu(x, 0.3); }, leaky(0.3), {.kinks = {0}}, "slope 0.3"));
  const auto gelu = [](double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); };
  const auto gelu_tanh = [](double x) {
    const double inner = std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x);
    return x * sigmoid_of(2.0 * inner);  // (1 + tanh(t)) / 2
  };
  rows.push_back(unary("gelu", [](const Tensor& x) { return cairn::gelu(x); }, gelu));
  rows.push_back(unary("gelu", [](const Tensor& x) { return cairn::gelu(x, cairn::GeluForm::tanh); }, gelu_tanh, {}, "tanh"));
  rows.push_back(with(unary("silu", cairn::silu, [](double x) { return x * sigmoid_of(x); }), numbers));
  rows.push_back(with(unary("softplus", cairn::softplus, [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))) + (std::isnan(x) ? nan : 0.0); }), numbers));
}

void bounded_and_powers(Rows& rows) {
  OpRow clamp = unary("clamp", [](const Tensor& x) { return cairn::clamp(x, -1.0, 2.0); },
                      [](double x) { return x < -1.0 ? -1.0 : x > 2.0 ? 2.0 : x; }, {.kinks = {-1, 2}});
  clamp.dtypes = same_numbers;
  clamp.bad_calls = {bad<cairn::ValueError>("bounds in the wrong order", [] { (void)cairn::clamp(cairn::zeros({2}), 1.0, 0.0); }, {"[clamp]", "1", "0"})};
  rows.push_back(clamp);
  for (const double exponent : {2.0, 3.0, 0.5, -0.5, -1.0, -1.5, 0.0, 1.0}) {
    const bool whole = exponent == std::trunc(exponent);
    const Domain domain{.low = whole && exponent >= 0 ? -2.0 : 0.3, .high = 3, .special = {0.0, inf, nan, 1e-10, 1e10, -2.0, -0.5}};
    OpRow row = unary("pow", [exponent](const Tensor& x) { return cairn::pow(x, exponent); },
                      [exponent](double x) { return std::pow(x, exponent); }, domain, "exponent " + std::to_string(exponent));
    row.tolerances.f32 = 4e-6;
    rows.push_back(with(row, numbers));
  }
}

void no_bool(OpRow& row, Tensor (*op)(const Tensor&)) {
  row.bad_calls.push_back(bad<cairn::ValueError>("undefined", [op] { (void)op(Tensor()); }, {"undefined"}));
}

}  // namespace

Rows pointwise_rows() {
  Rows rows;
  simple(rows);
  roots_and_logarithms(rows);
  transcendental(rows);
  activations(rows);
  bounded_and_powers(rows);
  for (OpRow& row : rows) {
    if (row.name == "exp") no_bool(row, cairn::exp);
    if (row.name == "relu") no_bool(row, cairn::relu);
  }
  OpRow minus = unary("Tensor::operator-", [](const Tensor& x) { return -x; }, [](double x) { return -x; });
  rows.push_back(minus);
  return rows;
}

}  // namespace op_table
