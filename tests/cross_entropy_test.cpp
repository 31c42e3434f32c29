// The claims of docs/cross_entropy.md, one test per equation. `namespace paper` holds the formulas in plain f64
// loops that share nothing with the library; every gradient is compared with them and with central differences.
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
namespace {

using Values = std::vector<double>;
using Targets = std::vector<std::int64_t>;

// ---- the formulas on paper ------------------------------------------------------------------------------

namespace paper {

/// eq. 1 with the logarithms bounded below (eq. 6).
double binary_loss(double p, double y) {
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

double log_sum_exp(const double* z, std::size_t n) {
  double largest = z[0], sum = 0.0;
  for (std::size_t k = 1; k < n; ++k) largest = std::max(largest, z[k]);
  for (std::size_t k = 0; k < n; ++k) sum += std::exp(z[k] - largest);
  return largest + std::log(sum);
}

Values softmax(const double* z, std::size_t n) {
  const double lse = log_sum_exp(z, n);
  Values p(n);
  for (std::size_t k = 0; k < n; ++k) p[k] = std::exp(z[k] - lse);
  return p;
}

/// q_k = (1 - s) w_t [k = t] + (s / K) w_k, the weighted target of eq. 13.
Values target_distribution(const Problem& problem, std::int64_t t) {
  Values q(problem.classes);
  for (std::size_t k = 0; k < q.size(); ++k) {
    q[k] = problem.smoothing / static_cast<double>(q.size()) * problem.w(k);
    if (k == static_cast<std::size_t>(t)) q[k] += (1.0 - problem.smoothing) * problem.w(k);
  }
  return q;
}

/// eq. 13, one value per row.
Values row_losses(const Values& z, const Problem& problem) {
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
Values row_gradients(const Values& z, const Problem& problem, const Values& upstream) {
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
double weight_of_targets(const Problem& problem) {
  double sum = 0.0;
  for (const std::int64_t t : problem.target) sum += t == problem.ignored ? 0.0 : problem.w(static_cast<std::size_t>(t));
  return sum;
}

}  // namespace paper

// ---- tools ----------------------------------------------------------------------------------------------

/// Numbers in [low, high) from a linear congruential generator (Knuth's MMIX constants).
Values numbers(std::size_t count, double low, double high, std::uint64_t seed = 1) {
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
void expect_close(const Values& actual, const Values& expected, double tolerance, const char* what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_TRUE(std::isfinite(actual[i])) << what << " [" << i << "]";
    EXPECT_NEAR(actual[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i]))) << what << " [" << i << "]";
  }
}

void expect_close(const Tensor& actual, const Values& expected, double tolerance, const char* what) {
  expect_close(actual.to_vector<double>(), expected, tolerance, what);
}

double scalar_gradient_sum(const Values& losses, const Values& upstream) {
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

Tensor upstream_like(const Values& upstream, const Tensor& loss) {
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

template <class T>
class BinaryCrossEntropy : public testing::Test {};
template <class T>
class BinaryCrossEntropyWithLogits : public testing::Test {};
template <class T>
class SoftmaxCrossEntropy : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(BinaryCrossEntropy, Floats);
TYPED_TEST_SUITE(BinaryCrossEntropyWithLogits, Floats);
TYPED_TEST_SUITE(SoftmaxCrossEntropy, Floats);

// ---- binary: probabilities ------------------------------------------------------------------------------

TYPED_TEST(BinaryCrossEntropy, GradientIsThatOnPaperAndOfDifferences) {
  using T = TypeParam;
  const Dims sizes{37};
  const Values p = rounded<T>(numbers(37, 0.05, 0.95)), y = rounded<T>(numbers(37, 0.0, 1.0, 2));
  const Values upstream = rounded<T>(numbers(37, -1.0, 1.0, 3));
  const Tensor x = leaf<T>(p, sizes);
  const Tensor loss = binary_cross_entropy(x, tensor<T>(y, sizes), Reduction::none);
  const Tensor gradient = grad({loss}, {x}, {upstream_like(upstream, loss)})[0];

  Values losses(p.size()), slopes(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    losses[i] = paper::binary_loss(p[i], y[i]);
    slopes[i] = upstream[i] * paper::binary_gradient(p[i], y[i]);
  }
  expect_close(loss, losses, Precision<T>::tolerance, "loss");
  expect_close(gradient, slopes, Precision<T>::tolerance, "gradient");
  const auto differences = central_differences(
      p, sizes, upstream, [&](const Tensor& at) { return binary_cross_entropy(at, tensor<double>(y, sizes), Reduction::none); },
      1e-6);
  expect_close(gradient, differences, 1e-5, "differences");
}

TYPED_TEST(BinaryCrossEntropy, LogarithmsStopAtMinus100) {
  using T = TypeParam;
  const Tensor p = leaf<T>({0.0, 0.0, 1.0, 1.0}, {4}), y = tensor<T>({0.0, 1.0, 1.0, 0.0}, {4});
  const Tensor loss = binary_cross_entropy(p, y, Reduction::none);
  EXPECT_EQ(loss.to_vector<double>(), (Values{0.0, 100.0, 0.0, 100.0}));
  const Values gradient = grad({loss.sum()}, {p})[0].template to_vector<double>();
  EXPECT_EQ(gradient[0], 0.0);
  EXPECT_NEAR(gradient[1], -1e12, 1e6);  // 1 / 1e-12, the bound of p (1 - p)
  EXPECT_EQ(gradient[2], 0.0);
  EXPECT_NEAR(gradient[3], 1e12, 1e6);
}

TYPED_TEST(BinaryCrossEntropy, SecondDerivativeIsThatOnPaper) {
  using T = TypeParam;
  const Values p = rounded<T>(numbers(9, 0.2, 0.8)), y = rounded<T>(numbers(9, 0.0, 1.0, 2));
  const Tensor x = leaf<T>(p, {9});
  const Tensor loss = binary_cross_entropy(x, tensor<T>(y, {9}), Reduction::sum);
  const Tensor first = grad({loss}, {x}, {}, {.create_graph = true})[0];
  const Tensor second = grad({first.sum()}, {x})[0];
  Values expected(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) expected[i] = y[i] / (p[i] * p[i]) + (1 - y[i]) / ((1 - p[i]) * (1 - p[i]));
  expect_close(second, expected, 10 * Precision<T>::tolerance, "y / p^2 + (1 - y) / (1 - p)^2");
}

// ---- binary: logits -------------------------------------------------------------------------------------

template <class T>
void check_binary_logits(const Values& logits) {
  const auto count = static_cast<std::int64_t>(logits.size());
  const Dims sizes{count};
  const Values z = rounded<T>(logits), y = rounded<T>(numbers(z.size(), 0.0, 1.0, 2));
  const Values upstream = rounded<T>(numbers(z.size(), -1.0, 1.0, 3));
  const Tensor x = leaf<T>(z, sizes);
  const Tensor loss = binary_cross_entropy_with_logits(x, tensor<T>(y, sizes), Reduction::none);
  const Tensor gradient = grad({loss}, {x}, {upstream_like(upstream, loss)})[0];
  Values losses(z.size()), slopes(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    losses[i] = paper::logit_loss(z[i], y[i]);
    slopes[i] = upstream[i] * paper::logit_gradient(z[i], y[i]);
  }
  expect_close(loss, losses, Precision<T>::tolerance, "loss");
  expect_close(gradient, slopes, Precision<T>::tolerance, "gradient");
  const auto differences = central_differences(z, sizes, upstream, [&](const Tensor& at) {
    return binary_cross_entropy_with_logits(at, tensor<double>(y, sizes), Reduction::none);
  });
  expect_close(gradient, differences, 1e-5, "differences");
}

TYPED_TEST(BinaryCrossEntropyWithLogits, GradientIsSigmoidMinusTarget) {
  check_binary_logits<TypeParam>(numbers(41, -6.0, 6.0));
}

TYPED_TEST(BinaryCrossEntropyWithLogits, LargeLogitsStayFiniteAndExact) {
  check_binary_logits<TypeParam>(numbers(41, -1e4, 1e4));
  check_binary_logits<TypeParam>({-1e4, -745.5, -103.5, -88.5, -37.0, 37.0, 88.5, 103.5, 745.5, 1e4, 0.0, -0.0});
}

TYPED_TEST(BinaryCrossEntropyWithLogits, KeepsTheSmallLossesThatProbabilitiesRoundAway) {
  using T = TypeParam;
  const Tensor z = tensor<T>({40.0, -40.0}, {2}), y = tensor<T>({1.0, 0.0}, {2});
  const Values loss = binary_cross_entropy_with_logits(z, y, Reduction::none).template to_vector<double>();
  EXPECT_NEAR(loss[0] / std::exp(-40.0), 1.0, 1e-5);
  EXPECT_NEAR(loss[1] / std::exp(-40.0), 1.0, 1e-5);
  // 1 - sigmoid(40) is 0 in either dtype: the naive form sees certainty.
  EXPECT_EQ(binary_cross_entropy(sigmoid(z), y, Reduction::none)[0].item(), 0.0);
}

TYPED_TEST(BinaryCrossEntropyWithLogits, EqualsBinaryCrossEntropyOfSigmoid) {
  using T = TypeParam;
  const Values z = numbers(33, -4.0, 4.0), y = numbers(33, 0.0, 1.0, 2);
  const Tensor a = leaf<T>(z, {3, 11}), b = leaf<T>(z, {3, 11}), target = tensor<T>(y, {3, 11});
  const Tensor stable = binary_cross_entropy_with_logits(a, target), naive = binary_cross_entropy(sigmoid(b), target);
  EXPECT_NEAR(stable.item(), naive.item(), Precision<T>::tolerance);
  expect_close(grad({stable}, {a})[0], grad({naive}, {b})[0].template to_vector<double>(), Precision<T>::tolerance, "gradient");
}

TYPED_TEST(BinaryCrossEntropyWithLogits, HessianIsVariance) {
  using T = TypeParam;
  const Values z = rounded<T>({-1e4, -3.0, -0.5, 0.0, 1.25, 6.0, 1e4});
  const Tensor x = leaf<T>(z, {7}), y = tensor<T>({0, 1, 0.5, 0.25, 1, 0, 0}, {7});
  const Tensor loss = binary_cross_entropy_with_logits(x, y, Reduction::sum);
  const Tensor first = grad({loss}, {x}, {}, {.create_graph = true})[0];
  for (std::int64_t i = 0; i < 7; ++i) {
    Values expected(7);
    const double p = paper::sigmoid(z[static_cast<std::size_t>(i)]);
    expected[static_cast<std::size_t>(i)] = p * (1.0 - p);
    expect_close(grad({first[i]}, {x}, {}, {.retain_graph = true})[0], expected, Precision<T>::tolerance, "row of the Hessian");
  }
}

/// L(theta) = mean l(sigmoid(x theta), y): gradient (p - y) x_k and Hessian p (1 - p) x_j x_k, averaged (eq. 4 and 5).
TEST(LogisticRegression, GradientAndHessianAreThoseOnPaper) {
  const std::size_t samples = 12, features = 4;
  const Values x = numbers(samples * features, -1.0, 1.0), theta = numbers(features, -1.0, 1.0, 2);
  Values y = numbers(samples, 0.0, 1.0, 3);
  for (double& each : y) each = each < 0.5 ? 0.0 : 1.0;

  Values gradient(features), hessian(features * features);
  for (std::size_t n = 0; n < samples; ++n) {
    const double* row = x.data() + n * features;
    double z = 0.0;
    for (std::size_t k = 0; k < features; ++k) z += row[k] * theta[k];
    const double p = paper::sigmoid(z);
    for (std::size_t j = 0; j < features; ++j) {
      gradient[j] += (p - y[n]) * row[j] / static_cast<double>(samples);
      for (std::size_t k = 0; k < features; ++k) {
        hessian[j * features + k] += p * (1.0 - p) * row[j] * row[k] / static_cast<double>(samples);
      }
    }
  }

  const Tensor parameters = leaf<double>(theta, {4});
  const Tensor z = matmul(tensor<double>(x, {12, 4}), parameters);
  const Tensor loss = binary_cross_entropy_with_logits(z, tensor<double>(y, {12}));
  const Tensor first = grad({loss}, {parameters}, {}, {.create_graph = true})[0];
  expect_close(first, gradient, 1e-12, "gradient");
  for (std::int64_t j = 0; j < 4; ++j) {
    const auto begin = hessian.begin() + j * 4;
    expect_close(grad({first[j]}, {parameters}, {}, {.retain_graph = true})[0], Values(begin, begin + 4), 1e-12, "Hessian");
  }
}

// ---- softmax --------------------------------------------------------------------------------------------

template <class T>
CrossEntropyArgs arguments(const paper::Problem& problem, Reduction reduction) {
  CrossEntropyArgs args;
  if (!problem.weight.empty()) args.class_weight = tensor<T>(problem.weight, {static_cast<std::int64_t>(problem.classes)});
  args.label_smoothing = problem.smoothing;
  args.ignore_index = problem.ignored;
  args.reduction = reduction;
  return args;
}

/// Loss and gradient of every row against paper and differences.
template <class T>
void check_rows(const Values& logits, const paper::Problem& problem) {
  const Values z = rounded<T>(logits);
  const Dims sizes{static_cast<std::int64_t>(problem.target.size()), static_cast<std::int64_t>(problem.classes)};
  const Values upstream = rounded<T>(numbers(problem.target.size(), -1.0, 1.0, 3));
  const Tensor x = leaf<T>(z, sizes), target = labels(problem.target);
  const Tensor loss = cross_entropy(x, target, arguments<T>(problem, Reduction::none));
  const Tensor gradient = grad({loss}, {x}, {upstream_like(upstream, loss)})[0];
  expect_close(loss, paper::row_losses(z, problem), Precision<T>::tolerance, "loss");
  expect_close(gradient, paper::row_gradients(z, problem, upstream), Precision<T>::tolerance, "gradient");
  const auto differences = central_differences(z, sizes, upstream, [&](const Tensor& at) {
    return cross_entropy(at, target, arguments<double>(problem, Reduction::none));
  });
  expect_close(gradient, differences, 1e-5, "differences");
}

paper::Problem plain_problem() { return {7, {0, 6, 3, 2, 5, 1, 4, 3, 0}, {}, 0.0, -100}; }

paper::Problem weighted_problem() {
  return {7, {0, 6, 3, 2, 5, 1, 4, 3, 0}, rounded<float>({0.5, 2.0, 1.0, 0.0, 0.25, 3.0, 1.5}), 0.125, 2};
}

TYPED_TEST(SoftmaxCrossEntropy, GradientIsSoftmaxMinusTarget) {
  check_rows<TypeParam>(numbers(63, -5.0, 5.0), plain_problem());
}

TYPED_TEST(SoftmaxCrossEntropy, LargeLogitsStayFinite) {
  check_rows<TypeParam>(numbers(63, -1e4, 1e4), plain_problem());
  check_rows<TypeParam>(numbers(63, -1e4, 1e4, 5), weighted_problem());
  check_rows<TypeParam>(numbers(63, 9999.0, 1e4), plain_problem());
  check_rows<TypeParam>(numbers(63, -1e4, -9999.0), plain_problem());
}

TYPED_TEST(SoftmaxCrossEntropy, WeightsSmoothingAndIgnoredTargetsFollowTheFormula) {
  check_rows<TypeParam>(numbers(63, -5.0, 5.0), weighted_problem());
  paper::Problem all_smooth = weighted_problem();
  all_smooth.smoothing = 1.0;
  check_rows<TypeParam>(numbers(63, -5.0, 5.0), all_smooth);
}

TYPED_TEST(SoftmaxCrossEntropy, ShiftOfALogitRowChangesNothing) {
  using T = TypeParam;
  const Tensor z = tensor<T>({1.0, 2.0, 4.0, 1025.0, 1026.0, 1028.0}, {2, 3});
  const Values loss = cross_entropy(z, labels({1, 1}), {.reduction = Reduction::none}).template to_vector<double>();
  EXPECT_NEAR(loss[0], loss[1], Precision<T>::tolerance);
}

TYPED_TEST(SoftmaxCrossEntropy, HessianIsDiagonalMinusOuterProduct) {
  using T = TypeParam;
  for (const Values& logits : {Values{0.5, -1.25, 2.0, 0.0, 1.0}, Values{1e4, 0.0, -1e4, 9999.5, 1e4}}) {
    const Tensor z = leaf<T>(logits, {1, 5});
    const Tensor loss = cross_entropy(z, labels({2}));
    const Tensor first = grad({loss}, {z}, {}, {.create_graph = true})[0];
    const Values p = paper::softmax(logits.data(), 5);
    for (std::size_t j = 0; j < 5; ++j) {
      Values expected(5);
      for (std::size_t k = 0; k < 5; ++k) expected[k] = (j == k ? p[j] : 0.0) - p[j] * p[k];
      const Tensor row = grad({first[0][static_cast<std::int64_t>(j)]}, {z}, {}, {.retain_graph = true})[0];
      expect_close(row, expected, Precision<T>::tolerance, "diag(p) - p p^T");
    }
  }
}

TYPED_TEST(SoftmaxCrossEntropy, ReductionsAreNoneSumAndWeightedMean) {
  using T = TypeParam;
  const Values z = rounded<T>(numbers(63, -5.0, 5.0));
  for (const paper::Problem& problem : {plain_problem(), weighted_problem()}) {
    const Values losses = paper::row_losses(z, problem);
    const double total = scalar_gradient_sum(losses, Values(losses.size(), 1.0));
    const double divisor = paper::weight_of_targets(problem);
    const Tensor target = labels(problem.target), x = leaf<T>(z, {9, 7});
    const Tensor sum = cross_entropy(x, target, arguments<T>(problem, Reduction::sum));
    const Tensor mean = cross_entropy(x, target, arguments<T>(problem, Reduction::mean));
    EXPECT_EQ(cross_entropy(x, target, arguments<T>(problem, Reduction::none)).sizes(), Dims{9});
    EXPECT_EQ(mean.sizes(), Dims{});
    EXPECT_NEAR(sum.item(), total, Precision<T>::tolerance * total);
    EXPECT_NEAR(mean.item(), total / divisor, Precision<T>::tolerance * total);
    expect_close(grad({sum}, {x})[0], paper::row_gradients(z, problem, Values(9, 1.0)), Precision<T>::tolerance, "sum");
    expect_close(grad({mean}, {x})[0], paper::row_gradients(z, problem, Values(9, 1.0 / divisor)), Precision<T>::tolerance, "mean");
  }
}

TYPED_TEST(SoftmaxCrossEntropy, IgnoredTargetsCountNowhere) {
  using T = TypeParam;
  const Values z = rounded<T>(numbers(20, -3.0, 3.0));
  const Tensor x = leaf<T>(z, {5, 4}), kept = leaf<T>(Values(z.begin(), z.begin() + 8), {2, 4});
  const Tensor some = labels({1, 3, -100, -100, -100});
  for (const bool composite : {false, true}) {
    const Values gradient = grad({cross_entropy(x, some)}, {x}, {}, {.create_graph = composite})[0].template to_vector<double>();
    const Values of_kept = grad({cross_entropy(kept, labels({1, 3}))}, {kept})[0].template to_vector<double>();
    for (std::size_t i = 0; i < 20; ++i) {
      if (i >= 8) {
        EXPECT_EQ(gradient[i], 0.0) << i;
      } else {
        EXPECT_NEAR(gradient[i], of_kept[i], Precision<T>::tolerance) << i;
      }
    }
  }
  const Values losses = cross_entropy(x, some, {.reduction = Reduction::none}).template to_vector<double>();
  EXPECT_EQ(Values(losses.begin() + 2, losses.end()), (Values{0.0, 0.0, 0.0}));
  EXPECT_NEAR(cross_entropy(x, some).item(), cross_entropy(kept, labels({1, 3})).item(), Precision<T>::tolerance);
  // Another number may be the one that is ignored, a valid class as well.
  EXPECT_EQ(cross_entropy(x, labels({2, 2, 2, 2, 2}), {.ignore_index = 2, .reduction = Reduction::sum}).item(), 0.0);
}

TYPED_TEST(SoftmaxCrossEntropy, MeanOfNothingIsNaNWithGradientZero) {
  using T = TypeParam;
  const Tensor x = leaf<T>(numbers(8, -3.0, 3.0), {2, 4}), target = labels({-100, -100});
  const Tensor loss = cross_entropy(x, target);
  EXPECT_TRUE(std::isnan(loss.item()));
  for (const bool composite : {false, true}) {
    const GradOptions options{.retain_graph = true, .create_graph = composite};
    EXPECT_EQ(grad({loss}, {x}, {}, options)[0].template to_vector<double>(), Values(8, 0.0)) << "create_graph " << composite;
  }
  EXPECT_TRUE(std::isnan(nll_loss(log_softmax(x, 1), target).item()));
  EXPECT_TRUE(std::isnan(cross_entropy(empty({0, 4}, {dtype_of_v<T>}), labels({})).item()));
}

TYPED_TEST(SoftmaxCrossEntropy, PixelsAreRows) {
  using T = TypeParam;
  const std::int64_t n = 2, k = 3, d1 = 4, d2 = 2;
  const Values values = rounded<T>(numbers(48, -3.0, 3.0));  // [N, K, d1, d2]
  paper::Problem problem{3, {}, {0.5, 1.0, 2.0}, 0.25, 1};
  Values rows;  // [N d1 d2, K]
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t pixel = 0; pixel < d1 * d2; ++pixel) {
      problem.target.push_back((i + pixel) % k);
      for (std::int64_t c = 0; c < k; ++c) rows.push_back(values[static_cast<std::size_t>((i * k + c) * d1 * d2 + pixel)]);
    }
  }
  const Values row_gradient = paper::row_gradients(rows, problem, Values(problem.target.size(), 1.0));
  Values gradient(values.size());
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t pixel = 0; pixel < d1 * d2; ++pixel) {
      for (std::int64_t c = 0; c < k; ++c) {
        gradient[static_cast<std::size_t>((i * k + c) * d1 * d2 + pixel)] =
            row_gradient[static_cast<std::size_t>((i * d1 * d2 + pixel) * k + c)];
      }
    }
  }
  const Tensor x = leaf<T>(values, {n, k, d1, d2}), target = from_values(problem.target, {n, d1, d2});
  const Tensor none = cross_entropy(x, target, arguments<T>(problem, Reduction::none));
  EXPECT_EQ(none.sizes(), (Dims{n, d1, d2}));
  expect_close(none, paper::row_losses(rows, problem), Precision<T>::tolerance, "loss");
  expect_close(grad({none.sum()}, {x})[0], gradient, Precision<T>::tolerance, "gradient");
  const Tensor flat = cross_entropy(x.reshape({n, k, d1 * d2}), target.reshape({n, d1 * d2}), arguments<T>(problem, Reduction::none));
  EXPECT_EQ(flat.to_vector<double>(), none.to_vector<double>());
  // Channels-last memory holds the same numbers.
  EXPECT_EQ(cross_entropy(x.channels_last(), target, arguments<T>(problem, Reduction::none)).template to_vector<double>(),
            none.to_vector<double>());
}

TYPED_TEST(SoftmaxCrossEntropy, EqualsNllOfLogSoftmax) {
  using T = TypeParam;
  const Values z = numbers(63, -5.0, 5.0);
  paper::Problem problem = weighted_problem();
  problem.smoothing = 0.0;
  for (const Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
    const Tensor a = leaf<T>(z, {9, 7}), b = leaf<T>(z, {9, 7}), target = labels(problem.target);
    const Tensor fused = cross_entropy(a, target, arguments<T>(problem, reduction));
    const Tensor two_steps = nll_loss(log_softmax(b, 1), target, arguments<T>(problem, reduction));
    expect_close(fused, two_steps.to_vector<double>(), Precision<T>::tolerance, "loss");
    expect_close(grad({fused.sum()}, {a})[0], grad({two_steps.sum()}, {b})[0].template to_vector<double>(),
                 Precision<T>::tolerance, "gradient");
  }
}

/// Without create_graph the backward is one kernel, with it a sum of recorded ops.
TYPED_TEST(SoftmaxCrossEntropy, FusedBackwardEqualsCompositeOne) {
  using T = TypeParam;
  for (const double range : {5.0, 1e4}) {
    for (const paper::Problem& problem : {plain_problem(), weighted_problem()}) {
      for (const Reduction reduction : {Reduction::mean, Reduction::sum}) {
        const Tensor x = leaf<T>(numbers(63, -range, range), {9, 7}), target = labels(problem.target);
        const auto gradient = [&](bool create_graph) {
          const Tensor loss = cross_entropy(x, target, arguments<T>(problem, reduction));
          return grad({loss}, {x}, {}, {.create_graph = create_graph})[0];
        };
        expect_close(gradient(false), gradient(true).template to_vector<double>(), Precision<T>::tolerance, "gradient");
      }
    }
  }
}

TYPED_TEST(SoftmaxCrossEntropy, NllPicksTheTargetOfEachRow) {
  using T = TypeParam;
  const Values z = rounded<T>(numbers(63, -5.0, 5.0)), upstream = rounded<T>(numbers(9, -1.0, 1.0, 3));
  const paper::Problem problem = weighted_problem();
  const Tensor x = leaf<T>(z, {9, 7}), target = labels(problem.target);
  CrossEntropyArgs args = arguments<T>(problem, Reduction::none);
  args.label_smoothing = 0.0;
  const Tensor loss = nll_loss(x, target, args);
  const Tensor gradient = grad({loss}, {x}, {upstream_like(upstream, loss)})[0];
  Values losses(9), slopes(63);
  for (std::size_t n = 0; n < 9; ++n) {
    if (problem.target[n] == problem.ignored) continue;
    const auto t = static_cast<std::size_t>(problem.target[n]);
    losses[n] = -problem.weight[t] * z[n * 7 + t];
    slopes[n * 7 + t] = -problem.weight[t] * upstream[n];
  }
  expect_close(loss, losses, Precision<T>::tolerance, "loss");
  expect_close(gradient, slopes, Precision<T>::tolerance, "gradient");
  args.class_weight = args.class_weight.to(DType::f64);
  const auto differences = central_differences(z, {9, 7}, upstream, [&](const Tensor& at) { return nll_loss(at, target, args); });
  expect_close(gradient, differences, 1e-5, "differences");
}

TEST(CrossEntropyHalf, ComputesInSinglePrecision) {
  const Values z = rounded<float>(numbers(63, -5.0, 5.0));
  const Tensor wide = tensor<float>(z, {9, 7});
  for (const DType dtype : {DType::bf16, DType::f16}) {
    const Tensor x = wide.to(dtype).set_requires_grad();
    const Tensor loss = cross_entropy(x, labels(plain_problem().target));
    EXPECT_EQ(loss.dtype(), dtype);
    EXPECT_EQ(loss.item(), cross_entropy(x.to(DType::f32), labels(plain_problem().target)).to(dtype).item());
    EXPECT_EQ(grad({loss}, {x})[0].dtype(), dtype);
  }
}

// ---- the examples of the chapter ----------------------------------------------------------------------------

TEST(CrossEntropyExamples, AreThoseOfTheChapter) {
  const Tensor theta = leaf<double>({0.5, -1.0}, {2});
  const Tensor x = tensor<double>({2.0, 1.0}, {1, 2}), y = tensor<double>({1.0}, {1});
  const Tensor binary = binary_cross_entropy_with_logits(matmul(x, theta), y);
  EXPECT_DOUBLE_EQ(binary.item(), std::log(2.0));
  const Tensor slope = grad({binary}, {theta}, {}, {.create_graph = true})[0];
  expect_close(slope, {-1.0, -0.5}, 1e-15, "gradient");
  expect_close(grad({slope[0]}, {theta}, {}, {.retain_graph = true})[0], {1.0, 0.5}, 1e-15, "Hessian");
  expect_close(grad({slope[1]}, {theta})[0], {0.5, 0.25}, 1e-15, "Hessian");
  const Tensor stepped = tensor<double>({1.0, -0.75}, {2});
  EXPECT_NEAR(binary_cross_entropy_with_logits(matmul(x, stepped), y).item(), 0.2519, 5e-5);

  const Tensor z = leaf<double>({std::log(1.0), std::log(2.0), std::log(5.0)}, {1, 3});
  const Tensor plain = cross_entropy(z, labels({1}));
  EXPECT_NEAR(plain.item(), std::log(4.0), 1e-15);
  const Tensor first = grad({plain}, {z}, {}, {.create_graph = true})[0];
  expect_close(first, {0.125, -0.75, 0.625}, 1e-15, "gradient");
  expect_close(grad({first[0][1]}, {z})[0], {-2.0 / 64, 12.0 / 64, -10.0 / 64}, 1e-15, "Hessian");

  CrossEntropyArgs args{tensor<double>({1.0, 2.0, 4.0}, {3}), 0.3, -100, Reduction::sum};
  const Tensor general = cross_entropy(z, labels({1}), args);
  EXPECT_NEAR(general.item(), 2.6140, 5e-5);
  expect_close(grad({general}, {z})[0], {0.1625, -1.075, 0.9125}, 1e-15, "gradient");
  args.reduction = Reduction::mean;
  EXPECT_NEAR(cross_entropy(z, labels({1}), args).item(), 1.3070, 5e-5);
}

// ---- values from PyTorch 1.13 (f64) -----------------------------------------------------------------------

TEST(CrossEntropyGolden, SoftmaxForms) {
  struct Case {
    const char* name;
    bool weighted;
    double smoothing;
    std::int64_t ignored;
    Reduction reduction;
    double loss;
    Values gradient;
  };
  const Case cases[] = {
      {"plain", false, 0.0, -100, Reduction::mean, 1.213755955606349,
       {-0.1344871834091116, 0.03455427961227044, 0.0939282703655276, 0.0060046334313135505, 0.014428679224362112,
        0.28980776931375607, 0.005308014449900333, -0.30954446298801847, 0.016851031231565408, 0.03567363339716467,
        -0.1280457471231621, 0.07552108249443207}},
      {"weighted", true, 0.0, -100, Reduction::mean, 0.660324657800175,
       {-0.12414201545456455, 0.03189625810363426, 0.08670301879894857, 0.005542738551981739, 0.003329695205622026,
        0.06687871599548217, 0.0012249264115154616, -0.07143333761261966, 0.031109596119813062, 0.06585901550245786,
        -0.23639214853506854, 0.13942353691279769}},
      {"smoothed", false, 0.1, -100, Reduction::mean, 1.3033392889396826,
       {-0.10948718340911155, 0.026220946278937122, 0.0855949370321943, -0.0023286999020197805, 0.0060953458910287805,
        0.28147443598042277, -0.0030253188834329994, -0.2845444629880185, 0.008517697898232077, 0.027340300063831344,
        -0.10304574712316211, 0.06718774916109874}},
      {"weighted, smoothed", true, 0.1, -100, Reduction::mean, 0.7695210727937839,
       {-0.10221228170412737, 0.027850752644332694, 0.07077650954683974, 0.0035850195129549295, -0.00344694630513961,
        0.08142420904808592, -0.013822834209933172, -0.06415442853301313, 0.021764591133640297, 0.05851410145773593,
        -0.21037227718260457, 0.13009358459122836}},
      {"weighted, smoothed, class 3 ignored, sum", true, 0.1, 3, Reduction::sum, 1.603217344519858,
       {-0.3321899155384139, 0.09051494609408127, 0.23002365602722918, 0.011651313417103524, 0.0, 0.0, 0.0, 0.0,
        0.07073492118433099, 0.19017082973764182, -0.6837099008434647, 0.42280414992149223}},
      {"weighted, smoothed, class 3 ignored, mean", true, 0.1, 3, Reduction::mean, 0.5344057815066193,
       {-0.11072997184613799, 0.030171648698027086, 0.07667455200907639, 0.0038837711390345077, 0.0, 0.0, 0.0, 0.0,
        0.02357830706144366, 0.06339027657921394, -0.22790330028115496, 0.1409347166404974}},
  };
  for (const Case& each : cases) {
    const Tensor z = leaf<double>({1.5, -0.25, 0.75, -2.0, 0.0, 3.0, -1.0, 0.5, -0.5, 0.25, 2.0, 1.0}, {3, 4});
    CrossEntropyArgs args{{}, each.smoothing, each.ignored, each.reduction};
    if (each.weighted) args.class_weight = tensor<double>({1.0, 0.5, 2.0, 0.25}, {4});
    const Tensor loss = cross_entropy(z, labels({0, 3, 2}), args);
    EXPECT_NEAR(loss.item(), each.loss, 1e-14) << each.name;
    expect_close(grad({loss}, {z})[0], each.gradient, 1e-14, each.name);
  }
}

TEST(CrossEntropyGolden, BinaryForms) {
  const Tensor z = leaf<double>({-3.0, -0.5, 0.0, 0.25, 2.0, 40.0}, {6});
  const Tensor logit_loss = binary_cross_entropy_with_logits(z, tensor<double>({0.0, 1.0, 0.5, 0.75, 0.0, 1.0}, {6}), Reduction::none);
  expect_close(logit_loss,
               {0.048587351573741965, 0.9740769841801067, 0.6931471805599453, 0.6384394198788437, 2.1269280110429727, 0.0}, 1e-15,
               "loss of logits");
  expect_close(grad({logit_loss.mean()}, {z})[0],
               {0.007904312196261129, -0.10374322186697577, 0.0, -0.03130391651903365, 0.14679951299631372, 0.0}, 1e-15,
               "gradient of logits");
  const Tensor p = leaf<double>({0.0, 0.0, 1.0, 1.0, 0.25, 0.875}, {6});
  const Tensor loss = binary_cross_entropy(p, tensor<double>({0.0, 1.0, 1.0, 0.0, 0.5, 1.0}, {6}), Reduction::none);
  expect_close(loss, {0.0, 100.0, 0.0, 100.0, 0.8369882167858358, 0.13353139262452263}, 1e-15, "loss of probabilities");
  expect_close(grad({loss.sum()}, {p})[0],
               {0.0, -1000000003995.8029, 0.0, 1000000003995.8029, -1.3333333333333333, -1.1428571428571428},
               1e-8,  // PyTorch's 1e-12 is a float
               "gradient of probabilities");
}

TEST(CrossEntropyGolden, Pixels) {
  Values values(24);
  for (std::size_t i = 0; i < 24; ++i) values[i] = std::sin(0.37 * static_cast<double>(i));
  const Tensor z = leaf<double>(values, {2, 3, 4});
  const Tensor loss = cross_entropy(z, from_values(Targets{0, 1, 2, -100, 2, 2, 1, 0}, {2, 4}));
  EXPECT_NEAR(loss.item(), 1.203680102384212, 1e-14);
  expect_close(grad({loss}, {z})[0],
               {-0.11373257626953553, 0.042028204505088235, 0.05878840698160626, 0.0, 0.0788433423283476, -0.06630281171580811,
                0.06643488107174796, 0.0, 0.03488923394118795, 0.024274607210719872, -0.12522328805335423, 0.0,
                0.01540722125039134, 0.012925948360967549, 0.013105845325640278, -0.1272698232152434, 0.02829580845256576,
                0.03520863122151197, -0.09662540500408293, 0.060039474226434915, -0.04370302970295711, -0.04813457958247953,
                0.08351955967844264, 0.0672303489888085},
               1e-14, "gradient");
}

// ---- gradients of gradients -------------------------------------------------------------------------------

void check_twice(const TensorFunction& function, const std::vector<Tensor>& inputs) {
  EXPECT_NO_THROW(gradcheck(function, inputs));
  EXPECT_NO_THROW(gradgradcheck(function, inputs));
}

constexpr Reduction reductions[] = {Reduction::none, Reduction::mean, Reduction::sum};

TEST(CrossEntropyGradcheck, Binary) {
  const Tensor weight = tensor<double>(numbers(4, 0.5, 2.0, 7), {4});
  for (const Reduction reduction : reductions) {
    const auto probabilities = [=](const std::vector<Tensor>& x) {
      return std::vector<Tensor>{binary_cross_entropy(x[0], x[1], reduction, weight)};
    };
    const auto logits = [=](const std::vector<Tensor>& x) {
      return std::vector<Tensor>{binary_cross_entropy_with_logits(x[0], x[1], reduction, weight)};
    };
    const Tensor y = leaf<double>(numbers(12, 0.1, 0.9, 2), {3, 4});
    check_twice(probabilities, {leaf<double>(numbers(12, 0.1, 0.9), {3, 4}), y});
    check_twice(logits, {leaf<double>(numbers(12, -3.0, 3.0), {3, 4}), y});
  }
}

TEST(CrossEntropyGradcheck, Softmax) {
  paper::Problem problem{4, {0, 3, 1, 2}, {0.5, 1.0, 2.0, 0.25}, 0.125, 1};
  for (const Reduction reduction : reductions) {
    for (const double smoothing : {0.0, 0.125}) {
      problem.smoothing = smoothing;
      const CrossEntropyArgs args = arguments<double>(problem, reduction);
      const Tensor target = labels(problem.target);
      const Tensor z = leaf<double>(numbers(16, -2.0, 2.0), {4, 4});
      check_twice([=](const std::vector<Tensor>& x) { return std::vector<Tensor>{cross_entropy(x[0], target, args)}; }, {z});
      if (smoothing > 0.0) continue;
      check_twice([=](const std::vector<Tensor>& x) { return std::vector<Tensor>{nll_loss(x[0], target, args)}; }, {z});
      check_twice([=](const std::vector<Tensor>& x) { return std::vector<Tensor>{nll_loss(log_softmax(x[0], 1), target, args)}; }, {z});
    }
  }
  const Tensor pixels = from_values(Targets{0, 1, 2, -100, 2, 2}, {2, 3});
  check_twice([=](const std::vector<Tensor>& x) { return std::vector<Tensor>{cross_entropy(x[0], pixels)}; },
              {leaf<double>(numbers(18, -2.0, 2.0), {2, 3, 3})});
}

// ---- what is refused --------------------------------------------------------------------------------------

TEST(CrossEntropyErrors, NameTheOpAndWhatWasGiven) {
  const Tensor z = zeros({2, 3});
  const Tensor target = labels({0, 2});
  EXPECT_ERROR(IndexError, cross_entropy(z, labels({0, 3})), "[cross_entropy] an index or target is out of range");
  EXPECT_ERROR(IndexError, cross_entropy(z, labels({-1, 0})), "[cross_entropy] an index or target is out of range");
  EXPECT_ERROR(IndexError, nll_loss(z, labels({0, 3})), "[nll_loss] an index or target is out of range");
  EXPECT_ERROR(DTypeError, cross_entropy(z, target.to(DType::i32)), "[cross_entropy] targets must be i64, got i32[2]");
  EXPECT_ERROR(DTypeError, cross_entropy(z.to(DType::i64), target), "[cross_entropy] needs a floating dtype, got i64[2, 3]");
  EXPECT_ERROR(ShapeError, cross_entropy(z, labels({0, 1, 2})), "[cross_entropy] targets of f32[2, 3]");
  EXPECT_ERROR(ShapeError, cross_entropy(zeros({3}), scalar(0.0, {DType::i64})), "[cross_entropy] expected [N, K");
  EXPECT_ERROR(ShapeError, cross_entropy(zeros({2, 0}), target), "[cross_entropy] there are no classes");
  EXPECT_ERROR(ShapeError, cross_entropy(z, target, {.class_weight = ones({2})}), "[cross_entropy] class weights must be [3]");
  EXPECT_ERROR(DTypeError, cross_entropy(z, target, {.class_weight = ones({3}, {DType::f64})}), "[cross_entropy] class weights are f64[3]");
  EXPECT_ERROR(AutogradError, cross_entropy(z, target, {.class_weight = ones({3}).set_requires_grad()}),
               "[cross_entropy] is not differentiable with respect to class weights");
  EXPECT_ERROR(ValueError, cross_entropy(z, target, {.label_smoothing = 1.5}), "[cross_entropy] label_smoothing 1.5");
  EXPECT_ERROR(ValueError, nll_loss(z, target, {.label_smoothing = 0.1}), "[nll_loss] has no label smoothing");
  EXPECT_ERROR(ShapeError, binary_cross_entropy(zeros({2}), zeros({3})), "[binary_cross_entropy] input and target must have one shape");
  EXPECT_ERROR(DTypeError, binary_cross_entropy(zeros({2}), zeros({2}, {DType::f64})), "must have one floating dtype");
  EXPECT_ERROR(ValueError, binary_cross_entropy(full({2}, 1.25), zeros({2})), "[binary_cross_entropy] probabilities must lie in [0, 1]");
  EXPECT_ERROR(ShapeError, binary_cross_entropy_with_logits(zeros({2}), zeros({2, 1})),
               "[binary_cross_entropy_with_logits] input and target must have one shape");
  EXPECT_ERROR(DTypeError, binary_cross_entropy_with_logits(target, target), "must have one floating dtype");
}

}  // namespace
}  // namespace cairn
