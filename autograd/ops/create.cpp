#include <cairn/autograd/ops/create.h>

#include <cairn/autograd/run.h>

#include <cmath>

namespace cairn::inline v0 {

namespace {

Tensor filled(Tensor y, double value) {
  if (y.numel() > 0) {
    run("full", kernels(y).pointwise.forward, PointwiseOp::fill, static_cast<const View*>(nullptr), 0, y, &value);
  }
  return y;
}

}  // namespace

Tensor full(const Dims& sizes, double value, TensorOptions options) { return filled(empty(sizes, options), value); }
Tensor zeros(const Dims& sizes, TensorOptions options) { return full(sizes, 0.0, options); }
Tensor ones(const Dims& sizes, TensorOptions options) { return full(sizes, 1.0, options); }
Tensor full_like(const Tensor& like, double value) { return filled(empty_like(like), value); }
Tensor zeros_like(const Tensor& like) { return full_like(like, 0.0); }
Tensor ones_like(const Tensor& like) { return full_like(like, 1.0); }
Tensor scalar(double value, TensorOptions options) { return full({}, value, options); }

Tensor arange(double start, double stop, double step, TensorOptions options) {
  check<ValueError>(step != 0.0 && std::isfinite(start) && std::isfinite(stop) && std::isfinite(step), "arange",
                    "start ", start, ", stop ", stop, " and step ", step, " must be finite and the step not 0");
  const double steps = std::max(0.0, std::ceil((stop - start) / step));
  check<ValueError>(steps < 0x1p48, "arange", "start ", start, ", stop ", stop, " and step ", step, " make too many values");
  const auto count = static_cast<std::int64_t>(steps);
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = start + static_cast<double>(i) * step;
  return from_values(values, {count}).to(options.dtype).to(options.device);
}

}  // namespace cairn::inline v0
