#include <cairn/autograd/ops.h>
#include <cairn/autograd/record.h>
#include <cairn/optim/optim.h>

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>

namespace cairn {
namespace {

using optim::Optimizer;
using Make = std::function<std::unique_ptr<Optimizer>(const std::vector<Tensor>&)>;

const std::vector<double> start = {0.5, -1.25, 2.0, 0.0, 3.5};
const std::vector<double> target = {1.0, 0.5, -0.25, 0.75, 2.0};
const std::vector<double> weight = {0.5, 1.0, 0.1, 2.0, 0.25};

Tensor parameter(const std::vector<double>& values, DType dtype = DType::f64) {
  const Tensor p = from_values(values, {static_cast<std::int64_t>(values.size())}).to(dtype);
  p.set_requires_grad();
  return p;
}

/// The gradient of sum(weight (theta - target)^2 + sin(theta)).
void differentiate(const Tensor& theta) {
  const Tensor t = from_values(target, theta.sizes()).to(theta.dtype());
  const Tensor w = from_values(weight, theta.sizes()).to(theta.dtype());
  ((w * square(theta - t)).sum() + sin(theta).sum()).backward();
}

std::vector<double> optimize(const Make& make, int steps, DType dtype = DType::f64) {
  const Tensor theta = parameter(start, dtype);
  const auto optimizer = make({theta});
  for (int i = 0; i < steps; ++i) {
    optimizer->zero_grad();
    differentiate(theta);
    optimizer->step();
  }
  return theta.to_vector<double>();
}

void expect_near(const std::vector<double>& found, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], tolerance) << "entry " << i;
}

// ---- plain scalar references ------------------------------------------------------------------------

double derivative(std::size_t i, double theta) { return 2.0 * weight[i] * (theta - target[i]) + std::cos(theta); }

std::vector<double> reference_sgd(double lr, const SgdOptions& o, int steps) {
  std::vector<double> result;
  for (std::size_t i = 0; i < start.size(); ++i) {
    double theta = start[i], v = 0.0;
    for (int t = 1; t <= steps; ++t) {
      const double old = theta;
      double g = derivative(i, theta);
      if (!o.decoupled) g += o.weight_decay * theta;
      if (o.momentum != 0.0) {
        v = t == 1 ? g : o.momentum * v + (1.0 - o.dampening) * g;
        g = o.nesterov ? g + o.momentum * v : v;
      }
      theta -= lr * g;
      if (o.decoupled) theta -= lr * o.weight_decay * old;
    }
    result.push_back(theta);
  }
  return result;
}

std::vector<double> reference_adam(double lr, const AdamOptions& o, int steps) {
  std::vector<double> result;
  for (std::size_t i = 0; i < start.size(); ++i) {
    double theta = start[i], m = 0.0, v = 0.0;
    for (int t = 1; t <= steps; ++t) {
      const double old = theta;
      double g = derivative(i, theta);
      if (!o.decoupled) g += o.weight_decay * theta;
      m = o.beta1 * m + (1.0 - o.beta1) * g;
      v = o.beta2 * v + (1.0 - o.beta2) * g * g;
      const double m_hat = m / (1.0 - std::pow(o.beta1, t)), v_hat = v / (1.0 - std::pow(o.beta2, t));
      theta -= lr * m_hat / (std::sqrt(v_hat) + o.eps);
      if (o.decoupled) theta -= lr * o.weight_decay * old;
    }
    result.push_back(theta);
  }
  return result;
}

Make sgd(double lr, const SgdOptions& options) {
  return [=](const std::vector<Tensor>& p) { return std::make_unique<optim::SGD>(p, lr, options); };
}
Make adam(double lr, const AdamOptions& options) {
  return [=](const std::vector<Tensor>& p) { return std::make_unique<optim::Adam>(p, lr, options); };
}
Make adamw(double lr, const optim::AdamWOptions& options) {
  return [=](const std::vector<Tensor>& p) { return std::make_unique<optim::AdamW>(p, lr, options); };
}

TEST(Optimizers, AgreeWithPlainLoops) {
  for (const SgdOptions& options : {SgdOptions{}, SgdOptions{.weight_decay = 0.1}, SgdOptions{.momentum = 0.9, .weight_decay = 0.02},
                                    SgdOptions{.momentum = 0.8, .dampening = 0.3}, SgdOptions{.momentum = 0.9, .nesterov = true},
                                    SgdOptions{.momentum = 0.9, .weight_decay = 0.1, .nesterov = true, .decoupled = true},
                                    SgdOptions{.weight_decay = 0.1, .decoupled = true}}) {
    const auto expected = reference_sgd(0.05, options, 50);
    expect_near(optimize(sgd(0.05, options), 50), expected, 1e-12);
    expect_near(optimize(sgd(0.05, options), 50, DType::f32), expected, 2e-5);
  }
  for (const AdamOptions& options : {AdamOptions{}, AdamOptions{.beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6, .weight_decay = 0.1},
                                     AdamOptions{.weight_decay = 0.1, .decoupled = true}}) {
    const auto expected = reference_adam(0.05, options, 50);
    expect_near(optimize(adam(0.05, options), 50), expected, 1e-12);
    expect_near(optimize(adam(0.05, options), 50, DType::f32), expected, 2e-5);
  }
}

/// Made with PyTorch 1.13 in f64: the same function, 50 steps, lr 0.05.
TEST(Optimizers, AgreeWithPyTorch) {
  expect_near(optimize(sgd(0.05, {}), 50),
              {0.050546162873990053, -0.0048207653932907883, 1.7682427096219016, 0.53488924957499873, 3.6827426116941644}, 1e-12);
  expect_near(optimize(sgd(0.05, {.momentum = 0.9, .weight_decay = 0.01}), 50),
              {-0.00067561028566545797, 0.093939792849026385, -0.94751759371964017, 0.56980356358337092, 3.6609435203269762}, 1e-12);
  expect_near(optimize(sgd(0.05, {.momentum = 0.8, .dampening = 0.3}), 50),
              {0.00097550085743869515, -0.0050487711969471379, -1.0339404927768499, 0.53390982449056068, 3.6981217787115903}, 1e-12);
  expect_near(optimize(sgd(0.05, {.momentum = 0.9, .weight_decay = 0.01, .nesterov = true}), 50),
              {-0.0013287597596390007, 0.0065514702228432579, -1.2262815697044525, 0.53372139831394139, 3.662098441089944}, 1e-12);
  expect_near(optimize(adam(0.05, {}), 50),
              {-0.020799544432452834, 0.096774939419227032, -0.84337306926287547, 0.5182877950375816, 3.7077733566433189}, 1e-12);
  expect_near(optimize(adam(0.05, {.beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6, .weight_decay = 0.1}), 50),
              {0.00098905424390448695, 0.014154627860417403, -0.72450247519145605, 0.51831359969819302, 3.3105894225028574}, 1e-12);
  expect_near(optimize(adamw(0.05, {.weight_decay = 0.1}), 50),
              {-0.020844965438421226, 0.088242630295185712, -0.92108696543127566, 0.51479361661316947, 3.6848744039019441}, 1e-12);
}

TEST(Optimizers, GroupsHaveTheirOwnRates) {
  const Tensor a = parameter({1.0}), b = parameter({1.0});
  optim::SGD optimizer({a}, 0.1);
  optimizer.add_group({b}, 0.5, {.momentum = 0.9});
  a.set_grad(ones({1}, {DType::f64}));
  b.set_grad(ones({1}, {DType::f64}));
  optimizer.step();
  EXPECT_DOUBLE_EQ(a.item(), 0.9);
  EXPECT_DOUBLE_EQ(b.item(), 0.5);
  EXPECT_EQ(optimizer.group_count(), 2);
  EXPECT_EQ(optimizer.learning_rate(1), 0.5);
  EXPECT_EQ(optimizer.momentum(1), 0.9);
  EXPECT_THROW(optimizer.learning_rate(2), IndexError);
  optimizer.set_learning_rate(0.25);
  EXPECT_EQ(optimizer.learning_rate(0), 0.25);
  optimizer.zero_grad();
  EXPECT_FALSE(a.grad().defined());
}

TEST(Optimizers, SkipParametersWithoutGradientAndFrozenOnes) {
  const Tensor a = parameter({1.0}), b = parameter({1.0}), c = parameter({1.0});
  optim::Adam optimizer({a, b, c}, 0.1);
  b.set_grad(ones({1}, {DType::f64}));
  c.set_grad(ones({1}, {DType::f64}));
  c.set_requires_grad(false);
  optimizer.step();
  EXPECT_EQ(a.item(), 1.0);
  EXPECT_NEAR(b.item(), 0.9, 1e-7);
  EXPECT_EQ(c.item(), 1.0);
}

TEST(Optimizers, GradientsOfAnotherLayout) {
  const Tensor p = zeros({2, 3});
  p.set_requires_grad();
  p.set_grad(from_values<float>({1, 4, 2, 5, 3, 6}, {3, 2}).t());
  optim::SGD(std::vector<Tensor>{p}, 1.0).step();
  EXPECT_EQ(p.to_vector<float>(), (std::vector<float>{-1, -2, -3, -4, -5, -6}));
}

TEST(Optimizers, AStepIsNoticedByTheGraph) {
  const Tensor p = parameter({2.0});
  const Tensor loss = square(p).sum();
  p.set_grad(ones({1}, {DType::f64}));
  optim::SGD(std::vector<Tensor>{p}, 0.1).step();
  EXPECT_THROW(loss.backward(), AutogradError);
}

TEST(Optimizers, RejectWhatTheyCannotTrain) {
  const Tensor p = parameter({1.0});
  EXPECT_THROW(optim::SGD({p, p}, 0.1), ValueError);
  EXPECT_THROW(optim::SGD({Tensor()}, 0.1), ValueError);
  EXPECT_THROW(optim::SGD({p}, -0.1), ValueError);
  EXPECT_THROW(optim::SGD({p * 2.0}, 0.1), AutogradError);
  EXPECT_THROW(optim::SGD({zeros({1}, {DType::bf16})}, 0.1), DTypeError);
  EXPECT_THROW(optim::SGD({p}, 0.1, {.nesterov = true}), ValueError);
  EXPECT_THROW(optim::Adam({p}, 0.1, {.beta1 = 1.0}), ValueError);
}

TEST(Optimizers, ContinueBitForBitFromTheirState) {
  const std::vector<Make> makers = {sgd(0.05, {.momentum = 0.9, .weight_decay = 0.01, .nesterov = true}), sgd(0.05, {}),
                                    adam(0.05, {}), adamw(0.05, {.weight_decay = 0.1})};
  for (const Make& make : makers) {
    const Tensor theta = parameter(start, DType::f32), unused = parameter({1.0}, DType::f32);
    const auto train = [](Optimizer& optimizer, const Tensor& p, int steps) {
      for (int i = 0; i < steps; ++i) {
        optimizer.zero_grad();
        differentiate(p);
        optimizer.step();
      }
    };
    const auto first = make({theta, unused});
    train(*first, theta, 7);
    optim::OptimizerState state = first->state_dict();
    for (auto& [name, tensor] : state.tensors) tensor = tensor.clone();
    const Tensor restored = theta.detach().clone();
    restored.set_requires_grad();
    first->set_learning_rate(0.03);
    train(*first, theta, 5);

    const auto second = make({restored, parameter({1.0}, DType::f32)});
    second->set_learning_rate(123.0);
    second->load_state_dict(state);
    EXPECT_EQ(second->learning_rate(), 0.05);
    second->set_learning_rate(0.03);
    train(*second, restored, 5);
    EXPECT_EQ(restored.to_vector<float>(), theta.to_vector<float>());
  }
}

TEST(Optimizers, StateOfAnotherOptimizerIsRejected) {
  const Tensor p = parameter({1.0}), q = parameter({1.0, 2.0});
  p.set_grad(ones({1}, {DType::f64}));
  q.set_grad(ones({2}, {DType::f64}));
  optim::Adam one({p}), two({q}), three({p, q});
  optim::AdamW other({p});
  one.step();
  two.step();
  EXPECT_THROW(two.load_state_dict(one.state_dict()), ValueError);
  EXPECT_THROW(three.load_state_dict(one.state_dict()), ValueError);
  EXPECT_THROW(one.load_state_dict(three.state_dict()), ValueError);
  EXPECT_THROW(other.load_state_dict(one.state_dict()), ValueError);
  EXPECT_NO_THROW(one.load_state_dict(one.state_dict()));
}

// ---- schedules: values of PyTorch 1.13 for a base rate of 0.4 ---------------------------------------

template <class S>
std::vector<double> rates(const S& schedule, int count, std::vector<double>* momenta = nullptr) {
  optim::SGD optimizer({parameter({1.0})}, 0.4, {.momentum = 0.9});
  optim::Scheduler scheduler(optimizer, schedule);
  std::vector<double> result;
  for (int i = 0; i < count; ++i) {
    result.push_back(optimizer.learning_rate());
    if (momenta != nullptr) momenta->push_back(optimizer.momentum());
    scheduler.step();
  }
  return result;
}

TEST(Schedules, AgreeWithPyTorch) {
  expect_near(rates(optim::Constant(), 3), {0.4, 0.4, 0.4}, 0.0);
  expect_near(rates(optim::Step(3, 0.5), 10), {0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05}, 1e-15);
  expect_near(rates(optim::MultiStep({2, 5, 5, 8}), 10), {0.4, 0.4, 0.04, 0.04, 0.04, 4e-4, 4e-4, 4e-4, 4e-5, 4e-5}, 1e-15);
  expect_near(rates(optim::Cosine(9, 0.01), 10),
              {0.4, 0.38824006105325215, 0.3543786664082007, 0.3025, 0.23886139464505149, 0.17113860535494863, 0.1075,
               0.05562133359179932, 0.021759938946747881, 0.01},
              1e-15);
  expect_near(rates(optim::Warmup(4, optim::Cosine(6), 0.25), 10),
              {0.1, 0.175, 0.25, 0.325, 0.4, 0.3732050807568878, 0.3, 0.2, 0.1, 0.02679491924311226}, 1e-15);
}

TEST(Schedules, OneCycleAgreesWithPyTorch) {
  std::vector<double> momenta;
  expect_near(rates(optim::OneCycle(10, {.cycle_momentum = true}), 10, &momenta),
              {0.016, 0.208, 0.4, 0.38019385280538953, 0.32469826157990522, 0.24450480877451572, 0.15549679122548429,
               0.075303338420094804, 0.019807747194610516, 1.6e-6},
              1e-15);
  expect_near(momenta,
              {0.95, 0.9, 0.85, 0.85495155660487898, 0.86882550990706331, 0.88887395330218422, 0.91112604669781572,
               0.93117449009293662, 0.94504844339512095, 0.95},
              1e-14);

  momenta.clear();
  const optim::OneCycle three_phases(12, {.warmup_fraction = 0.4,
                                          .anneal = optim::OneCycleOptions::Anneal::linear,
                                          .div_factor = 10.0,
                                          .final_div_factor = 100.0,
                                          .three_phase = true,
                                          .cycle_momentum = true});
  expect_near(rates(three_phases, 12, &momenta),
              {0.04, 0.13473684210526315, 0.2294736842105263, 0.32421052631578945, 0.38105263157894748, 0.2863157894736843,
               0.19157894736842115, 0.096842105263158007, 0.035341176470588251, 0.023694117647058834, 0.012047058823529418, 4e-4},
              1e-14);
  expect_near(momenta,
              {0.95, 0.92368421052631577, 0.89736842105263159, 0.8710526315789473, 0.85526315789473684, 0.88157894736842102,
               0.9078947368421052, 0.93421052631578938, 0.95, 0.95, 0.95, 0.95},
              1e-14);
}

TEST(Schedules, StayAtTheirLastValue) {
  EXPECT_EQ(optim::Cosine(5, 0.1).learning_rate(50, 1.0), 0.1);
  EXPECT_DOUBLE_EQ(optim::OneCycle(10).learning_rate(50, 0.4), 1.6e-6);
}

TEST(Schedules, SchedulerGoesToAnyStep) {
  optim::SGD optimizer({parameter({1.0})}, 0.4);
  optimizer.add_group({parameter({1.0})}, 0.8);
  optim::Scheduler scheduler(optimizer, optim::Step(2, 0.5));
  scheduler.set_step(5);
  EXPECT_DOUBLE_EQ(optimizer.learning_rate(0), 0.1);
  EXPECT_DOUBLE_EQ(optimizer.learning_rate(1), 0.2);
  scheduler.step();
  EXPECT_EQ(scheduler.step_count(), 6);
  EXPECT_DOUBLE_EQ(optimizer.learning_rate(0), 0.05);
  scheduler.set_base_rates({8.0, 16.0});
  EXPECT_DOUBLE_EQ(optimizer.learning_rate(1), 2.0);
  EXPECT_THROW(scheduler.set_base_rates({1.0}), ValueError);
  EXPECT_THROW(scheduler.set_step(-1), ValueError);
  EXPECT_THROW(optim::Step(0), ValueError);
  EXPECT_THROW(optim::Cosine(0), ValueError);
  EXPECT_THROW(optim::OneCycle(1), ValueError);
  EXPECT_THROW(optim::Warmup(-1, optim::Constant()), ValueError);
}

// ---- clipping ---------------------------------------------------------------------------------------

TEST(Clipping, NormAgreesWithPyTorch) {
  const Tensor a = parameter({0, 0}), b = parameter({0, 0, 0}), none = parameter({0});
  a.set_grad(from_values<double>({3, -4}, {2}));
  b.set_grad(from_values<double>({12, 0.5, -0.25}, {3}));
  EXPECT_NEAR(optim::clip_grad_norm_({a, none, b}, 2.5), 13.012013679673105, 1e-13);
  expect_near(a.grad().to_vector<double>(), {0.57639037340744981, -0.76852049787659982}, 1e-15);
  expect_near(b.grad().to_vector<double>(), {2.3055614936297992, 0.096065062234574977, -0.048032531117287489}, 1e-15);
  const auto before = a.grad().to_vector<double>();
  optim::clip_grad_norm_({a, b}, 100.0);
  EXPECT_EQ(a.grad().to_vector<double>(), before);
  EXPECT_EQ(optim::clip_grad_norm_({none}, 1.0), 0.0);
}

TEST(Clipping, LargeValuesDoNotOverflow) {
  const Tensor a = parameter({0, 0}, DType::f32);
  a.set_grad(from_values<float>({3e30F, 4e30F}, {2}));
  EXPECT_NEAR(optim::clip_grad_norm_({a}, 1.0) / 5e30, 1.0, 1e-6);
  EXPECT_NEAR(a.grad().to_vector<float>()[1], 0.8, 1e-6);
}

TEST(Clipping, NonFiniteNorms) {
  const Tensor a = parameter({0, 0});
  const double infinity = std::numeric_limits<double>::infinity();
  a.set_grad(from_values<double>({1, infinity}, {2}));
  EXPECT_THROW(optim::clip_grad_norm_({a}, 1.0, {.error_if_nonfinite = true}), ValueError);
  EXPECT_EQ(a.grad().to_vector<double>()[0], 1.0);
  EXPECT_EQ(optim::clip_grad_norm_({a}, 1.0), infinity);
  EXPECT_THROW(optim::clip_grad_norm_({a}, -1.0), ValueError);
}

TEST(Clipping, Values) {
  const Tensor a = parameter({0, 0, 0});
  a.set_grad(from_values<double>({-3, 0.25, 2}, {3}));
  optim::clip_grad_value_({a}, 0.5);
  EXPECT_EQ(a.grad().to_vector<double>(), (std::vector<double>{-0.5, 0.25, 0.5}));
}

}  // namespace
}  // namespace cairn
