/// Models by name, for programs that take the name as an option.
#pragma once

#include <cairn/nn/models/resnet.h>
#include <cairn/nn/models/resnet_cifar.h>

#include <memory>
#include <string>
#include <vector>

namespace cairn::inline v0::nn {

/// What is left out is the default of the model itself; what a model does not know is ignored.
struct ModelOptions {
  std::optional<std::int64_t> num_classes = {};
  std::optional<std::int64_t> in_channels = {};
  std::optional<std::int64_t> image_size = {};  ///< mlp and lenet5: 28 unless given
  std::optional<Stem> stem = {};                ///< resnet18 … resnet152
  std::optional<Shortcut> shortcut = {};        ///< resnet20 … resnet110
  bool zero_init_residual = false;              ///< resnet18 … resnet152
};

/// mlp (hidden layers of 256 and 128), lenet5, resnet20, resnet32, resnet44, resnet56, resnet110, resnet18, resnet34,
/// resnet50, resnet101, resnet152.
CAIRN_API const std::vector<std::string>& model_names();

/// Throws ValueError that lists the names for another one.
CAIRN_API std::unique_ptr<Module> make_model(const std::string& name, const ModelOptions& options = {});

}  // namespace cairn::inline v0::nn
