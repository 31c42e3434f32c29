/// One step of SGD or Adam. All tensors of a call share one dense layout, so they are treated as flat arrays.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/optimizer.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/core/parallel.h>
#include <cairn/kernels/cpu/detail/lanes-inl.h>
#include <cairn/kernels/cpu/detail/layout-inl.h>
#include <cairn/kernels/optimizer.h>

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// Elements of one task: a multiple of every vector length.
inline constexpr std::int64_t grain = 16384;

/// theta decides dtype and layout; the others that are given must be like it.
template <int count>
Status check_alike(const View& theta, const View (&others)[count]) {
  if (theta.dtype != DType::f32 && theta.dtype != DType::f64) return Status::unsupported_dtype;
  if (!is_dense(theta)) return Status::unsupported_layout;
  for (const View& other : others) {
    if (!other) continue;
    if (other.dtype != theta.dtype) return Status::unsupported_dtype;
    if (!same_layout(theta, other)) return Status::unsupported_layout;
  }
  return Status::ok;
}

/// Scalars are computed in f64 and rounded to T once.
template <class T>
void sgd_step(std::int64_t count, T* theta, const T* grad, T* velocity, const SgdOptions& options, double learning_rate,
              bool first) {
  const Tag<T> d;
  const auto scalar = [&](double value) HWY_ATTR { return hn::Set(d, static_cast<T>(value)); };
  const bool coupled = options.weight_decay != 0 && !options.decoupled;
  const bool decoupled = options.weight_decay != 0 && options.decoupled;
  const auto rate = scalar(learning_rate), decay = scalar(options.weight_decay);
  const auto rate_decay = scalar(learning_rate * options.weight_decay);
  const auto momentum = scalar(options.momentum), dampened = scalar(1 - options.dampening);
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for_lanes(d, end - begin, [&](auto lanes, std::int64_t offset) HWY_ATTR {
      const std::int64_t i = begin + offset;
      const auto old = lanes.load(theta + i);
      auto g = lanes.load(grad + i);
      if (coupled) g = hn::MulAdd(decay, old, g);
      if (velocity) {
        const auto v = first ? g : hn::MulAdd(momentum, lanes.load(velocity + i), hn::Mul(dampened, g));
        lanes.store(v, velocity + i);
        g = options.nesterov ? hn::MulAdd(momentum, v, g) : v;
      }
      auto change = hn::Mul(rate, g);
      if (decoupled) change = hn::MulAdd(rate_decay, old, change);
      lanes.store(hn::Sub(old, change), theta + i);
    });
  });
}

Status sgd(Context&, View theta, View grad, View velocity, const SgdOptions& options, const double* learning_rate,
           const std::int64_t* step) {
  const Status status = check_alike(theta, {grad, velocity});
  if (status != Status::ok || theta.numel() == 0) return status;
  if (options.momentum == 0) {
    velocity = View{};
  } else if (!velocity) {
    return Status::unsupported;
  }
  const auto run = [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    sgd_step(theta.numel(), theta.as<T>(), grad.as<const T>(), velocity.as<T>(), options, *learning_rate, *step == 1);
  };
  theta.dtype == DType::f32 ? run(0.0F) : run(0.0);
  return Status::ok;
}

template <class T>
void adam_step(std::int64_t count, T* theta, const T* grad, T* m, T* v, const AdamOptions& options,
               double learning_rate, std::int64_t step) {
  const Tag<T> d;
  const auto scalar = [&](double value) HWY_ATTR { return hn::Set(d, static_cast<T>(value)); };
  const double t = static_cast<double>(step);
  const double correction1 = 1 - std::pow(options.beta1, t), correction2 = 1 - std::pow(options.beta2, t);
  const bool coupled = options.weight_decay != 0 && !options.decoupled;
  const bool decoupled = options.weight_decay != 0 && options.decoupled;
  const auto beta1 = scalar(options.beta1), rest1 = scalar(1 - options.beta1);
  const auto beta2 = scalar(options.beta2), rest2 = scalar(1 - options.beta2);
  const auto rate = scalar(learning_rate / correction1), unbias = scalar(1 / std::sqrt(correction2));
  const auto eps = scalar(options.eps), decay = scalar(options.weight_decay);
  const auto rate_decay = scalar(learning_rate * options.weight_decay);
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for_lanes(d, end - begin, [&](auto lanes, std::int64_t offset) HWY_ATTR {
      const std::int64_t i = begin + offset;
      const auto old = lanes.load(theta + i);
      auto g = lanes.load(grad + i);
      if (coupled) g = hn::MulAdd(decay, old, g);
      const auto first = hn::MulAdd(beta1, lanes.load(m + i), hn::Mul(rest1, g));
      const auto second = hn::MulAdd(beta2, lanes.load(v + i), hn::Mul(rest2, hn::Mul(g, g)));
      lanes.store(first, m + i);
      lanes.store(second, v + i);
      auto change = hn::Div(hn::Mul(rate, first), hn::MulAdd(hn::Sqrt(second), unbias, eps));
      if (decoupled) change = hn::MulAdd(rate_decay, old, change);
      lanes.store(hn::Sub(old, change), theta + i);
    });
  });
}

Status adam(Context&, View theta, View grad, View m, View v, const AdamOptions& options, const double* learning_rate,
            const std::int64_t* step) {
  const Status status = check_alike(theta, {grad, m, v});
  if (status != Status::ok || theta.numel() == 0) return status;
  const auto run = [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    adam_step(theta.numel(), theta.as<T>(), grad.as<const T>(), m.as<T>(), v.as<T>(), options, *learning_rate, *step);
  };
  theta.dtype == DType::f32 ? run(0.0F) : run(0.0);
  return Status::ok;
}

}  // namespace

void fill(OptimizerKernels& table) {
  table.sgd = sgd;
  table.adam = adam;
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
