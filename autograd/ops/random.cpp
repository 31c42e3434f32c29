#include <cairn/autograd/ops/random.h>

#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

namespace cairn::inline v0 {

namespace {

/// Reserves as many random numbers as `y` has elements (rounded up to a multiple of `unit`).
PhiloxState draw(const Tensor& y, std::int64_t unit = 1) {
  return advance_random(static_cast<std::uint64_t>((y.numel() + unit - 1) / unit * unit));
}

Tensor floating(const char* op, const Dims& sizes, TensorOptions options) {
  check<DTypeError>(is_floating(options.dtype), op, "needs a floating dtype, not ", name_of(options.dtype));
  return empty(sizes, options);
}

}  // namespace

Tensor uniform(const Dims& sizes, double low, double high, TensorOptions options) {
  Tensor y = floating("uniform", sizes, options);
  const PhiloxState state = draw(y);
  if (y.numel() > 0) run("uniform", kernels(y).random.uniform, y, &state, low, high);
  return y;
}

Tensor normal(const Dims& sizes, double mean, double deviation, TensorOptions options) {
  Tensor y = floating("normal", sizes, options);
  const PhiloxState state = draw(y, 2);
  if (y.numel() > 0) run("normal", kernels(y).random.normal, y, &state, mean, deviation);
  return y;
}

Tensor bernoulli(const Dims& sizes, double p, TensorOptions options) {
  check<ValueError>(p >= 0.0 && p <= 1.0, "bernoulli", "p = ", p, " must lie in [0, 1]");
  Tensor y = empty(sizes, options);
  const PhiloxState state = draw(y);
  if (y.numel() > 0) run("bernoulli", kernels(y).random.bernoulli, y, &state, p);
  return y;
}

Tensor rand(const Dims& sizes, TensorOptions options) { return uniform(sizes, 0.0, 1.0, options); }
Tensor randn(const Dims& sizes, TensorOptions options) { return normal(sizes, 0.0, 1.0, options); }

Tensor randint(std::int64_t low, std::int64_t high, const Dims& sizes, TensorOptions options) {
  check<ValueError>(low < high && high - low <= (std::int64_t{1} << 32), "randint", "needs low < high at most 2^32 apart, got ", low,
                    " and ", high);
  const double largest = options.dtype == DType::u8 ? 255.0 : options.dtype == DType::i32 ? 2147483647.0 : 9.2e18;
  const double smallest = options.dtype == DType::u8 ? 0.0 : options.dtype == DType::i32 ? -2147483648.0 : -9.2e18;
  check<ValueError>(static_cast<double>(low) >= smallest && static_cast<double>(high - 1) <= largest, "randint", "the range [", low,
                    ", ", high, ") does not fit ", name_of(options.dtype));
  const std::int64_t count = empty(sizes, {DType::i64}).numel();  // checks the sizes
  const PhiloxState state = advance_random(static_cast<std::uint64_t>(count));
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  const auto range = static_cast<std::uint64_t>(high - low);
  for (std::size_t i = 0; i < values.size(); ++i) {  // the high half of bits * range is uniform up to 2^-32
    values[i] = low + static_cast<std::int64_t>((philox_word(state.offset + i, state.seed) * range) >> 32);
  }
  return from_values(values, sizes).to(options.dtype).to(options.device);
}

Tensor dropout(const Tensor& x, double p, bool training) {
  check<ValueError>(p >= 0.0 && p <= 1.0, "dropout", "p = ", p, " must lie in [0, 1]");
  check<DTypeError>(is_floating(x.dtype()), "dropout", "needs a floating dtype, got ", x.describe());
  if (!training || p == 0.0) return x;
  Tensor y = empty_like(x);
  const Tensor input = y.strides() == x.strides() ? x : (x.is_channels_last() ? x.channels_last() : x.contiguous());
  Tensor mask = empty_like(y, DType::boolean);
  const PhiloxState state = draw(x);
  if (y.numel() > 0) run("dropout", kernels(x).random.dropout, input, y, mask, &state, p);
  return record("dropout", {input}, y, save(mask), [p](const Grads& g) -> Gradients {
    const double keep = p < 1.0 ? 1.0 / (1.0 - p) : 0.0;
    return g[0] * (g.saved(0).to(g[0].dtype()) * keep);
  });
}

}  // namespace cairn::inline v0
