/// Batch and layer normalisation from their definitions, in two passes.
#include "../op_table.h"

#include <cmath>

namespace op_table {

namespace {

struct Moments {
  double mean = 0.0, variance = 0.0;  ///< biased
};

Moments moments(const std::vector<double>& run) {
  Moments m;
  for (const double v : run) m.mean += v / static_cast<double>(run.size());
  for (const double v : run) m.variance += (v - m.mean) * (v - m.mean) / static_cast<double>(run.size());
  return m;
}

/// The values of channel c, in order.
std::vector<double> channel(const Array& x, std::int64_t c) {
  std::vector<double> run;
  for_each_index(x.sizes, [&](const Sizes& i) {
    if (i[1] == c) run.push_back(x.at(i));
  });
  return run;
}

/// inputs: x, weight, bias, running mean, running variance. The running ones are copied first: the op changes them.
OpRow batch_norm_row(bool training, bool affine, Kind statistics = Kind::wide) {
  const double eps = 1e-3, momentum = 0.3;
  OpRow row;
  row.name = "batch_norm";
  row.variant = std::string(training ? "training" : "evaluation") + (affine ? ", affine" : "");
  row.op = [=](const Tensors& in) {
    const Tensor mean = in[3].clone(), variance = in[4].clone();
    const Tensor y = cairn::batch_norm(in[0], in[1], in[2], mean, variance, training, momentum, eps);
    return Tensors{y, mean, variance};
  };
  row.reference = [=](const Arrays& in) {
    const Array& x = in[0];
    Array y(x.sizes), mean = in[3], variance = in[4];
    std::vector<Moments> of(static_cast<std::size_t>(x.size(1)));
    for (std::int64_t c = 0; c < x.size(1); ++c) {
      Moments& m = of[static_cast<std::size_t>(c)];
      m = {in[3][c], in[4][c]};
      if (!training) continue;
      const auto run = channel(x, c);
      m = moments(run);
      const auto n = static_cast<double>(run.size());
      mean[c] += momentum * (m.mean - mean[c]);
      variance[c] += momentum * (m.variance * n / (n - 1.0) - variance[c]);
    }
    for_each_index(x.sizes, [&](const Sizes& i) {
      const Moments& m = of[static_cast<std::size_t>(i[1])];
      const double xhat = (x.at(i) - m.mean) / std::sqrt(m.variance + eps);
      y.at(i) = xhat * (in[1].given() ? in[1][i[1]] : 1.0) + (in[2].given() ? in[2][i[1]] : 0.0);
    });
    return Arrays{y, mean, variance};
  };
  const auto inputs = [=](const Sizes& x) {
    const std::int64_t c = x[1];
    Array mean = random({c}, -1, 1, 4), variance = random({c}, 0.5, 2, 5);
    mean.kind = variance.kind = statistics;
    return Arrays{random(x, -1, 3), affine ? random({c}, 0.5, 2, 2) : none(), affine ? random({c}, -1, 1, 3) : none(), mean, variance};
  };
  row.samples = {{"matrix", inputs({7, 3})}, {"images", inputs({2, 3, 3, 2})}, {"one image", inputs({1, 2, 3, 3})}, {"one channel", inputs({3, 1, 2, 2})}};
  row.samples.push_back({"larger", inputs({3, 37, 5, 7}), false});
  if (training) row.no_empty = "training needs more than one value per channel";
  else row.samples.push_back({"empty batch", inputs({0, 3, 2, 2})});
  row.tolerances = of_sums(1.0, 4e-6);
  row.large = [inputs] { return inputs({5, 37, 29, 31}); };
  const auto call = [training](const Tensor& x, const Tensor& w, const Tensor& m, const Tensor& v) {
    return [=] { (void)cairn::batch_norm(x, w, {}, m, v, training); };
  };
  row.bad_calls = {bad<cairn::ShapeError>("rank", call(cairn::zeros({3}), {}, cairn::zeros({3}), cairn::ones({3})), {"[batch_norm]", "[3]"}),
                   bad<cairn::ShapeError>("weight", call(cairn::zeros({2, 3}), cairn::ones({2}), cairn::zeros({3}), cairn::ones({3})), {"[batch_norm]", "weight", "[3]", "[2]"}),
                   bad<cairn::ValueError>("half of the statistics", call(cairn::zeros({2, 3}), {}, cairn::zeros({3}), {}), {"[batch_norm]", "running"}),
                   bad<cairn::DTypeError>("integers", call(cairn::zeros({2, 3}, {DType::i64}), {}, {}, {}), {"[batch_norm]", "i64"})};
  if (training) {
    row.bad_calls.push_back(bad<cairn::ValueError>("one value", call(cairn::zeros({1, 3, 1, 1}), {}, {}, {}), {"[batch_norm]", "[1, 3, 1, 1]"}));
  } else {
    row.bad_calls.push_back(bad<cairn::ValueError>("no statistics", call(cairn::zeros({2, 3}), {}, {}, {}), {"[batch_norm]", "running"}));
  }
  return row;
}

/// inputs: x, weight, bias. The last `inner` dimensions are normalised.
OpRow layer_norm_row(std::size_t inner, bool affine) {
  const double eps = 1e-4;
  OpRow row;
  row.name = "layer_norm";
  row.variant = std::to_string(inner) + (affine ? " dimensions, affine" : " dimensions");
  row.op = [=](const Tensors& in) {
    const Dims& sizes = in[0].sizes();
    return Tensors{cairn::layer_norm(in[0], Dims(sizes.end() - inner, sizes.end()), in[1], in[2], eps)};
  };
  row.reference = [=](const Arrays& in) {
    const Array& x = in[0];
    const std::int64_t n = product(Sizes(x.sizes.end() - static_cast<std::ptrdiff_t>(inner), x.sizes.end()));
    Array y(x.sizes);
    for (std::int64_t start = 0; start < x.numel(); start += n) {
      const Moments m = moments({x.values.begin() + start, x.values.begin() + start + n});
      for (std::int64_t i = 0; i < n; ++i) {
        const double xhat = (x[start + i] - m.mean) / std::sqrt(m.variance + eps);
        y[start + i] = xhat * (in[1].given() ? in[1][i] : 1.0) + (in[2].given() ? in[2][i] : 0.0);
      }
    }
    return Arrays{y};
  };
  const auto inputs = [=](const Sizes& x) {
    const Sizes last(x.end() - static_cast<std::ptrdiff_t>(inner), x.end());
    return Arrays{random(x, -1, 3), affine ? random(last, 0.5, 2, 2) : none(), affine ? random(last, -1, 1, 3) : none()};
  };
  row.samples = {{"matrix", inputs({3, 7})}, {"three", inputs({2, 3, 5})}, {"images", inputs({2, 2, 3, 3})}, {"empty", inputs({0, 3, 4})}};
  row.samples.push_back({"wide", inputs({5, 131}), false});
  row.samples.push_back({"far from zero", Arrays(inputs({3, 33})), false});
  for (double& v : row.samples.back().inputs[0].values) v = v * 0.25 + 64;
  row.tolerances = of_sums(1.0, 2e-5);
  row.large = [inputs] { return inputs({301, 263}); };
  row.bad_calls = {bad<cairn::ShapeError>("sizes", [] { (void)cairn::layer_norm(cairn::zeros({2, 3}), {4}); }, {"[layer_norm]", "[2, 3]", "[4]"}),
                   bad<cairn::ShapeError>("no sizes", [] { (void)cairn::layer_norm(cairn::zeros({2, 3}), {}); }, {"[layer_norm]", "[2, 3]"}),
                   bad<cairn::ShapeError>("too many sizes", [] { (void)cairn::layer_norm(cairn::zeros({3}), {2, 3}); }, {"[layer_norm]", "[3]", "[2, 3]"}),
                   bad<cairn::ShapeError>("weight", [] { (void)cairn::layer_norm(cairn::zeros({2, 3}), {3}, cairn::ones({2})); }, {"[layer_norm]", "[3]", "[2]"}),
                   bad<cairn::DTypeError>("integers", [] { (void)cairn::layer_norm(cairn::zeros({2, 3}, {DType::i64}), {3}); }, {"[layer_norm]", "i64"})};
  return row;
}

}  // namespace

Rows norm_rows() {
  OpRow half = batch_norm_row(true, true, Kind::constant);
  half.variant += ", statistics of the same dtype";
  half.dtypes = {DType::bf16, DType::f16};
  half.large = {};
  return {half, batch_norm_row(true, true),  batch_norm_row(true, false), batch_norm_row(false, true),
          batch_norm_row(false, false), layer_norm_row(1, true),     layer_norm_row(1, false),
          layer_norm_row(2, true)};
}

}  // namespace op_table
