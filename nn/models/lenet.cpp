#include <cairn/nn/models/lenet.h>

#include <cairn/autograd/ops/pointwise.h>
#include <cairn/autograd/ops/pool.h>

namespace cairn::inline v0::nn {

namespace {

constexpr PoolGeometry halve{.kernel = {2, 2}, .stride = {2, 2}};

}  // namespace

LeNet5::LeNet5(const LeNet5Options& options)
    : conv1(options.in_channels, 6, 5, {.padding = options.image_size == 28 ? 2 : 0}),
      conv2(6, 16, 5),
      fc1(16 * 5 * 5, 120),
      fc2(120, 84),
      fc3(84, options.num_classes) {
  check<ValueError>(options.image_size == 28 || options.image_size == 32, "LeNet5", "image_size must be 28 or 32, not ",
                    options.image_size);
}

Tensor LeNet5::forward(const Tensor& x) {
  Tensor y = max_pool2d(relu(conv1(x)), halve);
  y = max_pool2d(relu(conv2(y)), halve);
  y = relu(fc1(y.flatten(1)));
  return fc3(relu(fc2(y)));
}

}  // namespace cairn::inline v0::nn
