// The losses of docs/cross_entropy.md in plain f64 loops that share nothing with the library, and tools to compare with.
#pragma once

#include <cairn/autograd/autograd.h>
#include <cairn/autograd/ops.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace cairn {

using Values = std::vector<double>;
using Targets = std::vector<std::int64_t>;

// ---- the formulas on paper ------------------------------------------------------------------------------

namespace paper {

/// eq. 1 with the logarithms bounded below (eq. 6).
inline double binary_loss(double p, double y) {
  return -(y * std::max(std::log(p), -100.0) + (1.0 - y) * std::max(std::log1p(-p), -100.0));
}

/// eq. 3.
double binary_gradient(double p, double y) { return (p - y) / std::max(p * (1.0 - p), 1e-12); }

double sigmoid(double z) { return z >= 0.0 ? 1.0 / (1.0 + std::exp(-z)) : std::exp(z) / (1.0 + std::exp(z)); }

/// eq. 7 and eq. 4.
double logit_loss(double z, double y) { return std::max(z, 0.0) - z * y + std::log1p(std::exp(-std::abs(z))); }
double logit_gradient(double z, double y) { return sigmoid(z) - y; }

/// What a classification loss is asked for; mirrors CrossEntropyArgs without using it.
struct Problem {
  std::size_t classes = 1;
  Targets target;
  Values weight;  ///< empty: ones
  double smoothing = 0.0;
  std::int64_t ignored = -100;

  double w(std::size_t k) const { return weight.empty() ? 1.0 : weight[k]; }
};

inline double log_sum_exp(const double* z, std::size_t n) {
  double largest = z[0], sum = 0.0;
  for (std::size_t k = 1; k < n; ++k) largest = std::max(largest, z[k]);
  for (std::size_t k = 0; k < n; ++k) sum += std::exp(z[k] - largest);
  return largest + std::log(sum);
}

inline Values softmax(const double* z, std::size_t n) {
  const double lse = log_sum_exp(z, n);
  Values p(n);
  for (std::size_t k = 0; k < n; ++k) p[k] = std::exp(z[k] - lse);
  return p;
}

/// q_k = (1 - s) w_t [k = t] + (s / K) w_k, the weighted target of eq. 13.
inline Values target_distribution(const Problem& problem, std::int64_t t) {
  Values q(problem.classes);
  for (std::size_t k = 0; k < q.size(); ++k) {
    q[k] = problem.smoothing / static_cast<double>(q.size()) * problem.w(k);
    if (k == static_cast<std::size_t>(t)) q[k] += (1.0 - problem.smoothing) * problem.w(k);
  }
  return q;
}

/// eq. 13, one value per row.
inline Values row_losses(const Values& z, const Problem& problem) {
  Values losses;
  for (std::size_t n = 0; n < problem.target.size(); ++n) {
    const double* row = z.data() + n * problem.classes;
    double loss = 0.0;
    if (problem.target[n] != problem.ignored) {
      const double lse = log_sum_exp(row, problem.classes);
      const Values q = target_distribution(problem, problem.target[n]);
      for (std::size_t k = 0; k < q.size(); ++k) loss += q[k] * (lse - row[k]);
    }
    losses.push_back(loss);
  }
  return losses;
}

/// eq. 14, times one output gradient per row.
inline Values row_gradients(const Values& z, const Problem& problem, const Values& upstream) {
  Values gradient(z.size());
  for (std::size_t n = 0; n < problem.target.size(); ++n) {
    if (problem.target[n] == problem.ignored) continue;
    const Values p = softmax(z.data() + n * problem.classes, problem.classes);
    const Values q = target_distribution(problem, problem.target[n]);
    double total = 0.0;
    for (const double each : q) total += each;
    for (std::size_t k = 0; k < q.size(); ++k) gradient[n * problem.classes + k] = upstream[n] * (total * p[k] - q[k]);
  }
  return gradient;
}

/// What the mean divides by (eq. 16).
inline double weight_of_targets(const Problem& problem) {
  double sum = 0.0;
  for (const std::int64_t t : problem.target) sum += t == problem.ignored ? 0.0 : problem.w(static_cast<std::size_t>(t));
  return sum;
}

}  // namespace paper

// ---- tools ----------------------------------------------------------------------------------------------

/// Numbers in [low, high) from a linear congruential generator (Knuth's MMIX constants).
inline Values numbers(std::size_t count, double low, double high, std::uint64_t seed = 1) {
  Values values(count);
  for (double& value : values) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    value = low + (high - low) * static_cast<double>(seed >> 11) * 0x1p-53;
  }
  return values;
}

/// Both sides see the same inputs: those that T can hold.
template <class T>
Values rounded(Values values) {
  for (double& value : values) value = static_cast<double>(static_cast<T>(value));
  return values;
}

template <class T>
Tensor tensor(const Values& values, const Dims& sizes) {
  return from_values(std::vector<T>(values.begin(), values.end()), sizes);
}

template <class T>
Tensor leaf(const Values& values, const Dims& sizes) {
  return tensor<T>(values, sizes).set_requires_grad();
}

Tensor labels(const Targets& target) { return from_values(target, {static_cast<std::int64_t>(target.size())}); }

/// Every entry within tolerance * max(1, |expected|).
inline void expect_close(const Values& actual, const Values& expected, double tolerance, const char* what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_TRUE(std::isfinite(actual[i])) << what << " [" << i << "]";
    EXPECT_NEAR(actual[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i]))) << what << " [" << i << "]";
  }
}

inline void expect_close(const Tensor& actual, const Values& expected, double tolerance, const char* what) {
  expect_close(actual.to_vector<double>(), expected, tolerance, what);
}

inline double scalar_gradient_sum(const Values& losses, const Values& upstream) {
  double sum = 0.0;
  for (std::size_t i = 0; i < losses.size(); ++i) sum += losses[i] * upstream[i];
  return sum;
}

/// Central differences of <upstream, loss(z)>, the library's loss evaluated in f64. Where logits are as large as 1e4
/// the step must be large against their spacing, hence 1e-4 and an error of about 1e-8 from either side.
template <class Loss>
Values central_differences(const Values& z, const Dims& sizes, const Values& upstream, Loss loss, double step = 1e-4) {
  const NoGrad guard;
  Values gradient(z.size());
  const auto value_at = [&](std::size_t i, double entry) {
    Values moved = z;
    moved[i] = entry;
    return scalar_gradient_sum(loss(tensor<double>(moved, sizes)).template to_vector<double>(), upstream);
  };
  for (std::size_t i = 0; i < z.size(); ++i) {
    gradient[i] = (value_at(i, z[i] + step) - value_at(i, z[i] - step)) / (2.0 * step);
  }
  return gradient;
}

inline Tensor upstream_like(const Values& upstream, const Tensor& loss) {
  return tensor<double>(upstream, loss.sizes()).to(loss.dtype());
}

template <class E, class Call>
std::string error_text(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another exception: ") + error.what();
  }
  return "no exception";
}

#define EXPECT_ERROR(Type, expression, part) \
  EXPECT_NE(error_text<Type>([&] { (void)(expression); }).find(part), std::string::npos) \
      << error_text<Type>([&] { (void)(expression); })

template <class T>
struct Precision {
  static constexpr double tolerance = std::is_same_v<T, float> ? 4e-6 : 1e-12;
};

/// First and second gradients against central differences.
inline void check_twice(const TensorFunction& function, const std::vector<Tensor>& inputs) {
  EXPECT_NO_THROW(gradcheck(function, inputs));
  EXPECT_NO_THROW(gradgradcheck(function, inputs));
}

using Floats = testing::Types<float, double>;

}  // namespace cairn
