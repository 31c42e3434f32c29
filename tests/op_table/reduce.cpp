/// Sums, means, products, extremes and truths over dimensions.
#include "../op_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace op_table {

namespace {

using Run = std::vector<double>;
using ReduceFunction = Tensor (*)(const Tensor&, const Dims&, bool);
using ArgFunction = Tensor (*)(const Tensor&, std::optional<std::int64_t>, bool);

const double nan = std::numeric_limits<double>::quiet_NaN();

double total(const Run& run) { return std::accumulate(run.begin(), run.end(), 0.0); }
double average(const Run& run) { return total(run) / static_cast<double>(run.size()); }
double product_of(const Run& run) { return std::accumulate(run.begin(), run.end(), 1.0, std::multiplies<>()); }
double best(const Run& run, bool larger) {
  double found = run[0];
  for (const double v : run) {
    if (std::isnan(v) || std::isnan(found)) found = nan;
    else if (larger ? v > found : v < found) found = v;
  }
  return found;
}
double place_of_best(const Run& run, bool larger) {
  std::size_t at = 0;
  for (std::size_t i = 1; i < run.size(); ++i) {
    if (std::isnan(run[at])) break;
    if (std::isnan(run[i]) || (larger ? run[i] > run[at] : run[i] < run[at])) at = i;
  }
  return static_cast<double>(at);
}

struct Form {
  std::string name;
  Sizes dims;
  bool keepdim;
};
const std::vector<Form> forms = {{"all", {}, false}, {"all, keepdim", {}, true}, {"first", {0}, false}, {"last, keepdim", {-1}, true},
                                 {"outer two", {0, -1}, false}};

/// One row per form of the dims argument. `fold` sees the elements of each result in row-major order.
void add_rows(Rows& rows, const std::string& name, ReduceFunction op, std::function<double(const Run&)> fold,
              const std::function<void(OpRow&)>& adjust, bool empty_reduction) {
  for (const Form& form : forms) {
    OpRow row;
    row.name = name;
    row.variant = form.name;
    row.op = [op, form](const Tensors& in) { return Tensors{op(in[0], Dims(form.dims), form.keepdim)}; };
    row.reference = [fold, form](const Arrays& in) { return Arrays{reduce(in[0], form.dims, form.keepdim, fold)}; };
    const bool two = form.dims.size() > 1;
    row.samples = {{"matrix", {spread({7, 5})}}, {"images", {spread({2, 3, 3, 5}, -2, 2, 3)}}, {"odd", {spread({3, 1, 37}, -2, 2, 4)}}};
    if (!two) row.samples.push_back({"vector", {spread({67}, -2, 2, 5)}});
    if (form.dims.empty()) row.samples.push_back({"scalar", {spread({}, 0.5, 1)}});
    if (empty_reduction) {
      row.samples.push_back({"empty", {Array({0, 3})}, true});
      row.samples.push_back({"empty, kept sizes", {Array({3, 0})}, true});
    } else if (form.dims == Sizes{0}) {
      row.samples.push_back({"empty", {Array({3, 0})}, true});
    } else if (form.dims == Sizes{-1}) {
      row.samples.push_back({"empty", {Array({0, 3})}, true});
    } else {
      row.no_empty = "an empty reduction has no extreme element";
    }
    row.large = [] { return Arrays{random({130, 1537})}; };
    row.tolerances = of_sums();
    row.dtypes = floating;
    adjust(row);
    row.bad_calls.push_back(bad<cairn::IndexError>("dimension out of range", [op] { (void)op(cairn::ones({2, 3}), {2}, false); }, {"[" + name + "]", "2"}));
    row.bad_calls.push_back(bad<cairn::IndexError>("dimension twice", [op] { (void)op(cairn::ones({2, 3}), {1, -1}, false); }, {"[" + name + "]", "twice"}));
    rows.push_back(row);
  }
}

void add_arg_rows(Rows& rows, const std::string& name, ArgFunction op, bool larger) {
  const std::vector<std::pair<std::optional<std::int64_t>, bool>> argument_forms = {{{}, false}, {0, false}, {-1, true}};
  for (const auto& [dim, keepdim] : argument_forms) {
    OpRow row;
    row.name = name;
    row.variant = dim ? "dim " + std::to_string(*dim) : "all";
    row.op = [op, dim_ = dim, keep = keepdim](const Tensors& in) { return Tensors{op(in[0], dim_, keep)}; };
    row.reference = [dim_ = dim, keep = keepdim, larger](const Arrays& in) {
      return Arrays{reduce(in[0], dim_ ? Sizes{*dim_} : Sizes{}, keep, [larger](const Run& run) { return place_of_best(run, larger); })};
    };
    row.samples = {{"matrix", {spread({7, 5})}},
                   {"images", {spread({2, 3, 3, 5}, -2, 2, 3)}},
                   {"long", {spread({2, 131}, -50, 50, 6)}},
                   {"ties", {Array({2, 4}, {1, 2, 2, 1, 0, 0, 0, 0})}},
                   {"NaN", {Array({2, 3}, {1, nan, 5, nan, 7, nan})}}};
    if (dim) row.samples.push_back({"empty", {*dim == 0 ? Array({3, 0}) : Array({0, 3})}});
    else row.no_empty = "an empty reduction has no extreme element";
    row.dtypes = numbers;
    row.result_dtype = to_i64;
    row.differentiable = false;
    row.large = [] { return Arrays{random({130, 1537})}; };
    row.bad_calls = {bad<cairn::ShapeError>("empty reduction", [op] { (void)op(cairn::zeros({0}), {}, false); }, {"[" + name + "]", "empty", "[0]"}),
                     bad<cairn::IndexError>("dimension", [op] { (void)op(cairn::zeros({2}), 3, false); }, {"[" + name + "]", "3"})};
    rows.push_back(row);
  }
}

}  // namespace

Rows reduce_rows() {
  Rows rows;
  const auto sums = [](OpRow& row) {
    row.dtypes = everything;
    row.result_dtype = to_sum;
  };
  add_rows(rows, "sum", cairn::sum, total, sums, true);
  add_rows(rows, "mean", cairn::mean, average, [](OpRow& row) {
    row.bad_calls = {bad<cairn::DTypeError>("integers", [] { (void)cairn::mean(cairn::zeros({2}, {DType::i64})); }, {"[mean]", "i64[2]"})};
  }, true);
  add_rows(rows, "prod", cairn::prod, product_of, [](OpRow& row) {
    for (Sample& sample : row.samples) {
      for (double& v : sample.inputs[0].values) v = v < 0 ? v / 4 - 0.8 : v / 4 + 0.8;  // products neither vanish nor explode
    }
    row.samples.push_back({"one zero", {Array({2, 3}, {2, 0, 3, 0.5, 1, -2})}, true});
    row.samples.push_back({"many zeros", {Array({3, 3}, {2, 0, 3, 0, 0, -2, 1, 4, 0})}, true});
    row.dtypes = {DType::f32, DType::f64, DType::bf16, DType::f16, DType::i64, DType::i32};
    row.result_dtype = to_sum;
    row.large = [] { return Arrays{map(random({130, 137}), [](double v) { return v < 0 ? v / 100 - 1 : v / 100 + 1; })}; };
  }, true);
  const auto extreme = [](const std::string& name, ReduceFunction op) {
    return [name, op](OpRow& row) {
      row.dtypes = numbers;
      row.samples.push_back({"NaN", {Array({2, 3}, {1, nan, 5, 2, 3, nan})}, false});
      row.samples.push_back({"infinities", {Array({1, 3}, {-INFINITY, INFINITY, -INFINITY})}, false});
      row.bad_calls = {bad<cairn::ShapeError>("empty reduction", [op] { (void)op(cairn::zeros({0, 3}), {0}, false); }, {"[" + name + "]", "[0, 3]"})};
      row.property = [op]() -> std::string {
        const Tensor x = cairn::from_values<double>({1, 4, 4, 2}, {4}).set_requires_grad();
        const Tensor y = cairn::from_values<double>({2, 1, 1, 2}, {4}).set_requires_grad();
        op(x, {}, false).backward();
        op(y, {}, false).backward();
        const auto gx = x.grad().to_vector<double>(), gy = y.grad().to_vector<double>();
        const bool max_shares = gx == std::vector<double>{0, 0.5, 0.5, 0} && gy == std::vector<double>{0.5, 0, 0, 0.5};
        const bool min_shares = gx == std::vector<double>{1, 0, 0, 0} && gy == std::vector<double>{0, 0.5, 0.5, 0};
        return max_shares || min_shares ? "" : "equal elements must share the gradient";
      };
    };
  };
  add_rows(rows, "amax", cairn::amax, [](const Run& run) { return best(run, true); }, extreme("amax", cairn::amax), false);
  add_rows(rows, "amin", cairn::amin, [](const Run& run) { return best(run, false); }, extreme("amin", cairn::amin), false);
  const auto truth = [](OpRow& row) {
    row.dtypes = everything;
    row.result_dtype = to_bool;
    row.differentiable = false;
    row.samples.push_back({"mixed", {Array({3, 3}, {0, 0, 0, 0, 1, 0, 1, 1, 1})}});
    row.samples.push_back({"NaN is true", {Array({1, 2}, {nan, 0})}});
  };
  add_rows(rows, "any", cairn::any, [](const Run& run) { return std::any_of(run.begin(), run.end(), [](double v) { return v != 0; }) ? 1.0 : 0.0; }, truth, true);
  add_rows(rows, "all", cairn::all, [](const Run& run) { return std::all_of(run.begin(), run.end(), [](double v) { return v != 0; }) ? 1.0 : 0.0; }, truth, true);
  add_arg_rows(rows, "argmax", cairn::argmax, true);
  add_arg_rows(rows, "argmin", cairn::argmin, false);

  // The members say the same as the functions.
  const auto member = [&](const std::string& name, const std::string& like, std::function<Tensor(const Tensor&)> op) {
    for (OpRow row : Rows(rows)) {
      if (row.name != like || row.variant != "all") continue;
      row.name = name;
      row.op = [op](const Tensors& in) { return Tensors{op(in[0])}; };
      row.bad_calls.clear();
      row.property = {};
      rows.push_back(row);
    }
  };
  member("Tensor::sum", "sum", [](const Tensor& x) { return x.sum(); });
  member("Tensor::mean", "mean", [](const Tensor& x) { return x.mean(); });
  member("Tensor::max", "amax", [](const Tensor& x) { return x.max(); });
  member("Tensor::min", "amin", [](const Tensor& x) { return x.min(); });
  member("Tensor::argmax", "argmax", [](const Tensor& x) { return x.argmax(); });
  return rows;
}

}  // namespace op_table
