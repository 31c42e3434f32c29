/// Matrix products: checks, orientation and dtypes around the product of detail/gemm-inl.h.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/matmul.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/kernels/cpu/detail/gemm-inl.h>
#include <cairn/kernels/cpu/tables.h>

#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// c = convert(sum of the parts in order): [rows, N], parts contiguous, c with unit stride in its columns.
template <class T, class Sum>
void finish_rows(const GemmShape& s, const Sum* parts, Index split_stride, Index begin, Index end, T* c, Index c_batch,
                 Index c_stride) {
  const hn::ScalableTag<Sum> d;
  constexpr Index piece = 256;
  HWY_ALIGN Sum sum[piece];
  for (Index row = begin; row < end; ++row) {
    const Sum* from = parts + row * s.N;
    T* to = c + row / s.M * c_batch + row % s.M * c_stride;
    for (Index n = 0; n < s.N; n += piece) {
      const Index count = HWY_MIN(piece, s.N - n);
      std::memcpy(sum, from + n, static_cast<std::size_t>(count) * sizeof(Sum));
      for (Index part = 1; part < s.splits; ++part) {
        const Sum* more = from + part * split_stride + n;
        Index i = 0;
        for (; i + s.lanes <= count; i += s.lanes) {
          hn::Store(hn::Add(hn::Load(d, sum + i), hn::LoadU(d, more + i)), d, sum + i);
        }
        for (; i < count; ++i) sum[i] += more[i];
      }
      narrow_row(sum, count, to + n);
    }
  }
}

/// c has unit stride in its columns; the bias runs along the columns, or along the rows of a product
/// that was transposed to get there.
template <class T>
Status multiply(Context& context, const View& a, const View& b, const View& bias, const View& c, bool transposed) {
  using Sum = typename SumType<T>::type;
  constexpr bool convert = !std::is_same_v<T, Sum>;
  const GemmShape s = gemm_shape<Sum>(c.sizes[0], c.sizes[1], c.sizes[2], a.sizes[2]);
  GemmProblem<T, Sum> problem{};
  problem.a = {a.as<const T>(), a.strides[1], a.strides[2]};
  problem.b = {b.as<const T>(), b.strides[2], b.strides[1]};
  problem.a_batch = a.strides[0];
  problem.b_batch = b.sizes[0] == 1 ? 0 : b.strides[0];

  const Index columns = s.panel_count * s.wide();
  Sum* zeros = context.scratch<Sum>(2 * columns + s.M);
  if (zeros == nullptr) return Status::out_of_memory;
  std::memset(zeros, 0, static_cast<std::size_t>(2 * columns + s.M) * sizeof(Sum));
  Sum* starts = zeros + columns;
  Sum* row_starts = starts + columns;
  for (Index i = 0; bias && i < bias.sizes[0]; ++i) {
    (transposed ? row_starts : starts)[i] = widen(bias.as<const T>()[i * bias.strides[0]]);
  }
  problem.zeros = zeros;
  problem.column_bias = starts;
  problem.row_bias = bias && transposed ? row_starts : nullptr;

  if constexpr (!convert) {
    if (s.splits == 1) {
      problem.c = c.as<Sum>();
      problem.c_batch = c.strides[0];
      problem.c_stride = c.strides[1];
      return gemm(context, s, problem);
    }
  }
  problem.c_stride = s.N;
  problem.c_batch = s.M * s.N;
  problem.split_stride = s.batch * problem.c_batch;
  problem.c = context.scratch<Sum>(s.splits * problem.split_stride);
  if (problem.c == nullptr) return Status::out_of_memory;
  if (const Status status = gemm(context, s, problem); status != Status::ok) return status;
  parallel_for(s.batch * s.M, HWY_MAX(Index{32768} / (s.N * s.splits), Index{1}), [&](Index begin, Index end) HWY_ATTR {
    finish_rows(s, problem.c, problem.split_stride, begin, end, c.as<T>(), c.strides[0], c.strides[1]);
  });
  return Status::ok;
}

View transpose(View v) {
  const Index size = v.sizes[1], stride = v.strides[1];
  v.sizes[1] = v.sizes[2], v.strides[1] = v.strides[2];
  v.sizes[2] = size, v.strides[2] = stride;
  return v;
}

Status matmul(Context& context, View a, View b, View bias, View c) {
  if (a.dtype != b.dtype || a.dtype != c.dtype || (bias && bias.dtype != c.dtype)) return Status::unsupported_dtype;
  if (a.rank != 3 || b.rank != 3 || c.rank != 3) return Status::unsupported_layout;
  if (a.sizes[0] != c.sizes[0] || b.sizes[0] != c.sizes[0] || a.sizes[1] != c.sizes[1] || b.sizes[2] != c.sizes[2] ||
      a.sizes[2] != b.sizes[1] || (bias && bias.sizes[0] != c.sizes[2])) {
    return Status::unsupported;
  }
  if (c.numel() == 0) return Status::ok;
  const bool rows = c.strides[2] == 1 || c.sizes[2] == 1, columns = c.strides[1] == 1 || c.sizes[1] == 1;
  if (!rows && !columns) return Status::unsupported_layout;
  const bool transposed = !rows;
  if (transposed) {
    const View left = transpose(b);
    b = transpose(a);
    a = left;
    c = transpose(c);
  }
  switch (c.dtype) {
    case DType::f32: return multiply<float>(context, a, b, bias, c, transposed);
    case DType::f64: return multiply<double>(context, a, b, bias, c, transposed);
    case DType::bf16: return multiply<BFloat16>(context, a, b, bias, c, transposed);
    case DType::f16: return multiply<Half>(context, a, b, bias, c, transposed);
    default: return Status::unsupported_dtype;
  }
}

}  // namespace

void fill(MatmulKernels& table) { table.matmul = matmul; }

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
