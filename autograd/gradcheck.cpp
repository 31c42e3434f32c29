#include <cairn/autograd/autograd.h>
#include <cairn/autograd/ops.h>
#include <cairn/core/philox.h>

#include <cmath>

namespace cairn::inline v0 {

namespace {

/// Row-major, unshared copies of the inputs, so that single entries can be changed.
std::vector<Tensor> private_copies(const char* op, const std::vector<Tensor>& inputs) {
  const NoGrad guard;
  std::vector<Tensor> copies;
  for (const Tensor& input : inputs) {
    check<DTypeError>(!input.requires_grad() || input.dtype() == DType::f64, op,
                      "inputs that require grad must be f64, got ", input.describe());
    Tensor copy = input.clone();
    copy.set_requires_grad(input.requires_grad());
    copies.push_back(copy);
  }
  return copies;
}

/// A fixed pseudo-random tensor in [0.5, 1.5): no output entry is weighted by almost nothing.
Tensor weights_like(const Tensor& y, std::uint64_t salt) {
  std::vector<double> values(static_cast<std::size_t>(y.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.5 + static_cast<double>(uniform_from_bits(philox_word(i, salt)));
  return from_values(values, y.sizes()).to(y.dtype());
}

/// sum over outputs of <weights, output>, in f64.
double weighted_sum(const std::vector<Tensor>& outputs, const std::vector<Tensor>& weights) {
  double total = 0.0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!weights[i].defined()) continue;
    const auto y = outputs[i].to_vector<double>();
    const auto w = weights[i].to_vector<double>();
    for (std::size_t k = 0; k < y.size(); ++k) total += y[k] * w[k];
  }
  return total;
}

/// Calls visit(address of element) for the elements of an f64 tensor in logical order.
template <class Visit>
void for_each_entry(const Tensor& x, Visit visit) {
  if (x.numel() == 0) return;
  std::int64_t index[max_rank] = {};
  double* at = x.data<double>();
  while (true) {
    visit(at);
    int d = x.rank() - 1;
    for (; d >= 0; --d) {
      at += x.strides()[d];
      if (++index[d] < x.sizes()[d]) break;
      at -= index[d] * x.strides()[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

}  // namespace

void gradcheck(const TensorFunction& function, const std::vector<Tensor>& inputs, GradcheckOptions options) {
  const std::vector<Tensor> x = private_copies("gradcheck", inputs);
  std::vector<Tensor> wanted;
  for (const Tensor& input : x) {
    if (input.requires_grad()) wanted.push_back(input);
  }
  check<ValueError>(!wanted.empty(), "gradcheck", "no input requires grad");

  const std::vector<Tensor> outputs = function(x);
  std::vector<Tensor> recorded, recorded_weights, weights;
  for (const Tensor& y : outputs) {
    weights.push_back(is_floating(y.dtype()) ? weights_like(y, 17 + weights.size()) : Tensor());
    if (!y.requires_grad()) continue;
    recorded.push_back(y);
    recorded_weights.push_back(weights.back());
  }
  if (recorded.empty()) throw AutogradError("[gradcheck] no output requires grad: the function records nothing");
  const std::vector<Tensor> analytic = grad(recorded, wanted, recorded_weights, {.allow_unused = true});

  const NoGrad guard;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::vector<double> gradient = analytic[i].defined() ? analytic[i].to_vector<double>()
                                                               : std::vector<double>(static_cast<std::size_t>(wanted[i].numel()));
    std::size_t entry = 0;
    for_each_entry(wanted[i], [&](double* at) {
      const double original = *at;
      *at = original + options.step;
      const double above = weighted_sum(function(x), weights);
      *at = original - options.step;
      const double below = weighted_sum(function(x), weights);
      *at = original;
      const double numeric = (above - below) / (2.0 * options.step);
      const double ours = gradient[entry];
      if (!(std::abs(ours - numeric) <= options.atol + options.rtol * std::abs(numeric))) {
        throw AutogradError(concat("[gradcheck] input ", i, " (", wanted[i].describe(), "), entry ", entry, ": backward gives ",
                                   ours, ", finite differences give ", numeric));
      }
      ++entry;
    });
  }
}

void gradgradcheck(const TensorFunction& function, const std::vector<Tensor>& inputs, GradcheckOptions options) {
  // The gradient, as a function of the inputs and of the output gradients.
  std::vector<Tensor> arguments = private_copies("gradgradcheck", inputs);
  const std::size_t input_count = arguments.size();
  for (const Tensor& y : function(arguments)) {
    if (y.requires_grad()) arguments.push_back(weights_like(y, 40 + arguments.size()).set_requires_grad());
  }
  const TensorFunction gradient = [&](const std::vector<Tensor>& all) {
    const GradMode recording(true);
    const std::vector<Tensor> x(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(input_count));
    const std::vector<Tensor> dy(all.begin() + static_cast<std::ptrdiff_t>(input_count), all.end());
    std::vector<Tensor> wanted, recorded;
    for (const Tensor& input : x) {
      if (input.requires_grad()) wanted.push_back(input);
    }
    for (const Tensor& y : function(x)) {
      if (y.requires_grad()) recorded.push_back(y);
    }
    std::vector<Tensor> result = grad(recorded, wanted, dy, {.create_graph = true, .allow_unused = true});
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (!result[i].defined()) result[i] = zeros_like(wanted[i]);
    }
    return result;
  };
  gradcheck(gradient, arguments, options);
}

}  // namespace cairn::inline v0
