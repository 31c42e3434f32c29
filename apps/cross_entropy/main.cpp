/// Logistic regression trained three times from the same start: once with the gradient worked out on paper, once with
/// the gradient from autograd, once with finite differences. If the three ways are right, the three runs are one run.
/// The derivation is docs/cross_entropy.md; equation numbers refer to it.
#include <cairn/autograd/autograd.h>
#include <cairn/autograd/ops.h>
#include <cairn/core/generator.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace {

using cairn::Tensor;
using Values = std::vector<double>;

constexpr double tolerance = 1e-6;        // how far the three runs may differ, in gradients and in parameters
constexpr double difference_step = 1e-5;  // h of (L(theta + h) - L(theta - h)) / 2h: error h^2, rounding 1e-16 / h

struct Settings {
  int epochs = 10;
  double lr = 0.5;
  std::int64_t samples = 200;
  std::int64_t features = 3;
  std::uint64_t seed = 1;
};

// ---- 1. The data: two clouds --------------------------------------------------------------------------------

/// x [samples, features + 1], y [samples], both f64. The last column of x is 1, so the last parameter is the bias.
struct Data {
  Tensor x;
  Tensor y;
};

/// Two Gaussian clouds of unit variance around (-1, …, -1) and (1, …, 1); y says which: 0 or 1, alternating.
Data draw_two_clouds(const Settings& settings) {
  cairn::manual_seed(settings.seed);
  const cairn::TensorOptions f64{cairn::DType::f64};
  Values labels(static_cast<std::size_t>(settings.samples));
  for (std::size_t n = 0; n < labels.size(); ++n) labels[n] = n % 2 == 0 ? 0.0 : 1.0;
  const Tensor y = cairn::from_values(labels, {settings.samples});
  const Tensor centre = (2.0 * y - 1.0).unsqueeze(1);
  const Tensor clouds = cairn::randn({settings.samples, settings.features}, f64) + centre;
  return {cairn::cat({clouds, cairn::ones({settings.samples, 1}, f64)}, 1), y};
}

// ---- 2. The loss ---------------------------------------------------------------------------------------------

/// L(theta) = (1/N) sum_n l(sigmoid(x_n theta), y_n), as one expression of tensors (eq. 2 and 7).
Tensor loss_of(const Tensor& theta, const Data& data) {
  return cairn::binary_cross_entropy_with_logits(matmul(data.x, theta), data.y);
}

Tensor as_tensor(const Values& theta) { return cairn::from_values(theta, {static_cast<std::int64_t>(theta.size())}); }

// ---- 3. Its gradient, three ways -----------------------------------------------------------------------------

/// On paper: dL/dtheta_k = (1/N) sum_n (sigmoid(z_n) - y_n) x_nk (eq. 4). Plain loops, no tensors.
Values gradient_on_paper(const Values& theta, const Data& data) {
  const double* x = data.x.data<double>();
  const double* y = data.y.data<double>();
  const std::size_t samples = static_cast<std::size_t>(data.y.numel()), width = theta.size();
  Values gradient(width, 0.0);
  for (std::size_t n = 0; n < samples; ++n) {
    const double* row = x + n * width;
    double z = 0.0;
    for (std::size_t k = 0; k < width; ++k) z += row[k] * theta[k];
    const double prediction = 1.0 / (1.0 + std::exp(-z));
    for (std::size_t k = 0; k < width; ++k) gradient[k] += (prediction - y[n]) * row[k] / static_cast<double>(samples);
  }
  return gradient;
}

/// Autograd: the chain rule, applied by the engine to the recorded operations.
Values gradient_by_autograd(const Values& theta, const Data& data) {
  const Tensor parameters = as_tensor(theta).set_requires_grad();
  loss_of(parameters, data).backward();
  return parameters.grad().to_vector<double>();
}

/// Finite differences: the definition of the derivative, with a small step in place of the limit.
Values gradient_by_differences(const Values& theta, const Data& data) {
  const cairn::NoGrad guard;
  const auto loss_with = [&](std::size_t k, double value) {
    Values moved = theta;
    moved[k] = value;
    return loss_of(as_tensor(moved), data).item();
  };
  Values gradient(theta.size());
  for (std::size_t k = 0; k < theta.size(); ++k) {
    const double above = loss_with(k, theta[k] + difference_step), below = loss_with(k, theta[k] - difference_step);
    gradient[k] = (above - below) / (2.0 * difference_step);
  }
  return gradient;
}

// ---- 4. Gradient descent, three runs side by side --------------------------------------------------------------

struct Run {
  const char* name;
  std::function<Values(const Values&, const Data&)> gradient_of;
  Values theta;
  Values gradient;
};

/// The largest difference between the runs in one of their vectors; NaN if any entry is.
double apart(const std::vector<Run>& runs, Values Run::*vector) {
  double largest = 0.0;
  for (const Run& run : runs) {
    for (std::size_t k = 0; k < run.theta.size(); ++k) {
      const double difference = std::abs((run.*vector)[k] - (runs.front().*vector)[k]);
      if (std::isnan(difference)) return difference;
      largest = std::max(largest, difference);
    }
  }
  return largest;
}

/// theta <- theta - lr * gradient, in each run with its own gradient.
void descend(std::vector<Run>& runs, const Data& data, double lr) {
  for (Run& run : runs) {
    run.gradient = run.gradient_of(run.theta, data);
    for (std::size_t k = 0; k < run.theta.size(); ++k) run.theta[k] -= lr * run.gradient[k];
  }
}

// ---- 5. What came out --------------------------------------------------------------------------------------------

/// The share of samples whose more probable class is the true one: z > 0 means class 1.
double accuracy_of(const Values& theta, const Data& data) {
  const Tensor predicted = matmul(data.x, as_tensor(theta)) > 0.0;
  return eq(predicted.to(cairn::DType::f64), data.y).to(cairn::DType::f64).mean().item();
}

void print_parameters(const std::vector<Run>& runs) {
  std::printf("\nparameters%12s", "");
  for (const Run& run : runs) std::printf("%20s", run.name);
  std::printf("\n");
  const std::size_t width = runs.front().theta.size();
  for (std::size_t k = 0; k < width; ++k) {
    std::printf("  theta_%-2zu %-11s", k, k + 1 == width ? "(bias)" : "");
    for (const Run& run : runs) std::printf("%20.14f", run.theta[k]);
    std::printf("\n");
  }
}

int train(const Settings& settings) {
  std::printf("logistic regression: %lld samples, %lld features, %d epochs, lr %g, seed %llu, f64\n",
              static_cast<long long>(settings.samples), static_cast<long long>(settings.features), settings.epochs,
              settings.lr, static_cast<unsigned long long>(settings.seed));
  const Data data = draw_two_clouds(settings);
  const Values start(static_cast<std::size_t>(settings.features) + 1, 0.0);
  std::vector<Run> runs = {{"on paper", gradient_on_paper, start, {}},
                           {"autograd", gradient_by_autograd, start, {}},
                           {"differences", gradient_by_differences, start, {}}};

  // At theta = 0 every prediction is 1/2, so the first loss is log 2 = 0.6931….
  std::printf("\nepoch         loss   gradients apart by\n");
  bool agree = true;
  for (int epoch = 1; epoch <= settings.epochs; ++epoch) {
    const double loss = loss_of(as_tensor(runs.front().theta), data).item();
    descend(runs, data, settings.lr);
    const double difference = apart(runs, &Run::gradient);
    agree = agree && difference <= tolerance;
    std::printf("%5d   %10.8f   %.1e\n", epoch, loss, difference);
  }

  print_parameters(runs);
  const double difference = apart(runs, &Run::theta);
  agree = agree && difference <= tolerance;
  if (agree) {
    const int digits = difference > 0.0 ? static_cast<int>(std::floor(-std::log10(difference))) : 15;
    std::printf("\nthe parameters of the three runs are equal to %d decimal digits (largest difference %.1e)\n", digits, difference);
  }
  std::printf("loss %.8f, accuracy %.1f %%\n", loss_of(as_tensor(runs.front().theta), data).item(),
              100.0 * accuracy_of(runs.front().theta, data));
  if (!agree) std::fprintf(stderr, "cross_entropy: the three runs differ by more than %g\n", tolerance);
  return agree ? 0 : 1;
}

/// What is wrong with an option that must be a positive number; empty if nothing is.
std::string positive_number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool fits = *end == '\0' && value > 0.0 && std::isfinite(value);
  return fits ? std::string() : "must be a positive number, not " + text;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app{"Logistic regression with the gradient on paper, by autograd and by finite differences.", "cross_entropy"};
  app.add_option("--epochs", settings.epochs, "passes over the data, one step each")->check(CLI::Range(1, 1000000))->capture_default_str();
  app.add_option("--lr", settings.lr, "learning rate")->check(positive_number)->capture_default_str();
  app.add_option("--samples", settings.samples, "points in both clouds together")->check(CLI::Range(2, 10000000))->capture_default_str();
  app.add_option("--features", settings.features, "dimensions of a point")->check(CLI::Range(1, 10000))->capture_default_str();
  app.add_option("--seed", settings.seed, "of the random numbers")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return train(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cross_entropy: %s\n", error.what());
    return 2;
  }
}
