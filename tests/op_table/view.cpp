/// Views: other windows on the same memory.
#include "../op_table.h"

#include <algorithm>

namespace op_table {

namespace {

/// A view row: `source` says where each element of the result comes from.
OpRow view(const std::string& name, const std::string& variant, std::function<Tensor(const Tensor&)> op, const std::vector<Sizes>& inputs,
           std::function<Sizes(const Sizes&)> result_sizes, std::function<Sizes(const Sizes& index, const Sizes& x)> source) {
  OpRow row;
  row.name = name;
  row.variant = variant;
  row.op = [op](const Tensors& in) { return Tensors{op(in[0])}; };
  row.reference = [=](const Arrays& in) {
    return Arrays{rearrange(in[0], result_sizes(in[0].sizes), [&](const Sizes& index) { return source(index, in[0].sizes); })};
  };
  for (const Sizes& sizes : inputs) row.samples.push_back({text(sizes), {random(sizes)}});
  row.dtypes = everything;
  row.no_empty = "see the samples";
  for (const Sizes& sizes : inputs) {
    if (product(sizes) == 0) row.no_empty = "";
  }
  return row;
}

/// Rows whose result has the elements in the same row-major order.
OpRow same_order(const std::string& name, const std::string& variant, std::function<Tensor(const Tensor&)> op,
                 const std::vector<std::pair<Sizes, Sizes>>& shapes) {
  OpRow row;
  row.name = name;
  row.variant = variant;
  row.op = [op](const Tensors& in) { return Tensors{op(in[0])}; };
  row.reference = [shapes](const Arrays& in) {
    Array y = in[0];
    for (const auto& [from, to] : shapes) {
      if (from == in[0].sizes) y.sizes = to;
    }
    return Arrays{y};
  };
  for (const auto& [from, to] : shapes) row.samples.push_back({text(from), {random(from)}});
  row.dtypes = everything;
  row.no_empty = "see the samples";
  for (const auto& [from, to] : shapes) {
    if (product(from) == 0) row.no_empty = "";
  }
  return row;
}

std::string shares_memory(const Tensor& x, const Tensor& y) {
  if (!y.is_view()) return "the result must be a view";
  return x.storage() == y.storage() ? "" : "a view must share the memory of its base";
}

void reshaping(Rows& rows) {
  OpRow row = same_order("Tensor::reshape", "", [](const Tensor& x) { return x.reshape({-1, 3}); },
                         {{{2, 3}, {2, 3}}, {{3, 2, 4}, {8, 3}}, {{6}, {2, 3}}, {{1, 3, 1, 4}, {4, 3}}, {{0, 5}, {0, 3}}});
  row.property = [] {
    const Tensor x = cairn::zeros({2, 6});
    return shares_memory(x, x.reshape({3, 4}));
  };
  row.bad_calls = {bad<cairn::ShapeError>("other number of elements", [] { (void)cairn::zeros({2, 3}).reshape({4}); }, {"[reshape]", "[2, 3]", "[4]"}),
                   bad<cairn::ShapeError>("two unknown sizes", [] { (void)cairn::zeros({2, 3}).reshape({-1, -1}); }, {"[reshape]", "-1"}),
                   bad<cairn::ShapeError>("unknown size beside 0", [] { (void)cairn::zeros({0, 3}).reshape({-1, 0}); }, {"[reshape]", "[0, 3]"}),
                   bad<cairn::ShapeError>("does not divide", [] { (void)cairn::zeros({7}).reshape({-1, 2}); }, {"[reshape]", "[7]"})};
  rows.push_back(row);
  rows.push_back(same_order("Tensor::reshape", "to a scalar", [](const Tensor& x) { return x.reshape({}); }, {{{1, 1}, {}}, {{1}, {}}}));
  rows.push_back(same_order("Tensor::flatten", "all", [](const Tensor& x) { return x.flatten(); },
                            {{{2, 3, 4}, {24}}, {{2, 3, 2, 2}, {24}}, {{}, {1}}, {{0, 4}, {0}}}));
  rows.back().bad_calls = {bad<cairn::ValueError>("order", [] { (void)cairn::zeros({2, 3}).flatten(1, 0); }, {"[flatten]", "1", "0"}),
                           bad<cairn::IndexError>("range", [] { (void)cairn::zeros({2, 3}).flatten(2); }, {"[flatten]", "2"})};
  rows.push_back(same_order("Tensor::flatten", "from 1", [](const Tensor& x) { return x.flatten(1); },
                            {{{2, 3, 4}, {2, 12}}, {{2, 3, 2, 2}, {2, 12}}, {{2, 5}, {2, 5}}, {{3, 0, 4}, {3, 0}}}));
  rows.push_back(same_order("Tensor::squeeze", "", [](const Tensor& x) { return x.squeeze(1); },
                            {{{2, 1, 3}, {2, 3}}, {{2, 3}, {2, 3}}, {{2, 1, 3, 3}, {2, 3, 3}}, {{0, 1}, {0}}}));
  rows.back().bad_calls = {bad<cairn::IndexError>("range", [] { (void)cairn::zeros({2, 3}).squeeze(2); }, {"[squeeze]", "2"})};
  rows.push_back(same_order("Tensor::unsqueeze", "", [](const Tensor& x) { return x.unsqueeze(-1); },
                            {{{2, 3}, {2, 3, 1}}, {{}, {1}}, {{2, 3, 2, 2}, {2, 3, 2, 2, 1}}, {{0}, {0, 1}}}));
  rows.back().bad_calls = {bad<cairn::IndexError>("range", [] { (void)cairn::zeros({2, 3}).unsqueeze(3); }, {"[unsqueeze]", "3"})};
}

void reordering(Rows& rows) {
  const auto reversed = [](const Sizes& x) { return Sizes(x.rbegin(), x.rend()); };
  rows.push_back(view("Tensor::permute", "reversed",
                      [](const Tensor& x) {
                        Dims order;
                        for (int i = x.rank() - 1; i >= 0; --i) order.push_back(i);
                        return x.permute(order);
                      },
                      {{3, 5}, {2, 3, 4}, {2, 3, 2, 3}, {}, {0, 3}}, reversed, [reversed](const Sizes& i, const Sizes&) { return reversed(i); }));
  rows.back().property = [] {
    const Tensor x = cairn::zeros({2, 6});
    return shares_memory(x, x.permute({1, 0}));
  };
  rows.back().bad_calls = {bad<cairn::ShapeError>("count", [] { (void)cairn::zeros({2, 3}).permute({0}); }, {"[permute]", "[2, 3]"}),
                           bad<cairn::ShapeError>("twice", [] { (void)cairn::zeros({2, 3}).permute({0, 0}); }, {"[permute]", "twice"}),
                           bad<cairn::IndexError>("range", [] { (void)cairn::zeros({2, 3}).permute({0, 2}); }, {"[permute]", "2"})};
  rows.push_back(view("Tensor::permute", "rotated", [](const Tensor& x) { return x.permute({1, 2, 0}); }, {{2, 3, 4}, {2, 0, 4}},
                      [](const Sizes& x) { return Sizes{x[1], x[2], x[0]}; }, [](const Sizes& i, const Sizes&) { return Sizes{i[2], i[0], i[1]}; }));
  const auto swapped = [](Sizes x) {
    std::swap(x[0], x.back());
    return x;
  };
  rows.push_back(view("Tensor::transpose", "", [](const Tensor& x) { return x.transpose(0, -1); }, {{3, 5}, {2, 3, 4}, {2, 3, 2, 3}, {7}, {0, 3}},
                      swapped, [swapped](const Sizes& i, const Sizes&) { return swapped(i); }));
  rows.back().bad_calls = {bad<cairn::IndexError>("range", [] { (void)cairn::zeros({2, 3}).transpose(0, 2); }, {"[transpose]", "2"})};
  rows.push_back(view("Tensor::t", "", [](const Tensor& x) { return x.t(); }, {{3, 5}, {0, 2}}, swapped,
                      [swapped](const Sizes& i, const Sizes&) { return swapped(i); }));
  rows.back().bad_calls = {bad<cairn::ShapeError>("rank", [] { (void)cairn::zeros({2}).t(); }, {"[t]", "[2]"})};
  rows.push_back(view("Tensor::expand", "", [](const Tensor& x) { return x.expand({2, 3, -1}); }, {{3, 4}, {1, 3, 2}, {2, 1, 1}, {5}, {1, 0}},
                      [](const Sizes& x) { return Sizes{2, 3, x.back()}; },
                      [](const Sizes& i, const Sizes& x) {
                        Sizes from(x.size());
                        for (std::size_t k = 0; k < x.size(); ++k) from[k] = x[k] == 1 ? 0 : i[i.size() - x.size() + k];
                        return from;
                      }));
  rows.back().bad_calls = {bad<cairn::ShapeError>("not 1", [] { (void)cairn::zeros({2, 3}).expand({4, 3}); }, {"[expand]", "[2, 3]", "[4, 3]"}),
                           bad<cairn::ShapeError>("fewer dimensions", [] { (void)cairn::zeros({2, 3}).expand({3}); }, {"[expand]", "[2, 3]", "[3]"}),
                           bad<cairn::ShapeError>("new dimension -1", [] { (void)cairn::zeros({3}).expand({-1, 3}); }, {"[expand]", "[-1, 3]"})};
}

void picking(Rows& rows) {
  const auto without_first = [](const Sizes& x) { return Sizes(x.begin() + 1, x.end()); };
  const auto at_first = [](std::int64_t at) {
    return [at](const Sizes& i, const Sizes& x) {
      Sizes from{at < 0 ? at + x[0] : at};
      from.insert(from.end(), i.begin(), i.end());
      return from;
    };
  };
  rows.push_back(view("Tensor::select", "first dimension", [](const Tensor& x) { return x.select(0, 1); }, {{3, 5}, {2, 3, 2, 3}, {4}, {2, 0}}, without_first, at_first(1)));
  rows.back().bad_calls = {bad<cairn::IndexError>("index", [] { (void)cairn::zeros({2, 3}).select(0, 2); }, {"[select]", "2", "[2, 3]"}),
                           bad<cairn::IndexError>("negative index", [] { (void)cairn::zeros({2, 3}).select(1, -4); }, {"[select]", "-4"}),
                           bad<cairn::IndexError>("scalar", [] { (void)cairn::scalar(1).select(0, 0); }, {"[select]", "scalar"})};
  rows.push_back(view("Tensor::operator[]", "", [](const Tensor& x) { return x[-1]; }, {{3, 5}, {4}, {2, 0}}, without_first, at_first(-1)));
  rows.push_back(view("Tensor::select", "last dimension", [](const Tensor& x) { return x.select(-1, -2); }, {{3, 5}, {2, 3, 2, 3}, {0, 2}},
                      [](const Sizes& x) { return Sizes(x.begin(), x.end() - 1); },
                      [](const Sizes& i, const Sizes& x) {
                        Sizes from = i;
                        from.push_back(x.back() - 2);
                        return from;
                      }));
  const auto window = [](std::int64_t start, std::int64_t stop, std::int64_t step) {
    return std::make_pair(
        [=](Sizes x) {
          x[0] = std::max<std::int64_t>(0, (std::min(stop, x[0]) - start + step - 1) / step);
          return x;
        },
        [=](Sizes i, const Sizes&) {
          i[0] = start + i[0] * step;
          return i;
        });
  };
  const auto [stepped_sizes, stepped] = window(1, 100, 2);
  rows.push_back(view("Tensor::slice", "step 2", [](const Tensor& x) { return x.slice(0, {1, {}, 2}); }, {{7, 3}, {6}, {3, 3, 2, 2}, {2, 0}, {1}}, stepped_sizes, stepped));
  rows.back().bad_calls = {bad<cairn::ValueError>("step 0", [] { (void)cairn::zeros({2}).slice(0, {0, 1, 0}); }, {"[slice]", "0"}),
                           bad<cairn::IndexError>("dimension", [] { (void)cairn::zeros({2}).slice(1, {}); }, {"[slice]", "1"})};
  const auto [middle_sizes, middle] = window(1, 3, 1);
  rows.push_back(view("Tensor::slice", "negative bounds of 5", [](const Tensor& x) { return x.slice(0, {-4, -2}); }, {{5, 3}, {5}, {5, 0}}, middle_sizes, middle));
  rows.push_back(view("Tensor::slice", "stop before start", [](const Tensor& x) { return x.slice(0, {3, 2}); }, {{5, 3}, {5}, {5, 0}},
                      [](Sizes x) { x[0] = 0; return x; }, middle));
  rows.push_back(view("Tensor::narrow", "", [](const Tensor& x) { return x.narrow(0, 1, 2); }, {{5, 3}, {3}, {3, 2, 2, 2}, {4, 0}}, middle_sizes, middle));
  rows.back().bad_calls = {bad<cairn::IndexError>("too long", [] { (void)cairn::zeros({2, 3}).narrow(1, 2, 2); }, {"[narrow]", "[2, 3]"}),
                           bad<cairn::IndexError>("negative", [] { (void)cairn::zeros({2, 3}).narrow(1, -1, 1); }, {"[narrow]", "[2, 3]"})};
  const auto mixed = [](const Tensor& x) { return x.index({1, cairn::Ellipsis{}, cairn::NewAxis{}, cairn::Slice{{}, {}, 2}}); };
  rows.push_back(view("Tensor::index", "1, ..., None, ::2", mixed, {{3, 5}, {2, 3, 4}, {2, 3, 2, 3}, {2, 0}},
                      [](const Sizes& x) {
                        Sizes y(x.begin() + 1, x.end());
                        y.back() = (y.back() + 1) / 2;
                        y.insert(y.end() - 1, 1);
                        return y;
                      },
                      [](const Sizes& i, const Sizes&) {
                        Sizes from{1};
                        from.insert(from.end(), i.begin(), i.end() - 2);
                        from.push_back(2 * i.back());
                        return from;
                      }));
  rows.back().bad_calls = {bad<cairn::IndexError>("too many", [] { (void)cairn::zeros({2, 3}).index({0, 0, 0}); }, {"[index]", "[2, 3]"}),
                           bad<cairn::IndexError>("two ellipses", [] { (void)cairn::zeros({2, 3}).index({cairn::Ellipsis{}, cairn::Ellipsis{}}); }, {"[index]", "2"})};
}

OpRow item_row() {
  OpRow row;
  row.name = "Tensor::item";
  row.op = [](const Tensors& in) { return Tensors{cairn::scalar(in[0].item(), in[0].options())}; };
  row.reference = [](const Arrays& in) { return Arrays{Array({}, in[0].values)}; };
  row.samples = {{"scalar", {random({})}}, {"one element", {random({1, 1, 1})}}};
  row.no_empty = "it needs one element";
  row.dtypes = everything;
  row.differentiable = false;
  row.bad_calls = {bad<cairn::ShapeError>("more than one", [] { (void)cairn::zeros({2}).item(); }, {"[item]", "[2]"}),
                   bad<cairn::ShapeError>("none", [] { (void)cairn::zeros({0}).item(); }, {"[item]", "[0]"})};
  return row;
}

}  // namespace

Rows view_rows() {
  Rows rows;
  reshaping(rows);
  reordering(rows);
  picking(rows);
  rows.push_back(item_row());
  return rows;
}

}  // namespace op_table
