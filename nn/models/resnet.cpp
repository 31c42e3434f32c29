#include <cairn/nn/models/resnet.h>

#include <cairn/autograd/ops/pointwise.h>
#include <cairn/autograd/ops/pool.h>
#include <cairn/nn/init.h>

namespace cairn::inline v0::nn {

namespace {

Conv2d conv3x3(std::int64_t in, std::int64_t out, std::int64_t stride = 1) {
  return Conv2d(in, out, 3, {.stride = stride, .padding = 1, .bias = false});
}

Conv2d conv1x1(std::int64_t in, std::int64_t out, std::int64_t stride = 1) {
  return Conv2d(in, out, 1, {.stride = stride, .bias = false});
}

/// Where the identity does not fit: 1x1 convolution and batch norm.
std::optional<Sequential> projection(std::int64_t in, std::int64_t out, std::int64_t stride) {
  if (in == out && stride == 1) return std::nullopt;
  return Sequential(conv1x1(in, out, stride), BatchNorm2d(out));
}

template <class Block>
Sequential make_layer(std::int64_t in, std::int64_t width, std::int64_t depth, std::int64_t stride) {
  Sequential layer(Block(in, width, stride));
  for (std::int64_t i = 1; i < depth; ++i) layer.push_back(Block(width * Block::expansion, width, 1));
  return layer;
}

Sequential make_layer(ResNet::BlockKind kind, std::int64_t in, std::int64_t width, std::int64_t depth, std::int64_t stride) {
  return kind == ResNet::BlockKind::basic ? make_layer<BasicBlock>(in, width, depth, stride)
                                          : make_layer<Bottleneck>(in, width, depth, stride);
}

std::int64_t expansion_of(ResNet::BlockKind kind) {
  return kind == ResNet::BlockKind::basic ? BasicBlock::expansion : Bottleneck::expansion;
}

void initialize(ResNet& net, bool zero_init_residual) {
  net.walk([&](const std::string&, const Member& member) {
    Module* const* module = std::get_if<Module*>(&member);
    if (module == nullptr) return;
    if (auto* conv = dynamic_cast<Conv2d*>(*module)) {
      init::kaiming_normal_(conv->weight, 0.0, init::Mode::fan_out, init::Nonlinearity::relu);
    } else if (auto* basic = dynamic_cast<BasicBlock*>(*module); basic != nullptr && zero_init_residual) {
      init::constant_(basic->bn2.weight, 0.0);
    } else if (auto* bottleneck = dynamic_cast<Bottleneck*>(*module); bottleneck != nullptr && zero_init_residual) {
      init::constant_(bottleneck->bn3.weight, 0.0);
    }
  });
}

}  // namespace

BasicBlock::BasicBlock(std::int64_t in, std::int64_t width, std::int64_t stride)
    : conv1(conv3x3(in, width, stride)),
      bn1(width),
      conv2(conv3x3(width, width)),
      bn2(width),
      downsample(projection(in, width, stride)) {}

Tensor BasicBlock::forward(const Tensor& x) {
  const Tensor y = relu(bn1(conv1(x)));
  return relu(bn2(conv2(y)) + (downsample ? (*downsample)(x) : x));
}

Bottleneck::Bottleneck(std::int64_t in, std::int64_t width, std::int64_t stride)
    : conv1(conv1x1(in, width)),
      bn1(width),
      conv2(conv3x3(width, width, stride)),
      bn2(width),
      conv3(conv1x1(width, expansion * width)),
      bn3(expansion * width),
      downsample(projection(in, expansion * width, stride)) {}

Tensor Bottleneck::forward(const Tensor& x) {
  Tensor y = relu(bn1(conv1(x)));
  y = relu(bn2(conv2(y)));
  return relu(bn3(conv3(y)) + (downsample ? (*downsample)(x) : x));
}

ResNet::ResNet(BlockKind kind, const std::array<std::int64_t, 4>& depths, const ResNetOptions& options)
    : conv1(options.stem == Stem::imagenet ? Conv2d(options.in_channels, 64, 7, {.stride = 2, .padding = 3, .bias = false})
                                           : conv3x3(options.in_channels, 64)),
      bn1(64),
      layer1(make_layer(kind, 64, 64, depths[0], 1)),
      layer2(make_layer(kind, 64 * expansion_of(kind), 128, depths[1], 2)),
      layer3(make_layer(kind, 128 * expansion_of(kind), 256, depths[2], 2)),
      layer4(make_layer(kind, 256 * expansion_of(kind), 512, depths[3], 2)),
      fc(512 * expansion_of(kind), options.num_classes),
      stem_(options.stem) {
  initialize(*this, options.zero_init_residual);
}

Tensor ResNet::features(const Tensor& x) {
  Tensor y = relu(bn1(conv1(x)));
  if (stem_ == Stem::imagenet) y = max_pool2d(y, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
  y = layer4(layer3(layer2(layer1(y))));
  return adaptive_avg_pool2d(y, 1, 1).flatten(1);
}

Tensor ResNet::forward(const Tensor& x) { return fc(features(x)); }

ResNet resnet18(const ResNetOptions& options) { return ResNet(ResNet::BlockKind::basic, {2, 2, 2, 2}, options); }
ResNet resnet34(const ResNetOptions& options) { return ResNet(ResNet::BlockKind::basic, {3, 4, 6, 3}, options); }
ResNet resnet50(const ResNetOptions& options) { return ResNet(ResNet::BlockKind::bottleneck, {3, 4, 6, 3}, options); }
ResNet resnet101(const ResNetOptions& options) { return ResNet(ResNet::BlockKind::bottleneck, {3, 4, 23, 3}, options); }
ResNet resnet152(const ResNetOptions& options) { return ResNet(ResNet::BlockKind::bottleneck, {3, 8, 36, 3}, options); }

}  // namespace cairn::inline v0::nn
