// Reductions over outer dimensions: whole rows are combined, so that memory is read in order.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/reduce_columns.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/core/parallel.h>
#include <cairn/kernels/cpu/detail/reduce.h>
#include <cairn/kernels/cpu/detail/rows-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

using namespace math;
using detail::Columns;
using detail::Loop;
using detail::tile_size;

/// Rows that are combined in the dtype of x before the result goes into f64.
constexpr std::int64_t group = 64;

/// Per column: the result so far, and for sums what rounding took from it.
struct State {
  double value[tile_size];
  double rest[tile_size];
};

struct Sum {
  static constexpr double start = 0.0;
  template <class V>
  static HWY_INLINE V combine(V a, V b) { return a + b; }
  static HWY_INLINE void take(State& state, std::int64_t i, double b) {
    detail::add_exactly(state.value[i], state.rest[i], b);
  }
};

template <bool Largest>
struct Extreme {
  static constexpr double start = Largest ? -__builtin_inf() : __builtin_inf();
  /// NaN if either is.
  template <class V>
  static HWY_INLINE V combine(V a, V b) {
    const auto better = Largest ? b > a : b < a;
    return select(better | (b != b), b, a);
  }
  static HWY_INLINE void take(State& state, std::int64_t i, double b) {
    const double a = state.value[i];
    const bool better = Largest ? b > a : b < a;
    state.value[i] = ((better | (b != b)) & (a == a)) ? b : a;
  }
};

/// part[c] = the combination of the rows at column c.
template <class Op, class T>
void combine_rows(const T* const* rows, std::int64_t count, std::int64_t n, T* part) {
  using V = Vec<T>;
  for_each_vector<T>(n, [&](auto place) HWY_ATTR {
    V a = place.load(rows[0]);
    if (count == 1) return place.store(a, part);
    V b = place.load(rows[1]);
    std::int64_t r = 2;
    for (; r + 4 <= count; r += 4) {
      a = Op::combine(a, Op::combine(place.load(rows[r]), place.load(rows[r + 1])));
      b = Op::combine(b, Op::combine(place.load(rows[r + 2]), place.load(rows[r + 3])));
    }
    for (; r < count; ++r) a = Op::combine(a, place.load(rows[r]));
    place.store(Op::combine(a, b), part);
  });
}

/// Takes the rows [begin, end) at n columns from `base` into the state.
template <class Op, class T>
void take_rows(const Columns& columns, const char* base, std::int64_t n, std::int64_t begin, std::int64_t end,
               State& state) {
  alignas(64) T part[tile_size];
  alignas(64) T converted[4][tile_size];
  const T* rows[group];
  for (std::int64_t i = begin; i < end;) {
    // Converted rows pass through buffers, therefore in smaller groups.
    const std::int64_t limit = columns.load ? 4 : group;
    const std::int64_t count = end - i < limit ? end - i : limit;
    for (std::int64_t r = 0; r < count; ++r) {
      const char* row = base + (detail::place_of(columns.reduced, columns.reduced.operand[0], i + r) -
                                columns.reduced.operand[0].data);
      if (columns.load) {
        columns.load(row, converted[r], n);
        rows[r] = converted[r];
      } else {
        rows[r] = reinterpret_cast<const T*>(row);
      }
    }
    combine_rows<Op, T>(rows, count, n, part);
    for (std::int64_t c = 0; c < n; ++c) Op::take(state, c, static_cast<double>(part[c]));
    i += count;
  }
}

void clear(State& state, double start) {
  for (std::int64_t c = 0; c < tile_size; ++c) {
    state.value[c] = start;
    state.rest[c] = 0.0;
  }
}

template <class Op, class T>
Status run(Context& context, const Columns& columns) {
  const Loop& kept = columns.kept;
  const std::int64_t width = kept.inner_size();
  const std::int64_t blocks = (width + tile_size - 1) / tile_size;
  const std::int64_t tasks = kept.count / width * blocks;
  const std::int64_t count = columns.reduced.count;

  // Few columns: the rows are split as well, and the parts combined in their order.
  std::int64_t part_rows = count;
  if (tasks < 64 && count > 4 * group) {
    const std::int64_t parts = 64 / tasks + 1;
    part_rows = (count + parts - 1) / parts;
    part_rows = (part_rows + 4 * group - 1) / (4 * group) * (4 * group);
  }
  const std::int64_t parts = part_rows == 0 ? 1 : (count + part_rows - 1) / part_rows;
  State* states = nullptr;
  if (parts > 1) {
    states = context.scratch<State>(tasks * parts);
    if (!states) return Status::out_of_memory;
  }

  const auto first_of = [&](std::int64_t task) { return task / blocks * width + task % blocks * tile_size; };
  const auto columns_of = [&](std::int64_t task) {
    const std::int64_t left = width - task % blocks * tile_size;
    return left < tile_size ? left : tile_size;
  };
  const auto take_part = [&](std::int64_t task, std::int64_t part, State& state) HWY_ATTR {
    const std::int64_t end = (part + 1) * part_rows < count ? (part + 1) * part_rows : count;
    clear(state, Op::start);
    take_rows<Op, T>(columns, detail::place_of(kept, kept.operand[0], first_of(task)), columns_of(task),
                     part * part_rows, end, state);
  };
  const auto finish = [&](std::int64_t task, State& state) HWY_ATTR {
    const std::int64_t n = columns_of(task);
    for (std::int64_t c = 0; c < n; ++c) state.value[c] = detail::exact_total(state.value[c], state.rest[c]);
    columns.store(columns, first_of(task), state.value, n);
  };

  if (parts == 1) {
    const std::int64_t work = count * (width < tile_size ? width : tile_size) + 1;
    parallel_for(tasks, detail::chunk_size / work, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
      State state;
      for (std::int64_t task = begin; task < end; ++task) {
        take_part(task, 0, state);
        finish(task, state);
      }
    });
    return Status::ok;
  }
  parallel_chunks(tasks * parts,
                  [&](std::int64_t i) HWY_ATTR { take_part(i / parts, i % parts, states[i]); });
  parallel_chunks(tasks, [&](std::int64_t task) HWY_ATTR {
    State& total = states[task * parts];
    const std::int64_t n = columns_of(task);
    for (std::int64_t part = 1; part < parts; ++part) {
      const State& later = states[task * parts + part];
      for (std::int64_t c = 0; c < n; ++c) {
        Op::take(total, c, later.value[c]);
        total.rest[c] += later.rest[c];
      }
    }
    finish(task, total);
  });
  return Status::ok;
}

}  // namespace

Status reduce_columns(Context& context, ReduceOp op, DType dtype, const Columns& columns) {
  const bool wide = dtype == DType::f64;
  switch (op) {
    case ReduceOp::sum: return wide ? run<Sum, double>(context, columns) : run<Sum, float>(context, columns);
    case ReduceOp::max:
      return wide ? run<Extreme<true>, double>(context, columns) : run<Extreme<true>, float>(context, columns);
    case ReduceOp::min:
      return wide ? run<Extreme<false>, double>(context, columns) : run<Extreme<false>, float>(context, columns);
    default: return Status::unsupported;
  }
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
