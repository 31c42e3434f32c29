#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/softmax.cpp"
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

template <class T>
void softmax_row(const T* x, const T*, T* y, std::int64_t n) {
  using V = Vec<T>;
  const V max(static_cast<double>(row_max(x, n)));
  const double sum = row_sum<T>(n, [&](auto place) HWY_ATTR {
    const V e = exp(place.load(x) - max);
    place.store(e, y);
    return e;
  });
  const V scale(1.0 / sum);
  for_each_vector<T>(n, [&](auto place) HWY_ATTR { place.store(place.load(y) * scale, y); });
}

template <class T>
void softmax_row_backward(const T* y, const T* dy, T* dx, std::int64_t n) {
  using V = Vec<T>;
  const V dot(row_sum<T>(n, [&](auto place) HWY_ATTR { return place.load(dy) * place.load(y); }));
  for_each_vector<T>(n, [&](auto place) HWY_ATTR { place.store(place.load(y) * (place.load(dy) - dot), dx); });
}

template <class T>
void log_softmax_row(const T* x, const T*, T* y, std::int64_t n) {
  using V = Vec<T>;
  const V max(static_cast<double>(row_max(x, n)));
  const double sum = row_sum<T>(n, [&](auto place) HWY_ATTR { return exp(place.load(x) - max); });
  const V log_sum(::log(sum));
  for_each_vector<T>(n, [&](auto place) HWY_ATTR { place.store((place.load(x) - max) - log_sum, y); });
}

template <class T>
void log_softmax_row_backward(const T* y, const T* dy, T* dx, std::int64_t n) {
  using V = Vec<T>;
  const V sum(row_sum<T>(n, [&](auto place) HWY_ATTR { return place.load(dy); }));
  for_each_vector<T>(n, [&](auto place) HWY_ATTR {
    place.store(place.load(dy) - exp(place.load(y)) * sum, dx);
  });
}

template <class T>
using Row = void (*)(const T* a, const T* b, T* out, std::int64_t n);

template <class T>
Status run_rows(Row<T> row, View a, View b, View out) {
  const std::int64_t rows = out.sizes[0], columns = out.sizes[1];
  if (columns == 0) return Status::ok;
  const std::int64_t grain = 8192 / columns;
  parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for (std::int64_t r = begin * columns; r < end * columns; r += columns) {
      row(a.as<T>() + r, b.as<T>() + r, out.as<T>() + r, columns);
    }
  });
  return Status::ok;
}

Status run_rows(Row<float> row_f32, Row<double> row_f64, View a, View b, View out) {
  if (a.dtype != out.dtype || b.dtype != out.dtype) return Status::unsupported_dtype;
  if (out.rank != 2 || !a.is_contiguous() || !b.is_contiguous() || !out.is_contiguous()) {
    return Status::unsupported_layout;
  }
  switch (out.dtype) {
    case DType::f32: return run_rows(row_f32, a, b, out);
    case DType::f64: return run_rows(row_f64, a, b, out);
    default: return Status::unsupported_dtype;
  }
}

Status forward(Context&, View x, View y) { return run_rows(softmax_row<float>, softmax_row<double>, x, x, y); }

Status backward(Context&, View y, View dy, View dx) {
  return run_rows(softmax_row_backward<float>, softmax_row_backward<double>, y, dy, dx);
}

Status log_forward(Context&, View x, View y) {
  return run_rows(log_softmax_row<float>, log_softmax_row<double>, x, x, y);
}

Status log_backward(Context&, View y, View dy, View dx) {
  return run_rows(log_softmax_row_backward<float>, log_softmax_row_backward<double>, y, dy, dx);
}

}  // namespace

void fill(SoftmaxKernels& table) { table = {forward, backward, log_forward, log_backward}; }

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
