/// Members that change a tensor: each acts on a clone of the first input, so that its gradient can be checked.
#include "../op_table.h"

namespace op_table {

namespace {

OpRow in_place(const std::string& name, std::function<void(const Tensor&, const Tensor&)> act,
               std::function<double(double, double)> f, double b_low = -2, double b_high = 2) {
  OpRow row;
  row.name = name;
  row.op = [act](const Tensors& in) {
    const Tensor y = in[0].clone();
    act(y, in[1]);
    return Tensors{y};
  };
  row.reference = [f](const Arrays& in) { return Arrays{zip(in[0], in[1], f)}; };
  const auto pair = [=](const Sizes& a, const Sizes& b) { return Arrays{random(a), random(b, b_low, b_high, 2)}; };
  row.samples = {{"same shape", pair({3, 7}, {3, 7})}, {"row", pair({4, 5}, {5})},       {"scalar", pair({5}, {})},
                 {"images", pair({2, 3, 2, 3}, {3, 1, 1})}, {"scalars", pair({}, {})}, {"empty", pair({0, 3}, {3})}};
  row.large = [pair] { return pair({301, 307}, {307}); };
  const std::string prefix = "[" + name.substr(name.rfind(':') + 1) + "]";
  row.bad_calls = {bad<cairn::ShapeError>("would grow", [act] { act(cairn::zeros({3}), cairn::zeros({2, 3})); }, {"[3]", "[2, 3]"}),
                   bad<cairn::AutogradError>("a leaf that requires grad", [act] { act(cairn::ones({2}).set_requires_grad(), cairn::ones({2})); }, {"leaf"}),
                   bad<cairn::AutogradError>("a view of what requires grad", [act] { act(cairn::ones({2, 2}).set_requires_grad().clone()[0], cairn::ones({2})); }, {"view"})};
  if (name.find("operator") == std::string::npos) {
    row.bad_calls.push_back(bad<cairn::ShapeError>("the op is named", [act] { act(cairn::zeros({3}), cairn::zeros({4})); }, {prefix, "[3]", "[4]"}));
  }
  return row;
}

OpRow with_number(const std::string& name, std::function<void(const Tensor&)> act, std::function<double(double)> f) {
  OpRow row;
  row.name = name;
  row.variant = "number";
  row.op = [act](const Tensors& in) {
    const Tensor y = in[0].clone();
    act(y);
    return Tensors{y};
  };
  row.reference = [f](const Arrays& in) { return Arrays{map(in[0], f)}; };
  row.samples = {{"matrix", {random({3, 7})}}, {"images", {random({2, 3, 2, 3})}}, {"scalar", {random({})}}, {"empty", {Array({0})}}};
  row.second_order = name != "Tensor::fill_" && name != "Tensor::zero_";  // their first derivative is the constant 0
  return row;
}

const std::vector<DType> signed_numbers = {DType::f32, DType::f64, DType::bf16, DType::f16, DType::i64, DType::i32};

OpRow integers_too(OpRow row) {
  row.dtypes = signed_numbers;
  return row;
}

std::string view_shares_memory() {
  const Tensor x = cairn::zeros({2, 3});
  x[1].add_(1.0);
  x.select(1, 0).mul_(cairn::full({2}, 5.0));
  return x.to_vector<double>() == std::vector<double>{0, 0, 0, 5, 1, 1} ? "" : "a change of a view must show in its base";
}

}  // namespace

Rows in_place_rows() {
  Rows rows;
  const auto plus = [](double a, double b) { return a + b; };
  const auto minus = [](double a, double b) { return a - b; };
  const auto times = [](double a, double b) { return a * b; };
  const auto over = [](double a, double b) { return a / b; };
  rows.push_back(integers_too(in_place("Tensor::copy_", [](const Tensor& a, const Tensor& b) { a.copy_(b); }, [](double, double b) { return b; })));
  OpRow add = integers_too(in_place("Tensor::add_", [](const Tensor& a, const Tensor& b) { a.add_(b); }, plus));
  add.property = view_shares_memory;
  add.bad_calls.push_back(bad<cairn::DTypeError>("a fraction into integers", [] { cairn::zeros({2}, {DType::i64}).add_(cairn::ones({2})); }, {"[add_]", "i64[2]"}));
  rows.push_back(add);
  OpRow scaled = integers_too(in_place("Tensor::add_", [](const Tensor& a, const Tensor& b) { a.add_(b, 3.0); }, [](double a, double b) { return a + 3.0 * b; }));
  scaled.variant = "alpha 3";
  scaled.bad_calls.clear();
  rows.push_back(scaled);
  rows.push_back(integers_too(in_place("Tensor::sub_", [](const Tensor& a, const Tensor& b) { a.sub_(b); }, minus)));
  rows.back().bad_calls.pop_back();  // it is add_ with alpha -1, and says so
  rows.push_back(integers_too(in_place("Tensor::mul_", [](const Tensor& a, const Tensor& b) { a.mul_(b); }, times)));
  rows.push_back(in_place("Tensor::div_", [](const Tensor& a, const Tensor& b) { a.div_(b); }, over, 0.5, 3.0));
  rows.back().bad_calls.push_back(bad<cairn::DTypeError>("integers", [] { cairn::ones({2}, {DType::i64}).div_(cairn::ones({2}, {DType::i64})); }, {"[div_]", "i64[2]"}));
  rows.push_back(in_place("Tensor::operator+=", [](const Tensor& a, const Tensor& b) { a += b; }, plus));
  rows.push_back(in_place("Tensor::operator-=", [](const Tensor& a, const Tensor& b) { a -= b; }, minus));
  rows.push_back(in_place("Tensor::operator*=", [](const Tensor& a, const Tensor& b) { a *= b; }, times));
  rows.push_back(in_place("Tensor::operator/=", [](const Tensor& a, const Tensor& b) { a /= b; }, over, 0.5, 3.0));

  rows.push_back(integers_too(with_number("Tensor::fill_", [](const Tensor& x) { x.fill_(7.0); }, [](double) { return 7.0; })));
  rows.push_back(with_number("Tensor::zero_", [](const Tensor& x) { x.zero_(); }, [](double) { return 0.0; }));
  rows.push_back(integers_too(with_number("Tensor::add_", [](const Tensor& x) { x.add_(-2.0); }, [](double x) { return x - 2.0; })));
  rows.push_back(integers_too(with_number("Tensor::mul_", [](const Tensor& x) { x.mul_(3.0); }, [](double x) { return 3.0 * x; })));
  return rows;
}

}  // namespace op_table
