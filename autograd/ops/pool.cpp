#include <cairn/autograd/ops/pool.h>

#include <cairn/autograd/detail/layout.h>
#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

namespace cairn::inline v0 {

namespace {

using detail::canonical_channels_last;
using detail::canonical_row_major;
using detail::empty_channels_last;

/// `x` row-major or channels-last (recorded when it needs a copy).
Tensor dense(const Tensor& x) { return x.is_channels_last() ? x : x.contiguous(); }

/// The same without history and with canonical strides, as the kernel wants it.
Tensor canonical(const Tensor& x) { return x.is_channels_last() ? canonical_channels_last(x) : canonical_row_major(x); }

Tensor empty_as(const Tensor& layout, const Dims& sizes, DType dtype) {
  const TensorOptions options{dtype, layout.device()};
  return layout.is_channels_last() ? empty_channels_last(sizes, options) : empty(sizes, options);
}

/// `x` in the layout of `like` (a gradient arrives in any layout).
Tensor in_layout(const Tensor& x, bool channels_last) { return channels_last ? x.channels_last() : x.contiguous(); }
Tensor canonical_as(const Tensor& x, bool channels_last) {
  return channels_last ? canonical_channels_last(x) : canonical_row_major(x);
}

void check_input(const char* op, const Tensor& x) {
  check<ShapeError>(x.rank() == 4, op, "expected [N, C, H, W], got ", x.describe());
  check<DTypeError>(is_floating(x.dtype()), op, "needs a floating dtype, got ", x.describe());
}

bool is_half(const Tensor& x) { return x.dtype() == DType::bf16 || x.dtype() == DType::f16; }

Dims window_sizes(const char* op, const Tensor& x, const PoolGeometry& geo, bool dilated) {
  Dims out{x.size(0), x.size(1), 0, 0};
  for (int i = 0; i < 2; ++i) {
    check<ValueError>(geo.kernel[i] >= 1 && geo.stride[i] >= 1 && geo.dilation[i] >= 1 && (dilated || geo.dilation[i] == 1), op,
                      "kernel, stride and dilation must be at least 1 (dilation: max pooling only)");
    check<ValueError>(geo.padding[i] >= 0 && 2 * geo.padding[i] <= geo.kernel[i], op, "padding ", geo.padding[i],
                      " must lie between 0 and half of the kernel ", geo.kernel[i]);
    const std::int64_t room = x.size(2 + i) + 2 * geo.padding[i] - geo.dilation[i] * (geo.kernel[i] - 1) - 1;
    check<ShapeError>(room >= 0, op, "the padded input ", x.describe(), " is smaller than the kernel ", geo.kernel[i]);
    out[2 + i] = room / geo.stride[i] + 1;
  }
  return out;
}

/// dx of a max pooling: every dy is added where its maximum was. Linear in dy.
Tensor max_pool_backward(const Tensor& dy, const Tensor& indices, const Dims& x_sizes, bool channels_last) {
  const Tensor gradient = in_layout(dy, channels_last);
  Tensor dx = channels_last ? empty_channels_last(x_sizes, dy.options()) : empty(x_sizes, dy.options());
  if (dx.numel() > 0) {
    run("max_pool_backward", kernels(dy).pool.max_backward, canonical_as(gradient, channels_last),
        canonical_as(indices, channels_last), dx);
  }
  return record("max_pool_backward", {gradient}, dx, save(indices), [y_sizes = dy.sizes()](const Grads& g) -> Gradients {
    const Tensor picked = gather(g[0].flatten(2), 2, g.saved(0).contiguous().flatten(2));
    return picked.reshape(y_sizes);
  });
}

Tensor record_max(const char* op, const Tensor& input, const Tensor& y, const Tensor& indices) {
  return record(op, {input}, y, save(indices),
                [x_sizes = input.sizes(), cl = input.is_channels_last()](const Grads& g) -> Gradients {
                  return max_pool_backward(g[0], g.saved(0), x_sizes, cl);
                });
}

Tensor avg_pool_backward(const Tensor& dy, const Dims& x_sizes, bool channels_last, const PoolGeometry& geometry) {
  const Tensor gradient = in_layout(dy, channels_last);
  Tensor dx = channels_last ? empty_channels_last(x_sizes, dy.options()) : empty(x_sizes, dy.options());
  if (dx.numel() > 0) {
    run("avg_pool2d_backward", kernels(dy).pool.average_backward, canonical_as(gradient, channels_last), dx, geometry);
  }
  return record("avg_pool2d_backward", {gradient}, dx, {},
                [geometry](const Grads& g) -> Gradients { return avg_pool2d(g[0], geometry); });
}

Tensor adaptive_avg_backward(const Tensor& dy, const Dims& x_sizes, bool channels_last) {
  const Tensor gradient = in_layout(dy, channels_last);
  Tensor dx = channels_last ? empty_channels_last(x_sizes, dy.options()) : empty(x_sizes, dy.options());
  if (dx.numel() > 0) {
    run("adaptive_avg_pool2d_backward", kernels(dy).pool.adaptive_average_backward, canonical_as(gradient, channels_last), dx);
  }
  return record("adaptive_avg_pool2d_backward", {gradient}, dx, {}, [p = dy.size(2), q = dy.size(3)](const Grads& g) -> Gradients {
    return adaptive_avg_pool2d(g[0], p, q);
  });
}

Dims adaptive_sizes(const char* op, const Tensor& x, std::int64_t p, std::int64_t q) {
  check<ValueError>(p >= 1 && q >= 1, op, "the output size ", p, " x ", q, " must be at least 1 x 1");
  check<ShapeError>(x.size(2) >= 1 && x.size(3) >= 1, op, "the image is empty: ", x.describe());
  return {x.size(0), x.size(1), p, q};
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const PoolGeometry& geometry) {
  check_input("max_pool2d", x);
  if (is_half(x)) return max_pool2d(x.to(DType::f32), geometry).to(x.dtype());
  const Tensor input = dense(x);
  const Dims sizes = window_sizes("max_pool2d", x, geometry, true);
  Tensor y = empty_as(input, sizes, x.dtype());
  Tensor indices = empty_as(input, sizes, DType::i64);
  if (y.numel() > 0) run("max_pool2d", kernels(x).pool.max_forward, canonical(input), y, indices, geometry);
  return record_max("max_pool2d", input, y, indices);
}

Tensor adaptive_max_pool2d(const Tensor& x, std::int64_t p, std::int64_t q) {
  check_input("adaptive_max_pool2d", x);
  if (is_half(x)) return adaptive_max_pool2d(x.to(DType::f32), p, q).to(x.dtype());
  const Tensor input = dense(x);
  const Dims sizes = adaptive_sizes("adaptive_max_pool2d", x, p, q);
  Tensor y = empty_as(input, sizes, x.dtype());
  Tensor indices = empty_as(input, sizes, DType::i64);
  if (y.numel() > 0) run("adaptive_max_pool2d", kernels(x).pool.adaptive_max_forward, canonical(input), y, indices);
  return record_max("adaptive_max_pool2d", input, y, indices);
}

Tensor avg_pool2d(const Tensor& x, const PoolGeometry& geometry) {
  check_input("avg_pool2d", x);
  if (is_half(x)) return avg_pool2d(x.to(DType::f32), geometry).to(x.dtype());
  const Tensor input = dense(x);
  Tensor y = empty_as(input, window_sizes("avg_pool2d", x, geometry, false), x.dtype());
  if (y.numel() > 0) run("avg_pool2d", kernels(x).pool.average_forward, canonical(input), y, geometry);
  return record("avg_pool2d", {input}, y, {},
                [x_sizes = x.sizes(), cl = input.is_channels_last(), geometry](const Grads& g) -> Gradients {
                  return avg_pool_backward(g[0], x_sizes, cl, geometry);
                });
}

Tensor adaptive_avg_pool2d(const Tensor& x, std::int64_t p, std::int64_t q) {
  check_input("adaptive_avg_pool2d", x);
  if (is_half(x)) return adaptive_avg_pool2d(x.to(DType::f32), p, q).to(x.dtype());
  const Tensor input = dense(x);
  Tensor y = empty_as(input, adaptive_sizes("adaptive_avg_pool2d", x, p, q), x.dtype());
  if (y.numel() > 0) run("adaptive_avg_pool2d", kernels(x).pool.adaptive_average_forward, canonical(input), y);
  return record("adaptive_avg_pool2d", {input}, y, {},
                [x_sizes = x.sizes(), cl = input.is_channels_last()](const Grads& g) -> Gradients {
                  return adaptive_avg_backward(g[0], x_sizes, cl);
                });
}

}  // namespace cairn::inline v0
