#include <cairn/autograd/ops/norm.h>

#include <cairn/autograd/detail/layout.h>
#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

namespace cairn::inline v0 {

namespace {

bool is_half(const Tensor& x) { return x.dtype() == DType::bf16 || x.dtype() == DType::f16; }
Tensor widen(const Tensor& x) { return x.defined() ? x.to(DType::f32) : x; }

/// [N, C] or [N, C, H, W] (row-major or channels-last) as the kernel's [N, C, L].
Tensor as_ncl(const Tensor& x) {
  const std::int64_t n = x.size(0), c = x.size(1);
  if (x.rank() == 2) return make_view(x, {n, c, 1}, {c, 1, c}, x.storage_offset());
  const std::int64_t l = x.size(2) * x.size(3);
  const Dims strides = x.is_channels_last() ? Dims{l * c, 1, c} : Dims{c * l, l, 1};
  return make_view(x, {n, c, l}, strides, x.storage_offset());
}

Tensor dense(const Tensor& x) { return x.rank() == 4 && x.is_channels_last() ? x : x.contiguous(); }

/// A per-channel operand shaped to broadcast over x.
Tensor per_channel(const Tensor& v, const Tensor& x) { return x.rank() == 2 ? v : v.reshape({1, v.size(0), 1, 1}); }

Dims channel_reduction(const Tensor& x) { return x.rank() == 2 ? Dims{0} : Dims{0, 2, 3}; }

/// The gradient made of recorded ops, for second derivatives. In training mean and variance are functions of x, so
/// they are computed again here; otherwise they are the constants that were saved.
std::vector<Tensor> composite_backward(const Tensor& x, const Tensor& dy, const Tensor& weight, const Tensor& saved_mean,
                                       const Tensor& saved_invstd, bool training, double eps) {
  const Dims dims = channel_reduction(x);
  const auto count = static_cast<double>(x.numel() / std::max<std::int64_t>(x.size(1), 1));
  Tensor mean = saved_mean, invstd = saved_invstd;
  if (training) {
    mean = x.mean(dims);
    invstd = rsqrt(square(x - per_channel(mean, x)).mean(dims) + eps);
  }
  const Tensor xhat = (x - per_channel(mean, x)) * per_channel(invstd, x);
  const Tensor dbias = dy.sum(dims);
  const Tensor dweight = (dy * xhat).sum(dims);
  Tensor inner = dy;
  if (training) inner = dy - per_channel(dbias / count, x) - xhat * per_channel(dweight / count, x);
  const Tensor scale = weight.defined() ? weight * invstd : invstd;
  return {inner * per_channel(scale, x), dweight, dbias};
}

void check_batch_norm(const Tensor& x, const std::vector<std::pair<const char*, Tensor>>& operands) {
  const char* op = "batch_norm";
  check<ShapeError>(x.rank() == 2 || x.rank() == 4, op, "expected [N, C] or [N, C, H, W], got ", x.describe());
  check<DTypeError>(is_floating(x.dtype()), op, "needs a floating dtype, got ", x.describe());
  for (const auto& [name, operand] : operands) {
    if (!operand.defined()) continue;
    check_same_device(op, {x, operand});
    check<ShapeError>(operand.sizes() == Dims{x.size(1)}, op, name, " must be [", x.size(1), "] for ", x.describe(), ", it is ",
                      operand.describe());
    check<DTypeError>(operand.dtype() == x.dtype() || is_half(x), op, name, " is ", operand.describe(), " beside ", x.describe());
  }
}

Tensor contiguous_or_none(const Tensor& x) { return x.defined() ? x.contiguous() : x; }

/// `running` as the kernel wants it. What it writes is brought back by store().
class RunningStatistic {
 public:
  RunningStatistic(const Tensor& running, DType dtype) : running_(running) {
    if (!running.defined()) return;
    const NoGrad guard;
    for_kernel = running.to(dtype).contiguous();
  }
  void store() const {
    if (!running_.defined()) return;
    const NoGrad guard;
    if (for_kernel.is_same(running_)) {
      running_.bump_version();
    } else {
      running_.copy_(for_kernel);
    }
  }

  Tensor for_kernel;

 private:
  Tensor running_;
};

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                  const Tensor& running_var, bool training, double momentum, double eps) {
  const char* op = "batch_norm";
  check_batch_norm(x, {{"weight", weight}, {"bias", bias}, {"running_mean", running_mean}, {"running_var", running_var}});
  check<ValueError>(running_mean.defined() == running_var.defined(), op, "running_mean and running_var come together");
  check<ValueError>(training || running_mean.defined(), op, "evaluation needs running_mean and running_var");
  if (is_half(x)) {
    const RunningStatistic mean(running_mean, DType::f32), variance(running_var, DType::f32);
    const Tensor y = batch_norm(x.to(DType::f32), widen(weight), widen(bias), mean.for_kernel, variance.for_kernel, training,
                                momentum, eps);
    if (training) {
      mean.store();
      variance.store();
    }
    return y.to(x.dtype());
  }
  if (will_record({running_mean, running_var})) {
    throw AutogradError("[batch_norm] is not differentiable with respect to running_mean and running_var");
  }
  const std::int64_t channels = x.size(1);
  check<ValueError>(!training || channels == 0 || x.numel() / channels > 1, op,
                    "training needs more than one value per channel, got ", x.describe());

  const Tensor input = dense(x);
  const Tensor w = contiguous_or_none(weight), b = contiguous_or_none(bias);
  const RunningStatistic running_m(running_mean, x.dtype()), running_v(running_var, x.dtype());
  Tensor y = empty_like(input);
  Tensor mean, invstd;
  if (training) {
    mean = empty({channels}, x.options());
    invstd = empty({channels}, x.options());
    run(op, kernels(x).norm.batch_norm_train, as_ncl(input), w, b, running_m.for_kernel, running_v.for_kernel, as_ncl(y), mean,
        invstd, momentum, eps);
    running_m.store();
    running_v.store();
  } else {
    if (y.numel() > 0) {
      run(op, kernels(x).norm.batch_norm_eval, as_ncl(input), w, b, running_m.for_kernel, running_v.for_kernel, as_ncl(y), eps);
    }
    if (will_record({input, w, b})) {
      const NoGrad guard;
      mean = running_mean.contiguous().clone();  // the buffer may be updated before backward
      invstd = rsqrt(running_var.contiguous() + eps);
    }
  }
  return record(op, {input, w, b}, y, save(input, w, mean, invstd), [training, eps](const Grads& g) -> Gradients {
    const Tensor saved_x = g.saved(0), saved_weight = g.saved(1), saved_mean = g.saved(2), saved_invstd = g.saved(3);
    if (grad_enabled()) {
      auto all = composite_backward(saved_x, g[0], saved_weight, saved_mean, saved_invstd, training, eps);
      for (std::size_t i = 0; i < 3; ++i) {
        if (!g.needs(i)) all[i] = Tensor();
      }
      return all;
    }
    const Tensor dy = saved_x.is_channels_last() ? g[0].channels_last() : g[0].contiguous();
    const Dims per_channel_sizes{saved_x.size(1)};
    Tensor dx = g.needs(0) ? empty_like(saved_x) : Tensor();
    Tensor dweight = g.needs(1) ? empty(per_channel_sizes, saved_x.options()) : Tensor();
    Tensor dbias = g.needs(2) ? empty(per_channel_sizes, saved_x.options()) : Tensor();
    // dy shares the layout of x up to sizes of 1, so the strides of x describe both.
    const Tensor dy_ncl = make_view(dy, as_ncl(saved_x).sizes(), as_ncl(saved_x).strides(), dy.storage_offset());
    run("batch_norm_backward", kernels(dy).norm.batch_norm_backward, as_ncl(saved_x), dy_ncl, saved_weight, saved_mean,
        saved_invstd, training, dx.defined() ? as_ncl(dx) : dx, dweight, dbias);
    return {dx, dweight, dbias};
  });
}

Tensor layer_norm(const Tensor& x, const Dims& normalized, const Tensor& weight, const Tensor& bias, double eps) {
  const char* op = "layer_norm";
  check_same_device(op, {x, weight, bias});
  check<DTypeError>(is_floating(x.dtype()), op, "needs a floating dtype, got ", x.describe());
  const int lead = x.rank() - normalized.size();
  check<ShapeError>(!normalized.empty() && lead >= 0 && Dims(x.sizes().begin() + std::max(lead, 0), x.sizes().end()) == normalized, op,
                    "the last sizes of ", x.describe(), " must be ", normalized);
  for (const Tensor& operand : {weight, bias}) {
    check<ShapeError>(!operand.defined() || operand.sizes() == normalized, op, "weight and bias must be ", normalized, ", got ",
                      operand.describe());
    check<DTypeError>(!operand.defined() || operand.dtype() == x.dtype() || is_half(x), op, "weight or bias is ",
                      operand.describe(), " beside ", x.describe());
  }
  if (is_half(x)) return layer_norm(x.to(DType::f32), normalized, widen(weight), widen(bias), eps).to(x.dtype());

  const std::int64_t cols = normalized.product();
  const std::int64_t rows = Dims(x.sizes().begin(), x.sizes().begin() + lead).product();
  const Tensor input = x.contiguous().reshape({rows, cols});
  const Tensor w = weight.defined() ? weight.contiguous().reshape({cols}) : weight;
  const Tensor b = bias.defined() ? bias.contiguous().reshape({cols}) : bias;
  Tensor y = empty({rows, cols}, x.options());
  Tensor mean = empty({rows}, x.options());
  Tensor invstd = empty({rows}, x.options());
  if (y.numel() > 0) run(op, kernels(x).norm.layer_norm_forward, input, w, b, y, mean, invstd, eps);
  y = record(op, {input, w, b}, y, save(input, w, mean, invstd), [eps, cols](const Grads& g) -> Gradients {
    const Tensor saved_x = g.saved(0), saved_w = g.saved(1);
    if (grad_enabled()) {
      const Tensor mu = saved_x.mean({1}, true);
      const Tensor rstd = rsqrt(square(saved_x - mu).mean({1}, true) + eps);
      const Tensor xhat = (saved_x - mu) * rstd;
      const Tensor scaled = saved_w.defined() ? g[0] * saved_w : g[0];
      const Tensor dx = rstd * (scaled - scaled.mean({1}, true) - xhat * (scaled * xhat).mean({1}, true));
      return {dx, g.needs(1) ? (g[0] * xhat).sum({0}) : Tensor(), g.needs(2) ? g[0].sum({0}) : Tensor()};
    }
    const Tensor dy = g[0].contiguous();
    Tensor dx = g.needs(0) ? empty(saved_x.sizes(), saved_x.options()) : Tensor();
    Tensor dw = g.needs(1) ? zeros({cols}, saved_x.options()) : Tensor();
    Tensor db = g.needs(2) ? zeros({cols}, saved_x.options()) : Tensor();
    if (saved_x.numel() > 0) {
      run("layer_norm_backward", kernels(dy).norm.layer_norm_backward, saved_x, dy, saved_w, g.saved(2), g.saved(3), dx, dw, db);
    }
    return {dx, dw, db};
  });
  return y.reshape(x.sizes());
}

}  // namespace cairn::inline v0
