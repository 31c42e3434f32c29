#include <cairn/autograd/ops/softmax.h>

#include <cairn/autograd/detail/pointwise.h>
#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

namespace cairn::inline v0 {

namespace {

/// softmax: dx = y (dy - sum dy y);  log_softmax: dx = dy - e^y sum dy. Rows are the last axis.
Tensor backward_of(bool logarithm, const Tensor& y, const Tensor& dy) {
  if (grad_enabled()) {
    if (logarithm) return dy - exp(y) * dy.sum({1}, true);
    return y * (dy - (dy * y).sum({1}, true));
  }
  const Tensor gradient = dy.contiguous();
  Tensor dx = empty(y.sizes(), y.options());
  if (dx.numel() > 0) {
    const auto& table = kernels(y).softmax;
    run("softmax_backward", logarithm ? table.log_backward : table.backward, y, gradient, dx);
  }
  return dx;
}

Tensor along(const char* op, bool logarithm, const Tensor& x, std::int64_t dim) {
  const int d = normalize_dim(op, dim, x.rank());
  if (!is_floating(x.dtype())) return along(op, logarithm, x.to(DType::f32), dim);
  if (x.dtype() == DType::bf16 || x.dtype() == DType::f16) return along(op, logarithm, x.to(DType::f32), dim).to(x.dtype());
  if (x.rank() == 0) return along(op, logarithm, x.reshape({1}), 0).reshape({});
  if (d != x.rank() - 1) return along(op, logarithm, x.transpose(d, -1), -1).transpose(d, -1);

  const std::int64_t cols = x.size(-1);
  const Tensor rows = x.contiguous().reshape({cols == 0 ? 0 : x.numel() / cols, cols});
  Tensor y = empty(rows.sizes(), x.options());
  if (y.numel() > 0) {
    const auto& table = kernels(x).softmax;
    run(op, logarithm ? table.log_forward : table.forward, rows, y);
  }
  y = record(op, {rows}, y, save(output(0)),
             [logarithm](const Grads& g) -> Gradients { return backward_of(logarithm, g.saved(0), g[0]); });
  return y.reshape(x.sizes());
}

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t dim) { return along("softmax", false, x, dim); }
Tensor log_softmax(const Tensor& x, std::int64_t dim) { return along("log_softmax", true, x, dim); }

}  // namespace cairn::inline v0
