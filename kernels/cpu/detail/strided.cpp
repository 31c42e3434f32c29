#include <cairn/kernels/cpu/detail/strided.h>

#include <cstdlib>
#include <cstring>

namespace cairn::inline v0::cpu::detail {
namespace {

/// Whether dimension a should stand outside of b: by the stride of the output, then of the inputs.
bool stands_outside(const Loop& loop, int a, int b) {
  for (int o = loop.operands - 1; o >= 0; --o) {
    const std::int64_t sa = std::abs(loop.operand[o].strides[a]), sb = std::abs(loop.operand[o].strides[b]);
    if (sa != sb) return sa > sb;
  }
  return false;
}

void swap_dims(Loop& loop, int a, int b) {
  const std::int64_t size = loop.sizes[a];
  loop.sizes[a] = loop.sizes[b];
  loop.sizes[b] = size;
  for (int o = 0; o < loop.operands; ++o) {
    std::int64_t* strides = loop.operand[o].strides;
    const std::int64_t stride = strides[a];
    strides[a] = strides[b];
    strides[b] = stride;
  }
}

void drop_dim(Loop& loop, int dim) {
  for (int d = dim; d + 1 < loop.rank; ++d) {
    loop.sizes[d] = loop.sizes[d + 1];
    for (int o = 0; o < loop.operands; ++o) loop.operand[o].strides[d] = loop.operand[o].strides[d + 1];
  }
  --loop.rank;
}

bool merges(const Loop& loop, int outer) {
  for (int o = 0; o < loop.operands; ++o) {
    const std::int64_t* strides = loop.operand[o].strides;
    if (strides[outer] != strides[outer + 1] * loop.sizes[outer + 1]) return false;
  }
  return true;
}

template <class Item>
void gather_run(const char* from, std::int64_t stride, std::int64_t count, void* to) {
  auto* out = static_cast<Item*>(to);
  if (stride == 0) {
    const Item value = *reinterpret_cast<const Item*>(from);
    for (std::int64_t i = 0; i < count; ++i) out[i] = value;
  } else {
    for (std::int64_t i = 0; i < count; ++i) out[i] = *reinterpret_cast<const Item*>(from + i * stride);
  }
}

template <class Item>
void scatter_run(const void* from, std::int64_t count, char* to, std::int64_t stride) {
  const auto* in = static_cast<const Item*>(from);
  for (std::int64_t i = 0; i < count; ++i) *reinterpret_cast<Item*>(to + i * stride) = in[i];
}

void gather_run(const char* from, std::int64_t stride, std::int64_t item, std::int64_t count, void* to) {
  if (stride == item) {
    std::memcpy(to, from, static_cast<std::size_t>(count * item));
    return;
  }
  switch (item) {
    case 1: return gather_run<std::uint8_t>(from, stride, count, to);
    case 2: return gather_run<std::uint16_t>(from, stride, count, to);
    case 4: return gather_run<std::uint32_t>(from, stride, count, to);
    default: return gather_run<std::uint64_t>(from, stride, count, to);
  }
}

void scatter_run(const void* from, std::int64_t item, std::int64_t count, char* to, std::int64_t stride) {
  if (stride == item) {
    std::memcpy(to, from, static_cast<std::size_t>(count * item));
    return;
  }
  switch (item) {
    case 1: return scatter_run<std::uint8_t>(from, count, to, stride);
    case 2: return scatter_run<std::uint16_t>(from, count, to, stride);
    case 4: return scatter_run<std::uint32_t>(from, count, to, stride);
    default: return scatter_run<std::uint64_t>(from, count, to, stride);
  }
}

/// Calls run(pointer to the operand, items done so far, items of this run) for each piece of the innermost
/// dimension that [begin, begin + count) touches.
template <class Run>
void for_each_run(const Loop& loop, const Operand& operand, std::int64_t begin, std::int64_t count, Run run) {
  if (loop.rank == 0) {
    if (count > 0) run(operand.data, std::int64_t{0}, count);
    return;
  }
  const int inner = loop.rank - 1;
  std::int64_t index[max_rank];
  char* pointer = operand.data;
  for (int d = inner; d >= 0; --d) {
    index[d] = begin % loop.sizes[d];
    begin /= loop.sizes[d];
    pointer += index[d] * operand.strides[d];
  }
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t left = loop.sizes[inner] - index[inner];
    const std::int64_t n = count - done < left ? count - done : left;
    run(pointer, done, n);
    done += n;
    pointer += n * operand.strides[inner];
    index[inner] += n;
    for (int d = inner; d > 0 && index[d] == loop.sizes[d]; --d) {
      pointer += operand.strides[d - 1] - index[d] * operand.strides[d];
      index[d] = 0;
      ++index[d - 1];
    }
  }
}

}  // namespace

Loop make_loop(Loop loop, bool reorder) {
  loop.count = 1;
  for (int d = 0; d < loop.rank; ++d) loop.count *= loop.sizes[d];
  if (loop.count > 0) {
    for (int d = loop.rank - 1; d >= 0; --d) {
      if (loop.sizes[d] == 1) drop_dim(loop, d);
    }
  }
  if (reorder) {
    for (int i = 1; i < loop.rank; ++i) {
      for (int j = i; j > 0 && stands_outside(loop, j, j - 1); --j) swap_dims(loop, j, j - 1);
    }
  }
  for (int d = loop.rank - 2; d >= 0; --d) {
    if (!merges(loop, d)) continue;
    loop.sizes[d + 1] *= loop.sizes[d];
    drop_dim(loop, d);
  }
  for (int o = 0; o < loop.operands; ++o) {
    Operand& operand = loop.operand[o];
    operand.constant = true;
    operand.dense = true;
    std::int64_t expected = operand.item;
    for (int d = loop.rank - 1; d >= 0; --d) {
      operand.constant = operand.constant && operand.strides[d] == 0;
      operand.dense = operand.dense && operand.strides[d] == expected;
      expected *= loop.sizes[d];
    }
  }
  return loop;
}

Loop make_loop(const View* views, int count, bool reorder) {
  Loop loop;
  loop.operands = count;
  loop.rank = views[count - 1].rank;
  for (int d = 0; d < loop.rank; ++d) loop.sizes[d] = views[count - 1].sizes[d];
  for (int o = 0; o < count; ++o) {
    Operand& operand = loop.operand[o];
    operand.data = views[o].as<char>();
    operand.item = item_size(views[o].dtype);
    for (int d = 0; d < loop.rank; ++d) operand.strides[d] = views[o].strides[d] * operand.item;
  }
  return make_loop(loop, reorder);
}

char* place_of(const Loop& loop, const Operand& operand, std::int64_t index) {
  char* place = operand.data;
  for (int d = loop.rank - 1; d >= 0; --d) {
    place += index % loop.sizes[d] * operand.strides[d];
    index /= loop.sizes[d];
  }
  return place;
}

void gather(const Loop& loop, const Operand& operand, std::int64_t begin, std::int64_t count, void* buffer) {
  const std::int64_t item = operand.item, stride = loop.rank == 0 ? 0 : operand.strides[loop.rank - 1];
  for_each_run(loop, operand, begin, count, [&](const char* from, std::int64_t done, std::int64_t n) {
    gather_run(from, stride, item, n, static_cast<char*>(buffer) + done * item);
  });
}

void scatter(const Loop& loop, const Operand& operand, std::int64_t begin, std::int64_t count, const void* buffer) {
  const std::int64_t item = operand.item, stride = loop.rank == 0 ? item : operand.strides[loop.rank - 1];
  for_each_run(loop, operand, begin, count, [&](char* to, std::int64_t done, std::int64_t n) {
    scatter_run(static_cast<const char*>(buffer) + done * item, item, n, to, stride);
  });
}

}  // namespace cairn::inline v0::cpu::detail
