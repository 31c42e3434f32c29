#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/loss.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/core/parallel.h>
#include <cairn/kernels/cpu/detail/rows-inl.h>
#include <cairn/kernels/cpu/tables.h>
#include <cairn/kernels/math-inl.h>

#include <math.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

using namespace math;

std::int64_t rows_per_task(std::int64_t columns) { return columns > 0 ? 8192 / columns : 8192; }

bool targets_in_range(View target, std::int64_t columns, std::int64_t ignore_index) {
  const auto* t = target.as<const std::int64_t>();
  bool in_range = true;
  for (std::int64_t r = 0; r < target.numel(); ++r) {
    in_range = in_range & (((t[r] >= 0) & (t[r] < columns)) | (t[r] == ignore_index));
  }
  return in_range;
}

/// Of a [rows] operand, whose stride may be 0.
template <class T>
T& at(View v, std::int64_t row) {
  return v.as<T>()[row * v.strides[0]];
}

template <class T>
struct ClassWeights {
  const T* w;  ///< null: all ones
  std::int64_t classes;

  double of(std::int64_t k) const { return w ? static_cast<double>(w[k]) : 1.0; }
  double total() const {
    if (!w) return static_cast<double>(classes);
    return row_sum<T>(classes, [&](auto place) HWY_ATTR { return place.load(w); });
  }
};

/// log sum exp(z) = max + log_sum. Kept apart, because (max - z_t) + log_sum loses nothing to large logits.
struct LogSumExp {
  double max, log_sum;
  double value() const { return max + log_sum; }
};

template <class T>
LogSumExp log_sum_exp(const T* z, std::int64_t n) {
  const auto max = static_cast<double>(row_max(z, n));
  if (max - max != 0.0) return {max, 0.0};  // +-inf: the log of infinity, or of 0
  const Vec<T> vmax(max);
  return {max, ::log(row_sum<T>(n, [&](auto place) HWY_ATTR { return exp(place.load(z) - vmax); }))};
}

template <class T>
void forward_row(const T* z, std::int64_t t, ClassWeights<T> weights, double smoothing, T& loss, T& lse_out) {
  using V = Vec<T>;
  const std::int64_t n = weights.classes;
  const LogSumExp lse = log_sum_exp(z, n);
  lse_out = static_cast<T>(lse.value());
  double value = (1.0 - smoothing) * weights.of(t) * ((lse.max - static_cast<double>(z[t])) + lse.log_sum);
  if (smoothing > 0.0) {
    const V max(lse.max), log_sum(lse.log_sum);
    const double total = row_sum<T>(n, [&](auto place) HWY_ATTR {
      const V log_ratio = (max - place.load(z)) + log_sum;
      return weights.w ? place.load(weights.w) * log_ratio : log_ratio;
    });
    value += smoothing / static_cast<double>(n) * total;
  }
  loss = static_cast<T>(value);
}

template <class T>
Status cross_entropy_forward_of(View logits, View target, View class_weight, const CrossEntropyOptions& options,
                                View loss, View lse) {
  const std::int64_t rows = logits.sizes[0], columns = logits.sizes[1];
  const ClassWeights<T> weights{class_weight.as<const T>(), columns};
  parallel_for(rows, rows_per_task(columns), [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t t = target.as<const std::int64_t>()[r];
      const T* z = logits.as<const T>() + r * columns;
      if (t == options.ignore_index) {
        at<T>(loss, r) = T{0};
        at<T>(lse, r) = static_cast<T>(log_sum_exp(z, columns).value());
      } else {
        forward_row<T>(z, t, weights, options.label_smoothing, at<T>(loss, r), at<T>(lse, r));
      }
    }
  });
  return Status::ok;
}

/// dz_k = dloss [a softmax_k - b [k = t] - c w_k]. exp(z - lse) is scaled to sum to 1, because lse was rounded.
template <class T>
void backward_row(const T* z, std::int64_t t, ClassWeights<T> weights, double total_weight, double smoothing, T lse,
                  double dloss, T* dz) {
  using V = Vec<T>;
  const std::int64_t n = weights.classes;
  const V shift(static_cast<double>(lse));
  const double sum = row_sum<T>(n, [&](auto place) HWY_ATTR {
    const V e = exp(place.load(z) - shift);
    place.store(e, dz);
    return e;
  });
  const double b = (1.0 - smoothing) * weights.of(t);
  const double c = smoothing / static_cast<double>(n);
  const double scale = dloss * (b + c * total_weight) / sum;
  const double target_gradient = static_cast<double>(dz[t]) * scale - dloss * (b + c * weights.of(t));
  const V vscale(scale), vc(-dloss * c);
  for_each_vector<T>(n, [&](auto place) HWY_ATTR {
    const V smooth = weights.w ? vc * place.load(weights.w) : vc;
    place.store(fma(place.load(dz), vscale, smooth), dz);
  });
  dz[t] = static_cast<T>(target_gradient);
}

template <class T>
Status cross_entropy_backward_of(View logits, View target, View class_weight, const CrossEntropyOptions& options,
                                 View lse, View dloss, View dlogits) {
  const std::int64_t rows = logits.sizes[0], columns = logits.sizes[1];
  const ClassWeights<T> weights{class_weight.as<const T>(), columns};
  const double total_weight = weights.total();
  parallel_for(rows, rows_per_task(columns), [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t t = target.as<const std::int64_t>()[r];
      T* dz = dlogits.as<T>() + r * columns;
      if (t == options.ignore_index) {
        for (std::int64_t k = 0; k < columns; ++k) dz[k] = T{0};
      } else {
        backward_row<T>(logits.as<const T>() + r * columns, t, weights, total_weight, options.label_smoothing,
                        at<T>(lse, r), static_cast<double>(at<T>(dloss, r)), dz);
      }
    }
  });
  return Status::ok;
}

template <class T>
Status nll_forward_of(View log_probabilities, View target, View class_weight, std::int64_t ignore_index, View loss) {
  const std::int64_t rows = log_probabilities.sizes[0], columns = log_probabilities.sizes[1];
  const ClassWeights<T> weights{class_weight.as<const T>(), columns};
  const auto* t = target.as<const std::int64_t>();
  const auto* p = log_probabilities.as<const T>();
  for (std::int64_t r = 0; r < rows; ++r) {
    at<T>(loss, r) =
        t[r] == ignore_index ? T{0} : static_cast<T>(-weights.of(t[r]) * static_cast<double>(p[r * columns + t[r]]));
  }
  return Status::ok;
}

template <class T>
Status nll_backward_of(View target, View class_weight, std::int64_t ignore_index, View dloss, View dp) {
  const std::int64_t rows = dp.sizes[0], columns = dp.sizes[1];
  const ClassWeights<T> weights{class_weight.as<const T>(), columns};
  const auto* t = target.as<const std::int64_t>();
  parallel_for(rows, rows_per_task(columns), [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for (std::int64_t r = begin; r < end; ++r) {
      T* row = dp.as<T>() + r * columns;
      for (std::int64_t k = 0; k < columns; ++k) row[k] = T{0};
      if (t[r] == ignore_index) continue;
      row[t[r]] = static_cast<T>(-weights.of(t[r]) * static_cast<double>(at<T>(dloss, r)));
    }
  });
  return Status::ok;
}

Status check(View matrix, View target, View class_weight, std::int64_t ignore_index) {
  if (matrix.dtype != DType::f32 && matrix.dtype != DType::f64) return Status::unsupported_dtype;
  if (target.dtype != DType::i64 || (class_weight && class_weight.dtype != matrix.dtype)) {
    return Status::unsupported_dtype;
  }
  if (!matrix.is_contiguous() || !target.is_contiguous() || (class_weight && !class_weight.is_contiguous())) {
    return Status::unsupported_layout;
  }
  return targets_in_range(target, matrix.sizes[1], ignore_index) ? Status::ok : Status::index_out_of_range;
}

Status cross_entropy_forward(Context&, View logits, View target, View class_weight,
                             const CrossEntropyOptions& options, View loss, View lse) {
  const Status status = check(logits, target, class_weight, options.ignore_index);
  if (status != Status::ok) return status;
  if (loss.dtype != logits.dtype || lse.dtype != logits.dtype) return Status::unsupported_dtype;
  const auto of = logits.dtype == DType::f32 ? cross_entropy_forward_of<float> : cross_entropy_forward_of<double>;
  return of(logits, target, class_weight, options, loss, lse);
}

Status cross_entropy_backward(Context&, View logits, View target, View class_weight,
                              const CrossEntropyOptions& options, View lse, View dloss, View dlogits) {
  const Status status = check(logits, target, class_weight, options.ignore_index);
  if (status != Status::ok) return status;
  const DType dtype = logits.dtype;
  if (lse.dtype != dtype || dloss.dtype != dtype || dlogits.dtype != dtype) return Status::unsupported_dtype;
  if (!dlogits.is_contiguous()) return Status::unsupported_layout;
  const auto of = dtype == DType::f32 ? cross_entropy_backward_of<float> : cross_entropy_backward_of<double>;
  return of(logits, target, class_weight, options, lse, dloss, dlogits);
}

Status nll_forward(Context&, View log_probabilities, View target, View class_weight, std::int64_t ignore_index,
                   View loss) {
  const Status status = check(log_probabilities, target, class_weight, ignore_index);
  if (status != Status::ok) return status;
  if (loss.dtype != log_probabilities.dtype) return Status::unsupported_dtype;
  const auto of = loss.dtype == DType::f32 ? nll_forward_of<float> : nll_forward_of<double>;
  return of(log_probabilities, target, class_weight, ignore_index, loss);
}

Status nll_backward(Context&, View target, View class_weight, std::int64_t ignore_index, View dloss,
                    View dlog_probabilities) {
  const Status status = check(dlog_probabilities, target, class_weight, ignore_index);
  if (status != Status::ok) return status;
  if (dloss.dtype != dlog_probabilities.dtype) return Status::unsupported_dtype;
  const auto of = dloss.dtype == DType::f32 ? nll_backward_of<float> : nll_backward_of<double>;
  return of(target, class_weight, ignore_index, dloss, dlog_probabilities);
}

}  // namespace

void fill(LossKernels& table) {
  table = {cross_entropy_forward, cross_entropy_backward, nll_forward, nll_backward};
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
