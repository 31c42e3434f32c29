#include <cairn/autograd/ops/reduce.h>

#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

namespace cairn::inline v0 {

namespace {

/// The shape with the reduced dimensions kept as 1, and without them.
struct Reduced {
  Dims kept;
  Dims dropped;
  std::int64_t count = 1;  ///< elements that each result combines
};

Reduced reduced_shape(const char* op, const Tensor& x, const Dims& dims) {
  bool reduce[max_rank] = {};
  for (const std::int64_t dim : dims) {
    const int d = normalize_dim(op, dim, x.rank());
    check<IndexError>(!reduce[d], op, "dimension ", d, " occurs twice in ", dims);
    reduce[d] = true;
  }
  Reduced shape;
  for (int i = 0; i < x.rank(); ++i) {
    const bool gone = dims.empty() || reduce[i];
    shape.kept.push_back(gone ? 1 : x.sizes()[i]);
    if (gone) shape.count *= x.sizes()[i];
    if (!gone) shape.dropped.push_back(x.sizes()[i]);
  }
  return shape;
}

/// The dimensions that `kept` reduces (those of size 1 that were not reduced do no harm).
Dims reduced_dims(const Dims& kept) {
  Dims dims;
  for (int i = 0; i < kept.size(); ++i) {
    if (kept[i] == 1) dims.push_back(i);
  }
  return dims;
}

/// Runs the kernel; the result has shape `kept`.
Tensor reduce(const char* name, ReduceOp op, const Tensor& x, const Dims& kept, DType dtype, double scale = 1.0) {
  Tensor y = empty(kept, {dtype, x.device()});
  if (y.numel() > 0) run(name, kernels(x).reduce.forward, op, x, y, scale);
  return y;
}

/// `y` (shape kept) without the reduced dimensions unless they are to stay.
Tensor finish(const Tensor& y, const Reduced& shape, bool keepdim) {
  if (keepdim || y.sizes() == shape.dropped) return y;
  Tensor dropped = make_view(y, shape.dropped, row_major_strides(shape.dropped), 0);
  dropped.impl()->is_view = false;  // nobody else holds y
  return dropped;
}

DType sum_dtype(const Tensor& x) { return is_floating(x.dtype()) ? x.dtype() : DType::i64; }

Tensor scaled_sum(const char* name, const Tensor& x, const Dims& dims, bool keepdim, bool average) {
  const Reduced shape = reduced_shape(name, x, dims);
  const double scale = average ? 1.0 / static_cast<double>(shape.count) : 1.0;
  const Tensor y = finish(reduce(name, ReduceOp::sum, x, shape.kept, sum_dtype(x), scale), shape, keepdim);
  return record(name, {x}, y, {}, [kept = shape.kept, from = x.sizes(), scale, average](const Grads& g) -> Gradients {
    const Tensor spread = average ? g[0] * scale : g[0];
    return spread.reshape(kept).expand(from);
  });
}

Tensor extreme(const char* name, ReduceOp op, const Tensor& x, const Dims& dims, bool keepdim) {
  const Reduced shape = reduced_shape(name, x, dims);
  check<ShapeError>(shape.count > 0, name, "an empty reduction has no extreme element: ", x.describe());
  const Tensor y = finish(reduce(name, op, x, shape.kept, x.dtype()), shape, keepdim);
  return record(name, {x}, y, save(x, output(0)), [kept = shape.kept](const Grads& g) -> Gradients {
    const Tensor x_saved = g.saved(0);
    const Tensor hit = eq(x_saved, g.saved(1).reshape(kept)).to(x_saved.dtype());
    return g[0].reshape(kept) * (hit / hit.sum(reduced_dims(kept), true));
  });
}

/// For each element the product of all others that are reduced with it, from recorded products of what stands before
/// and after it: differentiable everywhere, but one op per element of a reduction.
Tensor products_of_others(const Tensor& x, const Dims& kept) {
  Dims order;  // the reduced dimensions go last
  for (int i = 0; i < x.rank(); ++i) {
    if (kept[i] != 1) order.push_back(i);
  }
  for (int i = 0; i < x.rank(); ++i) {
    if (kept[i] == 1) order.push_back(i);
  }
  Dims inverse = order;
  for (int i = 0; i < order.size(); ++i) inverse[static_cast<int>(order[i])] = i;
  const Tensor moved = x.permute(order);
  const Tensor rows = moved.reshape({kept.product(), x.numel() / kept.product()});
  const std::int64_t n = rows.size(1);
  std::vector<Tensor> others(static_cast<std::size_t>(n));
  Tensor before = ones_like(rows.select(1, 0)), after = before;
  for (std::int64_t i = 0; i < n; ++i) {
    others[static_cast<std::size_t>(i)] = before;
    if (i + 1 < n) before = before * rows.select(1, i);
  }
  for (std::int64_t i = n - 1; i >= 0; --i) {
    others[static_cast<std::size_t>(i)] = others[static_cast<std::size_t>(i)] * after;
    if (i > 0) after = after * rows.select(1, i);
  }
  return stack(others, 1).reshape(moved.sizes()).permute(inverse);
}

Tensor arg_extreme(const char* name, ReduceOp op, const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) {
  const Reduced shape = reduced_shape(name, x, dim ? Dims{*dim} : Dims{});
  check<ShapeError>(shape.count > 0, name, "an empty reduction has no extreme element: ", x.describe());
  return finish(reduce(name, op, x, shape.kept, DType::i64), shape, keepdim);
}

Tensor truth(const char* name, ReduceOp op, const Tensor& x, const Dims& dims, bool keepdim) {
  const Reduced shape = reduced_shape(name, x, dims);
  return finish(reduce(name, op, x, shape.kept, DType::boolean), shape, keepdim);
}

}  // namespace

Tensor sum(const Tensor& x, const Dims& dims, bool keepdim) { return scaled_sum("sum", x, dims, keepdim, false); }

Tensor mean(const Tensor& x, const Dims& dims, bool keepdim) {
  check<DTypeError>(is_floating(x.dtype()), "mean", "needs a floating dtype, got ", x.describe());
  return scaled_sum("mean", x, dims, keepdim, true);
}

Tensor prod(const Tensor& x, const Dims& dims, bool keepdim) {
  const Reduced shape = reduced_shape("prod", x, dims);
  const Tensor y = finish(reduce("prod", ReduceOp::prod, x, shape.kept, sum_dtype(x)), shape, keepdim);
  return record("prod", {x}, y, save(x), [kept = shape.kept](const Grads& g) -> Gradients {
    const Tensor a = g.saved(0);
    if (a.numel() == 0) return zeros_like(a);
    if (grad_enabled()) return g[0].reshape(kept) * products_of_others(a, kept);
    // The product of all the others. Dividing would fail at zeros, so each zero is counted: with none it is
    // y / x, with one it is the product of the rest at that place, with two or more it is 0 everywhere.
    const Dims reduced = reduced_dims(kept);
    const Tensor zero = eq(a, zeros_like(a));
    const Tensor patched = where(zero, ones_like(a), a);
    const Tensor rest = prod(patched, reduced, true);
    const Tensor zeros_seen = zero.to(a.dtype()).sum(reduced, true);
    const Tensor others_zero = zeros_seen - zero.to(a.dtype());
    return g[0].reshape(kept) * where(others_zero > 0.5, zeros_like(a), rest / patched);
  });
}

Tensor amax(const Tensor& x, const Dims& dims, bool keepdim) { return extreme("amax", ReduceOp::max, x, dims, keepdim); }
Tensor amin(const Tensor& x, const Dims& dims, bool keepdim) { return extreme("amin", ReduceOp::min, x, dims, keepdim); }
Tensor argmax(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) {
  return arg_extreme("argmax", ReduceOp::argmax, x, dim, keepdim);
}
Tensor argmin(const Tensor& x, std::optional<std::int64_t> dim, bool keepdim) {
  return arg_extreme("argmin", ReduceOp::argmin, x, dim, keepdim);
}
Tensor any(const Tensor& x, const Dims& dims, bool keepdim) { return truth("any", ReduceOp::any, x, dims, keepdim); }
Tensor all(const Tensor& x, const Dims& dims, bool keepdim) { return truth("all", ReduceOp::all, x, dims, keepdim); }

Tensor Tensor::sum(const Dims& dims, bool keepdim) const { return cairn::sum(*this, dims, keepdim); }
Tensor Tensor::mean(const Dims& dims, bool keepdim) const { return cairn::mean(*this, dims, keepdim); }
Tensor Tensor::max() const { return amax(*this); }
Tensor Tensor::min() const { return amin(*this); }
Tensor Tensor::argmax(std::optional<std::int64_t> dim, bool keepdim) const { return cairn::argmax(*this, dim, keepdim); }

}  // namespace cairn::inline v0
