/// Two-dimensional convolution and its gradients against the sum in its definition.
#include "../op_table.h"

namespace op_table {

namespace {

using Geometry = cairn::ConvGeometry;

/// Calls visit(n, k, p, q, c (within the group), r, s, h, w) for every product in the definition of conv2d.
template <class Visit>
void for_each_product(const Sizes& x, const Sizes& weight, const Sizes& y, const Geometry& geo, Visit visit) {
  const std::int64_t group_outputs = weight[0] / geo.groups;
  for_each_index({y[0], y[1], y[2], y[3], weight[1], weight[2], weight[3]}, [&](const Sizes& i) {
    const std::int64_t h = i[2] * geo.stride[0] - geo.padding[0] + i[5] * geo.dilation[0];
    const std::int64_t w = i[3] * geo.stride[1] - geo.padding[1] + i[6] * geo.dilation[1];
    if (h < 0 || h >= x[2] || w < 0 || w >= x[3]) return;
    const std::int64_t channel = (group_outputs > 0 ? i[1] / group_outputs : 0) * weight[1] + i[4];
    visit(Sizes{i[0], channel, h, w}, Sizes{i[1], i[4], i[5], i[6]}, Sizes{i[0], i[1], i[2], i[3]});
  });
}

Sizes result_sizes(const Sizes& x, const Sizes& weight, const Geometry& geo) {
  Sizes y{x[0], weight[0], 0, 0};
  for (std::size_t i = 0; i < 2; ++i) {
    y[2 + i] = (x[2 + i] + 2 * geo.padding[i] - geo.dilation[i] * (weight[2 + i] - 1) - 1) / geo.stride[i] + 1;
  }
  return y;
}

struct Case {
  std::string name;
  Geometry geometry;
  Sizes x, weight;
  bool bias;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"plain", {}, {2, 3, 4, 3}, {2, 3, 3, 2}, true},
      {"stride", {{2, 3}, {0, 0}, {1, 1}, 1}, {1, 2, 6, 7}, {2, 2, 3, 3}, true},
      {"padding", {{1, 1}, {1, 2}, {1, 1}, 1}, {2, 2, 3, 4}, {2, 2, 3, 3}, false},
      {"dilation", {{1, 1}, {2, 1}, {2, 3}, 1}, {1, 2, 5, 8}, {2, 2, 3, 3}, true},
      {"groups", {{1, 1}, {1, 1}, {1, 1}, 2}, {1, 4, 3, 3}, {4, 2, 3, 3}, true},
      {"depthwise", {{1, 1}, {1, 1}, {1, 1}, 3}, {2, 3, 4, 3}, {3, 1, 3, 3}, false},
      {"depthwise, twice the channels", {{2, 1}, {1, 1}, {1, 1}, 3}, {1, 3, 5, 3}, {6, 1, 3, 3}, true},
      {"pointwise", {}, {1, 5, 3, 3}, {7, 5, 1, 1}, true},
      {"pointwise, stride", {{2, 2}, {0, 0}, {1, 1}, 1}, {1, 3, 5, 4}, {2, 3, 1, 1}, false},
      {"everything", {{2, 1}, {1, 2}, {1, 2}, 2}, {1, 4, 5, 4}, {4, 2, 3, 2}, true},
      {"one pixel", {}, {3, 2, 1, 1}, {4, 2, 1, 1}, true},
      {"one channel", {{1, 1}, {1, 1}, {1, 1}, 1}, {2, 1, 4, 5}, {1, 1, 3, 3}, true}};
  return all;
}

OpRow forward_row(const Case& c) {
  OpRow row;
  row.name = "conv2d";
  row.variant = c.name;
  row.op = [geo = c.geometry](const Tensors& in) { return Tensors{cairn::conv2d(in[0], in[1], in[2], geo)}; };
  row.reference = [geo = c.geometry](const Arrays& in) {
    Array y(result_sizes(in[0].sizes, in[1].sizes, geo));
    for_each_index(y.sizes, [&](const Sizes& i) { y.at(i) = in[2].given() ? in[2][i[1]] : 0.0; });
    for_each_product(in[0].sizes, in[1].sizes, y.sizes, geo,
                     [&](const Sizes& x, const Sizes& w, const Sizes& out) { y.at(out) += in[0].at(x) * in[1].at(w); });
    return Arrays{y};
  };
  const auto inputs = [bias = c.bias](const Sizes& x, const Sizes& weight) {
    return Arrays{random(x), random(weight, -1, 1, 2), bias ? random({weight[0]}, -1, 1, 3) : none()};
  };
  Sizes no_images = c.x;
  no_images[0] = 0;
  row.samples = {{text(c.x), inputs(c.x, c.weight)}, {"empty batch", inputs(no_images, c.weight)}};
  row.tolerances = of_sums(4.0);
  // The same geometry on images large enough for blocks, tails and threads.
  const std::int64_t factor = c.name.starts_with("depthwise") ? 1 : 9;
  const Sizes x{3, c.x[1] * factor, 19, 23}, weight{c.weight[0] * factor, c.weight[1] * factor, c.weight[2], c.weight[3]};
  row.large = [inputs, x, weight] { return inputs(x, weight); };
  row.samples.push_back({"larger", inputs({2, c.x[1] * factor, 11, 13}, weight), false});
  return row;
}

/// inputs: dy, weight.
OpRow backward_data_row(const Case& c) {
  OpRow row;
  row.name = "conv2d_backward_data";
  row.variant = c.name;
  row.op = [c](const Tensors& in) { return Tensors{cairn::conv2d_backward_data(in[0], in[1], Dims(c.x), c.geometry)}; };
  row.reference = [c](const Arrays& in) {
    Array dx(c.x);
    for_each_product(c.x, c.weight, in[0].sizes, c.geometry,
                     [&](const Sizes& x, const Sizes& w, const Sizes& y) { dx.at(x) += in[0].at(y) * in[1].at(w); });
    return Arrays{dx};
  };
  row.samples = {{"images", {random(result_sizes(c.x, c.weight, c.geometry)), random(c.weight, -1, 1, 2)}}};
  row.no_empty = "forward rows have an empty batch and run this too";
  row.dtypes = {DType::f32, DType::f64};
  row.tolerances = of_sums(4.0);
  return row;
}

/// inputs: x, dy.
OpRow backward_weight_row(const Case& c) {
  OpRow row = backward_data_row(c);
  row.name = "conv2d_backward_weight";
  row.op = [c](const Tensors& in) { return Tensors{cairn::conv2d_backward_weight(in[0], in[1], Dims(c.weight), c.geometry)}; };
  row.reference = [c](const Arrays& in) {
    Array dw(c.weight);
    for_each_product(c.x, c.weight, in[1].sizes, c.geometry,
                     [&](const Sizes& x, const Sizes& w, const Sizes& y) { dw.at(w) += in[0].at(x) * in[1].at(y); });
    return Arrays{dw};
  };
  row.samples = {{"images", {random(c.x), random(result_sizes(c.x, c.weight, c.geometry), -1, 1, 2)}}};
  return row;
}

std::vector<BadCall> errors() {
  const auto conv = [](const Dims& x, const Dims& w, const Tensor& bias = {}, const Geometry& geo = {}) {
    return [=] { (void)cairn::conv2d(cairn::zeros(x), cairn::zeros(w), bias, geo); };
  };
  return {bad<cairn::ShapeError>("rank", conv({3, 5, 5}, {2, 3, 3, 3}), {"[conv2d]", "[3, 5, 5]", "[2, 3, 3, 3]"}),
          bad<cairn::ShapeError>("channels", conv({1, 4, 5, 5}, {2, 3, 3, 3}), {"[conv2d]", "[1, 4, 5, 5]", "[2, 3, 3, 3]"}),
          bad<cairn::ShapeError>("window", conv({1, 3, 2, 2}, {2, 3, 3, 3}), {"[conv2d]", "[1, 3, 2, 2]", "[2, 3, 3, 3]"}),
          bad<cairn::ShapeError>("bias", conv({1, 3, 5, 5}, {2, 3, 3, 3}, cairn::zeros({3})), {"[conv2d]", "[2]", "[3]"}),
          bad<cairn::ShapeError>("groups", conv({1, 4, 5, 5}, {3, 2, 3, 3}, {}, {{1, 1}, {0, 0}, {1, 1}, 2}), {"[conv2d]", "[3, 2, 3, 3]", "2"}),
          bad<cairn::ValueError>("stride", conv({1, 3, 5, 5}, {2, 3, 3, 3}, {}, {{0, 1}, {0, 0}, {1, 1}, 1}), {"[conv2d]", "stride"}),
          bad<cairn::DTypeError>("dtype", [] { (void)cairn::conv2d(cairn::zeros({1, 3, 5, 5}), cairn::zeros({2, 3, 3, 3}, {DType::f64})); }, {"[conv2d]", "f32", "f64"}),
          bad<cairn::DTypeError>("integers", [] { (void)cairn::conv2d(cairn::zeros({1, 3, 5, 5}, {DType::i32}), cairn::zeros({2, 3, 3, 3}, {DType::i32})); }, {"[conv2d]", "i32"})};
}

}  // namespace

Rows conv_rows() {
  Rows rows;
  for (const Case& c : cases()) rows.push_back(forward_row(c));
  rows[0].bad_calls = errors();
  for (const Case& c : cases()) rows.push_back(backward_data_row(c));
  for (const Case& c : cases()) rows.push_back(backward_weight_row(c));
  return rows;
}

}  // namespace op_table
