// The engine: order, memory, hooks, modes, in-place rules, second derivatives, gradcheck itself.
#include <cairn/autograd/autograd.h>
#include <cairn/autograd/ops.h>
#include <cairn/core/allocator.h>

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <thread>

using namespace cairn;

namespace {

constexpr TensorOptions f64{DType::f64};

Tensor leaf(const std::vector<double>& values, const Dims& sizes) {
  return from_values(values, sizes).set_requires_grad();
}

/// Runs `action`; returns the text of the exception E it throws, or fails.
template <class E, class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& other) {
    ADD_FAILURE() << "another exception: " << other.what();
    return "";
  }
  ADD_FAILURE() << "no exception";
  return "";
}

#define EXPECT_CONTAINS(text, part) EXPECT_NE(std::string(text).find(part), std::string::npos) << (text)

}  // namespace

TEST(Backward, SumsOverAllPaths) {
  const Tensor x = leaf({2.0, 3.0}, {2});
  const Tensor y = x * x + x * 4.0;  // dy/dx = 2x + 4, x is used three times
  y.sum().backward();
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{8.0, 10.0}));
}

TEST(Backward, AccumulatesOverCalls) {
  const Tensor x = leaf({1.0}, {1});
  (x * 3.0).sum().backward();
  (x * 5.0).sum().backward();
  EXPECT_EQ(x.grad().item(), 8.0);
  x.zero_grad();
  EXPECT_FALSE(x.grad().defined());
}

TEST(Backward, NeedsAGradientForManyElements) {
  const Tensor x = leaf({1.0, 2.0}, {2});
  EXPECT_CONTAINS(error_of<ShapeError>([&] { (x * 2.0).backward(); }), "f64[2]");
  (x * 2.0).backward(from_values<double>({1.0, 10.0}, {2}));
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{2.0, 20.0}));
  EXPECT_CONTAINS(error_of<AutogradError>([&] { ones({1}).backward(); }), "does not require grad");
}

TEST(Backward, SecondUseOfAFreedGraphIsNamed) {
  const Tensor x = leaf({1.0, 2.0}, {2});
  const Tensor y = exp(x).sum();
  y.backward({}, true);
  y.backward();
  EXPECT_CONTAINS(error_of<AutogradError>([&] { y.backward(); }), "retain_graph");
}

TEST(Backward, ChainOfAMillionNodesNeitherRecursesNorOverflows) {
  const Tensor x = leaf({1.0}, {1});
  {
    Tensor y = x;
    for (int i = 0; i < 1'000'000; ++i) y = neg(y);
    y.backward();
    EXPECT_EQ(x.grad().item(), 1.0);
    x.zero_grad();
    Tensor z = x;
    for (int i = 0; i < 1'000'000; ++i) z = neg(z);  // freed without having been run
  }
  EXPECT_FALSE(x.grad().defined());
}

TEST(Backward, FreesWhatItHasUsedAsItGoes) {
  const std::int64_t elements = 1 << 16;
  const std::size_t bytes = static_cast<std::size_t>(elements) * 8;
  const std::size_t before = memory_stats().in_use;
  const Tensor x = ones({elements}, f64).set_requires_grad();
  Tensor y = x;
  for (int i = 0; i < 20; ++i) y = exp(y * 0.5);
  const Tensor loss = y.sum();
  y = Tensor();
  const std::size_t held = memory_stats().in_use - before;
  loss.backward();
  const std::size_t after = memory_stats().in_use - before;
  EXPECT_GT(held, 20 * bytes);
  EXPECT_LT(after, 4 * bytes) << "x and its gradient are all that is left";
}

TEST(Backward, NothingLeaksWhenAnOutputIsSaved) {
  const std::size_t before = memory_stats().in_use;
  for (int i = 0; i < 10; ++i) {
    const Tensor x = ones({1 << 12}, f64).set_requires_grad();
    const Tensor y = sigmoid(exp(x));  // both save their output
    const Tensor z = x * y;
    z.mul_(y);
    (void)z;
  }
  EXPECT_EQ(memory_stats().in_use, before);
}

TEST(Backward, OnlyWantedGradientsAreComputed) {
  const Tensor a = leaf({2.0}, {1});
  const Tensor b = from_values<double>({3.0}, {1});
  std::vector<bool> needed;
  const Tensor y = record("probe", {a, b}, mul(a.detach(), b), save(a, b), [&needed](const Grads& g) -> Gradients {
    needed = {g.needs(0), g.needs(1)};
    return {g[0] * g.saved(1), Tensor()};
  });
  y.backward();
  EXPECT_EQ(needed, (std::vector<bool>{true, false}));
  EXPECT_EQ(a.grad().item(), 3.0);
}

TEST(Backward, SeveralOutputsOfWhichOneIsUsed) {
  const Tensor x = leaf({1.0, 2.0}, {2});
  const auto outputs = record("two", {x}, std::vector<Tensor>{x.detach() * 2.0, x.detach() * 3.0}, {}, [](const Grads& g) -> Gradients {
    EXPECT_FALSE(g[0].defined());
    return g[1] * 3.0;
  });
  outputs[1].sum().backward();
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{3.0, 3.0}));
}

TEST(Backward, AGradientOfTheWrongShapeIsNamed) {
  const Tensor x = leaf({1.0, 2.0}, {2});
  const Tensor y = record("wrong_shape", {x}, x.detach() * 1.0, {}, [](const Grads&) -> Gradients { return ones({3}, f64); });
  EXPECT_CONTAINS(error_of<AutogradError>([&] { y.sum().backward(); }), "wrong_shape");
}

TEST(Backward, ContributionsOfAnyLayoutAddUpInAnyOrder) {
  using Term = std::function<Tensor(const Tensor&)>;
  const std::vector<std::pair<Term, double>> terms = {
      {[](const Tensor& x) { return x.sum(); }, 1.0},
      {[](const Tensor& x) { return x.mean(); }, 0.5},
      {[](const Tensor& x) { return square(x).sum(); }, 6.0},
      {[](const Tensor& x) { return x.expand({3, 2}).sum(); }, 3.0},
      {[](const Tensor& x) { return x.select(0, 0) + x.select(0, 1); }, 1.0},
  };
  for (const auto& [first, first_slope] : terms) {
    for (const auto& [second, second_slope] : terms) {
      for (const bool inner : {false, true}) {
        const Tensor x = leaf({3.0, 3.0}, {2});
        const Tensor h = inner ? x * 1.0 : x;
        const Tensor loss = first(h) + second(h);
        const double expected = first_slope + second_slope;
        EXPECT_EQ(grad({loss}, {x}, {}, {.retain_graph = true})[0].to_vector<double>(), (std::vector<double>{expected, expected}));
        loss.backward();
        EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{expected, expected}));
      }
    }
  }
}

TEST(Backward, LeavesDoNotShareTheirGradients) {
  const Tensor x = leaf({1.0, 2.0}, {2}), y = leaf({3.0, 4.0}, {2});
  for (const bool create_graph : {false, true}) {
    x.zero_grad();
    y.zero_grad();
    (x + y).sum().backward({}, false, create_graph);
    const NoGrad guard;
    x.grad().add_(100.0);
    EXPECT_EQ(y.grad().to_vector<double>(), (std::vector<double>{1.0, 1.0}));
  }
}

TEST(Backward, AGraphInAStaticTensorIsFreedAtExit) {
  EXPECT_EXIT(
      {
        static Tensor last;
        last = leaf({1.0}, {1});
        for (int i = 0; i < 1000; ++i) last = last * 1.0;
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Backward, ThreadsMayShareALeaf) {
  const Tensor w = leaf({2.0}, {1});
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) right += grad({(w * w).sum()}, {w})[0].item() == 4.0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 800);
}

TEST(Grad, GivesGradientsOfInnerTensorsWithoutTouchingLeaves) {
  const Tensor x = leaf({3.0}, {1});
  const Tensor h = x * x;
  const Tensor y = h * 2.0;
  const auto g = grad({y}, {x, h});
  EXPECT_EQ(g[0].item(), 12.0);
  EXPECT_EQ(g[1].item(), 2.0);
  EXPECT_FALSE(x.grad().defined());
}

TEST(Grad, UnusedInputs) {
  const Tensor x = leaf({3.0}, {1}), other = leaf({1.0}, {1});
  EXPECT_CONTAINS(error_of<AutogradError>([&] { grad({x * 2.0}, {other}); }), "do not depend on input 0");
  EXPECT_FALSE(grad({x * 2.0}, {other}, {}, {.allow_unused = true})[0].defined());
  EXPECT_CONTAINS(error_of<AutogradError>([&] { grad({x * 2.0}, {ones({1})}); }), "does not require grad");
}

TEST(Grad, HigherDerivatives) {
  const Tensor x = leaf({0.7}, {1});
  Tensor derivative = sin(x);
  const double expected[] = {std::cos(0.7), -std::sin(0.7), -std::cos(0.7), std::sin(0.7)};
  for (const double value : expected) {
    derivative = grad({derivative}, {x}, {}, {.create_graph = true})[0];
    EXPECT_NEAR(derivative.item(), value, 1e-14);
  }
}

TEST(Grad, CreateGraphInBackwardReachesTheLeaf) {
  const Tensor x = leaf({2.0}, {1});
  (x * x * x).sum().backward({}, false, true);
  const Tensor first = x.grad();
  EXPECT_EQ(first.item(), 12.0);
  x.zero_grad();
  first.sum().backward();
  EXPECT_EQ(x.grad().item(), 12.0);
}

TEST(Modes, NoGradRecordsNothing) {
  const Tensor x = leaf({1.0}, {1});
  {
    const NoGrad guard;
    EXPECT_FALSE((x * 2.0).requires_grad());
    const GradMode again(true);
    EXPECT_TRUE((x * 2.0).requires_grad());
  }
  EXPECT_TRUE((x * 2.0).requires_grad());
}

TEST(Modes, DetachSharesMemoryButNotHistory) {
  const Tensor x = leaf({1.0, 2.0}, {2});
  const Tensor y = x * 2.0;
  const Tensor d = y.detach();
  EXPECT_FALSE(d.requires_grad());
  EXPECT_EQ(d.raw_data(), y.raw_data());
  d.fill_(7.0);
  EXPECT_EQ(y.version(), d.version());
  EXPECT_EQ(y.to_vector<double>()[0], 7.0);
}

TEST(Modes, RequiresGradIsForFloatingLeaves) {
  EXPECT_CONTAINS(error_of<DTypeError>([] { arange(0, 3).set_requires_grad(); }), "i64[3]");
  const Tensor x = leaf({1.0}, {1});
  const Tensor y = x * 2.0;
  EXPECT_CONTAINS(error_of<AutogradError>([&] { y.set_requires_grad(false); }), "detach()");
}

TEST(Hooks, SeeAndReplaceGradients) {
  const Tensor x = leaf({1.0}, {1});
  const Tensor y = x * 3.0;
  double seen = 0.0;
  y.register_hook([&](const Tensor& g) {
    seen = g.item();
    return g * 10.0;
  });
  const std::size_t on_leaf = x.register_hook([](const Tensor& g) { return g + 1.0; });
  (y * 2.0).sum().backward();
  EXPECT_EQ(seen, 2.0);
  EXPECT_EQ(x.grad().item(), 61.0);
  x.remove_hook(on_leaf);
  x.zero_grad();
  (x * 2.0).sum().backward();
  EXPECT_EQ(x.grad().item(), 2.0);
  EXPECT_THROW(x.remove_hook(on_leaf), ValueError);
  EXPECT_THROW(ones({1}).register_hook([](const Tensor& g) { return g; }), AutogradError);
}

TEST(Hooks, MustReturnAGradientOfTheTensor) {
  const Tensor x = leaf({1.0, 2.0}, {2});
  const Tensor y = exp(x);
  y.register_hook([](const Tensor&) { return ones({1}, f64); });
  EXPECT_CONTAINS(error_of<AutogradError>([&] { y.sum().backward(); }), "[hook of exp]");
}

TEST(Hooks, RetainGradFollowsAnInPlaceChange) {
  const Tensor x = leaf({2.0}, {1});
  const Tensor y = x * 1.0;
  y.retain_grad();
  y.mul_(scalar(10.0, f64));
  double seen = 0.0;
  y.register_hook([&](const Tensor& g) {
    seen = g.item();
    return Tensor();
  });
  y.sum().backward();
  EXPECT_EQ(y.grad().item(), 1.0);
  EXPECT_EQ(seen, 1.0);
  EXPECT_EQ(x.grad().item(), 10.0);
}

TEST(Hooks, RetainGrad) {
  const Tensor x = leaf({2.0}, {1});
  const Tensor y = x * x;
  y.retain_grad();
  (y * 5.0).sum().backward();
  EXPECT_EQ(y.grad().item(), 5.0);
}

TEST(InPlace, OnARecordedTensorRebasesItsHistory) {
  const Tensor x = leaf({2.0}, {1}), w = leaf({3.0}, {1});
  const Tensor y = x * 1.0;
  y.mul_(w);
  y.add_(x, 5.0);
  y.div_(w);  // (x w + 5 x) / w
  y.backward();
  EXPECT_NEAR(x.grad().item(), 1.0 + 5.0 / 3.0, 1e-15);
  EXPECT_NEAR(w.grad().item(), -10.0 / 9.0, 1e-15);
}

TEST(InPlace, ByItself) {
  const auto gradient_of = [](const std::function<void(const Tensor&)>& change) {
    const Tensor x = leaf({2.0, 3.0}, {2});
    const Tensor y = x * 1.0;
    change(y);
    y.sum().backward();
    return x.grad().to_vector<double>();
  };
  EXPECT_EQ(gradient_of([](const Tensor& y) { y.mul_(y); }), (std::vector<double>{4.0, 6.0}));
  EXPECT_EQ(gradient_of([](const Tensor& y) { y.mul_(y[0]); }), (std::vector<double>{7.0, 2.0}));
  EXPECT_EQ(gradient_of([](const Tensor& y) { y.div_(y[0]); }), (std::vector<double>{-0.75, 0.5}));
  const Tensor square_matrix = arange(0, 90000, 1, f64).reshape({300, 300}).clone();
  const Tensor expected = square_matrix + square_matrix.t();
  square_matrix.add_(square_matrix.t());
  EXPECT_EQ(square_matrix.to_vector<double>(), expected.to_vector<double>());
}

TEST(InPlace, SecondDerivativeThroughMul) {
  const TensorFunction f = [](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    const Tensor y = sin(in[0]);
    y.mul_(in[1]);
    return {square(y)};
  };
  gradgradcheck(f, {leaf({0.1, -0.4}, {2}), leaf({0.7, 1.3}, {2})});
}

TEST(InPlace, CopyAndFillCutOrCarryTheHistory) {
  const Tensor x = leaf({2.0, 4.0}, {2}), s = leaf({3.0}, {1});
  const Tensor y = x * 1.0;
  y.copy_(s);  // broadcast
  y.sum().backward();
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{0.0, 0.0}));
  EXPECT_EQ(s.grad().item(), 2.0);
  const Tensor buffer = zeros({2}, f64);
  buffer.copy_(x);
  EXPECT_TRUE(buffer.requires_grad());
}

TEST(InPlace, IsForbiddenWhereTheGradientWouldBeWrong) {
  const Tensor x = leaf({2.0, 3.0}, {2});
  EXPECT_CONTAINS(error_of<AutogradError>([&] { x.add_(1.0); }), "leaf");
  const Tensor y = x * 1.0;
  EXPECT_CONTAINS(error_of<AutogradError>([&] { y[0].fill_(1.0); }), "view");
  const Tensor buffer = zeros({2}, f64);
  EXPECT_CONTAINS(error_of<AutogradError>([&] { buffer[0].copy_(x[0]); }), "view");
  const NoGrad guard;
  x.add_(1.0);
  EXPECT_EQ(x.to_vector<double>()[0], 3.0);
}

TEST(InPlace, AViewTakenBeforeTheChangeIsStale) {
  const Tensor x = leaf({2.0, 3.0}, {2});
  const Tensor y = x * 1.0;
  const Tensor early = y[0];
  y.mul_(x);
  EXPECT_CONTAINS(error_of<AutogradError>([&] { (void)(early * 2.0); }), "view");
  EXPECT_NO_THROW((void)(y[0] * 2.0));
  const Tensor buffer = zeros({2}, f64);
  const Tensor part = buffer[1];
  buffer.copy_(x);
  EXPECT_THROW((void)(part * 2.0), AutogradError) << "its history would be missing";
}

TEST(InPlace, DamageToASavedTensorNamesTheOp) {
  const Tensor x = leaf({2.0}, {1});
  const Tensor y = exp(x);
  const Tensor z = y * y;
  y.add_(1.0);
  EXPECT_CONTAINS(error_of<AutogradError>([&] { z.sum().backward(); }), "[mul]");
  const Tensor p = x * 1.0;
  const Tensor q = sin(p);
  p.detach().add_(1.0);  // also through an alias without history
  EXPECT_THROW(q.sum().backward(), AutogradError);
}

TEST(InPlace, OnExpandedMemoryIsRefused) {
  const Tensor x = zeros({1}, f64).expand({3});
  EXPECT_CONTAINS(error_of<ValueError>([&] { x.add_(1.0); }), "share memory");
}

TEST(InPlace, ACycleThroughItsOwnResultDoesNotLeak) {
  const std::size_t before = memory_stats().in_use;
  {
    const Tensor w = ones({1 << 12}, f64).set_requires_grad();
    const Tensor x = w * 1.0;
    const Tensor y = x * x;  // saves x
    x.add_(y);               // x now depends on y
  }
  EXPECT_EQ(memory_stats().in_use, before);
}

TEST(Errors, ConstantsThatAreNoneAreNamed) {
  const Tensor x = randn({4, 2}, f64);
  const Tensor mean = zeros({2}, f64).set_requires_grad();
  EXPECT_CONTAINS(error_of<AutogradError>([&] { batch_norm(x, {}, {}, mean, ones({2}, f64), false); }), "running_mean");
  EXPECT_CONTAINS(error_of<ValueError>([&] { matmul(Tensor(), x); }), "[matmul]");
  EXPECT_CONTAINS(error_of<ShapeError>([] { zeros({1}).expand({-5}); }), "[expand]");
  EXPECT_CONTAINS(error_of<ValueError>([] { randint(0, 1000, {5}, {DType::u8}); }), "u8");
  EXPECT_CONTAINS(error_of<ValueError>([] { arange(0, 1e300); }), "[arange]");
}

TEST(Grad, SecondDerivativeOfPowAtExponentZero) {
  const Tensor a = leaf({2.0}, {1}), b = leaf({0.0}, {1});
  const Tensor da = grad({pow(a, b)}, {a}, {}, {.create_graph = true})[0];
  EXPECT_NEAR(grad({da}, {b})[0].item(), 0.5, 1e-15);  // d2 (a^b) / da db = 1 / a there
}

TEST(Gradcheck, FindsAWrongGradient) {
  const TensorFunction wrong = [](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    return {record("wrong", {in[0]}, exp(in[0].detach()), save(in[0]), [](const Grads& g) -> Gradients { return g[0] * g.saved(0); })};
  };
  EXPECT_CONTAINS(error_of<AutogradError>([&] { gradcheck(wrong, {leaf({0.3, 0.9}, {2})}); }), "entry 0");
}

TEST(Gradcheck, FindsAWrongSecondGradient) {
  const TensorFunction cut = [](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    return {record("cut", {in[0]}, exp(in[0].detach()), save(in[0]),
                   [](const Grads& g) -> Gradients { return g[0] * exp(g.saved(0).detach()); })};
  };
  gradcheck(cut, {leaf({0.3}, {1})});
  EXPECT_THROW(gradgradcheck(cut, {leaf({0.3}, {1})}), AutogradError);
}

TEST(Gradcheck, AsksForDoubles) {
  const TensorFunction f = [](const std::vector<Tensor>& in) -> std::vector<Tensor> { return {exp(in[0])}; };
  EXPECT_THROW(gradcheck(f, {ones({2}).set_requires_grad()}), DTypeError);
  EXPECT_THROW(gradcheck(f, {ones({2}, f64)}), ValueError);
}

TEST(Layout, ConvolutionsKeepChannelsLast) {
  reset_layout_copies();
  const Tensor x = randn({2, 3, 8, 8});
  const Tensor w1 = randn({16, 3, 3, 3}), w2 = randn({16, 16, 3, 3});
  const Tensor h = relu(conv2d(x, w1, {}, {.padding = {1, 1}}));
  const Tensor y = conv2d(h + h, w2, {}, {.padding = {1, 1}});
  EXPECT_TRUE(y.is_channels_last());
  EXPECT_EQ(layout_copies(), 1);
}
