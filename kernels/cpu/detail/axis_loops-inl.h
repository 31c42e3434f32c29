/// Loops over a tensor with one dimension singled out: `outer` x `axis` x `inner`, for up to three operands.
#if defined(CAIRN_KERNELS_CPU_DETAIL_AXIS_LOOPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_KERNELS_CPU_DETAIL_AXIS_LOOPS_INL_H
#undef CAIRN_KERNELS_CPU_DETAIL_AXIS_LOOPS_INL_H
#else
#define CAIRN_KERNELS_CPU_DETAIL_AXIS_LOOPS_INL_H
#endif

#include <cairn/core/parallel.h>
#include <cairn/core/view.h>
#include <cairn/kernels/cpu/detail/lanes-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

inline constexpr int max_operands = 3;

struct Loop {
  std::int64_t size = 1;
  std::int64_t stride[max_operands] = {};
};

/// Where a task starts, per operand, and how much of the axis and of the inner loop it does.
struct Part {
  std::int64_t offset[max_operands];
  std::int64_t axis_begin, axis_end, inner;
};

struct AxisLoops {
  int operands, outers = 0;
  Loop outer[max_rank], axis, inner;

  /// Operand 0 is the one written. The loops run over `sizes`; an operand's stride along the axis may be 0 (an index
  /// vector addresses it otherwise).
  template <int count>
  AxisLoops(const View& sizes, int dim, const View (&views)[count]) : operands(count) {
    static_assert(count <= max_operands);
    for (int i = 0; i < sizes.rank; ++i) {
      Loop loop{sizes.sizes[i], {}};
      for (int k = 0; k < count; ++k) loop.stride[k] = views[k].strides[i];
      if (i == dim) {
        axis = loop;
      } else if (loop.size != 1) {
        append(loop);
      }
    }
    choose_inner();
  }

  std::int64_t outer_size() const {
    std::int64_t n = 1;
    for (int i = 0; i < outers; ++i) n *= outer[i].size;
    return n;
  }
  std::int64_t total() const { return outer_size() * axis.size * inner.size; }

  /// Calls body(part) in parallel; `whole_axis` keeps the axis in one task, for sums along it.
  template <class Body>
  void run(bool whole_axis, Body body) const {
    if (total() == 0) return;
    constexpr std::int64_t work = 16384;
    const std::int64_t outer_tasks = outer_size();
    const std::int64_t width = whole_axis && outer_tasks < 16 ? smaller(inner.size, 128) : smaller(inner.size, work);
    const std::int64_t length = whole_axis ? axis.size : smaller(axis.size, larger(1, work / width));
    const std::int64_t columns = ceil_div(inner.size, width), rows = ceil_div(axis.size, length);
    parallel_for(outer_tasks * rows * columns, work / larger(1, width * length),
                 [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
                   for (std::int64_t task = begin; task < end; ++task) {
                     const std::int64_t column = task % columns * width, row = task / columns % rows * length;
                     Part part{{}, row, smaller(axis.size, row + length), smaller(width, inner.size - column)};
                     place(task / columns / rows, column, part);
                     body(part);
                   }
                 });
  }

 private:
  /// Two dimensions that lie in every operand like one become one.
  void append(const Loop& loop) {
    bool joins = outers > 0;
    for (int k = 0; joins && k < operands; ++k) joins = outer[outers - 1].stride[k] == loop.stride[k] * loop.size;
    if (!joins) {
      outer[outers++] = loop;
      return;
    }
    const std::int64_t size = outer[outers - 1].size * loop.size;
    outer[outers - 1] = loop;
    outer[outers - 1].size = size;
  }

  /// The innermost loop is the one of smallest stride, unless that is the axis itself.
  void choose_inner() {
    int best = -1;
    for (int i = 0; i < outers; ++i) {
      if (best < 0 || magnitude(outer[i].stride[0]) <= magnitude(outer[best].stride[0])) best = i;
    }
    if (best < 0 || (axis.size > 1 && magnitude(axis.stride[0]) < magnitude(outer[best].stride[0]))) return;
    inner = outer[best];
    for (--outers; best < outers; ++best) outer[best] = outer[best + 1];
  }

  static std::int64_t magnitude(std::int64_t stride) { return stride < 0 ? -stride : stride; }

  void place(std::int64_t index, std::int64_t column, Part& part) const {
    for (int k = 0; k < operands; ++k) part.offset[k] = column * inner.stride[k];
    for (int i = outers - 1; i >= 0; --i) {
      const std::int64_t position = index % outer[i].size;
      index /= outer[i].size;
      for (int k = 0; k < operands; ++k) part.offset[k] += position * outer[i].stride[k];
    }
  }
};

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
