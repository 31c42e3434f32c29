/// The suites over the op table that differentiate: first and second order, layouts, dtypes, numbers of threads.
#include "row_test.h"

#include <cairn/core/parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace op_table {

namespace {

// ---- derivatives ----------------------------------------------------------------------------------

/// A leaf and how the op's input is taken from it by recorded views.
struct Source {
  Tensor leaf;
  std::function<Tensor(const Tensor&)> window;
};

Source source_of(const Array& x, Layout layout) {
  const Tensor whole = to_tensor(x, DType::f64);
  if (x.kind != Kind::value || !applies(layout, x) || layout == Layout::row_major) return {whole, [](const Tensor& t) { return t; }};
  if (layout == Layout::permuted) {
    return {whole.transpose(0, -1).contiguous(), [](const Tensor& t) { return t.transpose(0, -1); }};
  }
  Array wide = x;
  wide.sizes.back() = 2 * x.sizes.back() + 1;
  wide.values.assign(static_cast<std::size_t>(product(wide.sizes)), 0.5);
  for_each_index(x.sizes, [&](const Sizes& index) {
    Sizes to = index;
    to.back() = 2 * to.back() + 1;
    wide.at(to) = x.at(index);
  });
  return {to_tensor(wide, DType::f64), [](const Tensor& t) { return t.slice(-1, {1, {}, 2}); }};
}

using Check = void (*)(const cairn::TensorFunction&, const Tensors&, cairn::GradcheckOptions);

void check_derivatives(const OpRow& row, const Sample& sample, Layout layout, Check check) {
  SCOPED_TRACE(where(row, sample, "f64, " + name_of(layout)));
  try {
    std::vector<std::function<Tensor(const Tensor&)>> windows;
    Tensors leaves;
    for (const Array& x : sample.inputs) {
      const Source source = source_of(x, layout);
      leaves.push_back(x.given() ? source.leaf : Tensor());
      windows.push_back(source.window);
    }
    // gradcheck takes defined tensors only: operands that are not given are put in here.
    Tensors given;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      if (!leaves[i].defined()) continue;
      if (sample.inputs[i].kind == Kind::value) leaves[i].set_requires_grad();
      given.push_back(leaves[i]);
      places.push_back(i);
    }
    const auto function = [&](const Tensors& some) {
      Tensors all(leaves.size());
      for (std::size_t i = 0; i < places.size(); ++i) all[places[i]] = windows[places[i]](some[i]);
      Tensors outputs = row.op(all);
      std::erase_if(outputs, [](const Tensor& y) { return !y.requires_grad() && cairn::grad_enabled(); });
      return outputs;
    };
    // Outputs without a gradient (updated statistics) are left out of the comparison in both modes.
    const std::size_t recorded = [&] { return function(given).size(); }();
    const auto first_outputs = [&](const Tensors& some) {
      Tensors outputs = function(some);
      outputs.resize(recorded);
      return outputs;
    };
    check(first_outputs, given, {});
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

bool small(const Sample& sample, std::int64_t most) { return sample.smooth && has_elements(sample) && elements(sample.inputs) <= most; }

class Gradient : public RowTest {};
TEST_P(Gradient, MatchesFiniteDifferences) {
  int checked = 0;
  for (const Sample& sample : GetParam()->samples) {
    if (!small(sample, 250)) continue;
    ++checked;
    check_derivatives(*GetParam(), sample, Layout::row_major, cairn::gradcheck);
    if (!small(sample, 100)) continue;
    check_derivatives(*GetParam(), sample, Layout::permuted, cairn::gradcheck);
    check_derivatives(*GetParam(), sample, Layout::strided, cairn::gradcheck);
  }
  EXPECT_TRUE(checked > 0 || GetParam()->name == "Tensor::to") << "the row has no small smooth sample";
}
INSTANTIATE_TEST_SUITE_P(OpTable, Gradient, testing::ValuesIn(rows_where([](const OpRow& row) { return row.differentiable; })), test_name);

class SecondGradient : public RowTest {};
TEST_P(SecondGradient, MatchesFiniteDifferences) {
  int checked = 0;
  for (const Sample& sample : GetParam()->samples) {
    if (!small(sample, 160) || (++checked > 3 && !small(sample, 20))) continue;
    check_derivatives(*GetParam(), sample, Layout::row_major, cairn::gradgradcheck);
  }
  EXPECT_TRUE(checked > 0 || GetParam()->name == "Tensor::to") << "the row has no small smooth sample";
}
INSTANTIATE_TEST_SUITE_P(OpTable, SecondGradient,
                         testing::ValuesIn(rows_where([](const OpRow& row) { return row.differentiable && row.second_order; })), test_name);

/// Outputs that require grad, the inputs that do, and fixed gradients for the outputs.
struct Pass {
  Tensors wanted, outputs, gradients;
};

Pass forward(const OpRow& row, const Arrays& inputs, DType dtype, Layout gradient_layout = Layout::row_major) {
  const Tensors x = to_tensors(inputs, dtype);
  require_grad(inputs, x);
  Pass pass;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (inputs[i].kind == Kind::value) pass.wanted.push_back(x[i]);
  }
  unsigned seed = 90;
  for (const Tensor& y : row.op(x)) {
    if (!y.requires_grad()) continue;
    pass.outputs.push_back(y);
    const Sizes sizes(y.sizes().begin(), y.sizes().end());
    pass.gradients.push_back(to_tensor(random(sizes, 0.5, 1.5, ++seed), y.dtype(), gradient_layout));
  }
  return pass;
}

Tensors backward(const Pass& pass, cairn::GradOptions options = {}) {
  options.allow_unused = true;
  return cairn::grad(pass.outputs, pass.wanted, pass.gradients, options);
}

void expect_close(const Tensors& got, const Tensors& want, double tolerance, const std::string& what) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].defined(), want[i].defined()) << what;
    if (!got[i].defined()) continue;
    ASSERT_EQ(got[i].sizes(), want[i].sizes()) << what;
    const auto a = got[i].to_vector<double>(), b = want[i].to_vector<double>();
    double scale = 1.0;
    for (const double v : b) scale = std::max(scale, std::abs(v));
    for (std::size_t k = 0; k < a.size(); ++k) {
      ASSERT_TRUE((std::isnan(a[k]) && std::isnan(b[k])) || std::abs(a[k] - b[k]) <= tolerance * scale)
          << what << ": gradient of input " << i << ", element " << k << " is " << a[k] << ", expected " << b[k];
    }
  }
}

class Backward : public RowTest {};
TEST_P(Backward, AgreesAcrossFormsLayoutsAndDtypes) {
  const OpRow& row = *GetParam();
  for (const Sample& sample : row.samples) {
    if (!sample.smooth || elements(sample.inputs) > 2000) continue;
    SCOPED_TRACE(where(row, sample, "backward"));
    try {
      const Tensors fused = backward(forward(row, sample.inputs, DType::f64));
      if (row.second_order) {
        expect_close(backward(forward(row, sample.inputs, DType::f64), {.create_graph = true}), fused, 1e-12, "create_graph");
      }
      for (const Layout layout : {Layout::permuted, Layout::strided, Layout::channels_last}) {
        expect_close(backward(forward(row, sample.inputs, DType::f64, layout)), fused, 1e-12, "output gradient " + name_of(layout));
      }
      // sum() sends back an expanded gradient: one element with strides of zero.
      Pass pass = forward(row, sample.inputs, DType::f64);
      for (std::size_t i = 0; i < pass.outputs.size(); ++i) pass.gradients[i] = cairn::ones_like(pass.outputs[i]);
      const Tensors ones = backward(pass, {.retain_graph = true});
      for (std::size_t i = 0; i < pass.outputs.size(); ++i) {
        pass.gradients[i] = cairn::ones({}, {DType::f64}).expand(pass.outputs[i].sizes());
      }
      expect_close(backward(pass), ones, 1e-12, "expanded output gradient");
      for (const auto& [dtype, tolerance] : {std::pair{DType::f32, 1e-5}, {DType::bf16, 0.05}, {DType::f16, 0.01}}) {
        if (std::find(row.dtypes.begin(), row.dtypes.end(), dtype) == row.dtypes.end()) continue;
        const Tensors exact = backward(forward(row, as_held(sample.inputs, dtype), DType::f64));
        const Tensors rounded = backward(forward(row, sample.inputs, dtype));
        expect_close(rounded, exact, tolerance, std::string(cairn::name_of(dtype)));
        for (const Tensor& gradient : rounded) EXPECT_TRUE(!gradient.defined() || gradient.dtype() == dtype) << gradient.describe();
      }
    } catch (const std::exception& error) {
      ADD_FAILURE() << "threw: " << error.what();
    }
  }
}
INSTANTIATE_TEST_SUITE_P(OpTable, Backward, testing::ValuesIn(rows_where([](const OpRow& row) { return row.differentiable; })), test_name);

class NoGradient : public RowTest {};
TEST_P(NoGradient, OutputsRequireNone) {
  for (const Sample& sample : GetParam()->samples) {
    const DType dtype = GetParam()->dtypes.front();
    if (!cairn::is_floating(dtype)) continue;
    const Tensors x = to_tensors(sample.inputs, dtype);
    require_grad(sample.inputs, x);
    for (const Tensor& y : GetParam()->op(x)) EXPECT_FALSE(y.requires_grad()) << where(*GetParam(), sample, "");
  }
}
INSTANTIATE_TEST_SUITE_P(OpTable, NoGradient, testing::ValuesIn(rows_where([](const OpRow& row) { return !row.differentiable; })), test_name);

// ---- threads --------------------------------------------------------------------------------------

/// Everything that a forward and a backward pass give, bit by bit.
std::vector<std::uint64_t> all_bits(const OpRow& row, const Arrays& inputs) {
  std::vector<std::uint64_t> bits;
  const auto append = [&](const Tensor& t) {
    if (!t.defined()) return;
    for (const double v : t.to_vector<double>()) bits.push_back(std::bit_cast<std::uint64_t>(v));
  };
  const Tensors x = to_tensors(inputs, DType::f32);
  {
    const cairn::NoGrad guard;
    for (const Tensor& y : row.op(x)) append(y);
  }
  if (row.differentiable) {
    for (const Tensor& gradient : backward(forward(row, inputs, DType::f32))) append(gradient);
  }
  return bits;
}

class Threads : public RowTest {};
TEST_P(Threads, GiveTheSameBits) {
  const Arrays inputs = GetParam()->large();
  const int before = cairn::num_threads();
  cairn::set_num_threads(1);
  const auto one = all_bits(*GetParam(), inputs);
  for (const int threads : {2, 4}) {
    cairn::set_num_threads(threads);
    const auto several = all_bits(*GetParam(), inputs);
    const auto [a, b] = std::mismatch(one.begin(), one.end(), several.begin(), several.end());
    EXPECT_TRUE(a == one.end() && b == several.end())
        << GetParam()->name << " (" << GetParam()->variant << "), f32: value " << a - one.begin() << " of outputs and gradients is "
        << std::bit_cast<double>(*a) << " with 1 thread, " << std::bit_cast<double>(*b) << " with " << threads;
  }
  cairn::set_num_threads(before);
}
INSTANTIATE_TEST_SUITE_P(OpTable, Threads, testing::ValuesIn(rows_where([](const OpRow& row) { return row.large && row.dtypes.front() == DType::f32; })), test_name);

}  // namespace
}  // namespace op_table
