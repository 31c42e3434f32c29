/// Two-dimensional convolution and its gradients: checks, and the choice of kernel.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/conv.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/kernels/cpu/detail/conv_depthwise-inl.h>
#include <cairn/kernels/cpu/detail/conv_direct-inl.h>
#include <cairn/kernels/cpu/detail/conv_weight-inl.h>
#include <cairn/kernels/cpu/tables.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// Strides H*W*C, 1, W*C, C; dimensions of size 1 do not count.
bool is_channels_last(const View& v) {
  if (v.rank != 4) return false;
  const Index c = v.sizes[1], h = v.sizes[2], w = v.sizes[3];
  const Index expected[4] = {h * w * c, 1, w * c, c};
  for (int i = 0; i < 4; ++i) {
    if (v.sizes[i] == 0) return true;
    if (v.sizes[i] > 1 && v.strides[i] != expected[i]) return false;
  }
  return true;
}

Index output_size(Index size, Index filter, Index stride, Index padding, Index dilation) {
  return (size + 2 * padding - dilation * (filter - 1) - 1) / stride + 1;
}

/// Of x, w and y, or of their gradients.
Status check(const View& x, const View& w, const View& y, const ConvGeometry& geometry) {
  if (x.dtype != w.dtype || x.dtype != y.dtype) return Status::unsupported_dtype;
  if (x.dtype != DType::f32 && x.dtype != DType::f64) return Status::unsupported_dtype;
  if (!is_channels_last(x) || !is_channels_last(y) || w.rank != 4) return Status::unsupported_layout;
  if (geometry.groups < 1 || w.sizes[0] % geometry.groups != 0 || x.sizes[1] != w.sizes[1] * geometry.groups ||
      y.sizes[1] != w.sizes[0] || x.sizes[0] != y.sizes[0]) {
    return Status::unsupported;
  }
  for (int i = 0; i < 2; ++i) {
    const Index stride = geometry.stride[i], padding = geometry.padding[i], dilation = geometry.dilation[i];
    if (stride < 1 || padding < 0 || dilation < 1 || w.sizes[2 + i] < 1) return Status::unsupported;
    if (y.sizes[2 + i] != 0 && y.sizes[2 + i] != output_size(x.sizes[2 + i], w.sizes[2 + i], stride, padding, dilation)) {
      return Status::unsupported;
    }
  }
  return Status::ok;
}

bool is_depthwise(const View& w, const ConvGeometry& geometry) {
  return geometry.groups > 1 && w.sizes[1] == 1 && w.sizes[0] == geometry.groups;
}

/// `forward`: from the channels of x to those of y; otherwise the other way.
template <class T>
Weights<T> weights_of(const View& w, const ConvGeometry& geometry, bool forward) {
  return {w.as<T>(),
          w.sizes[0] / geometry.groups * w.strides[0],
          w.strides[forward ? 0 : 1],
          w.strides[forward ? 1 : 0],
          w.strides[2],
          w.strides[3]};
}

template <class T>
Status forward_of(Context& context, const View& x, const View& w, const View& bias, const View& y, const ConvGeometry& geometry) {
  Correlation plan{};
  if (!plan_forward(context, x, w, y, geometry, plan)) return Status::out_of_memory;
  const Weights<const T> weights = weights_of<const T>(w, geometry, true);
  const auto kernel = is_depthwise(w, geometry) ? depthwise_correlate<T> : correlate<T>;
  return kernel(context, plan, x.as<const T>(), weights, bias, y.as<T>());
}

template <class T>
Status backward_data_of(Context& context, const View& dy, const View& w, const View& dx, const ConvGeometry& geometry) {
  Correlation plan{};
  if (!plan_backward_data(context, dy, w, dx, geometry, plan)) return Status::out_of_memory;
  const Weights<const T> weights = weights_of<const T>(w, geometry, false);
  const auto kernel = is_depthwise(w, geometry) ? depthwise_correlate<T> : correlate<T>;
  return kernel(context, plan, dy.as<const T>(), weights, View{}, dx.as<T>());
}

template <class T>
Status backward_weight_of(Context& context, const View& x, const View& dy, const View& dw, const ConvGeometry& geometry) {
  Correlation plan{};
  if (!plan_forward(context, x, dw, dy, geometry, plan)) return Status::out_of_memory;
  const Weights<T> weights = weights_of<T>(dw, geometry, true);
  const auto kernel = is_depthwise(dw, geometry) ? depthwise_weight_gradient<T> : weight_gradient<T>;
  return kernel(context, plan, x.as<const T>(), dy.as<const T>(), weights);
}

Status forward(Context& context, View x, View w, View bias, View y, const ConvGeometry& geometry) {
  if (const Status status = check(x, w, y, geometry); status != Status::ok) return status;
  if (bias && bias.dtype != x.dtype) return Status::unsupported_dtype;
  return (x.dtype == DType::f32 ? forward_of<float> : forward_of<double>)(context, x, w, bias, y, geometry);
}

Status backward_data(Context& context, View dy, View w, View dx, const ConvGeometry& geometry) {
  if (const Status status = check(dx, w, dy, geometry); status != Status::ok) return status;
  return (dx.dtype == DType::f32 ? backward_data_of<float> : backward_data_of<double>)(context, dy, w, dx, geometry);
}

Status backward_weight(Context& context, View x, View dy, View dw, const ConvGeometry& geometry) {
  if (const Status status = check(x, dw, dy, geometry); status != Status::ok) return status;
  return (x.dtype == DType::f32 ? backward_weight_of<float> : backward_weight_of<double>)(context, x, dy, dw, geometry);
}

}  // namespace

void fill(ConvKernels& table) {
  table.forward = forward;
  table.backward_data = backward_data;
  table.backward_weight = backward_weight;
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
