/// Two-dimensional convolution.
#pragma once

#include <cairn/kernels/conv.h>
#include <cairn/nn/module.h>
#include <cairn/nn/size2d.h>

namespace cairn::inline v0::nn {

struct Conv2dOptions {
  Size2d stride = 1;
  Size2d padding = 0;  ///< zeros on both sides
  Size2d dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
};

/// [N, in, H, W] to [N, out, P, Q], P = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1:
///   nn::Conv2d conv(3, 64, 7, {.stride = 2, .padding = 3, .bias = false});
/// The result lies in channels-last memory.
class CAIRN_API Conv2d : public Module {
 public:
  Parameter weight;  ///< [out, in / groups, kernel height, kernel width]
  Parameter bias;    ///< [out]; undefined without bias
  CAIRN_MODULE(Conv2d, weight, bias)

  /// Both uniform in [-1, 1] / sqrt(in / groups * kernel area). Throws ValueError unless groups divides in and out.
  Conv2d(std::int64_t in, std::int64_t out, Size2d kernel, const Conv2dOptions& options = {});

  const ConvGeometry& geometry() const { return geometry_; }

  Tensor forward(const Tensor& x) override;

 private:
  ConvGeometry geometry_;
};

}  // namespace cairn::inline v0::nn
