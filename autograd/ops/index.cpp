#include <cairn/autograd/ops/index.h>

#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

namespace cairn::inline v0 {

namespace {

int check_index(const char* op, const Tensor& x, std::int64_t dim, const Tensor& index) {
  check_same_device(op, {x, index});
  check<ShapeError>(x.rank() >= 1, op, "a scalar cannot be indexed");
  check<DTypeError>(index.dtype() == DType::i64, op, "indices must be i64, got ", index.describe());
  return normalize_dim(op, dim, x.rank());
}

void check_gather(const char* op, const Tensor& x, int dim, const Tensor& index) {
  check<ShapeError>(index.rank() == x.rank(), op, "index ", index.describe(), " must have the rank of ", x.describe());
  for (int i = 0; i < x.rank(); ++i) {
    check<ShapeError>(i == dim || index.sizes()[i] <= x.sizes()[i], op, "index ", index.describe(), " is larger than ",
                      x.describe(), " outside dimension ", dim);
  }
}

/// The part of x that an index of these sizes reaches in the other dimensions.
Tensor reached(const Tensor& x, int dim, const Dims& sizes) {
  Tensor part = x;
  for (int i = 0; i < sizes.size(); ++i) {
    if (i != dim && sizes[i] != x.sizes()[i]) part = part.narrow(i, 0, sizes[i]);
  }
  return part;
}

}  // namespace

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const int d = check_index("index_select", x, dim, index);
  check<ShapeError>(index.rank() == 1, "index_select", "the index must be [n], it is ", index.describe());
  Dims sizes = x.sizes();
  sizes[d] = index.size(0);
  Tensor y = empty(sizes, x.options());
  if (y.numel() > 0) run("index_select", kernels(x).index.select, x, d, index, y);
  return record("index_select", {x}, y, save(index), [d, from = x.sizes()](const Grads& g) -> Gradients {
    return index_add(zeros(from, g[0].options()), d, g.saved(0), g[0]);
  });
}

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  const int d = check_index("index_add", x, dim, index);
  check<DTypeError>(x.dtype() == source.dtype(), "index_add", x.describe(), " and ", source.describe(), " differ in dtype");
  Dims expected = x.sizes();
  expected[d] = index.rank() == 1 ? index.size(0) : -1;
  check<ShapeError>(source.sizes() == expected, "index_add", "the source must be ", expected, " for ", x.describe(), " and index ",
                    index.describe(), ", it is ", source.describe());
  Tensor y;
  {
    const NoGrad guard;
    y = x.clone();
  }
  if (source.numel() > 0) run("index_add", kernels(x).index.add, y, d, index, source);
  return record("index_add", {x, source}, y, save(index), [d](const Grads& g) -> Gradients {
    return {g[0], g.needs(1) ? index_select(g[0], d, g.saved(0)) : Tensor()};
  });
}

Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const int d = check_index("gather", x, dim, index);
  check_gather("gather", x, d, index);
  Tensor y = empty(index.sizes(), x.options());
  if (y.numel() > 0) run("gather", kernels(x).index.gather, reached(x.detach(), d, index.sizes()), d, index, y);
  return record("gather", {x}, y, save(index), [d, from = x.sizes()](const Grads& g) -> Gradients {
    return scatter_add(zeros(from, g[0].options()), d, g.saved(0), g[0]);
  });
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  const int d = check_index("scatter_add", x, dim, index);
  check_gather("scatter_add", x, d, index);
  check<DTypeError>(x.dtype() == source.dtype(), "scatter_add", x.describe(), " and ", source.describe(), " differ in dtype");
  check<ShapeError>(source.sizes() == index.sizes(), "scatter_add", "source ", source.describe(), " and index ", index.describe(),
                    " must have one shape");
  Tensor y;
  {
    const NoGrad guard;
    y = x.clone();
  }
  if (source.numel() > 0) run("scatter_add", kernels(x).index.scatter_add, reached(y, d, index.sizes()), d, index, source);
  return record("scatter_add", {x, source}, y, save(index), [d](const Grads& g) -> Gradients {
    return {g[0], g.needs(1) ? gather(g[0], d, g.saved(0)) : Tensor()};
  });
}

}  // namespace cairn::inline v0
