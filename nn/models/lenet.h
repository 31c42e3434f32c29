/// LeNet-5 (LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998), with
/// ReLU and max pooling in place of the sigmoids and trained subsampling of the paper.
#pragma once

#include <cairn/nn/conv.h>
#include <cairn/nn/linear.h>

namespace cairn::inline v0::nn {

struct LeNet5Options {
  std::int64_t num_classes = 10;
  std::int64_t in_channels = 1;
  std::int64_t image_size = 28;  ///< 28 (padded to 32 by the first convolution) or 32
};

/// [N, in_channels, image_size, image_size] to [N, num_classes]:
/// conv 5x5 to 6, pool, conv 5x5 to 16, pool, then linear to 120, 84 and the classes.
class CAIRN_API LeNet5 : public Module {
 public:
  Conv2d conv1;
  Conv2d conv2;
  Linear fc1;
  Linear fc2;
  Linear fc3;
  CAIRN_MODULE(LeNet5, conv1, conv2, fc1, fc2, fc3)

  /// Throws ValueError for another image size.
  explicit LeNet5(const LeNet5Options& options = {});

  Tensor forward(const Tensor& x) override;
};

}  // namespace cairn::inline v0::nn
