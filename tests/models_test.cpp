#include <cairn/autograd/ops.h>
#include <cairn/autograd/record.h>
#include <cairn/io/safetensors.h>
#include <cairn/nn/models/factory.h>
#include <cairn/nn/models/lenet.h>
#include <cairn/nn/models/mlp.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

namespace cairn {
namespace {

using nn::make_model;
using nn::ModelOptions;
using nn::Shortcut;
using nn::Stem;

struct Case {
  std::string label;
  std::string name;
  ModelOptions options;
  std::int64_t parameters;  ///< published, or counted by hand
  Dims input;
};

std::vector<Case> cases() {
  const ModelOptions b{.shortcut = Shortcut::B};
  const ModelOptions cifar{.num_classes = 10, .stem = Stem::cifar};
  return {
      {"mlp", "mlp", {}, 235146, {2, 1, 28, 28}},
      {"lenet5", "lenet5", {}, 61706, {2, 1, 28, 28}},
      {"lenet5_rgb32", "lenet5", {.in_channels = 3, .image_size = 32}, 62006, {2, 3, 32, 32}},
      {"resnet20_A", "resnet20", {}, 269722, {2, 3, 32, 32}},
      {"resnet20_B", "resnet20", b, 272474, {2, 3, 32, 32}},
      {"resnet32_A", "resnet32", {}, 464154, {2, 3, 32, 32}},
      {"resnet44_A", "resnet44", {}, 658586, {2, 3, 32, 32}},
      {"resnet56_A", "resnet56", {}, 853018, {2, 3, 32, 32}},
      {"resnet110_A", "resnet110", {}, 1727962, {2, 3, 32, 32}},
      {"resnet110_B", "resnet110", b, 1730714, {2, 3, 32, 32}},
      {"resnet18_cifar", "resnet18", cifar, 11173962, {2, 3, 32, 32}},
      {"resnet50_cifar", "resnet50", cifar, 23520842, {2, 3, 32, 32}},
      {"resnet18", "resnet18", {}, 11689512, {2, 3, 48, 48}},
      {"resnet34", "resnet34", {}, 21797672, {2, 3, 48, 48}},
      {"resnet50", "resnet50", {}, 25557032, {2, 3, 48, 48}},
      {"resnet101", "resnet101", {}, 44549160, {2, 3, 48, 48}},
      {"resnet152", "resnet152", {}, 60192808, {2, 3, 48, 48}},
  };
}

class ModelTest : public ::testing::TestWithParam<Case> {};

TEST_P(ModelTest, EveryParameterReceivesAGradient) {
  const Case& c = GetParam();
  manual_seed(7);
  const std::unique_ptr<nn::Module> model = make_model(c.name, c.options);
  EXPECT_EQ(model->num_parameters(), c.parameters);

  const Tensor logits = model->forward(randn(c.input));
  const std::int64_t classes = logits.size(1);
  EXPECT_EQ(logits.sizes(), (Dims{2, classes}));
  cross_entropy(logits, from_values<std::int64_t>({1, classes - 1}, {2})).backward();
  for (const auto& [name, parameter] : model->named_parameters()) {
    const Tensor grad = parameter.grad();
    ASSERT_TRUE(grad.defined()) << name;
    ASSERT_EQ(grad.sizes(), parameter.sizes()) << name;
    const double size = abs(grad).max().item();
    EXPECT_TRUE(std::isfinite(size)) << name;
    EXPECT_GT(size, 0.0) << name;
  }
}

std::string label_of(const ::testing::TestParamInfo<Case>& tested) { return tested.param.label; }
INSTANTIATE_TEST_SUITE_P(All, ModelTest, ::testing::ValuesIn(cases()), label_of);

TEST(Models, UnknownNameListsTheKnownOnes) {
  try {
    make_model("resnet19");
    FAIL();
  } catch (const ValueError& e) {
    for (const std::string& name : nn::model_names()) EXPECT_NE(std::string(e.what()).find(name), std::string::npos) << name;
  }
  EXPECT_THROW(nn::CifarResNet(21), ValueError);
  EXPECT_THROW(nn::LeNet5({.image_size = 30}), ValueError);
  EXPECT_THROW(nn::MLP({3}), ValueError);
}

TEST(Models, ResNetNamesAreThoseOfTorchvision) {
  const auto state = nn::resnet50().state_dict();
  EXPECT_EQ(state.size(), 320U);
  std::map<std::string, Dims> shapes;
  for (const auto& [name, tensor] : state) shapes[name] = tensor.sizes();
  EXPECT_EQ(shapes["conv1.weight"], (Dims{64, 3, 7, 7}));
  EXPECT_EQ(shapes["layer1.0.downsample.0.weight"], (Dims{256, 64, 1, 1}));
  EXPECT_EQ(shapes["layer1.0.downsample.1.running_var"], (Dims{256}));
  EXPECT_EQ(shapes["layer2.0.conv2.weight"], (Dims{128, 128, 3, 3}));
  EXPECT_EQ(shapes["layer4.2.bn3.bias"], (Dims{2048}));
  EXPECT_EQ(shapes["fc.weight"], (Dims{1000, 2048}));
  EXPECT_EQ(shapes["fc.bias"], (Dims{1000}));
  EXPECT_EQ(nn::resnet18().state_dict().size(), 122U);
}

TEST(Models, ShortcutBHasItsParameters) {
  nn::CifarResNet net(20, {.shortcut = Shortcut::B});
  std::map<std::string, Dims> shapes;
  for (const auto& [name, tensor] : net.named_parameters()) shapes[name] = tensor.sizes();
  EXPECT_EQ(shapes["layer2.0.shortcut.0.weight"], (Dims{32, 16, 1, 1}));
  EXPECT_EQ(shapes["layer3.0.shortcut.1.bias"], (Dims{64}));
  EXPECT_EQ(shapes.count("layer1.0.shortcut.0.weight"), 0U);
}

TEST(Models, ShortcutATakesEverySecondPixelBetweenZeros) {
  nn::CifarBlock block(4, 8, 2, Shortcut::A);
  block.bn2.weight = zeros({8});  // leaves relu(identity)
  block.eval();
  const Tensor x = arange(0, 64, 1, {DType::f32}).reshape({1, 4, 4, 4});
  const Tensor y = block(x);
  ASSERT_EQ(y.sizes(), (Dims{1, 8, 2, 2}));
  const auto v = y.to_vector<float>();
  EXPECT_EQ(std::vector<float>(v.begin(), v.begin() + 8), std::vector<float>(8, 0.0F));
  EXPECT_EQ(std::vector<float>(v.begin() + 8, v.begin() + 12), (std::vector<float>{0, 2, 8, 10}));
  EXPECT_EQ(std::vector<float>(v.begin() + 20, v.begin() + 24), (std::vector<float>{48, 50, 56, 58}));
  EXPECT_EQ(std::vector<float>(v.begin() + 24, v.end()), std::vector<float>(8, 0.0F));
}

TEST(Models, ZeroInitMakesBlocksIdentities) {
  nn::ResNet net = nn::resnet50({.num_classes = 10, .stem = Stem::cifar, .zero_init_residual = true});
  nn::Module& block = net.layer1[1];
  block.eval();
  const Tensor x = rand({1, 256, 4, 4});
  EXPECT_EQ(block.forward(x).to_vector<float>(), x.to_vector<float>());
}

TEST(Models, ForwardCopiesOneLayoutAtMost) {
  nn::ResNet net = nn::resnet18({.num_classes = 10});
  const Tensor x = randn({2, 3, 64, 64});
  reset_layout_copies();
  net(x);
  EXPECT_LE(layout_copies(), 1);

  nn::CifarResNet small(20);
  reset_layout_copies();
  small(randn({2, 3, 32, 32}));
  EXPECT_LE(layout_copies(), 1);
}

TEST(Models, CopiesComputeTheSame) {
  manual_seed(8);
  const std::unique_ptr<nn::Module> model = make_model("resnet20");
  const std::unique_ptr<nn::Module> copy = model->clone();
  model->eval();
  copy->eval();
  const Tensor x = randn({1, 3, 32, 32});
  EXPECT_EQ(model->forward(x).to_vector<float>(), copy->forward(x).to_vector<float>());
}

/// The published weights give the logits that PyTorch computes with them in f64.
TEST(Models, PretrainedResNet20) {
  const char* data = std::getenv("CAIRN_DATA");
  if (data == nullptr) GTEST_SKIP() << "CAIRN_DATA is not set";
  const SafeTensors file = SafeTensors::open(std::string(data) + "/pretrained/resnet20_cifar10/resnet20-12fca82f.safetensors");

  nn::CifarResNet net(20);
  std::map<std::string, Dims> expected, found;
  for (const auto& [name, tensor] : net.state_dict()) {
    if (!name.ends_with("num_batches_tracked")) expected["module." + name] = tensor.sizes();
  }
  for (const auto& [name, tensor] : file.tensors()) found[name] = tensor.sizes();
  EXPECT_EQ(expected, found);

  EXPECT_TRUE(net.load_state_dict(file.tensors()).ok());
  net.eval();
  std::vector<float> pixels(2 * 3 * 32 * 32);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(std::sin(0.05 * static_cast<double>(i)));
  const auto logits = net(from_values(pixels, {2, 3, 32, 32})).to_vector<float>();
  const std::vector<double> reference = {
      4.95330865, 5.78158319, -8.5446195, 3.66671349, -11.9764446, 1.45142447, -7.91413675, -2.79418812, 8.36408101, 6.95405154,
      1.53078388, 8.8111568, 1.18944993, -0.630043943, -5.53888607, -4.9726514, -3.15234367, -2.33222008, -2.48748466, 7.57943424};
  ASSERT_EQ(logits.size(), reference.size());
  for (std::size_t i = 0; i < reference.size(); ++i) EXPECT_NEAR(logits[i], reference[i], 1e-4) << i;
}

}  // namespace
}  // namespace cairn
