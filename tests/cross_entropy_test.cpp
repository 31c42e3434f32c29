// Proof of the softmax losses of docs/cross_entropy.md: autograd = the formula on paper = central differences.
#include "cross_entropy_reference.h"

namespace cairn {
namespace {

template <class T>
class SoftmaxCrossEntropy : public testing::Test {};
TYPED_TEST_SUITE(SoftmaxCrossEntropy, Floats);

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

constexpr Reduction reductions[] = {Reduction::none, Reduction::mean, Reduction::sum};

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
