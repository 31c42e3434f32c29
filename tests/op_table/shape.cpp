/// Joining, padding, copying, converting.
#include "../op_table.h"

#include <cmath>

namespace op_table {

namespace {

Array joined(const Arrays& in, std::size_t dim) {
  Sizes sizes = in[0].sizes;
  sizes[dim] = 0;
  for (const Array& x : in) sizes[dim] += x.sizes[dim];
  Array y(sizes);
  std::int64_t start = 0;
  for (const Array& x : in) {
    for_each_index(x.sizes, [&](const Sizes& index) {
      Sizes to = index;
      to[dim] += start;
      y.at(to) = x.at(index);
    });
    start += x.sizes[dim];
  }
  return y;
}

void cat_rows(Rows& rows) {
  for (const std::int64_t dim : {0, 1, -1}) {
    OpRow row;
    row.name = "cat";
    row.variant = "dim " + std::to_string(dim);
    row.op = [dim](const Tensors& in) { return Tensors{cairn::cat(in, dim)}; };
    row.reference = [dim](const Arrays& in) { return Arrays{joined(in, static_cast<std::size_t>(dim < 0 ? in[0].rank() + dim : dim))}; };
    const auto along = [dim](Sizes sizes, std::int64_t n, unsigned seed) {
      sizes[static_cast<std::size_t>(dim < 0 ? static_cast<std::int64_t>(sizes.size()) + dim : dim)] = n;
      return random(sizes, -2, 2, seed);
    };
    row.samples = {{"two", {along({3, 5}, 2, 1), along({3, 5}, 4, 2)}},
                   {"one", {along({3, 5}, 7, 3)}},
                   {"three with an empty one", {along({2, 3}, 1, 4), along({2, 3}, 0, 5), along({2, 3}, 3, 6)}},
                   {"images", {along({2, 3, 2, 3}, 2, 7), along({2, 3, 2, 3}, 3, 8)}},
                   {"empty", {along({0, 0}, 0, 9), along({0, 0}, 0, 9)}}};
    row.dtypes = everything;
    row.large = [along] { return Arrays{along({157, 163}, 301, 1), along({157, 163}, 203, 2)}; };
    row.bad_calls = {bad<cairn::ShapeError>("other sizes differ", [] { (void)cairn::cat({cairn::zeros({2, 3}), cairn::zeros({2, 4})}, 0); }, {"[cat]", "[2, 3]", "[2, 4]"}),
                     bad<cairn::ShapeError>("ranks differ", [] { (void)cairn::cat({cairn::zeros({2, 3}), cairn::zeros({3})}, 0); }, {"[cat]", "[2, 3]", "[3]"}),
                     bad<cairn::ShapeError>("scalars", [] { (void)cairn::cat({cairn::scalar(1), cairn::scalar(2)}); }, {"[cat]"}),
                     bad<cairn::ValueError>("nothing", [] { (void)cairn::cat({}); }, {"[cat]"}),
                     bad<cairn::IndexError>("dimension", [] { (void)cairn::cat({cairn::zeros({2})}, 1); }, {"[cat]", "1"})};
    row.property = [] {
      const Tensor mixed = cairn::cat({cairn::ones({1}, {DType::i64}), cairn::ones({1}, {DType::f16})});
      return mixed.dtype() == DType::f16 ? "" : "i64 with f16 must give f16";
    };
    rows.push_back(row);
  }
}

void stack_rows(Rows& rows) {
  for (const std::int64_t dim : {0, 1, -1}) {
    OpRow row;
    row.name = "stack";
    row.variant = "dim " + std::to_string(dim);
    row.op = [dim](const Tensors& in) { return Tensors{cairn::stack(in, dim)}; };
    row.reference = [dim](const Arrays& in) {
      Arrays slabs = in;
      const auto d = dim < 0 ? in[0].rank() + 1 + dim : dim;
      for (Array& x : slabs) x.sizes.insert(x.sizes.begin() + d, 1);
      return Arrays{joined(slabs, static_cast<std::size_t>(d))};
    };
    row.samples = {{"two", {random({3, 5}), random({3, 5}, -2, 2, 2)}},
                   {"three", {random({7}), random({7}, -2, 2, 2), random({7}, -2, 2, 3)}},
                   {"images", {random({2, 3, 2, 3}), random({2, 3, 2, 3}, -2, 2, 2)}},
                   {"empty", {Array({0, 2}), Array({0, 2})}}};
    if (dim != 1) row.samples.push_back({"scalars", {random({}), random({}, -2, 2, 2)}});
    row.dtypes = everything;
    row.large = [] { return Arrays{random({157, 263}), random({157, 263}, -2, 2, 2)}; };
    row.bad_calls = {bad<cairn::ShapeError>("shapes differ", [] { (void)cairn::stack({cairn::zeros({2}), cairn::zeros({3})}); }, {"[stack]", "[2]", "[3]"}),
                     bad<cairn::ValueError>("nothing", [] { (void)cairn::stack({}); }, {"[stack]"}),
                     bad<cairn::IndexError>("dimension", [] { (void)cairn::stack({cairn::zeros({2})}, 2); }, {"[stack]", "2"})};
    rows.push_back(row);
  }
}

OpRow pad_row() {
  using Amounts = std::vector<std::pair<std::int64_t, std::int64_t>>;
  const auto amounts = [](int rank) {
    Amounts all;
    for (int d = 0; d < rank; ++d) all.push_back({(d + 1) % 3, d % 2 + 1});
    return all;
  };
  OpRow row;
  row.name = "pad";
  row.op = [amounts](const Tensors& in) { return Tensors{cairn::pad(in[0], amounts(in[0].rank()), 3.0)}; };
  row.reference = [amounts](const Arrays& in) {
    const Amounts all = amounts(in[0].rank());
    Sizes sizes = in[0].sizes;
    for (std::size_t d = 0; d < sizes.size(); ++d) sizes[d] += all[d].first + all[d].second;
    Array y(sizes, 3.0);
    for_each_index(in[0].sizes, [&](const Sizes& index) {
      Sizes to = index;
      for (std::size_t d = 0; d < to.size(); ++d) to[d] += all[d].first;
      y.at(to) = in[0].at(index);
    });
    return Arrays{y};
  };
  row.samples = {{"matrix", {random({3, 5})}}, {"images", {random({2, 3, 2, 3})}}, {"scalar", {random({})}}, {"empty", {Array({0, 2})}}};
  row.dtypes = numbers;
  row.large = [] { return Arrays{random({157, 563})}; };
  row.bad_calls = {bad<cairn::ShapeError>("too few pairs", [] { (void)cairn::pad(cairn::zeros({2, 3}), {{1, 1}}); }, {"[pad]", "[2, 3]"}),
                   bad<cairn::ValueError>("negative", [] { (void)cairn::pad(cairn::zeros({2}), {{-1, 0}}); }, {"[pad]", "-1"})};
  return row;
}

OpRow copying(const std::string& name, std::function<Tensor(const Tensor&)> op) {
  OpRow row;
  row.name = name;
  row.op = [op](const Tensors& in) { return Tensors{op(in[0])}; };
  row.reference = [](const Arrays& in) { return in; };
  row.samples = {{"images", {random({2, 3, 5, 3})}}, {"empty", {Array({2, 0, 3, 3})}}};
  row.dtypes = everything;
  row.large = [] { return Arrays{random({4, 19, 37, 41})}; };
  return row;
}

}  // namespace

Rows shape_rows() {
  Rows rows;
  cat_rows(rows);
  stack_rows(rows);
  rows.push_back(pad_row());

  rows.push_back(copying("Tensor::clone", [](const Tensor& x) { return x.clone(); }));
  rows.back().property = [] {
    const Tensor x = cairn::zeros({2, 3, 4, 5}).channels_last();
    const Tensor y = x.clone();
    if (y.storage() == x.storage()) return "a clone has its own memory";
    return y.is_channels_last() ? "" : "a clone keeps the layout";
  };
  rows.push_back(copying("Tensor::contiguous", [](const Tensor& x) { return x.contiguous(); }));
  rows.back().property = [] {
    const Tensor x = cairn::zeros({2, 3});
    if (!x.contiguous().is_same(x)) return "a row-major tensor is its own contiguous()";
    return x.t().contiguous().is_contiguous() ? "" : "the result must be row-major";
  };
  rows.push_back(copying("Tensor::channels_last", [](const Tensor& x) { return x.channels_last(); }));
  rows.back().property = [] {
    const Tensor x = cairn::zeros({2, 3, 4, 5}).channels_last();
    if (!x.is_channels_last()) return "the result must be channels-last";
    return x.channels_last().is_same(x) ? "" : "a channels-last tensor is its own channels_last()";
  };
  rows.back().bad_calls = {bad<cairn::ShapeError>("rank", [] { (void)cairn::zeros({2, 3}).channels_last(); }, {"[channels_last]", "[2, 3]"})};

  for (const DType target : everything) {
    const auto out_of = [target](double v) {
      if (target == DType::boolean) return v != 0 ? 1.0 : 0.0;
      return cairn::is_floating(target) ? v : std::trunc(v);
    };
    OpRow row = copying("Tensor::to", [target](const Tensor& x) { return x.to(target); });
    row.variant = std::string(cairn::name_of(target));
    row.reference = [out_of](const Arrays& in) { return Arrays{map(in[0], out_of)}; };
    row.result_dtype = [target](DType) { return target; };
    row.samples.push_back({"range", {Array({7}, {0, 1, 2.5, 100.25, 127.75, 3e-3, 200})}, false});
    if (target == DType::u8) {
      for (Sample& sample : row.samples) {
        for (double& v : sample.inputs[0].values) v = std::abs(v);  // out of range is undefined
      }
      row.large = [] { return Arrays{random({157, 563}, 0, 255)}; };
    }
    // Gradients arrive in f64 only where nothing is rounded on the way.
    row.differentiable = cairn::is_floating(target);
    if (target != DType::f64) {
      for (Sample& sample : row.samples) sample.smooth = false;
    }
    row.second_order = target == DType::f64;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace op_table
