/// Batch and layer normalisation: operand checks, channel parameters, and which pass runs when.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/norm.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/kernels/cpu/detail/batch_norm-inl.h>
#include <cairn/kernels/cpu/detail/layer_norm-inl.h>
#include <cairn/kernels/norm.h>

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

bool is_channels_last(View x) {
  return (x.sizes[1] == 1 || x.strides[1] == 1) && (x.sizes[2] == 1 || x.strides[2] == x.sizes[1]) &&
         (x.sizes[0] == 1 || x.strides[0] == x.sizes[1] * x.sizes[2]);
}

/// x and every given view of `alike` must share shape, dtype and a dense layout.
template <int count>
Status describe(View x, const View (&alike)[count], ChannelLayout& layout) {
  if (x.dtype != DType::f32 && x.dtype != DType::f64) return Status::unsupported_dtype;
  if (x.rank != 3) return Status::unsupported_layout;
  const std::int64_t n = x.sizes[0], c = x.sizes[1], l = x.sizes[2];
  bool last = is_channels_last(x), row_major = x.is_contiguous();
  for (View other : alike) {
    if (!other) continue;
    if (other.dtype != x.dtype) return Status::unsupported_dtype;
    if (other.rank != 3 || other.sizes[0] != n || other.sizes[1] != c || other.sizes[2] != l) {
      return Status::unsupported_layout;
    }
    last = last && is_channels_last(other);
    row_major = row_major && other.is_contiguous();
  }
  if (n * c * l == 0) {
    layout = {true, 0, c, 1};
  } else if (c == 1 && (last || row_major)) {
    layout = {false, 1, 1, n * l};  // one channel: all of x is one row
  } else if (last) {
    layout = {true, n * l, c, 1};
  } else if (row_major) {
    layout = {false, n, c, l};
  } else {
    return Status::unsupported_layout;
  }
  return Status::ok;
}

/// Each given view must be a dense vector of `count` elements.
template <int views>
Status check_vectors(const View (&vectors)[views], DType dtype, std::int64_t count) {
  for (View v : vectors) {
    if (!v) continue;
    if (v.dtype != dtype) return Status::unsupported_dtype;
    if (v.rank != 1 || v.sizes[0] != count || !v.is_contiguous()) return Status::unsupported_layout;
  }
  return Status::ok;
}

/// Parameters of y = (x - center) * scale + offset for channel c: three rows of `parameters`. What T cannot hold of
/// the mean goes into the offset.
template <class T>
void set_affine(T* parameters, const ChannelLayout& g, std::int64_t c, double mean, double invstd, View weight,
                View bias) {
  const double scale = weight ? invstd * static_cast<double>(weight.as<T>()[c]) : invstd;
  const double rest = static_cast<double>(static_cast<T>(mean)) - mean;
  parameters[c] = static_cast<T>(mean);
  parameters[g.c + c] = static_cast<T>(scale);
  parameters[2 * g.c + c] = static_cast<T>((bias ? static_cast<double>(bias.as<T>()[c]) : 0.0) + rest * scale);
}

template <class T>
void apply_affine(const ChannelLayout& g, const T* x, const T* parameters, T* y) {
  apply_per_channel<3>(g, parameters, y, [&](auto lanes, std::int64_t at, auto& p) HWY_ATTR {
    return hn::MulAdd(hn::Sub(lanes.load(x + at), p[0]), p[1], p[2]);
  });
}

template <class T>
Status train(Context& context, const ChannelLayout& g, View x, View weight, View bias, View running_mean,
             View running_var, View y, View mean, View invstd, double momentum, double eps) {
  const ChannelChunks chunks(g);
  double* partial = context.scratch<double>(larger(1, 2 * chunks.count * g.c));
  T* parameters = context.scratch<T>(3 * g.c);
  if (!partial || !parameters) return Status::out_of_memory;
  double* partial_m2 = partial + chunks.count * g.c;
  chunk_moments(g, chunks, x.as<const T>(), partial, partial_m2);

  for (std::int64_t c = 0; c < g.c; ++c) {
    Moments all;
    for (std::int64_t chunk = 0; chunk < chunks.count; ++chunk) {
      const std::int64_t at = chunk * g.c + c;
      all = join(all, {chunks[chunk].size(), partial[at], partial_m2[at]});
    }
    const double variance = all.count > 0 ? all.m2 / all.count : 0.0;
    const double inverse = 1 / std::sqrt(variance + eps);
    mean.as<T>()[c] = static_cast<T>(all.mean);
    invstd.as<T>()[c] = static_cast<T>(inverse);
    set_affine<T>(parameters, g, c, all.mean, inverse, weight, bias);
    if (all.count == 0) continue;
    const auto update = [&](View running, double now) HWY_ATTR {
      if (!running) return;
      T& value = running.as<T>()[c];
      value = static_cast<T>((1 - momentum) * static_cast<double>(value) + momentum * now);
    };
    update(running_mean, all.mean);
    update(running_var, all.count > 1 ? all.m2 / (all.count - 1) : variance);
  }
  if (g.n > 0) apply_affine(g, x.as<const T>(), parameters, y.as<T>());
  return Status::ok;
}

Status batch_norm_train(Context& context, View x, View weight, View bias, View running_mean, View running_var, View y,
                        View mean, View invstd, double momentum, double eps) {
  ChannelLayout g;
  Status status = describe(x, {y}, g);
  if (status == Status::ok) {
    status = check_vectors({weight, bias, running_mean, running_var, mean, invstd}, x.dtype, x.sizes[1]);
  }
  if (status != Status::ok || g.c == 0) return status;
  const auto run = x.dtype == DType::f32 ? train<float> : train<double>;
  return run(context, g, x, weight, bias, running_mean, running_var, y, mean, invstd, momentum, eps);
}

template <class T>
Status eval(Context& context, const ChannelLayout& g, View x, View weight, View bias, View mean, View variance, View y,
            double eps) {
  T* parameters = context.scratch<T>(3 * g.c);
  if (!parameters) return Status::out_of_memory;
  for (std::int64_t c = 0; c < g.c; ++c) {
    const double invstd = 1 / std::sqrt(static_cast<double>(variance.as<T>()[c]) + eps);
    set_affine<T>(parameters, g, c, static_cast<double>(mean.as<T>()[c]), invstd, weight, bias);
  }
  apply_affine(g, x.as<const T>(), parameters, y.as<T>());
  return Status::ok;
}

Status batch_norm_eval(Context& context, View x, View weight, View bias, View mean, View variance, View y, double eps) {
  ChannelLayout g;
  Status status = describe(x, {y}, g);
  if (status == Status::ok) status = check_vectors({weight, bias, mean, variance}, x.dtype, x.sizes[1]);
  if (status != Status::ok || g.n * g.c == 0) return status;
  const auto run = x.dtype == DType::f32 ? eval<float> : eval<double>;
  return run(context, g, x, weight, bias, mean, variance, y, eps);
}

template <class T>
Status backward(Context& context, const ChannelLayout& g, View x, View dy, View weight, View mean, View invstd,
                bool training, View dx, View dweight, View dbias) {
  const bool sums_needed = dweight || dbias || (dx && training);
  const ChannelChunks chunks(g);
  double* sum = sums_needed ? context.scratch<double>(larger(1, 2 * chunks.count * g.c)) : nullptr;
  T* parameters = context.scratch<T>(4 * g.c);
  if ((sums_needed && !sum) || !parameters) return Status::out_of_memory;
  double* product = sums_needed ? sum + chunks.count * g.c : nullptr;
  if (sums_needed) chunk_gradients(g, chunks, x.as<const T>(), dy.as<const T>(), mean.as<const T>(), sum, product);

  const double places = static_cast<double>(g.n * g.l);
  for (std::int64_t c = 0; c < g.c; ++c) {
    double bias_gradient = 0, centered = 0;
    for (std::int64_t at = c; sums_needed && at < chunks.count * g.c; at += g.c) {
      bias_gradient += sum[at];
      centered += product[at];
    }
    const double inverse = static_cast<double>(invstd.as<T>()[c]);
    const double weight_gradient = centered * inverse;
    if (dbias) dbias.as<T>()[c] = static_cast<T>(bias_gradient);
    if (dweight) dweight.as<T>()[c] = static_cast<T>(weight_gradient);
    parameters[c] = static_cast<T>(weight ? inverse * static_cast<double>(weight.as<T>()[c]) : inverse);
    parameters[g.c + c] = mean.as<T>()[c];
    parameters[2 * g.c + c] = static_cast<T>(bias_gradient / places);
    parameters[3 * g.c + c] = static_cast<T>(weight_gradient * inverse / places);
  }
  if (!dx || g.n == 0) return Status::ok;

  const T* const x0 = x.as<const T>();
  const T* const dy0 = dy.as<const T>();
  if (training) {
    apply_per_channel<4>(g, parameters, dx.as<T>(), [&](auto lanes, std::int64_t at, auto& p) HWY_ATTR {
      const auto gradient = hn::Sub(lanes.load(dy0 + at), p[2]);
      return hn::Mul(p[0], hn::NegMulAdd(hn::Sub(lanes.load(x0 + at), p[1]), p[3], gradient));
    });
  } else {
    apply_per_channel<1>(g, parameters, dx.as<T>(), [&](auto lanes, std::int64_t at, auto& p) HWY_ATTR {
      return hn::Mul(p[0], lanes.load(dy0 + at));
    });
  }
  return Status::ok;
}

Status batch_norm_backward(Context& context, View x, View dy, View weight, View mean, View invstd, bool training,
                           View dx, View dweight, View dbias) {
  ChannelLayout g;
  Status status = describe(x, {dy, dx}, g);
  if (status == Status::ok) {
    status = check_vectors({weight, mean, invstd, dweight, dbias}, x.dtype, x.sizes[1]);
  }
  if (status != Status::ok || g.c == 0) return status;
  const auto run = x.dtype == DType::f32 ? backward<float> : backward<double>;
  return run(context, g, x, dy, weight, mean, invstd, training, dx, dweight, dbias);
}

template <int count>
Status check_rows(View x, const View (&alike)[count]) {
  if (x.dtype != DType::f32 && x.dtype != DType::f64) return Status::unsupported_dtype;
  if (x.rank != 2 || !x.is_contiguous()) return Status::unsupported_layout;
  for (View other : alike) {
    if (!other) continue;
    if (other.dtype != x.dtype) return Status::unsupported_dtype;
    if (other.rank != 2 || other.sizes[0] != x.sizes[0] || other.sizes[1] != x.sizes[1] || !other.is_contiguous()) {
      return Status::unsupported_layout;
    }
  }
  return Status::ok;
}

template <class T>
void layer_forward(View x, View weight, View bias, View y, View mean, View invstd, double eps) {
  layer_norm_forward<T>({x.sizes[0], x.sizes[1], x.as<const T>(), weight.as<const T>(), bias.as<const T>(), y.as<T>(),
                         mean.as<T>(), invstd.as<T>(), eps});
}

Status layer_norm_forward(Context&, View x, View weight, View bias, View y, View mean, View invstd, double eps) {
  Status status = check_rows(x, {y});
  if (status == Status::ok) status = check_vectors({weight, bias}, x.dtype, x.sizes[1]);
  if (status == Status::ok) status = check_vectors({mean, invstd}, x.dtype, x.sizes[0]);
  if (status != Status::ok || x.numel() == 0) return status;
  const auto run = x.dtype == DType::f32 ? layer_forward<float> : layer_forward<double>;
  run(x, weight, bias, y, mean, invstd, eps);
  return Status::ok;
}

template <class T>
Status layer_backward(Context& context, View x, View dy, View weight, View mean, View invstd, View dx, View dweight,
                      View dbias) {
  const LayerNormBackward<T> a{x.sizes[0],          x.sizes[1],           x.as<const T>(),
                               dy.as<const T>(),    weight.as<const T>(), mean.as<const T>(),
                               invstd.as<const T>(), dx.as<T>(),          dweight.as<T>(),
                               dbias.as<T>()};
  T* partials = nullptr;
  if (dweight || dbias) {
    partials = context.scratch<T>(larger(1, a.chunks() * 2 * a.cols));
    if (!partials) return Status::out_of_memory;
  }
  layer_norm_backward(a, partials);
  return Status::ok;
}

Status layer_norm_backward(Context& context, View x, View dy, View weight, View mean, View invstd, View dx,
                           View dweight, View dbias) {
  Status status = check_rows(x, {dy, dx});
  if (status == Status::ok) status = check_vectors({weight, dweight, dbias}, x.dtype, x.sizes[1]);
  if (status == Status::ok) status = check_vectors({mean, invstd}, x.dtype, x.sizes[0]);
  if (status != Status::ok || x.sizes[1] == 0) return status;
  const auto run = x.dtype == DType::f32 ? layer_backward<float> : layer_backward<double>;
  return run(context, x, dy, weight, mean, invstd, dx, dweight, dbias);
}

}  // namespace

void fill(NormKernels& table) {
  table.batch_norm_train = batch_norm_train;
  table.batch_norm_eval = batch_norm_eval;
  table.batch_norm_backward = batch_norm_backward;
  table.layer_norm_forward = layer_norm_forward;
  table.layer_norm_backward = layer_norm_backward;
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
