/// The residual networks for CIFAR-10 of He et al. 2016, section 4.2: 6n + 2 layers in three stages of 16, 32 and 64
/// channels. The parameter names are those of github.com/akamaster/pytorch_resnet_cifar10.
#pragma once

#include <cairn/nn/conv.h>
#include <cairn/nn/linear.h>
#include <cairn/nn/norm.h>
#include <cairn/nn/sequential.h>

namespace cairn::inline v0::nn {

/// What stands beside a block that halves the image and doubles the channels. A: every second pixel, with zeros for
/// the new channels, a quarter of them all on either side; no parameters. B: 1x1 convolution and batch norm.
enum class Shortcut { A, B };

class CAIRN_API CifarBlock : public Module {
 public:
  Conv2d conv1;
  BatchNorm2d bn1;
  Conv2d conv2;
  BatchNorm2d bn2;
  std::optional<Sequential> shortcut;  ///< of option B, where the identity does not fit
  CAIRN_MODULE(CifarBlock, conv1, bn1, conv2, bn2, shortcut)

  /// [N, in, H, W] to [N, out, H / stride, W / stride].
  CifarBlock(std::int64_t in, std::int64_t out, std::int64_t stride, Shortcut kind);

  Tensor forward(const Tensor& x) override;

 private:
  Tensor identity(const Tensor& x);

  std::int64_t stride_;
  std::int64_t new_channels_;
};

struct CifarResNetOptions {
  std::int64_t num_classes = 10;
  std::int64_t in_channels = 3;
  Shortcut shortcut = Shortcut::A;
};

/// [N, in_channels, H, W] to logits [N, num_classes]. All weights begin normal with variance 2 / fan_in.
class CAIRN_API CifarResNet : public Module {
 public:
  Conv2d conv1;
  BatchNorm2d bn1;
  Sequential layer1;
  Sequential layer2;
  Sequential layer3;
  Linear linear;
  CAIRN_MODULE(CifarResNet, conv1, bn1, layer1, layer2, layer3, linear)

  /// `depth` = 6n + 2 with n >= 1, in the paper 20, 32, 44, 56 and 110. Throws ValueError for other numbers.
  explicit CifarResNet(std::int64_t depth, const CifarResNetOptions& options = {});

  Tensor forward(const Tensor& x) override;
};

}  // namespace cairn::inline v0::nn
