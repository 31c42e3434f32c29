/// Reading and adding at places given by an index tensor. Tasks differ in the places that they write; sums along the
/// axis stay within one task, in order.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/index.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/kernels/cpu/detail/axis_loops-inl.h>
#include <cairn/kernels/cpu/detail/layout-inl.h>
#include <cairn/kernels/index.h>

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

Status check_range(const View& index, std::int64_t size) {
  const bool contiguous = index.is_contiguous();
  const auto* data = index.as<const std::int64_t>();
  int outside = 0;
  parallel_for(index.numel(), 65536, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    bool good = true;
    if (contiguous) {
      for (std::int64_t i = begin; i < end; ++i) good = good && data[i] >= 0 && data[i] < size;
    } else {
      Odometer place(index, begin);
      for (std::int64_t i = begin; i < end; ++i, place.advance()) {
        good = good && data[place.offset] >= 0 && data[place.offset] < size;
      }
    }
    if (!good) __atomic_store_n(&outside, 1, __ATOMIC_RELAXED);
  });
  return outside ? Status::index_out_of_range : Status::ok;
}

/// For select and add: `whole` is indexed along `dim`, `part` has index.sizes[0] there and is otherwise alike.
Status check_vector_index(const View& whole, int dim, const View& index, const View& part) {
  if (index.dtype != DType::i64 || whole.dtype != part.dtype) return Status::unsupported_dtype;
  if (dim < 0 || dim >= whole.rank || part.rank != whole.rank || index.rank != 1) return Status::unsupported_layout;
  for (int i = 0; i < whole.rank; ++i) {
    if (part.sizes[i] != (i == dim ? index.sizes[0] : whole.sizes[i])) return Status::unsupported_layout;
  }
  return check_range(index, whole.sizes[dim]);
}

/// For gather and scatter_add: index is no larger than `whole`, but at `dim`, and no larger than `part`.
Status check_full_index(const View& whole, int dim, const View& index, const View& part) {
  if (index.dtype != DType::i64 || whole.dtype != part.dtype) return Status::unsupported_dtype;
  if (dim < 0 || dim >= whole.rank || part.rank != whole.rank || index.rank != whole.rank) {
    return Status::unsupported_layout;
  }
  for (int i = 0; i < whole.rank; ++i) {
    if (index.sizes[i] > part.sizes[i] || (i != dim && index.sizes[i] > whole.sizes[i])) {
      return Status::unsupported_layout;
    }
  }
  return check_range(index, whole.sizes[dim]);
}

/// y + x as y's dtype has it: 16-bit floats by way of f32, integers modulo 2^bits, bool as "or".
template <class T>
HWY_INLINE T added(T y, T x) {
  if constexpr (dtype_of_v<T> == DType::bf16 || dtype_of_v<T> == DType::f16) {
    return T(static_cast<float>(y) + static_cast<float>(x));
  } else if constexpr (dtype_of_v<T> == DType::i64) {
    return static_cast<T>(static_cast<std::uint64_t>(y) + static_cast<std::uint64_t>(x));
  } else if constexpr (dtype_of_v<T> == DType::i32) {
    return static_cast<T>(static_cast<std::uint32_t>(y) + static_cast<std::uint32_t>(x));
  } else if constexpr (dtype_of_v<T> == DType::boolean) {
    return y || x;
  } else {
    return static_cast<T>(y + x);
  }
}

/// Calls body(T()) with an integer as wide as the element.
template <class Body>
void with_width(DType dtype, Body body) {
  switch (dtype) {
    case DType::f64:
    case DType::i64: return body(std::uint64_t());
    case DType::f32:
    case DType::i32: return body(std::uint32_t());
    case DType::bf16:
    case DType::f16: return body(std::uint16_t());
    case DType::u8:
    case DType::boolean: return body(std::uint8_t());
  }
}

/// Calls body(T()) with the element type.
template <class Body>
void with_type(DType dtype, Body body) {
  switch (dtype) {
    case DType::f32: return body(float());
    case DType::f64: return body(double());
    case DType::bf16: return body(BFloat16());
    case DType::f16: return body(Half());
    case DType::i64: return body(std::int64_t());
    case DType::i32: return body(std::int32_t());
    case DType::u8: return body(std::uint8_t());
    case DType::boolean: return body(bool());
  }
}

Status select(Context&, View x, int dim, View index, View y) {
  const Status status = check_vector_index(x, dim, index, y);
  if (status != Status::ok) return status;
  const AxisLoops loops(y, dim, {y, x});
  const auto* at = index.as<const std::int64_t>();
  const std::int64_t at_stride = index.strides[0];
  const std::int64_t y_step = loops.inner.stride[0], x_step = loops.inner.stride[1];
  with_width(x.dtype, [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    loops.run(false, [&](const Part& part) HWY_ATTR {
      for (std::int64_t i = part.axis_begin; i < part.axis_end; ++i) {
        T* to = y.as<T>() + part.offset[0] + i * loops.axis.stride[0];
        const T* from = x.as<const T>() + part.offset[1] + at[i * at_stride] * loops.axis.stride[1];
        if (y_step == 1 && x_step == 1) {
          std::memcpy(to, from, static_cast<std::size_t>(part.inner) * sizeof(T));
        } else {
          for (std::int64_t j = 0; j < part.inner; ++j) to[j * y_step] = from[j * x_step];
        }
      }
    });
  });
  return Status::ok;
}

Status add(Context&, View y, int dim, View index, View x) {
  const Status status = check_vector_index(y, dim, index, x);
  if (status != Status::ok) return status;
  const AxisLoops loops(x, dim, {y, x});
  const auto* at = index.as<const std::int64_t>();
  const std::int64_t at_stride = index.strides[0];
  const std::int64_t y_step = loops.inner.stride[0], x_step = loops.inner.stride[1];
  with_type(x.dtype, [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    loops.run(true, [&](const Part& part) HWY_ATTR {
      for (std::int64_t i = part.axis_begin; i < part.axis_end; ++i) {
        T* to = y.as<T>() + part.offset[0] + at[i * at_stride] * loops.axis.stride[0];
        const T* from = x.as<const T>() + part.offset[1] + i * loops.axis.stride[1];
        if (y_step == 1 && x_step == 1) {
          for (std::int64_t j = 0; j < part.inner; ++j) to[j] = added(to[j], from[j]);
        } else {
          for (std::int64_t j = 0; j < part.inner; ++j) to[j * y_step] = added(to[j * y_step], from[j * x_step]);
        }
      }
    });
  });
  return Status::ok;
}

Status gather(Context&, View x, int dim, View index, View y) {
  const Status status = check_full_index(x, dim, index, y);
  if (status != Status::ok) return status;
  if (!same_sizes(index, y)) return Status::unsupported_layout;
  const AxisLoops loops(index, dim, {y, x, index});
  const auto& step = loops.inner.stride;
  const auto& along = loops.axis.stride;
  with_width(x.dtype, [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    loops.run(false, [&](const Part& part) HWY_ATTR {
      const T* from = x.as<const T>() + part.offset[1];
      for (std::int64_t i = part.axis_begin; i < part.axis_end; ++i) {
        T* to = y.as<T>() + part.offset[0] + i * along[0];
        const auto* at = index.as<const std::int64_t>() + part.offset[2] + i * along[2];
        for (std::int64_t j = 0; j < part.inner; ++j) to[j * step[0]] = from[at[j * step[2]] * along[1] + j * step[1]];
      }
    });
  });
  return Status::ok;
}

Status scatter_add(Context&, View y, int dim, View index, View x) {
  const Status status = check_full_index(y, dim, index, x);
  if (status != Status::ok) return status;
  const AxisLoops loops(index, dim, {y, x, index});
  const auto& step = loops.inner.stride;
  const auto& along = loops.axis.stride;
  with_type(x.dtype, [&](auto zero) HWY_ATTR {
    using T = decltype(zero);
    loops.run(true, [&](const Part& part) HWY_ATTR {
      T* to = y.as<T>() + part.offset[0];
      for (std::int64_t i = part.axis_begin; i < part.axis_end; ++i) {
        const T* from = x.as<const T>() + part.offset[1] + i * along[1];
        const auto* at = index.as<const std::int64_t>() + part.offset[2] + i * along[2];
        for (std::int64_t j = 0; j < part.inner; ++j) {
          T& place = to[at[j * step[2]] * along[0] + j * step[0]];
          place = added(place, from[j * step[1]]);
        }
      }
    });
  });
  return Status::ok;
}

}  // namespace

void fill(IndexKernels& table) {
  table.select = select;
  table.add = add;
  table.gather = gather;
  table.scatter_add = scatter_add;
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
