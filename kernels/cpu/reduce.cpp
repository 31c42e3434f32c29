// Splits a reduction into dense runs or columns, and the work into tasks.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/reduce.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/core/parallel.h>
#include <cairn/kernels/cpu/detail/pointwise.h>
#include <cairn/kernels/cpu/detail/reduce.h>
#include <cairn/kernels/cpu/tables.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

using detail::Columns;
using detail::Fold;
using detail::FoldState;
using detail::Loop;
using detail::Operand;
using detail::tile_size;

bool floating(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f64 || dtype == DType::bf16 || dtype == DType::f16;
}

bool is_arg(ReduceOp op) { return op == ReduceOp::argmax || op == ReduceOp::argmin; }

DType output_dtype(ReduceOp op, DType x) {
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::prod: return floating(x) ? x : DType::i64;
    case ReduceOp::argmax:
    case ReduceOp::argmin: return DType::i64;
    case ReduceOp::any:
    case ReduceOp::all: return DType::boolean;
    default: return x;
  }
}

void add_dim(Loop& loop, const View& x, const View& y, int d) {
  loop.sizes[loop.rank] = x.sizes[d];
  loop.operand[0].strides[loop.rank] = x.strides[d] * loop.operand[0].item;
  loop.operand[1].strides[loop.rank] = y.strides[d] * loop.operand[1].item;
  ++loop.rank;
}

/// The loops over the dimensions that stay (operands x, y) and over those that are reduced (operand x).
struct Split {
  Loop kept, reduced;

  Split(const View& x, const View& y, bool keep_order) {
    for (Loop* loop : {&kept, &reduced}) {
      loop->operands = loop == &kept ? 2 : 1;
      loop->operand[0].data = x.as<char>();
      loop->operand[0].item = detail::item_size(x.dtype);
      loop->operand[1].data = y.as<char>();
      loop->operand[1].item = detail::item_size(y.dtype);
    }
    for (int d = 0; d < x.rank; ++d) add_dim(y.sizes[d] == x.sizes[d] ? kept : reduced, x, y, d);
    kept = detail::make_loop(kept, true);
    reduced = detail::make_loop(reduced, !keep_order);
  }
};

void store_float(DType dtype, void* to, double value) {
  switch (dtype) {
    case DType::f64: *static_cast<double*>(to) = value; break;
    case DType::bf16: *static_cast<BFloat16*>(to) = BFloat16(static_cast<float>(value)); break;
    case DType::f16: *static_cast<Half*>(to) = Half(static_cast<float>(value)); break;
    default: *static_cast<float*>(to) = static_cast<float>(value);
  }
}

void store_columns(const Columns& columns, std::int64_t index, const double* values, std::int64_t n) {
  const Operand& y = columns.kept.operand[1];
  const std::int64_t stride = y.strides[columns.kept.rank - 1];
  char* to = detail::place_of(columns.kept, y, index);
  for (std::int64_t i = 0; i < n; ++i) store_float(columns.output, to + i * stride, values[i] * columns.scale);
}

/// A reduction of runs: one output after the other.
class Rows {
 public:
  Rows(ReduceOp op, const View& x, const View& y, double scale, const Split& split)
      : op_(op),
        output_(y.dtype),
        scale_(scale),
        split_(split),
        load_(to_f32(x.dtype)),
        fold_(fold_for(op, load_ ? DType::f32 : x.dtype)) {}

  Status run(Context& context) const {
    const std::int64_t outputs = split_.kept.count, count = split_.reduced.count;
    const std::int64_t part_size = size_of_part(outputs, count);
    const std::int64_t parts = count > part_size ? (count + part_size - 1) / part_size : 1;
    if (parts == 1) {
      parallel_for(outputs, detail::chunk_size / (count + 1), [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
        for (std::int64_t o = begin; o < end; ++o) store(o, fold_range(o, 0, count));
      });
      return Status::ok;
    }
    auto* states = context.scratch<FoldState>(outputs * parts);
    if (!states) return Status::out_of_memory;
    parallel_chunks(outputs * parts, [&](std::int64_t i) HWY_ATTR {
      const std::int64_t begin = i % parts * part_size;
      states[i] = fold_range(i / parts, begin, begin + part_size < count ? begin + part_size : count);
    });
    for (std::int64_t o = 0; o < outputs; ++o) {
      FoldState total = states[o * parts];
      for (std::int64_t p = 1; p < parts; ++p) fold_.merge(total, states[o * parts + p]);
      store(o, total);
    }
    return Status::ok;
  }

 private:
  /// Few long reductions are split among the threads.
  static std::int64_t size_of_part(std::int64_t outputs, std::int64_t count) {
    if (outputs >= 64) return count;
    const std::int64_t least = (count / 1024 / tile_size + 1) * tile_size;
    return least > 2 * detail::chunk_size ? least : 2 * detail::chunk_size;
  }

  FoldState fold_range(std::int64_t output, std::int64_t begin, std::int64_t end) const {
    FoldState state = fold_.start;
    Operand x = split_.reduced.operand[0];
    x.data = detail::place_of(split_.kept, split_.kept.operand[0], output);
    if (x.dense && !load_) {
      fold_.take(state, x.data + begin * x.item, end - begin, begin);
      return state;
    }
    alignas(64) char raw[tile_size * 8];
    alignas(64) float converted[tile_size];
    for (std::int64_t i = begin; i < end; i += tile_size) {
      const std::int64_t n = end - i < tile_size ? end - i : tile_size;
      detail::gather(split_.reduced, x, i, n, raw);
      if (load_) load_(raw, converted, n);
      fold_.take(state, load_ ? static_cast<const void*>(converted) : raw, n, i);
    }
    return state;
  }

  void store(std::int64_t output, const FoldState& state) const {
    char* to = detail::place_of(split_.kept, split_.kept.operand[1], output);
    if (is_arg(op_)) {
      *reinterpret_cast<std::int64_t*>(to) = state.index;
    } else if (floating(output_)) {
      const double value = detail::exact_total(state.value, state.rest);
      store_float(output_, to, op_ == ReduceOp::sum ? value * scale_ : value);
    } else {
      const std::int64_t value = op_ == ReduceOp::sum && scale_ != 1.0
                                     ? static_cast<std::int64_t>(static_cast<double>(state.whole) * scale_)
                                     : state.whole;
      store_integer(to, value);
    }
  }

  void store_integer(char* to, std::int64_t value) const {
    switch (output_) {
      case DType::i64: *reinterpret_cast<std::int64_t*>(to) = value; break;
      case DType::i32: *reinterpret_cast<std::int32_t*>(to) = static_cast<std::int32_t>(value); break;
      case DType::u8: *reinterpret_cast<std::uint8_t*>(to) = static_cast<std::uint8_t>(value); break;
      default: *reinterpret_cast<bool*>(to) = value != 0;
    }
  }

  ReduceOp op_;
  DType output_;
  double scale_;
  const Split& split_;
  detail::Convert load_;
  Fold fold_;
};

/// Columns pay when rows of x are wide in the kept dimensions and the reduced ones have no unit stride.
bool by_columns(ReduceOp op, DType dtype, const Split& split) {
  if (!floating(dtype) || (op != ReduceOp::sum && op != ReduceOp::max && op != ReduceOp::min)) return false;
  const Loop &kept = split.kept, &reduced = split.reduced;
  if (kept.rank == 0 || reduced.rank == 0 || kept.inner_size() < 8) return false;
  const Operand& x = kept.operand[0];
  return x.strides[kept.rank - 1] == x.item && reduced.operand[0].strides[reduced.rank - 1] != x.item;
}

Status forward(Context& context, ReduceOp op, View x, View y, double scale) {
  if (y.dtype != output_dtype(op, x.dtype)) return Status::unsupported_dtype;
  if (x.rank != y.rank) return Status::unsupported;
  const Split split(x, y, is_arg(op));
  if (split.kept.count == 0) return Status::ok;
  if (!by_columns(op, x.dtype, split) || split.reduced.count == 0) {
    return Rows(op, x, y, scale, split).run(context);
  }
  Columns columns;
  columns.kept = split.kept;
  columns.reduced = split.reduced;
  columns.load = to_f32(x.dtype);
  columns.store = store_columns;
  columns.output = y.dtype;
  columns.scale = op == ReduceOp::sum ? scale : 1.0;
  return reduce_columns(context, op, columns.load ? DType::f32 : x.dtype, columns);
}

}  // namespace

void fill(ReduceKernels& table) { table.forward = forward; }

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
