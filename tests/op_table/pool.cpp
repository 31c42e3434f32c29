/// Pooling against loops over each window.
#include "../op_table.h"

#include <cmath>
#include <limits>

namespace op_table {

namespace {

using Geometry = cairn::PoolGeometry;
const double nan = std::numeric_limits<double>::quiet_NaN();

/// Calls visit(value) for the elements of x in the window of output (p, q); gives the number of places in it that
/// lie inside the padded image.
struct Windows {
  Sizes out;
  std::function<std::vector<Sizes>(std::int64_t p, std::int64_t q)> places;  ///< (h, w) inside the image
  std::function<double(std::int64_t p, std::int64_t q, std::size_t inside)> divisor;
};

Windows windows(const Array& x, const Geometry& geo) {
  const std::int64_t size[2] = {x.sizes[2], x.sizes[3]};
  Sizes out{x.sizes[0], x.sizes[1], 0, 0};
  for (std::size_t i = 0; i < 2; ++i) out[2 + i] = (size[i] + 2 * geo.padding[i] - geo.dilation[i] * (geo.kernel[i] - 1) - 1) / geo.stride[i] + 1;
  const auto places = [=](std::int64_t p, std::int64_t q) {
    std::vector<Sizes> inside;
    for (std::int64_t r = 0; r < geo.kernel[0]; ++r) {
      for (std::int64_t s = 0; s < geo.kernel[1]; ++s) {
        const std::int64_t h = p * geo.stride[0] - geo.padding[0] + r * geo.dilation[0];
        const std::int64_t w = q * geo.stride[1] - geo.padding[1] + s * geo.dilation[1];
        if (h >= 0 && h < size[0] && w >= 0 && w < size[1]) inside.push_back({h, w});
      }
    }
    return inside;
  };
  const auto divisor = [geo](std::int64_t, std::int64_t, std::size_t inside) {
    return geo.count_include_pad ? static_cast<double>(geo.kernel[0] * geo.kernel[1]) : static_cast<double>(inside);
  };
  return {out, places, divisor};
}

Windows adaptive_windows(const Array& x, std::int64_t rows, std::int64_t cols) {
  const std::int64_t height = x.sizes[2], width = x.sizes[3];
  const auto places = [=](std::int64_t p, std::int64_t q) {
    std::vector<Sizes> inside;
    for (std::int64_t h = p * height / rows; h < ((p + 1) * height + rows - 1) / rows; ++h) {
      for (std::int64_t w = q * width / cols; w < ((q + 1) * width + cols - 1) / cols; ++w) inside.push_back({h, w});
    }
    return inside;
  };
  return {{x.sizes[0], x.sizes[1], rows, cols}, places, [](std::int64_t, std::int64_t, std::size_t inside) { return static_cast<double>(inside); }};
}

Array pooled(const Array& x, const Windows& over, bool largest) {
  Array y(over.out);
  for_each_index(y.sizes, [&](const Sizes& i) {
    double sum = 0.0, top = -INFINITY;
    const auto places = over.places(i[2], i[3]);
    for (const Sizes& at : places) {
      const double v = x.at({i[0], i[1], at[0], at[1]});
      sum += v;
      top = std::isnan(v) || std::isnan(top) ? nan : std::max(top, v);
    }
    y.at(i) = largest ? top : sum / over.divisor(i[2], i[3], places.size());
  });
  return y;
}

struct Case {
  std::string name;
  Geometry geometry;
  Sizes x;
};
const std::vector<Case> max_cases = {{"2x2", {{2, 2}, {2, 2}}, {2, 3, 6, 4}},
                                     {"odd sizes", {{3, 2}, {2, 1}}, {1, 3, 7, 5}},
                                     {"padding", {{3, 3}, {2, 2}, {1, 1}}, {2, 2, 5, 7}},
                                     {"dilation", {{2, 3}, {1, 1}, {0, 1}, {2, 2}}, {1, 2, 5, 6}},
                                     {"whole image", {{4, 3}, {1, 1}}, {2, 5, 4, 3}}};
const std::vector<Case> mean_cases = {{"2x2", {{2, 2}, {2, 2}}, {2, 3, 6, 4}},
                                      {"odd sizes", {{3, 2}, {2, 1}}, {1, 3, 7, 5}},
                                      {"padding counts", {{3, 3}, {2, 2}, {1, 1}}, {2, 2, 5, 7}},
                                      {"padding does not count", {{3, 3}, {2, 2}, {1, 1}, {1, 1}, false}, {2, 2, 5, 7}},
                                      {"whole image", {{4, 3}, {1, 1}}, {2, 5, 4, 3}}};

OpRow pool_row(const std::string& name, const Case& c, Tensor (*op)(const Tensor&, const Geometry&), bool largest) {
  OpRow row;
  row.name = name;
  row.variant = c.name;
  row.op = [op, geo = c.geometry](const Tensors& in) { return Tensors{op(in[0], geo)}; };
  row.reference = [geo = c.geometry, largest](const Arrays& in) { return Arrays{pooled(in[0], windows(in[0], geo), largest)}; };
  row.samples = {{text(c.x), {spread(c.x)}}, {"many channels", {spread({2, 37, c.x[2], c.x[3]})}, false}, {"empty batch", {Array({0, c.x[1], c.x[2], c.x[3]})}}};
  if (largest) {
    Array with_nan = spread(c.x);
    with_nan[3] = with_nan[with_nan.numel() - 2] = nan;
    row.samples.push_back({"NaN", {with_nan}, false});
    row.samples.push_back({"all negative", {spread(c.x, -9, -1)}});
  }
  row.tolerances = of_sums();
  row.large = [] { return Arrays{spread({3, 37, 41, 43})}; };
  const std::string prefix = "[" + name + "]";
  row.bad_calls = {bad<cairn::ShapeError>("rank", [op] { (void)op(cairn::zeros({3, 4}), {{2, 2}, {2, 2}}); }, {prefix, "[3, 4]"}),
                   bad<cairn::DTypeError>("integers", [op] { (void)op(cairn::zeros({1, 1, 4, 4}, {DType::i64}), {{2, 2}, {2, 2}}); }, {prefix, "i64[1, 1, 4, 4]"}),
                   bad<cairn::ShapeError>("image too small", [op] { (void)op(cairn::zeros({1, 1, 2, 2}), {{3, 3}, {1, 1}}); }, {prefix, "[1, 1, 2, 2]", "3"}),
                   bad<cairn::ValueError>("padding", [op] { (void)op(cairn::zeros({1, 1, 4, 4}), {{2, 2}, {2, 2}, {2, 2}}); }, {prefix, "padding"}),
                   bad<cairn::ValueError>("stride", [op] { (void)op(cairn::zeros({1, 1, 4, 4}), {{2, 2}, {0, 2}}); }, {prefix, "stride"})};
  return row;
}

OpRow adaptive_row(const std::string& name, Tensor (*op)(const Tensor&, std::int64_t, std::int64_t), std::int64_t p, std::int64_t q, bool largest) {
  OpRow row;
  row.name = name;
  row.variant = std::to_string(p) + " x " + std::to_string(q);
  row.op = [=](const Tensors& in) { return Tensors{op(in[0], p, q)}; };
  row.reference = [=](const Arrays& in) { return Arrays{pooled(in[0], adaptive_windows(in[0], p, q), largest)}; };
  row.samples = {{"divides", {spread({2, 3, 6, 6})}}, {"overlaps", {spread({1, 2, 7, 5})}}, {"many channels", {spread({2, 37, 7, 5})}, false},
                 {"smaller than the result", {spread({1, 2, 2, 1})}}, {"empty batch", {Array({0, 3, 5, 5})}}};
  if (largest) row.samples[3].smooth = true;
  row.tolerances = of_sums();
  row.large = [] { return Arrays{spread({3, 37, 41, 43})}; };
  const std::string prefix = "[" + name + "]";
  row.bad_calls = {bad<cairn::ShapeError>("rank", [op] { (void)op(cairn::zeros({3, 4}), 1, 1); }, {prefix, "[3, 4]"}),
                   bad<cairn::ShapeError>("empty image", [op] { (void)op(cairn::zeros({1, 2, 0, 4}), 1, 1); }, {prefix, "[1, 2, 0, 4]"}),
                   bad<cairn::ValueError>("result size", [op] { (void)op(cairn::zeros({1, 2, 3, 4}), 0, 1); }, {prefix, "0"})};
  return row;
}

/// The first of equal elements gets the gradient.
std::string first_of_ties() {
  const Tensor x = cairn::ones({1, 1, 2, 2}, {DType::f64}).set_requires_grad();
  cairn::max_pool2d(x, {{2, 2}, {2, 2}}).sum().backward();
  return x.grad().to_vector<double>() == std::vector<double>{1, 0, 0, 0} ? "" : "the first of equal elements must get the gradient";
}

}  // namespace

Rows pool_rows() {
  Rows rows;
  for (const Case& c : max_cases) rows.push_back(pool_row("max_pool2d", c, cairn::max_pool2d, true));
  rows[0].property = first_of_ties;
  for (const Case& c : mean_cases) rows.push_back(pool_row("avg_pool2d", c, cairn::avg_pool2d, false));
  for (const auto& [p, q] : std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 1}, {3, 2}}) {
    rows.push_back(adaptive_row("adaptive_avg_pool2d", cairn::adaptive_avg_pool2d, p, q, false));
    rows.push_back(adaptive_row("adaptive_max_pool2d", cairn::adaptive_max_pool2d, p, q, true));
  }
  return rows;
}

}  // namespace op_table
