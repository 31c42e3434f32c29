#include <cairn/autograd/ops/conv.h>

#include <cairn/autograd/detail/layout.h>
#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

namespace cairn::inline v0 {

namespace {

using detail::canonical_channels_last;
using detail::empty_channels_last;

/// Sizes of the result. Throws ShapeError, ValueError or DTypeError that names every operand.
Dims check_conv(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvGeometry& geo) {
  const char* op = "conv2d";
  check_same_device(op, {x, weight, bias});
  check<ShapeError>(x.rank() == 4 && weight.rank() == 4, op, "expected input [N, C, H, W] and weight [K, C/groups, R, S], got ",
                    x.describe(), " and ", weight.describe());
  check<DTypeError>(is_floating(x.dtype()) && x.dtype() == weight.dtype() && (!bias.defined() || bias.dtype() == x.dtype()),
                    op, "the operands must have one floating dtype: input ", x.describe(), ", weight ", weight.describe(),
                    ", bias ", bias.describe());
  const std::int64_t groups = geo.groups;
  check<ValueError>(groups >= 1 && geo.stride[0] >= 1 && geo.stride[1] >= 1 && geo.dilation[0] >= 1 && geo.dilation[1] >= 1 &&
                        geo.padding[0] >= 0 && geo.padding[1] >= 0,
                    op, "groups, stride and dilation must be at least 1 and padding at least 0");
  check<ShapeError>(x.size(1) == weight.size(1) * groups && weight.size(0) % groups == 0, op, "input ", x.describe(),
                    " has ", x.size(1), " channels, weight ", weight.describe(), " with ", groups, " group(s) needs ",
                    weight.size(1) * groups, " and a multiple of ", groups, " outputs");
  check<ShapeError>(!bias.defined() || bias.sizes() == Dims{weight.size(0)}, op, "the bias must be [", weight.size(0),
                    "], it is ", bias.describe());
  Dims out{x.size(0), weight.size(0), 0, 0};
  for (int i = 0; i < 2; ++i) {
    const std::int64_t window = geo.dilation[i] * (weight.size(2 + i) - 1) + 1;
    const std::int64_t room = x.size(2 + i) + 2 * geo.padding[i] - window;
    check<ShapeError>(weight.size(2 + i) >= 1 && room >= 0, op, "the padded input ", x.describe(), " is smaller than the window of weight ",
                      weight.describe());
    out[2 + i] = room / geo.stride[i] + 1;
  }
  return out;
}

bool is_half(const Tensor& x) { return x.dtype() == DType::bf16 || x.dtype() == DType::f16; }

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvGeometry& geometry) {
  const Dims sizes = check_conv(x, weight, bias, geometry);
  if (is_half(x)) {
    const Tensor wide_bias = bias.defined() ? bias.to(DType::f32) : bias;
    return conv2d(x.to(DType::f32), weight.to(DType::f32), wide_bias, geometry).to(x.dtype());
  }
  const Tensor input = x.channels_last();
  Tensor y = empty_channels_last(sizes, x.options());
  if (y.numel() > 0) run("conv2d", kernels(x).conv.forward, canonical_channels_last(input), weight, bias, y, geometry);
  return record("conv2d", {input, weight, bias}, y, save(input, weight), [geometry](const Grads& g) -> Gradients {
    const Tensor saved_x = g.saved(0);
    const Tensor saved_w = g.saved(1);
    return {g.needs(0) ? conv2d_backward_data(g[0], saved_w, saved_x.sizes(), geometry) : Tensor(),
            g.needs(1) ? conv2d_backward_weight(saved_x, g[0], saved_w.sizes(), geometry) : Tensor(),
            g.needs(2) ? g[0].sum({0, 2, 3}) : Tensor()};
  });
}

Tensor conv2d_backward_data(const Tensor& dy, const Tensor& weight, const Dims& x_sizes, const ConvGeometry& geometry) {
  const Tensor gradient = dy.channels_last();
  Tensor dx = empty_channels_last(x_sizes, dy.options());
  if (gradient.numel() == 0) {
    dx.zero_();
  } else if (dx.numel() > 0) {
    run("conv2d_backward_data", kernels(dy).conv.backward_data, canonical_channels_last(gradient), weight, dx, geometry);
  }
  return record("conv2d_backward_data", {gradient, weight}, dx, save(gradient, weight), [geometry](const Grads& g) -> Gradients {
    const Tensor saved_w = g.saved(1);
    return {g.needs(0) ? conv2d(g[0], saved_w, {}, geometry) : Tensor(),
            g.needs(1) ? conv2d_backward_weight(g[0], g.saved(0), saved_w.sizes(), geometry) : Tensor()};
  });
}

Tensor conv2d_backward_weight(const Tensor& x, const Tensor& dy, const Dims& weight_sizes, const ConvGeometry& geometry) {
  const Tensor input = x.channels_last();
  const Tensor gradient = dy.channels_last();
  Tensor dw = empty(weight_sizes, x.options());
  if (input.numel() == 0 || gradient.numel() == 0) {
    if (dw.numel() > 0) dw.zero_();
  } else if (dw.numel() > 0) {
    run("conv2d_backward_weight", kernels(x).conv.backward_weight, canonical_channels_last(input),
        canonical_channels_last(gradient), dw, geometry);
  }
  return record("conv2d_backward_weight", {input, gradient}, dw, save(input, gradient), [geometry](const Grads& g) -> Gradients {
    const Tensor saved_x = g.saved(0);
    return {g.needs(0) ? conv2d_backward_data(g.saved(1), g[0], saved_x.sizes(), geometry) : Tensor(),
            g.needs(1) ? conv2d(saved_x, g[0], {}, geometry) : Tensor()};
  });
}

}  // namespace cairn::inline v0
