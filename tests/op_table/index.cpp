/// Reading and adding at places given by integers.
#include "../op_table.h"

namespace op_table {

namespace {

std::size_t axis(const Array& x, std::int64_t dim) { return static_cast<std::size_t>(dim < 0 ? dim + x.rank() : dim); }

Sizes replaced(Sizes index, std::size_t d, double value) {
  index[d] = static_cast<std::int64_t>(value);
  return index;
}

struct Shapes {
  std::string name;
  Sizes x;
  Sizes index;  ///< of index_*: {n}; of gather and scatter_add: full rank
};

OpRow base(const std::string& name, std::int64_t dim) {
  OpRow row;
  row.name = name;
  row.variant = "dim " + std::to_string(dim);
  row.dtypes = {DType::f32, DType::f64, DType::bf16, DType::f16, DType::i64, DType::i32};
  row.tolerances = {.bf16 = 0x1p-7, .f16 = 0x1p-10, .floor = 4.0};  // an element may be added to more than once, and rounded each time
  return row;
}

std::int64_t extent(const Sizes& x, std::int64_t dim) { return x[axis(Array(x), dim)]; }
Sizes with_extent(Sizes x, std::int64_t dim, std::int64_t n) { return replaced(x, axis(Array(x), dim), static_cast<double>(n)); }

void along_rows(Rows& rows, std::int64_t dim) {
  const std::vector<Shapes> shapes = {{"matrix", {5, 7}, {4}}, {"three", {3, 2, 4}, {6}}, {"images", {2, 3, 3, 2}, {3}}, {"vector", {7}, {5}}, {"no indices", {3, 4}, {0}}};
  OpRow select = base("index_select", dim);
  select.op = [dim](const Tensors& in) { return Tensors{cairn::index_select(in[0], dim, in[1])}; };
  select.reference = [dim](const Arrays& in) {
    const std::size_t d = axis(in[0], dim);
    return Arrays{rearrange(in[0], with_extent(in[0].sizes, dim, in[1].numel()), [&](const Sizes& i) { return replaced(i, d, in[1][i[d]]); })};
  };
  OpRow add = base("index_add", dim);
  add.op = [dim](const Tensors& in) { return Tensors{cairn::index_add(in[0], dim, in[1], in[2])}; };
  add.reference = [dim](const Arrays& in) {
    const std::size_t d = axis(in[0], dim);
    Array y = in[0];
    for_each_index(in[2].sizes, [&](const Sizes& i) { y.at(replaced(i, d, in[1][i[d]])) += in[2].at(i); });
    return Arrays{y};
  };
  const auto select_inputs = [dim](const Shapes& s) { return Arrays{random(s.x), indices(s.index, extent(s.x, dim), 3)}; };
  const auto add_inputs = [dim](const Shapes& s) {
    return Arrays{random(s.x), indices(s.index, extent(s.x, dim), 3), random(with_extent(s.x, dim, s.index[0]), -2, 2, 4)};
  };
  for (const Shapes& s : shapes) {
    select.samples.push_back({s.name, select_inputs(s)});
    add.samples.push_back({s.name, add_inputs(s)});
  }
  select.large = [=] { return select_inputs({"", {301, 263}, {401}}); };
  add.large = [=] { return add_inputs({"", {301, 263}, {401}}); };
  const Tensor two = cairn::zeros({2}, {DType::i64});
  const auto x = [] { return cairn::zeros({3, 3}); };
  select.bad_calls = {bad<cairn::DTypeError>("index dtype", [=] { (void)cairn::index_select(x(), dim, cairn::zeros({2})); }, {"[index_select]", "i64", "f32[2]"}),
                      bad<cairn::ShapeError>("index rank", [=] { (void)cairn::index_select(x(), dim, cairn::zeros({2, 1}, {DType::i64})); }, {"[index_select]", "[2, 1]"}),
                      bad<cairn::IndexError>("too large", [=] { (void)cairn::index_select(x(), dim, cairn::full({2}, 3, {DType::i64})); }, {"[index_select]", "range"}),
                      bad<cairn::IndexError>("negative", [=] { (void)cairn::index_select(x(), dim, cairn::full({2}, -1, {DType::i64})); }, {"[index_select]", "range"}),
                      bad<cairn::IndexError>("dimension", [=] { (void)cairn::index_select(x(), 2, two); }, {"[index_select]", "2"})};
  add.bad_calls = {bad<cairn::ShapeError>("source", [=] { (void)cairn::index_add(x(), dim, two, cairn::zeros({4, 4})); }, {"[index_add]", "[4, 4]"}),
                   bad<cairn::DTypeError>("dtype", [=] { (void)cairn::index_add(x(), dim, cairn::zeros({3}, {DType::i64}), cairn::zeros({3, 3}, {DType::f64})); }, {"[index_add]", "f64"}),
                   bad<cairn::IndexError>("too large", [=] { (void)cairn::index_add(x(), dim, cairn::full({3}, 3, {DType::i64}), x()); }, {"[index_add]", "range"})};
  rows.push_back(select);
  rows.push_back(add);
}

void element_rows(Rows& rows, std::int64_t dim) {
  const auto shapes = [dim] {
    std::vector<Shapes> all;
    for (const Sizes& x : {Sizes{5, 7}, Sizes{3, 2, 4}, Sizes{2, 3, 3, 2}, Sizes{7}}) {
      all.push_back({text(x), x, with_extent(x, dim, 4)});
      Sizes smaller = with_extent(x, dim, 3);
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (i != axis(Array(x), dim)) smaller[i] -= 1;
      }
      all.push_back({text(x) + ", a smaller index", x, smaller});
    }
    all.push_back({"no indices", {3, 4}, with_extent({3, 4}, dim, 0)});
    return all;
  };
  OpRow gather = base("gather", dim);
  gather.op = [dim](const Tensors& in) { return Tensors{cairn::gather(in[0], dim, in[1])}; };
  gather.reference = [dim](const Arrays& in) {
    const std::size_t d = axis(in[0], dim);
    return Arrays{rearrange(in[0], in[1].sizes, [&](const Sizes& i) { return replaced(i, d, in[1].at(i)); })};
  };
  OpRow scatter = base("scatter_add", dim);
  scatter.op = [dim](const Tensors& in) { return Tensors{cairn::scatter_add(in[0], dim, in[1], in[2])}; };
  scatter.reference = [dim](const Arrays& in) {
    const std::size_t d = axis(in[0], dim);
    Array y = in[0];
    for_each_index(in[1].sizes, [&](const Sizes& i) { y.at(replaced(i, d, in[1].at(i))) += in[2].at(i); });
    return Arrays{y};
  };
  const auto gather_inputs = [dim](const Shapes& s) { return Arrays{random(s.x), indices(s.index, extent(s.x, dim), 3)}; };
  const auto scatter_inputs = [dim](const Shapes& s) { return Arrays{random(s.x), indices(s.index, extent(s.x, dim), 3), random(s.index, -2, 2, 4)}; };
  for (const Shapes& s : shapes()) {
    gather.samples.push_back({s.name, gather_inputs(s)});
    scatter.samples.push_back({s.name, scatter_inputs(s)});
  }
  gather.large = [=] { return gather_inputs({"", {301, 263}, with_extent({301, 263}, dim, 401)}); };
  scatter.large = [=] { return scatter_inputs({"", {301, 263}, with_extent({301, 263}, dim, 401)}); };
  const auto x = [] { return cairn::zeros({3, 3}); };
  const cairn::TensorOptions i64{DType::i64};
  gather.bad_calls = {bad<cairn::ShapeError>("rank", [=] { (void)cairn::gather(x(), dim, cairn::zeros({3}, i64)); }, {"[gather]", "[3]", "[3, 3]"}),
                      bad<cairn::ShapeError>("too large elsewhere", [=] { (void)cairn::gather(x(), dim, cairn::zeros({4, 4}, i64)); }, {"[gather]", "[4, 4]", "[3, 3]"}),
                      bad<cairn::DTypeError>("index dtype", [=] { (void)cairn::gather(x(), dim, x()); }, {"[gather]", "i64"}),
                      bad<cairn::IndexError>("too large", [=] { (void)cairn::gather(x(), dim, cairn::full({3, 3}, 3, i64)); }, {"[gather]", "range"}),
                      bad<cairn::ShapeError>("scalar", [=] { (void)cairn::gather(cairn::scalar(1), 0, cairn::zeros({}, i64)); }, {"[gather]", "scalar"})};
  scatter.bad_calls = {bad<cairn::ShapeError>("source", [=] { (void)cairn::scatter_add(x(), dim, cairn::zeros({2, 2}, i64), x()); }, {"[scatter_add]", "[2, 2]", "[3, 3]"}),
                       bad<cairn::DTypeError>("dtype", [=] { (void)cairn::scatter_add(x(), dim, cairn::zeros({3, 3}, i64), cairn::zeros({3, 3}, {DType::f64})); }, {"[scatter_add]", "f64"}),
                       bad<cairn::IndexError>("negative", [=] { (void)cairn::scatter_add(x(), dim, cairn::full({3, 3}, -1, i64), x()); }, {"[scatter_add]", "range"})};
  rows.push_back(gather);
  rows.push_back(scatter);
}

}  // namespace

Rows index_rows() {
  Rows rows;
  for (const std::int64_t dim : {0, -1}) {
    along_rows(rows, dim);
    element_rows(rows, dim);
  }
  return rows;
}

}  // namespace op_table
