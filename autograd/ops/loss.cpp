#include <cairn/autograd/ops/loss.h>

#include <cairn/autograd/detail/pointwise.h>
#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

namespace cairn::inline v0 {

namespace {

Tensor reduce_loss(const Tensor& loss, Reduction reduction) {
  switch (reduction) {
    case Reduction::none: return loss;
    case Reduction::mean: return loss.mean();
    case Reduction::sum: return loss.sum();
  }
  return loss;
}

void check_pair(const char* op, const Tensor& a, const Tensor& b) {
  check_same_device(op, {a, b});
  check<ShapeError>(a.sizes() == b.sizes(), op, "input and target must have one shape: ", a.describe(), " and ", b.describe());
  check<DTypeError>(is_floating(a.dtype()) && a.dtype() == b.dtype(), op, "input and target must have one floating dtype: ",
                    a.describe(), " and ", b.describe());
}

bool is_half(const Tensor& x) { return x.dtype() == DType::bf16 || x.dtype() == DType::f16; }
Tensor widen(const Tensor& x) { return x.defined() ? x.to(DType::f32) : x; }

Tensor pair_kernel(const char* op, PointwiseOp kernel, const Tensor& a, const Tensor& b) {
  Tensor loss = detail::result_like(a.sizes(), a.dtype(), {a, b});
  detail::run_pointwise(op, kernel, {a, b}, loss);
  return loss;
}

// ---- integer targets ------------------------------------------------------------------------------

/// Logits as rows [N * d1 * …, K], targets flat, and how to go back.
struct Rows {
  Tensor values, target;
  Dims target_sizes;
};

Rows as_rows(const char* op, const Tensor& x, const Tensor& target, const CrossEntropyArgs& args) {
  check_same_device(op, {x, target, args.class_weight});
  check<DTypeError>(is_floating(x.dtype()), op, "needs a floating dtype, got ", x.describe());
  check<DTypeError>(target.dtype() == DType::i64, op, "targets must be i64, got ", target.describe());
  check<ShapeError>(x.rank() >= 2 && target.rank() == x.rank() - 1, op,
                    "expected [N, K, …] with targets [N, …], got ", x.describe(), " and ", target.describe());
  Dims expected = x.sizes();
  expected.erase(1);
  check<ShapeError>(target.sizes() == expected, op, "targets of ", x.describe(), " must be ", expected, ", they are ",
                    target.describe());
  const std::int64_t k = x.size(1);
  check<ShapeError>(k >= 1, op, "there are no classes: ", x.describe());
  check<ValueError>(args.label_smoothing >= 0.0 && args.label_smoothing <= 1.0, op, "label_smoothing ", args.label_smoothing,
                    " must lie in [0, 1]");
  const Tensor& weight = args.class_weight;
  check<ShapeError>(!weight.defined() || weight.sizes() == Dims{k}, op, "class weights must be [", k, "], they are ", weight.describe());
  check<DTypeError>(!weight.defined() || weight.dtype() == x.dtype(), op, "class weights are ", weight.describe(), " beside ", x.describe());
  if (weight.requires_grad()) throw AutogradError(concat("[", op, "] is not differentiable with respect to class weights"));
  Tensor values = x;
  if (x.rank() > 2) {  // the class axis goes last
    Dims order{0};
    for (int i = 2; i < x.rank(); ++i) order.push_back(i);
    order.push_back(1);
    values = x.permute(order);
  }
  return {values.contiguous().reshape({target.numel(), k}), target.contiguous().reshape({target.numel()}), target.sizes()};
}

/// w[target], 0 for ignored rows: what the mean divides by. Never recorded.
Tensor row_weights(const Tensor& target, const CrossEntropyArgs& args, const Tensor& like) {
  const NoGrad guard;
  const Tensor ignored = eq(target, scalar(static_cast<double>(args.ignore_index), target.options()));
  const TensorOptions options{like.dtype(), like.device()};
  if (!args.class_weight.defined()) return logical_not(ignored).to(like.dtype());
  const Tensor safe = where(ignored, zeros_like(target), target);
  return where(ignored, scalar(0.0, options), index_select(args.class_weight, 0, safe));
}

Tensor reduce_rows(const Tensor& loss, const Rows& rows, const CrossEntropyArgs& args) {
  if (args.reduction == Reduction::none) return loss.reshape(rows.target_sizes);
  const Tensor total = loss.sum();
  if (args.reduction == Reduction::sum) return total;
  return total / row_weights(rows.target, args, loss).sum();
}

/// The gradient of the fused cross-entropy, made of recorded ops:
///   dz = dl [ a softmax(z) - (1 - s) w_t onehot - (s / K) w ],  a = (1 - s) w_t + (s / K) sum w.
Tensor composite_cross_entropy_backward(const Tensor& z, const Tensor& target, const Tensor& dl, const CrossEntropyArgs& args) {
  const std::int64_t k = z.size(1);
  const double smooth = args.label_smoothing;
  Tensor target_distribution;  // (1 - s) w_t onehot + (s / K) w, zero for ignored rows
  Tensor kept;
  {
    const NoGrad guard;
    kept = ne(target, scalar(static_cast<double>(args.ignore_index), target.options()));
    const Tensor safe = where(kept, target, zeros_like(target));
    const Tensor weight = args.class_weight.defined() ? args.class_weight : ones({k}, z.options());
    const Tensor onehot = eq(safe.unsqueeze(1), arange(0, static_cast<double>(k)).to(z.device()).unsqueeze(0)).to(z.dtype());
    target_distribution = (onehot * (1.0 - smooth) + smooth / static_cast<double>(k)) * weight * kept.to(z.dtype()).unsqueeze(1);
  }
  const Tensor total = target_distribution.sum({1}, true);
  // Ignored rows give 0 whatever they hold: dl is infinite when a mean divides by no targets at all.
  const Tensor row_dl = where(kept, dl, zeros_like(dl)).unsqueeze(1);
  const Tensor row_z = where(kept.unsqueeze(1), z, zeros_like(z));
  return row_dl * (total * softmax(row_z, 1) - target_distribution);
}

/// The arguments for f32 logits.
CrossEntropyArgs widened(CrossEntropyArgs args) {
  args.class_weight = widen(args.class_weight);
  return args;
}

Tensor contiguous_or_none(const Tensor& x) { return x.defined() ? x.contiguous() : x; }

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyArgs& args) {
  if (is_half(logits)) return cross_entropy(logits.to(DType::f32), target, widened(args)).to(logits.dtype());
  const Rows rows = as_rows("cross_entropy", logits, target, args);
  const Tensor& z = rows.values;
  const CrossEntropyOptions options{args.label_smoothing, args.ignore_index};
  const Tensor weight = contiguous_or_none(args.class_weight);
  Tensor loss = empty({z.size(0)}, z.options());
  Tensor lse = empty({z.size(0)}, z.options());
  if (z.numel() > 0) {
    run("cross_entropy", kernels(z).loss.cross_entropy_forward, z, rows.target, weight, options, loss, lse);
  }
  loss = record("cross_entropy", {z}, loss, save(z, rows.target, weight, lse), [options](const Grads& g) -> Gradients {
    const Tensor saved_z = g.saved(0), saved_target = g.saved(1), saved_weight = g.saved(2);
    if (grad_enabled()) {
      return composite_cross_entropy_backward(saved_z, saved_target, g[0],
                                              {saved_weight, options.label_smoothing, options.ignore_index, Reduction::none});
    }
    const Tensor dloss = g[0].contiguous();
    Tensor dz = empty(saved_z.sizes(), saved_z.options());
    if (dz.numel() > 0) {
      run("cross_entropy_backward", kernels(saved_z).loss.cross_entropy_backward, saved_z, saved_target, saved_weight, options,
          g.saved(3), dloss, dz);
    }
    return dz;
  });
  return reduce_rows(loss, rows, args);
}

Tensor nll_loss(const Tensor& log_probabilities, const Tensor& target, const CrossEntropyArgs& args) {
  check<ValueError>(args.label_smoothing == 0.0, "nll_loss", "has no label smoothing; use cross_entropy");
  if (is_half(log_probabilities)) return nll_loss(log_probabilities.to(DType::f32), target, widened(args)).to(log_probabilities.dtype());
  const Rows rows = as_rows("nll_loss", log_probabilities, target, args);
  const Tensor& values = rows.values;
  const Tensor weight = contiguous_or_none(args.class_weight);
  Tensor loss = empty({values.size(0)}, values.options());
  if (values.numel() > 0) {
    run("nll_loss", kernels(values).loss.nll_forward, values, rows.target, weight, args.ignore_index, loss);
  }
  loss = record("nll_loss", {values}, loss, save(rows.target, weight),
                [ignore = args.ignore_index, sizes = values.sizes()](const Grads& g) -> Gradients {
                  const Tensor saved_target = g.saved(0), saved_weight = g.saved(1);
                  const Tensor dloss = g[0].contiguous();
                  Tensor dx = empty(sizes, dloss.options());
                  if (dx.numel() > 0) {
                    run("nll_loss_backward", kernels(dloss).loss.nll_backward, saved_target, saved_weight, ignore, dloss, dx);
                  }
                  // Linear in dloss, so its gradient is the loss of the incoming gradient.
                  return record("nll_loss_backward", {dloss}, dx, save(saved_target, saved_weight), [ignore](const Grads& h) -> Gradients {
                    return nll_loss(h[0], h.saved(0), {h.saved(1), 0.0, ignore, Reduction::none});
                  });
                });
  return reduce_rows(loss, rows, args);
}

Tensor binary_cross_entropy(const Tensor& p, const Tensor& y, Reduction reduction, const Tensor& weight) {
  const char* op = "binary_cross_entropy";
  check_pair(op, p, y);
  if (is_half(p)) return binary_cross_entropy(widen(p), widen(y), reduction, widen(weight)).to(p.dtype());
  {
    const NoGrad guard;
    const bool inside = p.numel() == 0 || all(logical_and(p >= 0.0, p <= 1.0)).item() != 0.0;
    check<ValueError>(inside, op, "probabilities must lie in [0, 1]; for logits use binary_cross_entropy_with_logits");
  }
  Tensor loss = record(op, {p, y}, pair_kernel(op, PointwiseOp::bce, p, y), save(p, y), [](const Grads& g) -> Gradients {
    // dl/dp = (p - y) / (p (1 - p)), finite at 0 and 1 by the same bound as the logarithms.
    const Tensor sp = g.saved(0), sy = g.saved(1);
    Tensor dp, dy;
    if (g.needs(0)) {
      const Tensor variance = sp * (1.0 - sp);
      dp = g[0] * (sp - sy) / maximum(variance, scalar_like(variance, 1e-12));
    }
    if (g.needs(1)) {
      const Tensor floor_log = scalar_like(sp, -100.0);
      dy = g[0] * (maximum(log1p(neg(sp)), floor_log) - maximum(log(sp), floor_log));
    }
    return {dp, dy};
  });
  if (weight.defined()) loss = loss * weight;
  return reduce_loss(loss, reduction);
}

Tensor binary_cross_entropy_with_logits(const Tensor& z, const Tensor& y, Reduction reduction, const Tensor& weight) {
  const char* op = "binary_cross_entropy_with_logits";
  check_pair(op, z, y);
  if (is_half(z)) return binary_cross_entropy_with_logits(widen(z), widen(y), reduction, widen(weight)).to(z.dtype());
  Tensor loss = record(op, {z, y}, pair_kernel(op, PointwiseOp::bce_with_logits, z, y), save(z, y), [](const Grads& g) -> Gradients {
    const Tensor sz = g.saved(0);
    return {g.needs(0) ? g[0] * (sigmoid(sz) - g.saved(1)) : Tensor(), g.needs(1) ? neg(g[0] * sz) : Tensor()};
  });
  if (weight.defined()) loss = loss * weight;
  return reduce_loss(loss, reduction);
}

Tensor mse_loss(const Tensor& a, const Tensor& b, Reduction reduction) {
  check_pair("mse_loss", a, b);
  if (is_half(a)) return mse_loss(widen(a), widen(b), reduction).to(a.dtype());
  return reduce_loss(square(a - b), reduction);
}

Tensor l1_loss(const Tensor& a, const Tensor& b, Reduction reduction) {
  check_pair("l1_loss", a, b);
  if (is_half(a)) return l1_loss(widen(a), widen(b), reduction).to(a.dtype());
  return reduce_loss(abs(a - b), reduction);
}

}  // namespace cairn::inline v0
