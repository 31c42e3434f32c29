/// Losses from their formulas.
#include "../op_table.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace op_table {

namespace {

using cairn::Reduction;
const double nan = std::numeric_limits<double>::quiet_NaN();

std::string name_of(Reduction reduction) {
  return reduction == Reduction::none ? "none" : reduction == Reduction::mean ? "mean" : "sum";
}

Array reduced(const Array& loss, Reduction reduction, double divisor) {
  if (reduction == Reduction::none) return loss;
  double sum = 0.0;
  for (const double v : loss.values) sum += v;
  return Array({}, std::vector<double>{reduction == Reduction::mean ? sum / divisor : sum});
}

// ---- elementwise ----------------------------------------------------------------------------------

/// inputs: a, b and perhaps a weight.
OpRow pair_row(const std::string& name, Reduction reduction, std::function<Tensor(const Tensors&, Reduction)> op,
               std::function<double(double, double)> f, std::function<Arrays(const Sizes&)> inputs) {
  OpRow row;
  row.name = name;
  row.variant = name_of(reduction);
  row.op = [=](const Tensors& in) { return Tensors{op(in, reduction)}; };
  row.reference = [=](const Arrays& in) {
    Array loss = zip(in[0], in[1], f);
    if (in.size() > 2 && in[2].given()) loss = zip(loss, in[2], [](double l, double w) { return l * w; });
    return Arrays{reduced(loss, reduction, static_cast<double>(loss.numel()))};
  };
  for (const Sizes& sizes : {Sizes{3, 7}, Sizes{19}, Sizes{2, 3, 2, 3}, Sizes{}, Sizes{0, 3}}) row.samples.push_back({text(sizes), inputs(sizes)});
  row.tolerances = of_sums(1.0);
  row.large = [inputs] { return inputs({301, 307}); };
  const auto call = [op, reduction](const Tensor& a, const Tensor& b) { return [=] { (void)op({a, b, {}}, reduction); }; };
  row.bad_calls = {bad<cairn::ShapeError>("shapes", call(cairn::zeros({2, 3}), cairn::zeros({3})), {"[" + name + "]", "[2, 3]", "[3]"}),
                   bad<cairn::DTypeError>("dtypes", call(cairn::zeros({2}), cairn::zeros({2}, {DType::f64})), {"[" + name + "]", "f32", "f64"}),
                   bad<cairn::DTypeError>("integers", call(cairn::zeros({2}, {DType::i64}), cairn::zeros({2}, {DType::i64})), {"[" + name + "]", "i64"})};
  return row;
}

void elementwise(Rows& rows) {
  const auto apart = [](const Sizes& sizes) { return Arrays{random(sizes), random(sizes, 2.1, 4, 2)}; };
  const auto probability = [](bool weighted) {
    return [weighted](const Sizes& sizes) {
      return Arrays{random(sizes, 0.1, 0.9), random(sizes, 0.1, 0.9, 2), weighted ? random(sizes, 0.5, 2, 3) : none()};
    };
  };
  const auto logit = [](bool weighted) {
    return [weighted](const Sizes& sizes) {
      return Arrays{random(sizes, -3, 3), random(sizes, 0.1, 0.9, 2), weighted ? random(sizes, 0.5, 2, 3) : none()};
    };
  };
  const auto log_of = [](double p) { return std::max(std::log(p), -100.0); };
  const auto cross = [log_of](double p, double y) { return -((y == 0 ? 0 : y * log_of(p)) + (y == 1 ? 0 : (1 - y) * log_of(1 - p))); };
  const auto cross_logits = [](double z, double y) { return std::max(z, 0.0) - z * y + std::log1p(std::exp(-std::abs(z))); };
  for (const Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
    rows.push_back(pair_row("mse_loss", reduction, [](const Tensors& in, Reduction r) { return cairn::mse_loss(in[0], in[1], r); },
                            [](double a, double b) { return (a - b) * (a - b); }, apart));
    rows.push_back(pair_row("l1_loss", reduction, [](const Tensors& in, Reduction r) { return cairn::l1_loss(in[0], in[1], r); },
                            [](double a, double b) { return std::abs(a - b); }, apart));
    for (const bool weighted : {false, true}) {
      rows.push_back(pair_row("binary_cross_entropy", reduction,
                              [](const Tensors& in, Reduction r) { return cairn::binary_cross_entropy(in[0], in[1], r, in[2]); }, cross, probability(weighted)));
      rows.back().samples.push_back({"certain", {Array({4}, {0, 1, 0, 1}), Array({4}, {0, 1, 1, 0}), none()}, false});
      rows.back().bad_calls.push_back(bad<cairn::ValueError>("not a probability", [] { (void)cairn::binary_cross_entropy(cairn::full({2}, 1.5), cairn::ones({2})); }, {"[binary_cross_entropy]", "[0, 1]"}));
      if (weighted) rows.back().variant += ", weighted";
      rows.push_back(pair_row("binary_cross_entropy_with_logits", reduction,
                              [](const Tensors& in, Reduction r) { return cairn::binary_cross_entropy_with_logits(in[0], in[1], r, in[2]); }, cross_logits, logit(weighted)));
      rows.back().samples.push_back({"far out", {Array({4}, {-1000, 1000, -80, 80}), Array({4}, {0, 1, 1, 0}), none()}, false});
      if (weighted) rows.back().variant += ", weighted";
    }
  }
}

// ---- integer targets ------------------------------------------------------------------------------

struct Classification {
  std::string name;
  double smoothing = 0.0;
  bool weighted = false;
  Reduction reduction = Reduction::mean;
  std::int64_t ignore = -100;
};

/// Loss of every row of scores [N, K, d...] with targets [N, d...] and class weights [K] or none. `normalised`: the
/// scores are logarithms of probabilities already.
Array classified(const Arrays& in, const Classification& how, bool normalised) {
  const Array& z = in[0];
  const std::int64_t k = z.sizes[1];
  Array loss(in[1].sizes);
  double divisor = 0.0;
  for_each_index(loss.sizes, [&](const Sizes& at) {
    const auto target = static_cast<std::int64_t>(in[1].at(at));
    if (target == how.ignore) return;
    std::vector<double> log_p;
    Sizes index = at;
    index.insert(index.begin() + 1, 0);
    for (; index[1] < k; ++index[1]) log_p.push_back(z.at(index));
    if (!normalised) {
      const double top = *std::max_element(log_p.begin(), log_p.end());
      double sum = 0.0;
      for (const double v : log_p) sum += std::exp(v - top);
      for (double& v : log_p) v -= top + std::log(sum);
    }
    double& l = loss.at(at);
    for (std::int64_t c = 0; c < k; ++c) {
      const double weight = in[2].given() ? in[2][c] : 1.0;
      const double wanted = (c == target ? 1.0 - how.smoothing : 0.0) + how.smoothing / static_cast<double>(k);
      if (wanted != 0.0) l -= weight * wanted * log_p[static_cast<std::size_t>(c)];
    }
    divisor += in[2].given() ? in[2][target] : 1.0;
  });
  return reduced(loss, how.reduction, divisor);
}

using Loss = Tensor (*)(const Tensor&, const Tensor&, const cairn::CrossEntropyArgs&);

OpRow classification_row(const std::string& name, Loss op, const Classification& how, bool normalised) {
  OpRow row;
  row.name = name;
  row.variant = how.name;
  row.op = [=](const Tensors& in) { return Tensors{op(in[0], in[1], {in[2], how.smoothing, how.ignore, how.reduction})}; };
  row.reference = [=](const Arrays& in) { return Arrays{classified(in, how, normalised)}; };
  const auto inputs = [how](const Sizes& sizes) {
    Sizes targets = sizes;
    targets.erase(targets.begin() + 1);
    Array target = indices(targets, sizes[1], 2);
    for (std::int64_t i = 1; i < target.numel(); i += 4) target[i] = static_cast<double>(how.ignore);
    return Arrays{random(sizes, -3, 0), target, how.weighted ? constant(random({sizes[1]}, 0.5, 2, 3)) : none()};
  };
  row.samples = {{"rows", inputs({7, 5})}, {"images", inputs({2, 3, 3, 2})}, {"sequence", inputs({2, 4, 5})}, {"one class", inputs({3, 1})}};
  if (how.reduction == Reduction::mean) row.samples.push_back({"empty: NaN", inputs({0, 3}), true});
  else row.samples.push_back({"empty", inputs({0, 3})});
  row.samples.push_back({"wide", inputs({5, 1031}), false});
  Arrays ignored = inputs({2, 3});
  ignored[1].values = {static_cast<double>(how.ignore), static_cast<double>(how.ignore)};
  row.samples.push_back({"all ignored", ignored, how.reduction != Reduction::mean});
  if (!normalised) row.samples.push_back({"huge logits", {Array({1, 3}, {3e4, -3e4, 2e4}), Array({1}, {1}, Kind::index), how.weighted ? constant(Array({3}, 1.0)) : none()}, false});
  row.tolerances = of_sums(1.0);
  row.large = [inputs] { return inputs({301, 307}); };
  const std::string prefix = "[" + name + "]";
  const auto call = [op](const Dims& z, const Tensor& target) { return [=] { (void)op(cairn::zeros(z), target, {}); }; };
  const cairn::TensorOptions i64{DType::i64};
  row.bad_calls = {bad<cairn::ShapeError>("targets", call({2, 3}, cairn::zeros({3}, i64)), {prefix, "[2, 3]", "[3]"}),
                   bad<cairn::ShapeError>("rank", call({3}, cairn::zeros({3}, i64)), {prefix, "[3]"}),
                   bad<cairn::DTypeError>("target dtype", call({2, 3}, cairn::zeros({2})), {prefix, "i64", "f32[2]"}),
                   bad<cairn::IndexError>("target too large", call({2, 3}, cairn::full({2}, 3, i64)), {prefix, "range"}),
                   bad<cairn::IndexError>("target negative", call({2, 3}, cairn::full({2}, -1, i64)), {prefix, "range"}),
                   bad<cairn::DTypeError>("integer scores", [op, i64] { (void)op(cairn::zeros({2, 3}, i64), cairn::zeros({2}, i64), {}); }, {prefix, "i64[2, 3]"}),
                   bad<cairn::ShapeError>("class weights", [op, i64] { (void)op(cairn::zeros({2, 3}), cairn::zeros({2}, i64), {cairn::ones({2})}); }, {prefix, "[3]", "[2]"})};
  if (normalised) {
    row.bad_calls.push_back(bad<cairn::ValueError>("smoothing", [op, i64] { (void)op(cairn::zeros({2, 3}), cairn::zeros({2}, i64), {{}, 0.1}); }, {prefix, "smoothing"}));
  } else {
    row.bad_calls.push_back(bad<cairn::ValueError>("smoothing", [op, i64] { (void)op(cairn::zeros({2, 3}), cairn::zeros({2}, i64), {{}, 1.5}); }, {prefix, "1.5"}));
  }
  return row;
}

}  // namespace

Rows loss_rows() {
  Rows rows;
  elementwise(rows);
  for (const Classification& how : std::vector<Classification>{{"mean"},
                                                               {"sum", 0.0, false, Reduction::sum},
                                                               {"none", 0.0, false, Reduction::none},
                                                               {"weighted mean", 0.0, true},
                                                               {"weighted none, ignore 0", 0.0, true, Reduction::none, 0}}) {
    rows.push_back(classification_row("cross_entropy", cairn::cross_entropy, how, false));
    rows.push_back(classification_row("nll_loss", cairn::nll_loss, how, true));
  }
  for (const Classification& how : std::vector<Classification>{{"smoothed", 0.1}, {"smoothed, weighted", 0.2, true}, {"only smoothing, sum", 1.0, false, Reduction::sum}}) {
    rows.push_back(classification_row("cross_entropy", cairn::cross_entropy, how, false));
  }
  return rows;
}

}  // namespace op_table
