/// Walking several strided operands of one shape together. No SIMD: compiled once for all instruction sets.
#pragma once

#include <cairn/core/view.h>

#include <cstdint>

namespace cairn::inline v0::cpu::detail {

inline constexpr int max_operands = 4;
/// Elements that pass through small buffers at a time.
inline constexpr std::int64_t tile_size = 512;
/// Elements per task of the thread pool.
inline constexpr std::int64_t chunk_size = 32 * tile_size;

inline std::int64_t item_size(DType dtype) {
  constexpr std::int64_t bytes[dtype_count] = {4, 8, 2, 2, 8, 4, 1, 1};
  return bytes[static_cast<int>(dtype)];
}

/// One operand of a loop: where it starts and how many bytes each dimension moves it.
struct Operand {
  char* data = nullptr;
  std::int64_t item = 0;
  std::int64_t strides[max_rank] = {};
  bool dense = false;     ///< element i of the loop is the item i behind `data`
  bool constant = false;  ///< every element of the loop is the one at `data`
};

/// A nest of loops, outermost first.
struct Loop {
  int rank = 0;
  std::int64_t sizes[max_rank] = {};
  std::int64_t count = 1;
  int operands = 0;
  Operand operand[max_operands];

  std::int64_t inner_size() const { return rank == 0 ? 1 : sizes[rank - 1]; }
};

/// The loop over views of one shape: dimensions of size 1 are dropped; when `reorder`, the others are sorted by
/// the strides of the last view (the output), largest first; neighbours that every view walks as one are merged.
Loop make_loop(const View* views, int count, bool reorder = true);

/// The same for given dimensions.
Loop make_loop(Loop unmerged, bool reorder);

/// Where the element `index` of the loop, in loop order, lies.
char* place_of(const Loop& loop, const Operand& operand, std::int64_t index);

/// Copies the items [begin, begin + count) of the operand, in loop order, to `buffer`.
void gather(const Loop& loop, const Operand& operand, std::int64_t begin, std::int64_t count, void* buffer);

/// The opposite.
void scatter(const Loop& loop, const Operand& operand, std::int64_t begin, std::int64_t count, const void* buffer);

/// Copies the first operand of the loop to the second; both have items of one size.
void strided_copy(const Loop& loop);

}  // namespace cairn::inline v0::cpu::detail
