/// Residual networks for ImageNet (He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2016), as
/// torchvision defines them and with its parameter names: the stride of a bottleneck is in its 3x3 convolution.
#pragma once

#include <cairn/nn/conv.h>
#include <cairn/nn/linear.h>
#include <cairn/nn/norm.h>
#include <cairn/nn/sequential.h>

#include <array>

namespace cairn::inline v0::nn {

/// How the image enters: 7x7 / 2 and max pooling 3x3 / 2, or, for images of 32x32, one 3x3 / 1.
enum class Stem { imagenet, cifar };

/// Two 3x3 convolutions beside the identity.
class CAIRN_API BasicBlock : public Module {
 public:
  static constexpr std::int64_t expansion = 1;

  Conv2d conv1;
  BatchNorm2d bn1;
  Conv2d conv2;
  BatchNorm2d bn2;
  std::optional<Sequential> downsample;
  CAIRN_MODULE(BasicBlock, conv1, bn1, conv2, bn2, downsample)

  /// [N, in, H, W] to [N, width, H / stride, W / stride].
  BasicBlock(std::int64_t in, std::int64_t width, std::int64_t stride);

  Tensor forward(const Tensor& x) override;
};

/// 1x1, 3x3 and 1x1 convolutions beside the identity.
class CAIRN_API Bottleneck : public Module {
 public:
  static constexpr std::int64_t expansion = 4;

  Conv2d conv1;
  BatchNorm2d bn1;
  Conv2d conv2;
  BatchNorm2d bn2;
  Conv2d conv3;
  BatchNorm2d bn3;
  std::optional<Sequential> downsample;
  CAIRN_MODULE(Bottleneck, conv1, bn1, conv2, bn2, conv3, bn3, downsample)

  /// [N, in, H, W] to [N, 4 width, H / stride, W / stride].
  Bottleneck(std::int64_t in, std::int64_t width, std::int64_t stride);

  Tensor forward(const Tensor& x) override;
};

struct ResNetOptions {
  std::int64_t num_classes = 1000;
  std::int64_t in_channels = 3;
  Stem stem = Stem::imagenet;
  bool zero_init_residual = false;  ///< begin with blocks that are identities (Goyal et al. 2017)
};

/// [N, in_channels, H, W] to logits [N, num_classes], for any H and W. Convolutions begin normal with variance
/// 2 / fan_out.
class CAIRN_API ResNet : public Module {
 public:
  enum class BlockKind { basic, bottleneck };

  Conv2d conv1;
  BatchNorm2d bn1;
  Sequential layer1;
  Sequential layer2;
  Sequential layer3;
  Sequential layer4;
  Linear fc;
  CAIRN_MODULE(ResNet, conv1, bn1, layer1, layer2, layer3, layer4, fc)

  /// `depths`: the number of blocks in each of the four layers.
  ResNet(BlockKind kind, const std::array<std::int64_t, 4>& depths, const ResNetOptions& options = {});

  /// What fc is given: [N, 512 or 2048].
  Tensor features(const Tensor& x);
  Tensor forward(const Tensor& x) override;

 private:
  Stem stem_;
};

CAIRN_API ResNet resnet18(const ResNetOptions& options = {});
CAIRN_API ResNet resnet34(const ResNetOptions& options = {});
CAIRN_API ResNet resnet50(const ResNetOptions& options = {});
CAIRN_API ResNet resnet101(const ResNetOptions& options = {});
CAIRN_API ResNet resnet152(const ResNetOptions& options = {});

}  // namespace cairn::inline v0::nn
