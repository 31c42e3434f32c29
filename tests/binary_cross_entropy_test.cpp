// Proof of the binary losses of docs/cross_entropy.md: autograd = the formula on paper = central differences.
#include "cross_entropy_reference.h"

namespace cairn {
namespace {

template <class T>
class BinaryCrossEntropy : public testing::Test {};
template <class T>
class BinaryCrossEntropyWithLogits : public testing::Test {};
TYPED_TEST_SUITE(BinaryCrossEntropy, Floats);
TYPED_TEST_SUITE(BinaryCrossEntropyWithLogits, Floats);

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

// ---- values from PyTorch 1.13 (f64) -----------------------------------------------------------------------

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

// ---- gradients of gradients -------------------------------------------------------------------------------

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

}  // namespace
}  // namespace cairn
