#include <cairn/nn/init.h>

#include <cairn/autograd/ops/random.h>
#include <cairn/autograd/record.h>

#include <cmath>

namespace cairn::inline v0::nn::init {

namespace {

double fan_of(const Tensor& weight, Mode mode) {
  const Fans f = fans(weight);
  return static_cast<double>(mode == Mode::fan_in ? f.in : f.out);
}

double kaiming_deviation(const Tensor& weight, double a, Mode mode, Nonlinearity nonlinearity) {
  const double fan = fan_of(weight, mode);
  return fan > 0 ? gain(nonlinearity, a) / std::sqrt(fan) : 0.0;
}

double xavier_deviation(const Tensor& weight, double g) {
  const Fans f = fans(weight);
  return f.in + f.out > 0 ? g * std::sqrt(2.0 / static_cast<double>(f.in + f.out)) : 0.0;
}

/// The bound of a symmetric uniform distribution of this deviation.
double bound(double deviation) { return std::sqrt(3.0) * deviation; }

}  // namespace

Fans fans(const Tensor& weight) {
  check<ShapeError>(weight.rank() >= 2, "fans", "needs a weight [out, in, …], got ", weight.describe());
  std::int64_t window = 1;
  for (int i = 2; i < weight.rank(); ++i) window *= weight.size(i);
  return {weight.size(1) * window, weight.size(0) * window};
}

double gain(Nonlinearity nonlinearity, double negative_slope) {
  switch (nonlinearity) {
    case Nonlinearity::tanh: return 5.0 / 3.0;
    case Nonlinearity::relu: return std::sqrt(2.0);
    case Nonlinearity::leaky_relu: return std::sqrt(2.0 / (1.0 + negative_slope * negative_slope));
    case Nonlinearity::selu: return 0.75;
    case Nonlinearity::linear:
    case Nonlinearity::sigmoid: break;
  }
  return 1.0;
}

void constant_(const Tensor& x, double value) {
  NoGrad guard;
  x.fill_(value);
}

void uniform_(const Tensor& x, double low, double high) {
  NoGrad guard;
  x.copy_(uniform(x.sizes(), low, high, x.options()));
}

void normal_(const Tensor& x, double mean, double deviation) {
  NoGrad guard;
  x.copy_(normal(x.sizes(), mean, deviation, x.options()));
}

void kaiming_uniform_(const Tensor& weight, double a, Mode mode, Nonlinearity nonlinearity) {
  const double b = bound(kaiming_deviation(weight, a, mode, nonlinearity));
  uniform_(weight, -b, b);
}

void kaiming_normal_(const Tensor& weight, double a, Mode mode, Nonlinearity nonlinearity) {
  normal_(weight, 0.0, kaiming_deviation(weight, a, mode, nonlinearity));
}

void xavier_uniform_(const Tensor& weight, double gain) {
  const double b = bound(xavier_deviation(weight, gain));
  uniform_(weight, -b, b);
}

void xavier_normal_(const Tensor& weight, double gain) { normal_(weight, 0.0, xavier_deviation(weight, gain)); }

void reset_affine_(const Tensor& weight, const Tensor& bias) {
  kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const double fan = fan_of(weight, Mode::fan_in);
  const double b = fan > 0 ? 1.0 / std::sqrt(fan) : 0.0;
  uniform_(bias, -b, b);
}

}  // namespace cairn::inline v0::nn::init
