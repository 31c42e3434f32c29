#include <cairn/core/parallel.h>
#include <cairn/kernels/cpu/detail/strided.h>

#include <cstring>

namespace cairn::inline v0::cpu::detail {
namespace {

constexpr std::int64_t block = 16;

/// to[i][k] = from[k][i] for i < rows, k < columns <= block. Each line of `from` is read once and whole, each
/// line of `to` written once and whole, whatever the distance of the lines does to the cache.
template <class Item>
void transpose_block(const char* from, std::int64_t from_stride, char* to, std::int64_t to_stride,
                     std::int64_t rows, std::int64_t columns) {
  Item lines[block][block];
  for (std::int64_t k = 0; k < columns; ++k) {
    std::memcpy(lines[k], from + k * from_stride, static_cast<std::size_t>(rows) * sizeof(Item));
  }
  if (columns == block) {
    for (std::int64_t i = 0; i < rows; ++i) {
      Item line[block];
      for (std::int64_t k = 0; k < block; ++k) line[k] = lines[k][i];
      std::memcpy(to + i * to_stride, line, sizeof(line));
    }
  } else {
    for (std::int64_t i = 0; i < rows; ++i) {
      auto* line = reinterpret_cast<Item*>(to + i * to_stride);
      for (std::int64_t k = 0; k < columns; ++k) line[k] = lines[k][i];
    }
  }
}

/// The dimension `from_dim` has unit stride in the input, the innermost one in the output.
template <class Item>
void transposed_copy(const Loop& loop, int from_dim) {
  const Operand &in = loop.operand[0], &out = loop.operand[1];
  const int inner = loop.rank - 1;
  const std::int64_t rows = loop.sizes[from_dim], columns = loop.sizes[inner];

  Loop outer = loop;  // the other dimensions
  outer.rank = 0;
  std::int64_t planes = 1;
  for (int d = 0; d < inner; ++d) {
    if (d == from_dim) continue;
    planes *= loop.sizes[d];
    outer.sizes[outer.rank] = loop.sizes[d];
    for (int o = 0; o < 2; ++o) outer.operand[o].strides[outer.rank] = loop.operand[o].strides[d];
    ++outer.rank;
  }
  const std::int64_t strips = (rows + block - 1) / block;
  const std::int64_t strip_items = block * columns;
  const std::int64_t grain = chunk_size > strip_items ? chunk_size / strip_items : 1;
  parallel_for(planes * strips, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t s = begin; s < end; ++s) {
      const std::int64_t row = s % strips * block;
      const char* from = place_of(outer, outer.operand[0], s / strips) + row * in.item;
      char* to = place_of(outer, outer.operand[1], s / strips) + row * out.strides[from_dim];
      const std::int64_t n = rows - row < block ? rows - row : block;
      for (std::int64_t k = 0; k < columns; k += block) {
        const std::int64_t m = columns - k < block ? columns - k : block;
        transpose_block<Item>(from + k * in.strides[inner], in.strides[inner], to + k * out.item,
                              out.strides[from_dim], n, m);
      }
    }
  });
}

void transposed_copy(const Loop& loop, int from_dim) {
  switch (loop.operand[0].item) {
    case 1: return transposed_copy<std::uint8_t>(loop, from_dim);
    case 2: return transposed_copy<std::uint16_t>(loop, from_dim);
    case 4: return transposed_copy<std::uint32_t>(loop, from_dim);
    default: return transposed_copy<std::uint64_t>(loop, from_dim);
  }
}

}  // namespace

void strided_copy(const Loop& loop) {
  const Operand &in = loop.operand[0], &out = loop.operand[1];
  if (in.data == out.data && in.dense && out.dense) return;
  if (loop.rank >= 2 && out.strides[loop.rank - 1] == out.item && in.strides[loop.rank - 1] != in.item) {
    for (int d = loop.rank - 2; d >= 0; --d) {
      if (in.strides[d] == in.item && loop.sizes[d] >= 4) return transposed_copy(loop, d);
    }
  }
  parallel_for(loop.count, 4 * chunk_size, [&](std::int64_t begin, std::int64_t end) {
    if (out.dense) {
      gather(loop, in, begin, end - begin, out.data + begin * out.item);
    } else if (in.dense) {
      scatter(loop, out, begin, end - begin, in.data + begin * in.item);
    } else {
      alignas(64) char buffer[tile_size * 8];
      for (std::int64_t i = begin; i < end; i += tile_size) {
        const std::int64_t n = end - i < tile_size ? end - i : tile_size;
        gather(loop, in, i, n, buffer);
        scatter(loop, out, i, n, buffer);
      }
    }
  });
}

}  // namespace cairn::inline v0::cpu::detail
