#include <cairn/autograd/ops.h>
#include <cairn/autograd/record.h>
#include <cairn/nn/nn.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace cairn {
namespace {

using nn::NamedTensors;

std::vector<std::string> names_of(const NamedTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

std::vector<double> values(const Tensor& x) { return x.to_vector<double>(); }
bool equal(const Tensor& a, const Tensor& b) { return a.sizes() == b.sizes() && values(a) == values(b); }

template <class E, class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

struct Block : nn::Module {
  nn::Linear first;
  std::optional<nn::Sequential> extra;
  nn::Parameter scale;
  nn::Buffer count;
  CAIRN_MODULE(Block, first, extra, scale, count)

  explicit Block(std::int64_t width, bool with_extra = false)
      : first(width, width), scale(ones({width})), count(zeros({}, {DType::i64})) {
    if (with_extra) extra = nn::Sequential(nn::Linear(width, width, false), nn::ReLU());
  }

  Tensor forward(const Tensor& x) override {
    const Tensor y = first(x) * scale;
    return extra ? (*extra)(y) : y;
  }
};

struct Net : nn::Module {
  std::vector<Block> blocks;
  nn::Linear head;
  CAIRN_MODULE(Net, blocks, head)

  Net() : head(3, 3) {
    for (int i = 0; i < 3; ++i) blocks.push_back(Block(3, i == 1));  // the vector grows and moves its elements
  }

  Tensor forward(const Tensor& x) override {
    Tensor y = x;
    for (Block& block : blocks) y = block(y);
    return head(y);
  }
};

// ---- Parameter ------------------------------------------------------------------------------------

TEST(Parameter, CopyClonesMoveKeepsTensorShares) {
  nn::Parameter p(ones({2, 3}));
  EXPECT_TRUE(p.requires_grad());
  EXPECT_TRUE(p.is_leaf());

  const Tensor shared = p;
  EXPECT_TRUE(shared.is_same(p));

  nn::Parameter copy = p;
  EXPECT_FALSE(copy.is_same(p));
  EXPECT_TRUE(copy.requires_grad());
  copy = full({2, 3}, 5.0);
  EXPECT_EQ(values(p), std::vector<double>(6, 1.0));

  const nn::Parameter moved = std::move(p);
  EXPECT_TRUE(moved.is_same(shared));

  EXPECT_FALSE(nn::Parameter(nn::Parameter(ones({1}), false)).requires_grad());
}

TEST(Parameter, AssigningATensorCopiesIntoIt) {
  nn::Parameter p(zeros({2, 2}));
  const Tensor before = p;
  p = from_values<double>({1, 2, 3, 4}, {2, 2});
  EXPECT_TRUE(p.is_same(before));
  EXPECT_EQ(p.dtype(), DType::f32);
  EXPECT_EQ(values(p), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_TRUE(p.is_leaf());

  const std::string text = message_of<ShapeError>([&] { p = zeros({1, 2}); });
  EXPECT_NE(text.find("f32[2, 2]"), std::string::npos) << text;
  EXPECT_NE(text.find("f32[1, 2]"), std::string::npos) << text;
  EXPECT_THROW(p = Tensor(), ShapeError);

  nn::Parameter late;
  late = p;
  EXPECT_TRUE(equal(late, p));
  EXPECT_FALSE(late.is_same(p));
}

TEST(Parameter, TakesOverMemoryUnlessItHasGaps) {
  const Tensor dense = zeros({2, 2});
  EXPECT_EQ(nn::Parameter(dense).raw_data(), dense.raw_data());
  EXPECT_TRUE(nn::Parameter(zeros({2}).reshape({2, 1}).expand({2, 3})).is_contiguous());
}

// ---- structure --------------------------------------------------------------------------------------

TEST(Module, NamesAreThoseOfPyTorch) {
  const Net net;
  EXPECT_EQ(names_of(net.state_dict()),
            (std::vector<std::string>{"blocks.0.first.weight", "blocks.0.first.bias", "blocks.0.scale", "blocks.0.count",
                                      "blocks.1.first.weight", "blocks.1.first.bias", "blocks.1.extra.0.weight",
                                      "blocks.1.scale", "blocks.1.count", "blocks.2.first.weight", "blocks.2.first.bias",
                                      "blocks.2.scale", "blocks.2.count", "head.weight", "head.bias"}));
  EXPECT_EQ(names_of(net.named_buffers()), (std::vector<std::string>{"blocks.0.count", "blocks.1.count", "blocks.2.count"}));
  EXPECT_EQ(net.num_parameters(), 3 * (9 + 3 + 3) + 9 + 12);
  EXPECT_EQ(net.type_name(), "Net");
}

TEST(Module, CopyIsDeep) {
  manual_seed(1);
  const Net net;
  Net copy = net;
  const auto a = net.named_parameters(), b = copy.named_parameters();
  ASSERT_EQ(names_of(a), names_of(b));
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_FALSE(a[i].second.is_same(b[i].second));
    EXPECT_TRUE(equal(a[i].second, b[i].second));
  }
  const double before = values(net.blocks[1].extra->at<nn::Linear>(0).weight)[0];
  copy.blocks[1].extra->at<nn::Linear>(0).weight = zeros({3, 3});
  EXPECT_EQ(values(net.blocks[1].extra->at<nn::Linear>(0).weight)[0], before);

  copy = net;  // copies the values into the parameters that are there
  EXPECT_TRUE(equal(copy.blocks[1].extra->at<nn::Linear>(0).weight, net.blocks[1].extra->at<nn::Linear>(0).weight));
  EXPECT_TRUE(copy.head.weight.is_same(b[b.size() - 2].second));
}

TEST(Module, MovedModulesKeepTheirParameters) {
  Net net;
  const auto before = net.parameters();
  const Net moved = std::move(net);
  const auto after = moved.parameters();
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(before[i].is_same(after[i]));
}

TEST(Module, TiedParametersAreSeenOnce) {
  Net net;
  const auto whole = net.parameters().size();
  tie(net.blocks[0].first.weight, net.head.weight);
  EXPECT_EQ(net.parameters().size(), whole - 1);
  const auto names = names_of(net.state_dict());
  EXPECT_EQ(std::count(names.begin(), names.end(), "blocks.0.first.weight"), 1);
  EXPECT_EQ(std::count(names.begin(), names.end(), "head.weight"), 0);

  const Net plain = net;
  EXPECT_FALSE(plain.head.weight.is_same(plain.blocks[0].first.weight));
  EXPECT_TRUE(equal(plain.head.weight, net.head.weight));

  const Net kept = clone(net);
  EXPECT_TRUE(kept.head.weight.is_same(kept.blocks[0].first.weight));
  EXPECT_FALSE(kept.head.weight.is_same(net.head.weight));

  const std::unique_ptr<nn::Module> polymorphic = net.clone();
  EXPECT_EQ(polymorphic->parameters().size(), whole - 1);
  EXPECT_EQ(polymorphic->type_name(), "Net");

  EXPECT_THROW(tie(net.head.weight, net.head.bias), ShapeError);
}

TEST(Module, TiesSurviveConversionAndLoading) {
  Net net;
  tie(net.blocks[0].first.weight, net.head.weight);
  net.to(DType::f64);
  EXPECT_TRUE(net.head.weight.is_same(net.blocks[0].first.weight));
  EXPECT_EQ(net.head.weight.dtype(), DType::f64);
  EXPECT_TRUE(net.head.weight.requires_grad());
  EXPECT_EQ(net.blocks[0].count.dtype(), DType::i64);

  NamedTensors only_alias = net.state_dict();
  only_alias[0] = {"head.weight", full({3, 3}, 7.0)};
  net.load_state_dict(only_alias);
  EXPECT_EQ(values(net.blocks[0].first.weight), std::vector<double>(9, 7.0));

  NamedTensors both = net.state_dict();
  both.emplace_back("head.weight", both[0].second);
  EXPECT_TRUE(net.load_state_dict(both).ok());
}

TEST(Module, TrainEvalAndFreezing) {
  Net net;
  EXPECT_TRUE(net.is_training());
  net.eval();
  EXPECT_FALSE(net.blocks[1].extra->at<nn::ReLU>(1).is_training());
  net.train();
  EXPECT_TRUE(net.blocks[1].first.is_training());

  net.requires_grad_(false, "blocks.1");
  EXPECT_FALSE(net.blocks[1].first.weight.requires_grad());
  EXPECT_FALSE(net.blocks[1].extra->at<nn::Linear>(0).weight.requires_grad());
  EXPECT_TRUE(net.blocks[0].first.weight.requires_grad());
  net.requires_grad_(false, "head.bias");
  EXPECT_FALSE(net.head.bias.requires_grad());
  EXPECT_THROW(net.requires_grad_(false, "block"), ValueError);
  net.requires_grad_(true);
  for (const Tensor& p : net.parameters()) EXPECT_TRUE(p.requires_grad());

  net(ones({2, 3})).sum().backward();
  EXPECT_TRUE(net.head.bias.grad().defined());
  net.zero_grad();
  for (const Tensor& p : net.parameters()) EXPECT_FALSE(p.grad().defined());
}

TEST(Module, WithoutForwardSaysSo) {
  struct Mute : nn::Module {
    CAIRN_MODULE(Mute)
  };
  Mute mute;
  EXPECT_EQ(message_of<NotImplementedError>([&] { mute(ones({1})); }), "[Mute] has no forward for one tensor, got f32[1] on cpu");
}

// ---- state ------------------------------------------------------------------------------------------

TEST(StateDict, RoundTrip) {
  manual_seed(2);
  Net a;
  a.blocks[2].count = full({}, 41.0, {DType::i64});
  manual_seed(3);
  Net b;
  const Tensor identity = b.head.weight;
  const auto report = b.load_state_dict(a.state_dict());
  EXPECT_TRUE(report.ok());
  EXPECT_TRUE(identity.is_same(b.head.weight));
  const auto x = a.state_dict(), y = b.state_dict();
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_TRUE(equal(x[i].second, y[i].second)) << x[i].first;
  EXPECT_EQ(b.blocks[2].count.item(), 41.0);
}

TEST(StateDict, StrictListsEverythingAndChangesNothing) {
  nn::Linear layer(2, 3);
  const auto before = values(layer.weight);
  const NamedTensors wrong = {{"weight", ones({3, 2})}, {"bias", ones({2})}, {"other", ones({1})}};
  const std::string text = message_of<ValueError>([&] { layer.load_state_dict(wrong); });
  EXPECT_EQ(text,
            "[load_state_dict] the tensors do not fit Linear:\n  unexpected: other\n  shape of bias: expected [3], got [2]");
  EXPECT_EQ(values(layer.weight), before);

  const std::string missing = message_of<ValueError>([&] { layer.load_state_dict({{"bias", ones({3})}}); });
  EXPECT_NE(missing.find("missing: weight"), std::string::npos) << missing;

  const auto report = layer.load_state_dict(wrong, {.strict = false});
  EXPECT_EQ(report.unexpected, std::vector<std::string>{"other"});
  ASSERT_EQ(report.mismatched.size(), 1U);
  EXPECT_EQ(report.mismatched[0].name, "bias");
  EXPECT_EQ(report.mismatched[0].expected, Dims{3});
  EXPECT_EQ(report.mismatched[0].got, Dims{2});
  EXPECT_EQ(values(layer.weight), std::vector<double>(6, 1.0));
}

TEST(StateDict, StripsTheCommonPrefix) {
  nn::Linear layer(1, 1);
  layer.load_state_dict({{"module.weight", full({1, 1}, 2.0)}, {"module.bias", full({1}, 3.0)}});
  EXPECT_EQ(layer.weight.item(), 2.0);
  EXPECT_EQ(layer.bias.item(), 3.0);
  EXPECT_THROW(layer.load_state_dict({{"module.weight", ones({1, 1})}, {"bias", ones({1})}}), ValueError);
  EXPECT_THROW(layer.load_state_dict({{"module.weight", ones({1, 1})}, {"module.bias", ones({1})}}, {.strip_prefix = ""}),
               ValueError);
}

TEST(StateDict, NumBatchesTrackedMayBeMissing) {
  nn::BatchNorm2d norm(2);
  NamedTensors state = norm.state_dict();
  EXPECT_EQ(names_of(state), (std::vector<std::string>{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}));
  EXPECT_EQ(state.back().second.describe(), "i64[] on cpu");
  state.pop_back();
  EXPECT_TRUE(norm.load_state_dict(state).ok());
}

// ---- Sequential -------------------------------------------------------------------------------------

TEST(Sequential, AppliesInOrderAndCopiesDeeply) {
  nn::Sequential net(nn::Linear(2, 2, false), nn::ReLU());
  net.push_back(nn::Flatten(0));
  net.at<nn::Linear>(0).weight = from_values<float>({1, 0, 0, -1}, {2, 2});
  EXPECT_EQ(values(net(from_values<float>({3, 4}, {1, 2}))), (std::vector<double>{3, 0}));
  EXPECT_EQ(net.size(), 3);

  const nn::Sequential copy = net;
  EXPECT_FALSE(copy.at<nn::Linear>(0).weight.is_same(net.at<nn::Linear>(0).weight));
  EXPECT_THROW(net[3], IndexError);
  EXPECT_THROW(net.at<nn::ReLU>(0), ValueError);
  EXPECT_THROW(net.push_back(std::unique_ptr<nn::Module>()), ValueError);
}

TEST(Sequential, CopyKeepsTiesAmongItsModules) {
  nn::Sequential net(nn::Linear(2, 2, false), nn::Linear(2, 2, false));
  tie(net.at<nn::Linear>(0).weight, net.at<nn::Linear>(1).weight);
  EXPECT_EQ(nn::Sequential(net).parameters().size(), 1U);
}

// ---- initialisation -----------------------------------------------------------------------------------

double deviation(const std::vector<double>& x) {
  double sum = 0.0, squares = 0.0;
  for (const double v : x) sum += v, squares += v * v;
  const auto n = static_cast<double>(x.size());
  return std::sqrt(squares / n - sum / n * sum / n);
}

double largest(const std::vector<double>& x) {
  double m = 0.0;
  for (const double v : x) m = std::max(m, std::abs(v));
  return m;
}

TEST(Init, FansAndGains) {
  const auto f = nn::init::fans(empty({8, 3, 5, 2}));
  EXPECT_EQ(f.in, 30);
  EXPECT_EQ(f.out, 80);
  EXPECT_THROW(nn::init::fans(empty({3})), ShapeError);
  EXPECT_DOUBLE_EQ(nn::init::gain(nn::init::Nonlinearity::leaky_relu, 0.2), 1.3867504905630728);
  EXPECT_DOUBLE_EQ(nn::init::gain(nn::init::Nonlinearity::tanh), 1.6666666666666667);
}

TEST(Init, DistributionsHaveTheirDeviationAndBound) {
  using namespace nn::init;
  manual_seed(4);
  const Tensor w = empty({64, 32, 3, 3});  // fan_in 288, fan_out 576
  kaiming_normal_(w, 0.0, Mode::fan_out, Nonlinearity::relu);
  EXPECT_NEAR(deviation(values(w)), std::sqrt(2.0 / 576), 0.001);
  kaiming_uniform_(w);
  EXPECT_NEAR(deviation(values(w)), std::sqrt(2.0 / 288), 0.001);
  EXPECT_LE(largest(values(w)), std::sqrt(6.0 / 288) + 1e-7);
  EXPECT_GT(largest(values(w)), 0.99 * std::sqrt(6.0 / 288));
  xavier_normal_(w);
  EXPECT_NEAR(deviation(values(w)), std::sqrt(2.0 / 864), 0.001);
  xavier_uniform_(w, 2.0);
  EXPECT_NEAR(largest(values(w)), 2.0 * std::sqrt(6.0 / 864), 0.001);
}

TEST(Init, LayersBeginAsInPyTorch) {
  manual_seed(5);
  const nn::Linear linear(100, 300);
  EXPECT_NEAR(largest(values(linear.weight)), 0.1, 1e-4);
  EXPECT_NEAR(largest(values(linear.bias)), 0.1, 2e-3);
  const nn::Conv2d conv(8, 64, {3, 5}, {.groups = 2});
  EXPECT_EQ(conv.weight.sizes(), (Dims{64, 4, 3, 5}));
  EXPECT_NEAR(largest(values(conv.weight)), 1.0 / std::sqrt(60.0), 1e-3);
  EXPECT_FALSE(nn::Linear(1, 1, false).bias.defined());
  EXPECT_THROW(nn::Conv2d(3, 4, 1, {.groups = 2}), ValueError);
}

// ---- layers -------------------------------------------------------------------------------------------

TEST(Layers, LinearAndConvolution) {
  nn::Linear linear(2, 2);
  linear.weight = from_values<float>({1, 2, 3, 4}, {2, 2});
  linear.bias = from_values<float>({10, 20}, {2});
  EXPECT_EQ(values(linear(from_values<float>({1, -1}, {1, 2}))), (std::vector<double>{9, 19}));

  nn::Conv2d conv(1, 1, 3, {.stride = {1, 2}, .padding = {0, 1}, .bias = false});
  conv.weight = ones({1, 1, 3, 3});
  const Tensor y = conv(ones({1, 1, 3, 4}));
  EXPECT_EQ(y.sizes(), (Dims{1, 1, 1, 2}));
  EXPECT_EQ(values(y), (std::vector<double>{6, 9}));
}

TEST(Layers, BatchNormMovesItsStatisticsOnlyInTraining) {
  nn::BatchNorm2d norm(1);
  const Tensor x = from_values<float>({1, 2, 3, 6}, {1, 1, 2, 2});  // mean 3, variance 3.5, unbiased 14 / 3
  const auto y = values(norm(x));
  EXPECT_NEAR(y[0], (1.0 - 3.0) / std::sqrt(3.5 + 1e-5), 1e-6);
  EXPECT_NEAR(norm.running_mean.item(), 0.3, 1e-6);
  EXPECT_NEAR(norm.running_var.item(), 0.9 + 0.1 * 14.0 / 3.0, 1e-6);
  EXPECT_EQ(norm.num_batches_tracked.item(), 1.0);

  norm.eval();
  const auto z = values(norm(x));
  EXPECT_NEAR(z[3], (6.0 - 0.3) / std::sqrt(0.9 + 0.1 * 14.0 / 3.0 + 1e-5), 1e-5);
  EXPECT_EQ(norm.num_batches_tracked.item(), 1.0);
  EXPECT_THROW(norm(ones({2, 1})), ShapeError);
}

TEST(Layers, BatchNormOptions) {
  nn::BatchNorm1d mean_of_all(1, {.momentum = std::nullopt});
  mean_of_all(from_values<float>({0, 2}, {2, 1}));
  mean_of_all(from_values<float>({4, 8}, {2, 1}));
  EXPECT_NEAR(mean_of_all.running_mean.item(), 3.5, 1e-6);
  EXPECT_NEAR(mean_of_all.running_var.item(), 5.0, 1e-6);

  nn::BatchNorm1d untracked(2, {.affine = false, .track_running_stats = false});
  EXPECT_TRUE(untracked.state_dict().empty());
  untracked.eval();
  EXPECT_NEAR(values(untracked(from_values<float>({0, 5, 2, 7}, {2, 2})))[0], -1.0, 1e-4);

  nn::BatchNorm1d sequence(2);
  EXPECT_EQ(sequence(ones({3, 2, 4})).sizes(), (Dims{3, 2, 4}));
  EXPECT_THROW(sequence(ones({3, 2, 4, 1})), ShapeError);
}

TEST(Layers, LayerNorm) {
  nn::LayerNorm norm(2);
  const auto y = values(norm(from_values<float>({1, 3, 10, 30}, {2, 2})));
  EXPECT_NEAR(y[0], -1.0, 1e-4);
  EXPECT_NEAR(y[3], 1.0, 1e-4);
  EXPECT_EQ(names_of(norm.state_dict()), (std::vector<std::string>{"weight", "bias"}));
  EXPECT_EQ(names_of(nn::LayerNorm({2, 3}, {.bias = false}).state_dict()), (std::vector<std::string>{"weight"}));
}

TEST(Layers, DropoutActsInTrainingOnly) {
  manual_seed(6);
  nn::Dropout dropout(0.25);
  const auto y = values(dropout(ones({1000})));
  const auto zeros_seen = std::count(y.begin(), y.end(), 0.0);
  EXPECT_NEAR(static_cast<double>(zeros_seen), 250.0, 60.0);
  EXPECT_NEAR(largest(y), 4.0 / 3.0, 1e-6);
  dropout.eval();
  EXPECT_EQ(values(dropout(ones({10}))), std::vector<double>(10, 1.0));
  EXPECT_THROW(nn::Dropout(1.5), ValueError);
}

TEST(Layers, PoolingAndActivations) {
  const Tensor x = arange(0, 16, 1, {DType::f32}).reshape({1, 1, 4, 4});
  EXPECT_EQ(values(nn::MaxPool2d(2)(x)), (std::vector<double>{5, 7, 13, 15}));
  EXPECT_EQ(values(nn::AvgPool2d(2, {.stride = nn::Size2d{2, 1}})(x)), (std::vector<double>{2.5, 3.5, 4.5, 10.5, 11.5, 12.5}));
  EXPECT_EQ(values(nn::AdaptiveAvgPool2d(1)(x)), (std::vector<double>{7.5}));
  EXPECT_EQ(values(nn::AdaptiveMaxPool2d({1, 2})(x)), (std::vector<double>{13, 15}));

  const Tensor z = from_values<float>({-1, 2}, {2});
  EXPECT_EQ(values(nn::ReLU()(z)), (std::vector<double>{0, 2}));
  EXPECT_NEAR(values(nn::LeakyReLU(0.1)(z))[0], -0.1, 1e-7);
  EXPECT_NEAR(values(nn::GELU()(z))[1], 1.9544997361036416, 1e-6);
  EXPECT_NEAR(values(nn::SiLU()(z))[0], -0.2689414213699951, 1e-6);
  EXPECT_NEAR(values(nn::Sigmoid()(z))[1], 0.8807970779778823, 1e-6);
  EXPECT_NEAR(values(nn::Tanh()(z))[1], 0.9640275800758169, 1e-6);
  EXPECT_NEAR(values(nn::Softplus()(z))[0], 0.31326168751822286, 1e-6);
  EXPECT_NEAR(values(nn::Softmax(0)(z))[0], 0.04742587317756678, 1e-6);
  EXPECT_NEAR(values(nn::LogSoftmax(0)(z))[1], -0.04858735157374196, 1e-6);
  EXPECT_TRUE(nn::Identity()(z).is_same(z));
}

TEST(Losses, AreTheFunctions) {
  const Tensor logits = from_values<float>({1, 2, 3, 0, -1, 1}, {2, 3});
  const Tensor target = from_values<std::int64_t>({2, 0}, {2});
  EXPECT_NEAR(nn::CrossEntropyLoss()(logits, target).item(), cross_entropy(logits, target).item(), 1e-7);
  EXPECT_NEAR(nn::NLLLoss()(log_softmax(logits, 1), target).item(), cross_entropy(logits, target).item(), 1e-6);
  nn::CrossEntropyLoss weighted({.class_weight = from_values<float>({1, 1, 3}, {3}), .label_smoothing = 0.1});
  EXPECT_EQ(names_of(weighted.state_dict()), (std::vector<std::string>{"weight"}));
  EXPECT_TRUE(std::isfinite(weighted(logits, target).item()));

  const Tensor p = from_values<float>({0.25, 0.5}, {2}), y = from_values<float>({1, 0}, {2});
  EXPECT_NEAR(nn::BCELoss()(p, y).item(), (std::log(4.0) + std::log(2.0)) / 2, 1e-6);
  EXPECT_NEAR(nn::BCEWithLogitsLoss(Reduction::sum)(zeros({2}), y).item(), 2 * std::log(2.0), 1e-6);
  EXPECT_NEAR(nn::MSELoss()(p, y).item(), (0.5625 + 0.25) / 2, 1e-7);
  EXPECT_NEAR(nn::L1Loss(Reduction::sum)(p, y).item(), 1.25, 1e-7);
  const std::unique_ptr<nn::Module> copy = weighted.clone();
  EXPECT_EQ(copy->type_name(), "CrossEntropyLoss");
}

}  // namespace
}  // namespace cairn
