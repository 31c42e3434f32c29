#include <cairn/autograd/detail/pointwise.h>
#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

#include <array>
#include <numbers>

namespace cairn::inline v0 {

namespace detail {

void run_pointwise(const char* name, PointwiseOp op, std::initializer_list<Tensor> inputs, const Tensor& output,
                   const double* params) {
  check_same_device(name, inputs);
  if (output.numel() == 0) return;
  std::array<View, 3> views;
  int count = 0;
  for (const Tensor& input : inputs) {
    const NoGrad guard;
    views[static_cast<std::size_t>(count++)] =
        input.sizes() == output.sizes() ? input.view() : input.expand(output.sizes()).view();
  }
  const Device device = output.device();
  CallContext context(device);
  const auto kernel = kernels(device).pointwise.forward;
  const Status status =
      kernel == nullptr ? Status::unsupported : kernel(context, op, views.data(), count, output.view(), params);
  if (status != Status::ok) {
    std::vector<std::string> operands;
    for (const Tensor& input : inputs) operands.push_back(input.describe());
    throw_status(name, status, device, operands);
  }
}

Tensor result_like(const Dims& sizes, DType dtype, std::initializer_list<Tensor> inputs) {
  for (const Tensor& input : inputs) {
    if (input.sizes() == sizes) return empty_like(input, dtype);
  }
  return empty(sizes, {dtype, inputs.begin()->device()});
}

Tensor as_floating(const Tensor& x) { return is_floating(x.dtype()) ? x : x.to(DType::f32); }

namespace {

/// dx = dy * op'(x) in one pass. Not differentiable itself: the caller uses the composite form then. The kernel reads
/// only the one of x and y that was saved, so it may be passed for both.
Tensor fused_backward(const char* name, PointwiseOp op, const Tensor& saved, const Tensor& dy, const double* params) {
  Tensor dx = empty_like(saved);
  if (dx.numel() > 0) run(name, kernels(saved).pointwise.backward, op, saved, saved, dy, dx, params);
  return dx;
}

}  // namespace

Tensor unary(const char* name, PointwiseOp op, const Tensor& x, Saves saves, Derivative derivative, double p0, double p1) {
  const std::array<double, 2> params{p0, p1};
  Tensor y = empty_like(x);
  run_pointwise(name, op, {x}, y, params.data());
  if (derivative == nullptr) {
    return record(name, {x}, y, {}, [](const Grads& g) -> Gradients { return zeros_like(g[0]); });
  }
  return record(name, {x}, y, saves == Saves::input ? save(x) : save(output(0)), [=](const Grads& g) -> Gradients {
    if (grad_enabled()) return g[0] * derivative(g.saved(0), params.data());
    return fused_backward(name, op, g.saved(0), g[0], params.data());
  });
}

}  // namespace detail

namespace {

using detail::as_floating;
using detail::Saves;
using detail::unary;

constexpr double inverse_sqrt_2pi = 0.3989422804014327;
constexpr double sqrt_2_over_pi = 0.7978845608028654;

Tensor gelu_derivative(const Tensor& x, const double*) {
  const Tensor cumulative = 0.5 * (1.0 + erf(x * (1.0 / std::numbers::sqrt2)));
  return cumulative + x * exp(-0.5 * square(x)) * inverse_sqrt_2pi;
}

Tensor gelu_tanh_derivative(const Tensor& x, const double*) {
  const Tensor inner = sqrt_2_over_pi * (x + 0.044715 * x * square(x));
  const Tensor t = tanh(inner);
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - square(t)) * (sqrt_2_over_pi * (1.0 + 3.0 * 0.044715 * square(x)));
}

/// 1 or 0 in the dtype of `like`.
Tensor indicator(const Tensor& condition, const Tensor& like) { return condition.to(like.dtype()); }

}  // namespace

Tensor neg(const Tensor& x) {
  Tensor y = empty_like(x);
  detail::run_pointwise("neg", PointwiseOp::neg, {x}, y);
  return record("neg", {x}, y, {}, [](const Grads& g) -> Gradients { return neg(g[0]); });
}
Tensor abs(const Tensor& x) {
  return unary("abs", PointwiseOp::abs, x, Saves::input, [](const Tensor& a, const double*) { return sign(a); });
}
Tensor sign(const Tensor& x) { return unary("sign", PointwiseOp::sign, x, Saves::input, nullptr); }
Tensor floor(const Tensor& x) { return is_floating(x.dtype()) ? unary("floor", PointwiseOp::floor, x, Saves::input, nullptr) : x; }
Tensor ceil(const Tensor& x) { return is_floating(x.dtype()) ? unary("ceil", PointwiseOp::ceil, x, Saves::input, nullptr) : x; }
Tensor round(const Tensor& x) { return is_floating(x.dtype()) ? unary("round", PointwiseOp::round, x, Saves::input, nullptr) : x; }

Tensor square(const Tensor& x) {
  return unary("square", PointwiseOp::square, x, Saves::input, [](const Tensor& a, const double*) { return 2.0 * a; });
}
Tensor sqrt(const Tensor& x) {
  return unary("sqrt", PointwiseOp::sqrt, as_floating(x), Saves::output,
               [](const Tensor& y, const double*) { return 0.5 / y; });
}
Tensor rsqrt(const Tensor& x) {
  return unary("rsqrt", PointwiseOp::rsqrt, as_floating(x), Saves::output,
               [](const Tensor& y, const double*) { return -0.5 * y * square(y); });
}
Tensor reciprocal(const Tensor& x) {
  return unary("reciprocal", PointwiseOp::reciprocal, as_floating(x), Saves::output,
               [](const Tensor& y, const double*) { return -square(y); });
}
Tensor exp(const Tensor& x) {
  return unary("exp", PointwiseOp::exp, as_floating(x), Saves::output, [](const Tensor& y, const double*) { return y; });
}
Tensor expm1(const Tensor& x) {
  return unary("expm1", PointwiseOp::expm1, as_floating(x), Saves::output,
               [](const Tensor& y, const double*) { return y + 1.0; });
}
Tensor log(const Tensor& x) {
  return unary("log", PointwiseOp::log, as_floating(x), Saves::input,
               [](const Tensor& a, const double*) { return reciprocal(a); });
}
Tensor log1p(const Tensor& x) {
  return unary("log1p", PointwiseOp::log1p, as_floating(x), Saves::input,
               [](const Tensor& a, const double*) { return reciprocal(a + 1.0); });
}
Tensor sin(const Tensor& x) {
  return unary("sin", PointwiseOp::sin, as_floating(x), Saves::input, [](const Tensor& a, const double*) { return cos(a); });
}
Tensor cos(const Tensor& x) {
  return unary("cos", PointwiseOp::cos, as_floating(x), Saves::input,
               [](const Tensor& a, const double*) { return neg(sin(a)); });
}
Tensor tanh(const Tensor& x) {
  return unary("tanh", PointwiseOp::tanh, as_floating(x), Saves::output,
               [](const Tensor& y, const double*) { return 1.0 - square(y); });
}
Tensor erf(const Tensor& x) {
  return unary("erf", PointwiseOp::erf, as_floating(x), Saves::input, [](const Tensor& a, const double*) {
    return (2.0 * std::numbers::inv_sqrtpi) * exp(neg(square(a)));
  });
}
Tensor sigmoid(const Tensor& x) {
  return unary("sigmoid", PointwiseOp::sigmoid, as_floating(x), Saves::output,
               [](const Tensor& y, const double*) { return y * (1.0 - y); });
}
Tensor relu(const Tensor& x) {
  return unary("relu", PointwiseOp::relu, x, Saves::output,
               [](const Tensor& y, const double*) { return indicator(y > 0.0, y); });
}
Tensor leaky_relu(const Tensor& x, double negative_slope) {
  return unary("leaky_relu", PointwiseOp::leaky_relu, as_floating(x), Saves::input,
               [](const Tensor& a, const double* params) {
                 return where(a > 0.0, ones_like(a), full_like(a, params[0]));
               },
               negative_slope);
}
Tensor gelu(const Tensor& x, GeluForm form) {
  if (form == GeluForm::tanh) return unary("gelu_tanh", PointwiseOp::gelu_tanh, as_floating(x), Saves::input, gelu_tanh_derivative);
  return unary("gelu", PointwiseOp::gelu, as_floating(x), Saves::input, gelu_derivative);
}
Tensor silu(const Tensor& x) {
  return unary("silu", PointwiseOp::silu, as_floating(x), Saves::input, [](const Tensor& a, const double*) {
    const Tensor s = sigmoid(a);
    return s * (1.0 + a * (1.0 - s));
  });
}
Tensor softplus(const Tensor& x) {
  return unary("softplus", PointwiseOp::softplus, as_floating(x), Saves::input,
               [](const Tensor& a, const double*) { return sigmoid(a); });
}
Tensor clamp(const Tensor& x, double low, double high) {
  check<ValueError>(low <= high, "clamp", "low ", low, " is above high ", high);
  return unary("clamp", PointwiseOp::clamp, x, Saves::input,
               [](const Tensor& a, const double* params) {
                 return indicator(logical_and(a >= params[0], a <= params[1]), a);
               },
               low, high);
}
Tensor pow(const Tensor& x, double exponent) {
  return unary("pow", PointwiseOp::pow_scalar, as_floating(x), Saves::input,
               [](const Tensor& a, const double* params) {
                 if (params[0] == 0.0) return zeros_like(a);
                 return params[0] * pow(a, params[0] - 1.0);
               },
               exponent);
}

}  // namespace cairn::inline v0
