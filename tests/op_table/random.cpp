/// Random ops have values too: the words of the Philox stream, which the references read one by one. The input of a
/// generator only says shape and dtype.
#include "../op_table.h"

#include <cairn/core/generator.h>
#include <cairn/core/philox.h>

#include <cmath>

namespace op_table {

namespace {

constexpr std::uint64_t seed = 20260123;
constexpr std::uint64_t offset = 6;  // not at the start of a block

/// u in [0, 1) of stream position `at` after `offset`, from the upper 24 bits.
double uniform_at(std::int64_t at) {
  return static_cast<double>(cairn::philox_word(offset + static_cast<std::uint64_t>(at), seed) >> 8) / 16777216.0;
}

/// Box and Muller on the pair that position `at` belongs to.
double normal_at(std::int64_t at) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform_at(at / 2 * 2)));
  const double angle = 2.0 * M_PI * uniform_at(at / 2 * 2 + 1);
  return radius * (at % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

OpRow generator(const std::string& name, std::function<Tensor(const Dims&, cairn::TensorOptions)> op, std::function<double(std::int64_t)> value) {
  OpRow row;
  row.name = name;
  row.op = [op](const Tensors& in) {
    cairn::set_random_state({seed, offset});
    return Tensors{op(in[0].sizes(), in[0].options())};
  };
  row.reference = [value](const Arrays& in) {
    Array y(in[0].sizes);
    for (std::int64_t i = 0; i < y.numel(); ++i) y[i] = value(i);
    return Arrays{y};
  };
  row.samples = {{"vector", {Array({103})}}, {"matrix", {Array({3, 5})}}, {"images", {Array({2, 3, 3, 5})}}, {"scalar", {Array(Sizes{})}}, {"long", {Array({4099})}}, {"empty", {Array({0, 2})}}};
  row.differentiable = false;
  row.large = [] { return Arrays{Array({200003})}; };
  return row;
}

/// Mean and variance of a million values within five standard errors of what they should be.
std::string moments(const std::function<Tensor(const Dims&)>& draw, double mean, double variance, double fourth_moment) {
  cairn::manual_seed(5);
  const std::int64_t n = 1000000;
  const auto values = draw({n}).to_vector<double>();
  double sum = 0.0, squares = 0.0;
  for (const double v : values) sum += v;
  const double got_mean = sum / static_cast<double>(n);
  for (const double v : values) squares += (v - mean) * (v - mean);
  const double got_variance = squares / static_cast<double>(n);
  const double mean_error = 5.0 * std::sqrt(variance / static_cast<double>(n));
  const double variance_error = 5.0 * std::sqrt((fourth_moment - variance * variance) / static_cast<double>(n)) + 1e-12;
  if (std::abs(got_mean - mean) > mean_error) return "mean " + std::to_string(got_mean) + " instead of " + std::to_string(mean);
  if (std::abs(got_variance - variance) > variance_error) return "variance " + std::to_string(got_variance) + " instead of " + std::to_string(variance);
  return "";
}

/// The stream advances by the number of elements, and the next op goes on there.
std::string advances(const std::function<Tensor(const Dims&)>& draw, std::uint64_t by) {
  cairn::set_random_state({seed, 10});
  (void)draw({7});
  const auto state = cairn::random_state();
  return state.offset == 10 + by && state.seed == seed ? "" : "seven elements must advance the stream by " + std::to_string(by);
}

std::string first(const std::string& a, const std::string& b) { return a.empty() ? b : a; }

/// Half-precision values stay below 1 too.
std::string below_one(DType dtype) {
  cairn::manual_seed(1);
  for (const double v : cairn::rand({1000000}, {dtype}).to_vector<double>()) {
    if (v >= 1.0) return std::string(cairn::name_of(dtype)) + " values reach 1: [0, 1) is promised";
  }
  return "";
}

void uniforms(Rows& rows) {
  rows.push_back(generator("rand", [](const Dims& sizes, cairn::TensorOptions options) { return cairn::rand(sizes, options); }, uniform_at));
  rows.back().tolerances = {.f32 = 1e-300, .f64 = 1e-300};  // the very bits
  rows.back().property = [] {
    const auto draw = [](const Dims& sizes) { return cairn::rand(sizes); };
    return first(first(moments(draw, 0.5, 1.0 / 12, 1.0 / 80), advances(draw, 7)), first(below_one(DType::bf16), below_one(DType::f16)));
  };
  rows.back().bad_calls = {bad<cairn::DTypeError>("integers", [] { (void)cairn::rand({2}, {DType::i64}); }, {"[uniform]", "i64"})};
  rows.push_back(generator("uniform", [](const Dims& sizes, cairn::TensorOptions options) { return cairn::uniform(sizes, -1, 3, options); },
                           [](std::int64_t i) { return -1.0 + 4.0 * uniform_at(i); }));
  rows.back().tolerances.f32 = 1e-7;
  rows.back().tolerances.floor = 1.0;
  rows.back().tolerances.bf16 = 0x1p-7;  // a whole last place: what would round to 3 is brought below it
  rows.back().tolerances.f16 = 0x1p-10;
}

void normals(Rows& rows) {
  rows.push_back(generator("randn", [](const Dims& sizes, cairn::TensorOptions options) { return cairn::randn(sizes, options); }, normal_at));
  rows.back().property = [] {
    const auto draw = [](const Dims& sizes) { return cairn::randn(sizes); };
    return first(moments(draw, 0, 1, 3), advances(draw, 8));
  };
  rows.push_back(generator("normal", [](const Dims& sizes, cairn::TensorOptions options) { return cairn::normal(sizes, 2, 0.5, options); },
                           [](std::int64_t i) { return 2.0 + 0.5 * normal_at(i); }));
  rows.back().bad_calls = {bad<cairn::DTypeError>("integers", [] { (void)cairn::normal({2}, 0, 1, {DType::i32}); }, {"[normal]", "i32"})};
  for (OpRow* row : {&rows.back(), &rows[rows.size() - 2]}) {
    row->tolerances = {.f32 = 1e-6, .f64 = 1e-6, .floor = 1.0};  // computed in f32 for every dtype
  }
}

void discrete(Rows& rows) {
  rows.push_back(generator("bernoulli", [](const Dims& sizes, cairn::TensorOptions options) { return cairn::bernoulli(sizes, 0.3, options); },
                           [](std::int64_t i) { return uniform_at(i) < 0.3 ? 1.0 : 0.0; }));
  rows.back().dtypes = everything;
  rows.back().property = [] {
    const auto draw = [](const Dims& sizes) { return cairn::bernoulli(sizes, 0.3); };
    return first(moments(draw, 0.3, 0.21, 0.3 * 0.7 * (0.343 + 0.027)), advances(draw, 7));
  };
  rows.back().bad_calls = {bad<cairn::ValueError>("p", [] { (void)cairn::bernoulli({2}, 1.5); }, {"[bernoulli]", "1.5"}),
                           bad<cairn::ValueError>("NaN", [] { (void)cairn::bernoulli({2}, std::nan("")); }, {"[bernoulli]", "nan"})};
  rows.push_back(generator("randint", [](const Dims& sizes, cairn::TensorOptions options) { return cairn::randint(3, 10, sizes, options); },
                           [](std::int64_t i) {
                             const std::uint64_t word = cairn::philox_word(offset + static_cast<std::uint64_t>(i), seed);
                             return 3.0 + std::floor(static_cast<double>(word) * 7.0 / 4294967296.0);
                           }));
  rows.back().dtypes = {DType::i64, DType::i32, DType::u8, DType::f32, DType::f64};
  rows.back().property = [] {
    const auto draw = [](const Dims& sizes) { return cairn::randint(0, 4, sizes); };
    return first(moments(draw, 1.5, 1.25, 2.5625), advances(draw, 7));
  };
  rows.back().bad_calls = {bad<cairn::ValueError>("empty range", [] { (void)cairn::randint(3, 3, {2}); }, {"[randint]", "3"})};
}

OpRow dropout_row(double p, bool training) {
  OpRow row;
  row.name = "dropout";
  row.variant = training ? "p " + std::to_string(p) : "evaluation";
  row.op = [=](const Tensors& in) {
    cairn::set_random_state({seed, offset});
    return Tensors{cairn::dropout(in[0], p, training)};
  };
  row.reference = [=](const Arrays& in) {
    Array y = in[0];
    if (!training) return Arrays{y};
    for (std::int64_t i = 0; i < y.numel(); ++i) y[i] = uniform_at(i) < p ? 0.0 : y[i] / (1.0 - p);
    return Arrays{y};
  };
  row.samples = {{"vector", {random({103})}}, {"matrix", {random({3, 5})}}, {"images", {random({2, 3, 3, 5})}}, {"scalar", {random({})}}, {"empty", {Array({0, 2})}}};
  row.large = [] { return Arrays{random({331, 607})}; };
  row.bad_calls = {bad<cairn::ValueError>("p", [] { (void)cairn::dropout(cairn::ones({2}), -0.1); }, {"[dropout]", "-0.1"}),
                   bad<cairn::DTypeError>("integers", [] { (void)cairn::dropout(cairn::ones({2}, {DType::i64}), 0.5); }, {"[dropout]", "i64[2]"})};
  if (training && p < 1.0) {
    row.property = [p] {
      const auto draw = [p](const Dims& sizes) { return cairn::dropout(cairn::ones(sizes), p); };
      const double keep = 1.0 / (1.0 - p), q = 1.0 - p;
      return first(moments(draw, 1.0, p * keep, q * std::pow(keep - 1.0, 4) + p), advances(draw, p > 0 ? 7 : 0));
    };
  }
  return row;
}

}  // namespace

Rows random_rows() {
  Rows rows;
  uniforms(rows);
  normals(rows);
  discrete(rows);
  rows.push_back(dropout_row(0.25, true));
  rows.push_back(dropout_row(0.0, true));
  rows.push_back(dropout_row(1.0, true));
  rows.push_back(dropout_row(0.5, false));
  return rows;
}

}  // namespace op_table
