#include <cairn/autograd/ops/matmul.h>

#include <cairn/autograd/detail/pointwise.h>
#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

namespace cairn::inline v0 {

namespace {

/// A batch of products of [B, M, K] and [B, K, N] in one floating dtype, with a bias [N] or none.
Tensor product(const char* name, const Tensor& a, const Tensor& b, const Tensor& bias) {
  Tensor c = empty({a.size(0), a.size(1), b.size(2)}, a.options());
  if (c.numel() > 0) run(name, kernels(a).matmul.matmul, a, b, bias, c);
  return record(name, {a, b, bias}, c, save(a, b), [](const Grads& g) -> Gradients {
    Tensor da = g.needs(0) ? bmm(g[0], g.saved(1).transpose(1, 2)) : Tensor();
    Tensor db = g.needs(1) ? bmm(g.saved(0).transpose(1, 2), g[0]) : Tensor();
    Tensor dbias = g.needs(2) ? g[0].sum({0, 1}) : Tensor();
    return {da, db, dbias};
  });
}

void check_operands(const char* name, const Tensor& a, const Tensor& b) {
  check_same_device(name, {a, b});
  check<DTypeError>(a.dtype() == b.dtype() && is_floating(a.dtype()), name,
                    "the operands must have one floating dtype: ", a.describe(), " and ", b.describe());
}

}  // namespace

Tensor bmm(const Tensor& a, const Tensor& b) {
  check_operands("bmm", a, b);
  check<ShapeError>(a.rank() == 3 && b.rank() == 3 && a.size(0) == b.size(0) && a.size(2) == b.size(1), "bmm",
                    "expected [B, M, K] and [B, K, N], got ", a.describe(), " and ", b.describe());
  return product("bmm", a, b, {});
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_operands("matmul", a, b);
  check<ShapeError>(a.rank() >= 1 && b.rank() >= 1, "matmul", "scalars have no matrix product: ", a.describe(), " and ",
                    b.describe());
  const Tensor left = a.rank() == 1 ? a.unsqueeze(0) : a;
  const Tensor right = b.rank() == 1 ? b.unsqueeze(1) : b;
  const std::int64_t m = left.size(-2), k = left.size(-1), n = right.size(-1);
  check<ShapeError>(right.size(-2) == k, "matmul", "the last size of ", a.describe(), " and the ",
                    b.rank() == 1 ? "size" : "last but one size", " of ", b.describe(), " must be equal");

  Tensor c;
  if (right.rank() == 2) {  // one matrix on the right: all rows on the left are one tall matrix
    Dims rows = left.sizes();
    rows[rows.size() - 1] = n;
    c = product("matmul", left.reshape({1, k == 0 ? rows.product() / std::max<std::int64_t>(n, 1) : -1, k}), right.unsqueeze(0), {})
            .reshape(rows);
  } else {
    const Dims left_batch(left.sizes().begin(), left.sizes().end() - 2);
    const Dims right_batch(right.sizes().begin(), right.sizes().end() - 2);
    const Dims batch = broadcast_shapes("matmul", left_batch, right_batch);
    const auto batched = [&](const Tensor& x, std::int64_t rows, std::int64_t cols) {
      Dims full = batch;
      full.push_back(rows);
      full.push_back(cols);
      return x.expand(full).reshape({batch.product(), rows, cols});
    };
    Dims sizes = batch;
    sizes.push_back(m);
    sizes.push_back(n);
    c = product("matmul", batched(left, m, k), batched(right, k, n), {}).reshape(sizes);
  }
  if (b.rank() == 1) c = c.squeeze(-1);
  if (a.rank() == 1) c = c.squeeze(b.rank() == 1 ? -1 : -2);
  return c;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_same_device("linear", {x, weight, bias});
  check<ShapeError>(weight.rank() == 2 && x.rank() >= 1 && x.size(-1) == weight.size(1), "linear",
                    "the last size of the input must be the second of the weight [out, in]: input ", x.describe(),
                    ", weight ", weight.describe());
  check<ShapeError>(!bias.defined() || bias.sizes() == Dims{weight.size(0)}, "linear", "the bias must be [",
                    weight.size(0), "], it is ", bias.describe());
  check<DTypeError>(x.dtype() == weight.dtype() && (!bias.defined() || bias.dtype() == x.dtype()) && is_floating(x.dtype()),
                    "linear", "the operands must have one floating dtype: input ", x.describe(), ", weight ",
                    weight.describe(), ", bias ", bias.describe());
  Dims sizes = x.sizes();
  sizes[sizes.size() - 1] = weight.size(0);
  std::int64_t rows = 1;
  for (int i = 0; i + 1 < x.rank(); ++i) rows *= x.sizes()[i];
  return product("linear", x.reshape({1, rows, x.size(-1)}), weight.t().unsqueeze(0), bias).reshape(sizes);
}

}  // namespace cairn::inline v0
