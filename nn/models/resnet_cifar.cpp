#include <cairn/nn/models/resnet_cifar.h>

#include <cairn/autograd/ops/pointwise.h>
#include <cairn/autograd/ops/pool.h>
#include <cairn/autograd/ops/shape.h>
#include <cairn/nn/init.h>

namespace cairn::inline v0::nn {

namespace {

Conv2d conv3x3(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return Conv2d(in, out, 3, {.stride = stride, .padding = 1, .bias = false});
}

Sequential make_layer(std::int64_t in, std::int64_t out, std::int64_t blocks, std::int64_t stride, Shortcut kind) {
  Sequential layer(CifarBlock(in, out, stride, kind));
  for (std::int64_t i = 1; i < blocks; ++i) layer.push_back(CifarBlock(out, out, 1, kind));
  return layer;
}

std::int64_t blocks_of(std::int64_t depth) {
  check<ValueError>(depth >= 8 && (depth - 2) % 6 == 0, "CifarResNet", "the depth must be 6n + 2 with n >= 1, not ", depth);
  return (depth - 2) / 6;
}

}  // namespace

CifarBlock::CifarBlock(std::int64_t in, std::int64_t out, std::int64_t stride, Shortcut kind)
    : conv1(conv3x3(in, out, stride)),
      bn1(out),
      conv2(conv3x3(out, out, 1)),
      bn2(out),
      stride_(stride),
      new_channels_(out - in) {
  check<ValueError>(out >= in && (out - in) % 2 == 0, "CifarBlock", "the channels must grow by an even number, not from ", in,
                    " to ", out);
  if (kind == Shortcut::B && (stride != 1 || in != out)) {
    shortcut = Sequential(Conv2d(in, out, 1, {.stride = stride, .bias = false}), BatchNorm2d(out));
  }
}

Tensor CifarBlock::identity(const Tensor& x) {
  if (shortcut) return (*shortcut)(x);
  Tensor y = x;
  if (stride_ != 1) y = y.slice(2, {{}, {}, stride_}).slice(3, {{}, {}, stride_});
  if (new_channels_ != 0) y = pad(y, {{0, 0}, {new_channels_ / 2, new_channels_ / 2}, {0, 0}, {0, 0}});
  return y;
}

Tensor CifarBlock::forward(const Tensor& x) {
  const Tensor y = relu(bn1(conv1(x)));
  return relu(bn2(conv2(y)) + identity(x));
}

CifarResNet::CifarResNet(std::int64_t depth, const CifarResNetOptions& options)
    : conv1(conv3x3(options.in_channels, 16, 1)),
      bn1(16),
      layer1(make_layer(16, 16, blocks_of(depth), 1, options.shortcut)),
      layer2(make_layer(16, 32, blocks_of(depth), 2, options.shortcut)),
      layer3(make_layer(32, 64, blocks_of(depth), 2, options.shortcut)),
      linear(64, options.num_classes) {
  for (const auto& [name, parameter] : named_parameters()) {
    if (parameter.rank() >= 2) init::kaiming_normal_(parameter);
  }
}

Tensor CifarResNet::forward(const Tensor& x) {
  Tensor y = relu(bn1(conv1(x)));
  y = layer3(layer2(layer1(y)));
  return linear(adaptive_avg_pool2d(y, 1, 1).flatten(1));
}

}  // namespace cairn::inline v0::nn
