#include <cairn/nn/conv.h>

#include <cairn/autograd/ops/conv.h>
#include <cairn/nn/init.h>

namespace cairn::inline v0::nn {

Conv2d::Conv2d(std::int64_t in, std::int64_t out, Size2d kernel, const Conv2dOptions& options)
    : geometry_{.stride = {options.stride.height, options.stride.width},
                .padding = {options.padding.height, options.padding.width},
                .dilation = {options.dilation.height, options.dilation.width},
                .groups = options.groups} {
  check<ValueError>(options.groups > 0 && in % options.groups == 0 && out % options.groups == 0, "Conv2d", "groups = ",
                    options.groups, " must divide the channels ", in, " and ", out);
  weight = Parameter(empty({out, in / options.groups, kernel.height, kernel.width}));
  if (options.bias) bias = Parameter(empty({out}));
  init::reset_affine_(weight, bias);
}

Tensor Conv2d::forward(const Tensor& x) { return conv2d(x, weight, bias, geometry_); }

}  // namespace cairn::inline v0::nn
