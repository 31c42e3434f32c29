/// Maximum and average pooling. Vectors run over channels; row-major operands go through the same code as images of
/// one channel, with vectors of one lane.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/pool.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/core/parallel.h>
#include <cairn/kernels/cpu/detail/pool_windows-inl.h>

#include <cstring>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// Calls body(image, row) for every row of every image, where a row costs about `work` loads.
template <class Body>
void for_rows(std::int64_t images, std::int64_t rows, std::int64_t work, Body body) {
  parallel_for(images * rows, 16384 / larger(1, work), [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    for (std::int64_t i = begin; i < end; ++i) body(i / rows, i % rows);
  });
}

/// The lane-wise maximum over a window and where it was found. `best` is replaced by what is greater or NaN, and a
/// NaN by nothing, so that NaN wins and the first of equals stays.
template <class D, class T = hn::TFromD<D>>
void max_forward(D d, const PoolShape& s, const T* x, T* y, std::int64_t* indices) {
  using Index = hwy::MakeSigned<T>;
  const hn::Rebind<Index, D> di;
  for_rows(s.n, s.h.out, s.w.out * s.c * s.h.kernel * s.w.kernel, [&](std::int64_t n, std::int64_t p) HWY_ATTR {
    const T* image = x + n * s.h.in * s.w.in * s.c;
    const Span rows = s.h.window(p);
    for (std::int64_t q = 0; q < s.w.out; ++q) {
      const Span columns = s.w.window(q);
      const std::int64_t at = ((n * s.h.out + p) * s.w.out + q) * s.c;
      const bool empty = rows.begin >= rows.end || columns.begin >= columns.end;
      const std::int64_t first = empty ? -1 : rows.begin * s.w.in + columns.begin;
      for_lanes(d, s.c, [&](auto lanes, std::int64_t c) HWY_ATTR {
        auto best = empty ? hn::Set(d, -std::numeric_limits<T>::infinity()) : lanes.load(image + first * s.c + c);
        auto where = hn::Set(di, static_cast<Index>(first));
        for (std::int64_t h = rows.begin; h < rows.end; h += s.h.dilation) {
          for (std::int64_t w = columns.begin; w < columns.end; w += s.w.dilation) {
            const std::int64_t place = h * s.w.in + w;
            const auto value = lanes.load(image + place * s.c + c);
            const auto take = hn::AndNot(hn::Le(value, best), hn::Eq(best, best));
            best = hn::IfThenElse(take, value, best);
            where = hn::IfThenElse(hn::RebindMask(di, take), hn::Set(di, static_cast<Index>(place)), where);
          }
        }
        lanes.store(best, y + at + c);
        HWY_ALIGN Index found[static_cast<std::size_t>(lane_count<D>)];
        hn::Store(where, di, found);
        const std::int64_t count = smaller(lane_count<D>, s.c - c);
        for (std::int64_t i = 0; i < count; ++i) indices[at + c + i] = found[i];
      });
    }
  });
}

/// One task owns up to 64 channels of an image, so no two write to one place.
template <class T>
void max_backward(const PoolShape& s, const T* dy, const std::int64_t* indices, T* dx) {
  const std::int64_t inputs = s.h.in * s.w.in, outputs = s.h.out * s.w.out, block = smaller(s.c, 64);
  for_rows(s.n, ceil_div(s.c, block), (inputs + 4 * outputs) * block, [&](std::int64_t n, std::int64_t task) HWY_ATTR {
    const std::int64_t c0 = task * block, width = smaller(block, s.c - c0);
    T* image = dx + n * inputs * s.c + c0;
    for (std::int64_t i = 0; i < inputs; ++i) {
      std::memset(image + i * s.c, 0, static_cast<std::size_t>(width) * sizeof(T));
    }
    for (std::int64_t i = 0; i < outputs; ++i) {
      const std::int64_t at = (n * outputs + i) * s.c + c0;
      for (std::int64_t c = 0; c < width; ++c) {
        const std::int64_t place = indices[at + c];
        if (place >= 0 && place < inputs) image[place * s.c + c] += dy[at + c];
      }
    }
  });
}

/// Sums run along the rows of a window and then down it.
template <class D, class T = hn::TFromD<D>>
void average_forward(D d, const PoolShape& s, const T* x, T* y) {
  for_rows(s.n, s.h.out, s.w.out * s.c * s.h.kernel * s.w.kernel, [&](std::int64_t n, std::int64_t p) HWY_ATTR {
    const T* image = x + n * s.h.in * s.w.in * s.c;
    const Span rows = s.h.window(p);
    for (std::int64_t q = 0; q < s.w.out; ++q) {
      const Span columns = s.w.window(q);
      const std::int64_t at = ((n * s.h.out + p) * s.w.out + q) * s.c;
      const auto divisor = hn::Set(d, static_cast<T>(s.h.divisor(p) * s.w.divisor(q)));
      for_lanes(d, s.c, [&](auto lanes, std::int64_t c) HWY_ATTR {
        auto total = hn::Zero(d);
        for (std::int64_t h = rows.begin; h < rows.end; ++h) {
          auto row = hn::Zero(d);
          for (std::int64_t w = columns.begin; w < columns.end; ++w) {
            row = hn::Add(row, lanes.load(image + (h * s.w.in + w) * s.c + c));
          }
          total = hn::Add(total, row);
        }
        lanes.store(hn::Div(total, divisor), y + at + c);
      });
    }
  });
}

/// Every input gathers the shares of the outputs that read it. `columns`: w.readers of each input column; `widths`:
/// w.divisor of each output column.
template <class D, class T = hn::TFromD<D>>
void average_backward(D d, const PoolShape& s, const Span* columns, const T* widths, const T* dy, T* dx) {
  const std::int64_t readers = ceil_div(s.h.kernel, s.h.stride) * ceil_div(s.w.kernel, s.w.stride);
  for_rows(s.n, s.h.in, s.w.in * s.c * readers, [&](std::int64_t n, std::int64_t h) HWY_ATTR {
    const T* image = dy + n * s.h.out * s.w.out * s.c;
    const Span rows = s.h.readers(h);
    for (std::int64_t w = 0; w < s.w.in; ++w) {
      const Span span = columns[w];
      const std::int64_t at = ((n * s.h.in + h) * s.w.in + w) * s.c;
      for_lanes(d, s.c, [&](auto lanes, std::int64_t c) HWY_ATTR {
        auto total = hn::Zero(d);
        for (std::int64_t p = rows.begin; p < rows.end; ++p) {
          const T height = static_cast<T>(s.h.divisor(p));
          for (std::int64_t q = span.begin; q < span.end; ++q) {
            const auto divisor = hn::Set(d, height * widths[q]);
            total = hn::Add(total, hn::Div(lanes.load(image + (p * s.w.out + q) * s.c + c), divisor));
          }
        }
        lanes.store(total, dx + at + c);
      });
    }
  });
}

/// Calls body(d) with the vectors of T: whole ones for many channels, single lanes for one.
template <class T, class Body>
void with_vectors(const PoolShape& s, Body body) {
  if (s.c == 1) {
    body(hn::CappedTag<T, 1>());
  } else {
    body(Tag<T>());
  }
}

Status run_max(View x, View y, View indices, const PoolShape& s) {
  // Places are counted in lanes as wide as the elements.
  if (x.dtype == DType::f32 && s.h.in * s.w.in > std::numeric_limits<std::int32_t>::max()) return Status::unsupported;
  const auto run = [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    with_vectors<T>(s, [&](auto d) HWY_ATTR {
      max_forward(d, s, x.as<const T>(), y.as<T>(), indices.as<std::int64_t>());
    });
  };
  x.dtype == DType::f32 ? run(0.0F) : run(0.0);
  return Status::ok;
}

Status max_pool(Context&, View x, View y, View indices, const PoolGeometry& g) {
  PoolShape s;
  Status status = check_geometry(g);
  if (status == Status::ok) status = describe_pool(x, y, indices, s);
  if (status != Status::ok) return status;
  s.h = PoolAxis::sliding(x.sizes[2], y.sizes[2], g, 0, g.dilation[0]);
  s.w = PoolAxis::sliding(x.sizes[3], y.sizes[3], g, 1, g.dilation[1]);
  return run_max(x, y, indices, s);
}

Status adaptive_max_pool(Context&, View x, View y, View indices) {
  PoolShape s;
  const Status status = describe_pool(x, y, indices, s);
  if (status != Status::ok) return status;
  s.h = PoolAxis::adapting(x.sizes[2], y.sizes[2]);
  s.w = PoolAxis::adapting(x.sizes[3], y.sizes[3]);
  return run_max(x, y, indices, s);
}

Status max_pool_backward(Context&, View dy, View indices, View dx) {
  PoolShape s;
  const Status status = describe_pool(dx, dy, indices, s);
  if (status != Status::ok) return status;
  s.h = PoolAxis::adapting(dx.sizes[2], dy.sizes[2]);
  s.w = PoolAxis::adapting(dx.sizes[3], dy.sizes[3]);
  const auto run = [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    max_backward(s, dy.as<const T>(), indices.as<const std::int64_t>(), dx.as<T>());
  };
  dx.dtype == DType::f32 ? run(0.0F) : run(0.0);
  return Status::ok;
}

Status run_average(View x, View y, const PoolShape& s) {
  const auto run = [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    with_vectors<T>(s, [&](auto d) HWY_ATTR { average_forward(d, s, x.as<const T>(), y.as<T>()); });
  };
  x.dtype == DType::f32 ? run(0.0F) : run(0.0);
  return Status::ok;
}

template <class T>
Status run_average_backward(Context& context, View dy, View dx, const PoolShape& s) {
  if (s.n * s.h.in * s.w.in == 0) return Status::ok;
  Span* columns = context.scratch<Span>(s.w.in);
  T* widths = context.scratch<T>(larger(1, s.w.out));
  if (!columns || !widths) return Status::out_of_memory;
  for (std::int64_t w = 0; w < s.w.in; ++w) columns[w] = s.w.readers(w);
  for (std::int64_t q = 0; q < s.w.out; ++q) widths[q] = static_cast<T>(s.w.divisor(q));
  with_vectors<T>(s, [&](auto d) HWY_ATTR {
    average_backward(d, s, columns, widths, dy.as<const T>(), dx.as<T>());
  });
  return Status::ok;
}

Status run_average_backward(Context& context, View dy, View dx, const PoolShape& s) {
  const auto run = dx.dtype == DType::f32 ? run_average_backward<float> : run_average_backward<double>;
  return run(context, dy, dx, s);
}

/// `in` lies on the input grid (x or dx), `out` on the output grid.
Status describe_average(View in, View out, const PoolGeometry& g, PoolShape& s) {
  const Status status = check_geometry(g);
  if (status != Status::ok) return status;
  s.h = PoolAxis::sliding(in.sizes[2], out.sizes[2], g, 0, 1);
  s.w = PoolAxis::sliding(in.sizes[3], out.sizes[3], g, 1, 1);
  return describe_pool(in, out, View{}, s);
}

Status describe_adaptive(View in, View out, PoolShape& s) {
  s.h = PoolAxis::adapting(in.sizes[2], out.sizes[2]);
  s.w = PoolAxis::adapting(in.sizes[3], out.sizes[3]);
  return describe_pool(in, out, View{}, s);
}

Status average_pool(Context&, View x, View y, const PoolGeometry& g) {
  PoolShape s;
  const Status status = describe_average(x, y, g, s);
  return status == Status::ok ? run_average(x, y, s) : status;
}

Status average_pool_backward(Context& context, View dy, View dx, const PoolGeometry& g) {
  PoolShape s;
  const Status status = describe_average(dx, dy, g, s);
  return status == Status::ok ? run_average_backward(context, dy, dx, s) : status;
}

Status adaptive_average_pool(Context&, View x, View y) {
  PoolShape s;
  const Status status = describe_adaptive(x, y, s);
  return status == Status::ok ? run_average(x, y, s) : status;
}

Status adaptive_average_pool_backward(Context& context, View dy, View dx) {
  PoolShape s;
  const Status status = describe_adaptive(dx, dy, s);
  return status == Status::ok ? run_average_backward(context, dy, dx, s) : status;
}

}  // namespace

void fill(PoolKernels& table) {
  table.max_forward = max_pool;
  table.adaptive_max_forward = adaptive_max_pool;
  table.max_backward = max_pool_backward;
  table.average_forward = average_pool;
  table.average_backward = average_pool_backward;
  table.adaptive_average_forward = adaptive_average_pool;
  table.adaptive_average_backward = adaptive_average_pool_backward;
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
