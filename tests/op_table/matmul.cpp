/// Matrix products against three nested loops.
#include "../op_table.h"

namespace op_table {

namespace {

Array product_of(Array a, Array b) {
  const bool row = a.rank() == 1, column = b.rank() == 1;
  if (row) a.sizes.insert(a.sizes.begin(), 1);
  if (column) b.sizes.push_back(1);
  const std::int64_t m = a.size(-2), k = a.size(-1), n = b.size(-1);
  const auto outer = [](const Array& x) { return Array(Sizes(x.sizes.begin(), x.sizes.end() - 2)); };
  const Sizes batch = broadcast(outer(a).sizes, outer(b).sizes);
  const auto matrix_of = [](const Array& x, const Sizes& index) {  // which matrix of x belongs to this batch index
    Sizes own;
    const std::size_t rank = x.sizes.size() - 2;
    for (std::size_t i = 0; i < rank; ++i) own.push_back(x.sizes[i] == 1 ? 0 : index[index.size() - rank + i]);
    return Array(Sizes(x.sizes.begin(), x.sizes.end() - 2)).position(own) * x.size(-2) * x.size(-1);
  };
  Sizes sizes = batch;
  sizes.push_back(m);
  sizes.push_back(n);
  Array c(sizes);
  std::int64_t to = 0;
  for_each_index(batch, [&](const Sizes& index) {
    const std::int64_t at_a = matrix_of(a, index), at_b = matrix_of(b, index);
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j, ++to) {
        for (std::int64_t p = 0; p < k; ++p) c[to] += a[at_a + i * k + p] * b[at_b + p * n + j];
      }
    }
  });
  if (column) c.sizes.pop_back();
  if (row) c.sizes.erase(c.sizes.end() - (column ? 1 : 2));
  return c;
}

Arrays pair(const Sizes& a, const Sizes& b) { return {random(a), random(b, -2, 2, 2)}; }

OpRow product_row(const std::string& name, std::function<Tensor(const Tensor&, const Tensor&)> op) {
  OpRow row;
  row.name = name;
  row.op = [op](const Tensors& in) { return Tensors{op(in[0], in[1])}; };
  row.reference = [](const Arrays& in) { return Arrays{product_of(in[0], in[1])}; };
  row.tolerances = of_sums(4.0);
  return row;
}

std::vector<BadCall> dtype_errors(const std::string& name, std::function<Tensor(const Tensor&, const Tensor&)> op, const Dims& sizes) {
  const std::string prefix = "[" + name + "]";
  return {bad<cairn::DTypeError>("dtypes differ", [=] { (void)op(cairn::zeros(sizes), cairn::zeros(sizes, {DType::f64})); }, {prefix, "f32", "f64"}),
          bad<cairn::DTypeError>("integers", [=] { (void)op(cairn::zeros(sizes, {DType::i64}), cairn::zeros(sizes, {DType::i64})); }, {prefix, "i64"})};
}

OpRow linear_row(bool bias) {
  OpRow row;
  row.name = "linear";
  row.variant = bias ? "bias" : "no bias";
  row.op = [](const Tensors& in) { return Tensors{cairn::linear(in[0], in[1], in[2])}; };
  row.reference = [](const Arrays& in) {
    const std::int64_t inner = in[1].sizes[1], outer = in[1].sizes[0];
    Sizes sizes = in[0].sizes;
    sizes.back() = outer;
    Array y(sizes);
    for (std::int64_t at = 0; at < y.numel(); ++at) {
      const std::int64_t r = at / outer, o = at % outer;
      y[at] = in[2].given() ? in[2][o] : 0.0;
      for (std::int64_t i = 0; i < inner; ++i) y[at] += in[0][r * inner + i] * in[1][o * inner + i];
    }
    return Arrays{y};
  };
  const auto inputs = [bias](const Sizes& x, std::int64_t out) {
    return Arrays{random(x), random({out, x.back()}, -1, 1, 2), bias ? random({out}, -1, 1, 3) : none()};
  };
  row.samples = {{"matrix", inputs({3, 5}, 7)},     {"vector", inputs({5}, 3)},        {"batch", inputs({2, 3, 4}, 5)},
                 {"images", inputs({2, 1, 3, 4}, 2)}, {"one output", inputs({6, 3}, 1)}, {"empty batch", inputs({0, 3}, 4)},
                 {"nothing to add up", inputs({3, 0}, 4)}};
  row.samples.push_back({"larger", inputs({37, 65}, 33), false});
  row.large = [inputs] { return inputs({129, 203}, 131); };
  row.tolerances = of_sums(4.0);
  row.bad_calls = {bad<cairn::ShapeError>("inner sizes", [] { (void)cairn::linear(cairn::zeros({2, 3}), cairn::zeros({5, 4})); }, {"[linear]", "[2, 3]", "[5, 4]"}),
                   bad<cairn::ShapeError>("bias", [] { (void)cairn::linear(cairn::zeros({2, 3}), cairn::zeros({5, 3}), cairn::zeros({3})); }, {"[linear]", "[5]", "[3]"}),
                   bad<cairn::DTypeError>("dtypes", [] { (void)cairn::linear(cairn::zeros({2, 3}), cairn::zeros({5, 3}, {DType::f64})); }, {"[linear]", "f32", "f64"})};
  return row;
}

}  // namespace

Rows matmul_rows() {
  OpRow matmul = product_row("matmul", cairn::matmul);
  matmul.samples = {{"matrices", pair({3, 5}, {5, 7})},
                    {"vector, vector", pair({5}, {5})},
                    {"vector, matrix", pair({5}, {5, 3})},
                    {"matrix, vector", pair({3, 5}, {5})},
                    {"batch, matrix", pair({2, 3, 4}, {4, 5})},
                    {"matrix, batch", pair({3, 4}, {2, 4, 5})},
                    {"batch, vector", pair({2, 3, 4}, {4})},
                    {"vector, batch", pair({4}, {2, 4, 3})},
                    {"batches", pair({2, 3, 4}, {2, 4, 2})},
                    {"broadcast batches", pair({2, 1, 2, 3}, {3, 3, 2})},
                    {"broadcast four", pair({2, 1, 2, 3}, {1, 2, 3, 2})},
                    {"one by one", pair({1, 1}, {1, 1})},
                    {"empty rows", pair({0, 3}, {3, 2})},
                    {"empty columns", pair({2, 3}, {3, 0})},
                    {"nothing to add up", pair({2, 0}, {0, 3})},
                    {"empty batch", pair({0, 2, 3}, {0, 3, 2})}};
  // Sizes around the blocks of a kernel.
  for (const auto& [m, k, n] : std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>{
           {1, 300, 1}, {33, 17, 65}, {64, 64, 64}, {7, 513, 31}, {129, 1, 67}, {1, 40, 200}, {200, 40, 1}}) {
    matmul.samples.push_back({text({m, k, n}), pair({m, k}, {k, n}), false});
  }
  matmul.large = [] { return pair({3, 129, 203}, {203, 131}); };
  matmul.bad_calls = dtype_errors("matmul", cairn::matmul, {3, 3});
  matmul.bad_calls.push_back(bad<cairn::ShapeError>("inner sizes", [] { (void)cairn::matmul(cairn::zeros({2, 3}), cairn::zeros({4, 5})); }, {"[matmul]", "[2, 3]", "[4, 5]"}));
  matmul.bad_calls.push_back(bad<cairn::ShapeError>("scalar", [] { (void)cairn::matmul(cairn::scalar(1), cairn::zeros({4, 5})); }, {"[matmul]", "[]", "[4, 5]"}));
  matmul.bad_calls.push_back(bad<cairn::ShapeError>("batches", [] { (void)cairn::matmul(cairn::zeros({2, 3, 3}), cairn::zeros({4, 3, 3})); }, {"[matmul]", "[2]", "[4]"}));

  OpRow bmm = product_row("bmm", cairn::bmm);
  bmm.samples = {{"odd", pair({2, 3, 5}, {2, 5, 3})}, {"one", pair({1, 1, 4}, {1, 4, 1})}, {"empty", pair({0, 2, 3}, {0, 3, 4})},
                 {"nothing to add up", pair({2, 3, 0}, {2, 0, 4})}, {"larger", pair({5, 33, 18}, {5, 18, 17}), false}};
  bmm.large = [] { return pair({13, 65, 83}, {13, 83, 61}); };
  bmm.bad_calls = dtype_errors("bmm", cairn::bmm, {2, 3, 3});
  bmm.bad_calls.push_back(bad<cairn::ShapeError>("shapes", [] { (void)cairn::bmm(cairn::zeros({2, 3, 4}), cairn::zeros({2, 3, 4})); }, {"[bmm]", "[2, 3, 4]"}));
  bmm.bad_calls.push_back(bad<cairn::ShapeError>("batches", [] { (void)cairn::bmm(cairn::zeros({2, 3, 4}), cairn::zeros({1, 4, 4})); }, {"[bmm]", "[2, 3, 4]", "[1, 4, 4]"}));
  return {matmul, bmm, linear_row(true), linear_row(false)};
}

}  // namespace op_table
