/// Pooling over height and width of [N, C, H, W]. Output sizes as in Conv2d.
#pragma once

#include <cairn/autograd/ops/pool.h>
#include <cairn/nn/module.h>
#include <cairn/nn/size2d.h>

namespace cairn::inline v0::nn {

struct MaxPool2dOptions {
  std::optional<Size2d> stride = {};  ///< that of the kernel unless given
  Size2d padding = 0;
  Size2d dilation = 1;
};

/// Largest element of each window.
class CAIRN_API MaxPool2d : public Module {
 public:
  CAIRN_MODULE(MaxPool2d)
  explicit MaxPool2d(Size2d kernel, const MaxPool2dOptions& options = {})
      : geometry_{.kernel = {kernel.height, kernel.width},
                  .stride = {options.stride.value_or(kernel).height, options.stride.value_or(kernel).width},
                  .padding = {options.padding.height, options.padding.width},
                  .dilation = {options.dilation.height, options.dilation.width}} {}
  Tensor forward(const Tensor& x) override { return max_pool2d(x, geometry_); }

 private:
  PoolGeometry geometry_;
};

struct AvgPool2dOptions {
  std::optional<Size2d> stride = {};  ///< that of the kernel unless given
  Size2d padding = 0;
  bool count_include_pad = true;  ///< whether padding counts in the divisor
};

/// Mean of each window.
class CAIRN_API AvgPool2d : public Module {
 public:
  CAIRN_MODULE(AvgPool2d)
  explicit AvgPool2d(Size2d kernel, const AvgPool2dOptions& options = {})
      : geometry_{.kernel = {kernel.height, kernel.width},
                  .stride = {options.stride.value_or(kernel).height, options.stride.value_or(kernel).width},
                  .padding = {options.padding.height, options.padding.width},
                  .count_include_pad = options.count_include_pad} {}
  Tensor forward(const Tensor& x) override { return avg_pool2d(x, geometry_); }

 private:
  PoolGeometry geometry_;
};

/// Mean of the windows that tile the input: [N, C, P, Q] for `output` = {P, Q}.
class CAIRN_API AdaptiveAvgPool2d : public Module {
 public:
  CAIRN_MODULE(AdaptiveAvgPool2d)
  explicit AdaptiveAvgPool2d(Size2d output) : output_(output) {}
  Tensor forward(const Tensor& x) override { return adaptive_avg_pool2d(x, output_.height, output_.width); }

 private:
  Size2d output_;
};

/// Largest element of the same windows.
class CAIRN_API AdaptiveMaxPool2d : public Module {
 public:
  CAIRN_MODULE(AdaptiveMaxPool2d)
  explicit AdaptiveMaxPool2d(Size2d output) : output_(output) {}
  Tensor forward(const Tensor& x) override { return adaptive_max_pool2d(x, output_.height, output_.width); }

 private:
  Size2d output_;
};

}  // namespace cairn::inline v0::nn
