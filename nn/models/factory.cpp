#include <cairn/nn/models/factory.h>

#include <cairn/nn/models/lenet.h>
#include <cairn/nn/models/mlp.h>

namespace cairn::inline v0::nn {

namespace {

using Maker = std::unique_ptr<Module> (*)(const ModelOptions&);

template <ResNet (*make)(const ResNetOptions&)>
std::unique_ptr<Module> imagenet(const ModelOptions& options) {
  const ResNetOptions defaults;
  return std::make_unique<ResNet>(make({.num_classes = options.num_classes.value_or(defaults.num_classes),
                                        .in_channels = options.in_channels.value_or(defaults.in_channels),
                                        .stem = options.stem.value_or(defaults.stem),
                                        .zero_init_residual = options.zero_init_residual}));
}

template <int depth>
std::unique_ptr<Module> cifar(const ModelOptions& options) {
  const CifarResNetOptions defaults;
  return std::make_unique<CifarResNet>(depth, CifarResNetOptions{
                                                  .num_classes = options.num_classes.value_or(defaults.num_classes),
                                                  .in_channels = options.in_channels.value_or(defaults.in_channels),
                                                  .shortcut = options.shortcut.value_or(defaults.shortcut)});
}

std::unique_ptr<Module> lenet5(const ModelOptions& options) {
  const LeNet5Options defaults;
  return std::make_unique<LeNet5>(LeNet5Options{.num_classes = options.num_classes.value_or(defaults.num_classes),
                                                .in_channels = options.in_channels.value_or(defaults.in_channels),
                                                .image_size = options.image_size.value_or(defaults.image_size)});
}

std::unique_ptr<Module> mlp(const ModelOptions& options) {
  const std::int64_t side = options.image_size.value_or(28);
  const std::int64_t inputs = options.in_channels.value_or(1) * side * side;
  return std::make_unique<MLP>(std::vector<std::int64_t>{inputs, 256, 128, options.num_classes.value_or(10)});
}

constexpr std::pair<const char*, Maker> makers[] = {
    {"mlp", mlp},
    {"lenet5", lenet5},
    {"resnet20", cifar<20>},
    {"resnet32", cifar<32>},
    {"resnet44", cifar<44>},
    {"resnet56", cifar<56>},
    {"resnet110", cifar<110>},
    {"resnet18", imagenet<resnet18>},
    {"resnet34", imagenet<resnet34>},
    {"resnet50", imagenet<resnet50>},
    {"resnet101", imagenet<resnet101>},
    {"resnet152", imagenet<resnet152>},
};

}  // namespace

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, make] : makers) all.emplace_back(name);
    return all;
  }();
  return names;
}

std::unique_ptr<Module> make_model(const std::string& name, const ModelOptions& options) {
  for (const auto& [known, make] : makers) {
    if (name == known) return make(options);
  }
  std::string list;
  for (const std::string& known : model_names()) list += (list.empty() ? "" : ", ") + known;
  throw ValueError(concat("[make_model] there is no model \"", name, "\"; known are ", list));
}

}  // namespace cairn::inline v0::nn
