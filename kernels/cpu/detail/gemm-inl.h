/// The product of two matrices after Goto & van de Geijn, "Anatomy of High-Performance Matrix
/// Multiplication" (2008) and Van Zee & van de Geijn, "BLIS" (2015).
///
/// b is packed once into panels of two vectors of columns; every unit of work owns a block of c, packs
/// the rows of a that it needs, one block of the reduction at a time, and runs the inner kernel, which
/// holds a tile of c in registers. The tile of a stays in the first-level cache while b streams past
/// from the second.
#if defined(CAIRN_GEMM_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CAIRN_GEMM_INL_H
#undef CAIRN_GEMM_INL_H
#else
#define CAIRN_GEMM_INL_H
#endif

#include <cairn/core/parallel.h>
#include <cairn/core/view.h>
#include <cairn/kernels/cpu/detail/gemm_pack-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

/// Rows per tile; with two vectors of columns the tile nearly fills the 16 (AVX2) or 32 registers.
constexpr int tile_rows = HWY_TARGET <= HWY_AVX3 ? 12 : 6;

/// The next smaller tile, for what is left of the rows: a power of two.
constexpr int smaller_rows(int rows) { return rows > 8 ? 8 : rows > 4 ? 4 : rows / 2; }

/// Where a tile goes, and what it starts from: c itself, or the bias.
template <class Sum>
struct Target {
  Sum* c;
  Index stride;
  Index columns;           ///< of the panel that exist
  const Sum* column_bias;  ///< of a whole panel; null: add to c
  const Sum* row_bias;     ///< or null
};

/// c (+)= a b for a tile: a[k][rows], b[k][vectors * lanes].
template <int rows, int vectors, class D, class Sum = hn::TFromD<D>>
void gemm_tile(D d, const Sum* HWY_RESTRICT a, const Sum* HWY_RESTRICT b, Index count, const Target<Sum>& target) {
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  using V = hn::Vec<D>;
  V sum[rows][vectors];
  HWY_UNROLL(16)
  for (int i = 0; i < rows; ++i) {
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) sum[i][v] = hn::Zero(d);
  }
  for (Index k = 0; k < count; ++k, a += rows, b += vectors * lanes) {
    V column[vectors];
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v) column[v] = hn::Load(d, b + v * lanes);
    HWY_UNROLL(16)
    for (int i = 0; i < rows; ++i) {
      const V value = hn::Set(d, a[i]);
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) sum[i][v] = hn::MulAdd(value, column[v], sum[i][v]);
    }
  }
  if (target.column_bias != nullptr) {
    HWY_UNROLL(16)
    for (int i = 0; i < rows; ++i) {
      const V row = hn::Set(d, target.row_bias != nullptr ? target.row_bias[i] : Sum{0});
      HWY_UNROLL(2)
      for (int v = 0; v < vectors; ++v) {
        sum[i][v] = hn::Add(sum[i][v], hn::Add(hn::LoadU(d, target.column_bias + v * lanes), row));
      }
    }
  }
  const bool add = target.column_bias == nullptr;
  const auto mask = hn::FirstN(d, static_cast<std::size_t>(target.columns - (vectors - 1) * lanes));
  const bool whole = target.columns == vectors * lanes;
  HWY_UNROLL(16)
  for (int i = 0; i < rows; ++i) {
    Sum* to = target.c + i * target.stride;
    HWY_UNROLL(2)
    for (int v = 0; v < vectors; ++v, to += lanes) {
      if (v + 1 < vectors || whole) {
        hn::StoreU(add ? hn::Add(sum[i][v], hn::LoadU(d, to)) : sum[i][v], d, to);
      } else {
        hn::BlendedStore(add ? hn::Add(sum[i][v], hn::MaskedLoad(mask, d, to)) : sum[i][v], mask, d, to);
      }
    }
  }
}

/// The shape of a product c[M, N] = a[M, K] b[K, N], `batch` times, and how the work is cut; all of it a
/// function of shapes alone.
struct GemmShape {
  Index batch, M, N, K;
  Index rows, row_blocks;      ///< of c per unit
  Index panels, panel_blocks;  ///< of b per unit
  Index depth;                 ///< of a block of the reduction
  Index splits, split_depth;   ///< parts of the reduction that are summed apart
  Index lanes, panel_count;

  HWY_INLINE Index wide() const { return 2 * lanes; }
  HWY_INLINE Index width(Index panel) const { return N - panel * wide() > lanes ? wide() : lanes; }
  Index packed_size() const { return K * ((panel_count - 1) * wide() + width(panel_count - 1)); }
  Index tiles() const { return batch * row_blocks * panel_blocks; }
};

template <class Sum>
GemmShape gemm_shape(Index batch, Index M, Index N, Index K) {
  constexpr Index most_columns = 512, few_units = 16, deep = 1024;
  GemmShape s{};
  s.batch = batch, s.M = M, s.N = N, s.K = K;
  s.lanes = static_cast<Index>(hn::Lanes(hn::ScalableTag<Sum>()));
  s.panel_count = blocks_of(N, s.wide());
  s.depth = 1024 / static_cast<Index>(sizeof(Sum));
  s.rows = 4 * tile_rows;
  s.panels = most_columns / s.wide();
  const auto count = [&] {
    s.row_blocks = blocks_of(M, s.rows);
    s.panel_blocks = blocks_of(s.panel_count, s.panels);
    return s.tiles();
  };
  while (count() < few_units && s.panels > 4) s.panels /= 2;
  while (count() < few_units && s.rows > tile_rows) s.rows /= 2;
  count();
  // A small c of a long reduction has too few blocks for the threads: split the reduction as well.
  s.splits = 1;
  if (s.tiles() < few_units && K >= 2 * deep) s.splits = HWY_MIN(K / deep, blocks_of(2 * few_units, s.tiles()));
  s.split_depth = blocks_of(blocks_of(K, s.splits), s.depth) * s.depth;
  s.splits = HWY_MAX(blocks_of(K, HWY_MAX(s.split_depth, Index{1})), Index{1});
  return s;
}

/// Rows of a against a row of panels, for reduction elements [first, first + depth): `a` packed in
/// tiles, `target` that of the first tile and panel.
template <int rows, class D, class Sum = hn::TFromD<D>>
void gemm_rows(D d, const GemmShape& s, const Sum* a, Index row_count, const Sum* packed, Index first, Index depth, Index panel,
               Index panel_end, Target<Sum> target) {
  for (; row_count >= rows; row_count -= rows) {
    Target<Sum> tile = target;
    for (Index p = panel; p < panel_end; ++p) {
      const Sum* b = packed + p * s.wide() * s.K + first * s.width(p);
      tile.columns = HWY_MIN(s.N - p * s.wide(), s.wide());
      if (tile.columns > s.lanes) {
        gemm_tile<rows, 2>(d, a, b, depth, tile);
      } else {
        gemm_tile<rows, 1>(d, a, b, depth, tile);
      }
      tile.c += s.wide();
      if (tile.column_bias != nullptr) tile.column_bias += s.wide();
    }
    a += rows * depth;
    target.c += rows * target.stride;
    if (target.row_bias != nullptr) target.row_bias += rows;
  }
  if constexpr (rows > 1) {
    if (row_count > 0) {
      gemm_rows<smaller_rows(rows)>(d, s, a, row_count, packed, first, depth, panel, panel_end, target);
    }
  }
}

/// Packs rows in the tiles that gemm_rows expects.
template <int rows, class T, class Sum>
void pack_rows(Operand<T> from, Index row_count, Index depth, Sum* to) {
  for (; row_count >= rows; row_count -= rows, from.data += rows * from.lane, to += rows * depth) {
    pack_strip(from, rows, rows, depth, to);
  }
  if constexpr (rows > 1) {
    if (row_count > 0) pack_rows<smaller_rows(rows)>(from, row_count, depth, to);
  }
}

/// The operands; a batch stride of zero repeats a matrix.
template <class T, class Sum>
struct GemmProblem {
  Operand<T> a, b;
  Index a_batch, b_batch;
  const Sum* zeros;        ///< as many as the columns of all panels
  const Sum* column_bias;  ///< of whole panels; only the first part starts from the biases
  const Sum* row_bias;     ///< or null
  Sum* c;                  ///< where the sums go; parts follow each other at split_stride
  Index c_batch, c_stride, split_stride;
};

/// All products of a batch; b is packed for as many of them at a time as fit a budget of memory.
template <class T, class Sum>
Status gemm(Context& context, const GemmShape& s, const GemmProblem<T, Sum>& problem) {
  constexpr Index packed_bytes = 64 << 20, most_chunks = 64;
  const hn::ScalableTag<Sum> d;
  const Index size = s.packed_size();
  const Index bytes = HWY_MAX(size * static_cast<Index>(sizeof(Sum)), Index{1});
  const bool shared = problem.b_batch == 0;
  const Index batches = shared ? s.batch : HWY_MIN(HWY_MAX(packed_bytes / bytes, Index{1}), s.batch);
  constexpr Index line = 64 / static_cast<Index>(sizeof(Sum));
  const Index slot = blocks_of(HWY_MIN(s.rows, s.M) * HWY_MIN(s.depth, s.K), line) * line;
  Sum* packed = context.scratch<Sum>(HWY_MAX(size * (shared ? 1 : batches), Index{1}));
  Sum* slots = context.scratch<Sum>(HWY_MAX(slot, Index{1}) * most_chunks);
  if (packed == nullptr || slots == nullptr) return Status::out_of_memory;
  for (Index first = 0; first < s.batch; first += batches) {
    const Index matrices = HWY_MIN(batches, s.batch - first);
    const Index grain = HWY_MAX(Index{16384} / HWY_MAX(s.K * s.wide(), Index{1}), Index{1});
    // Long panels are packed in pieces, so that few panels keep all threads busy too.
    const Index pieces = HWY_MAX(blocks_of(s.K, s.depth), Index{1});
    parallel_for((shared ? 1 : matrices) * s.panel_count * pieces, grain, [&](Index begin, Index end) HWY_ATTR {
      for (Index i = begin; i < end; ++i) {
        const Index k = i % pieces * s.depth, p = i / pieces % s.panel_count, m = i / pieces / s.panel_count;
        Operand<T> from = problem.b;
        from.data += (first + m) * problem.b_batch + p * s.wide() * from.lane + k * from.k;
        pack_strip(from, HWY_MIN(s.width(p), s.N - p * s.wide()), s.width(p), HWY_MIN(s.depth, s.K - k),
                   packed + m * size + p * s.wide() * s.K + k * s.width(p));
      }
    });
    const Index units = matrices * s.splits * s.panel_blocks * s.row_blocks;
    const Index chunks = HWY_MIN(units, most_chunks);
    parallel_chunks(chunks, [&](Index chunk) HWY_ATTR {
      Sum* a = slots + chunk * slot;
      for (Index u = chunk * units / chunks; u < (chunk + 1) * units / chunks; ++u) {
        const Index row = u % s.row_blocks * s.rows, panel = u / s.row_blocks % s.panel_blocks * s.panels;
        const Index split = u / s.row_blocks / s.panel_blocks % s.splits;
        const Index m = u / s.row_blocks / s.panel_blocks / s.splits;
        const Index rows = HWY_MIN(s.rows, s.M - row), panel_end = HWY_MIN(panel + s.panels, s.panel_count);
        const Sum* b = packed + (shared ? 0 : m * size);
        Target<Sum> target{};
        target.c =
            problem.c + split * problem.split_stride + (first + m) * problem.c_batch + row * problem.c_stride + panel * s.wide();
        target.stride = problem.c_stride;
        target.column_bias = (split == 0 ? problem.column_bias : problem.zeros) + panel * s.wide();
        target.row_bias = split == 0 && problem.row_bias != nullptr ? problem.row_bias + row : nullptr;
        const Index end = HWY_MIN((split + 1) * s.split_depth, s.K);
        Index k = split * s.split_depth;
        do {  // at least once: an empty product is the bias
          const Index depth = HWY_MIN(s.depth, end - k);
          Operand<T> from = problem.a;
          from.data += (first + m) * problem.a_batch + row * from.lane + k * from.k;
          pack_rows<tile_rows>(from, rows, depth, a);
          gemm_rows<tile_rows>(d, s, a, rows, b, k, depth, panel, panel_end, target);
          target.column_bias = nullptr;
          k += depth;
        } while (k < end);
      }
    });
  }
  return Status::ok;
}

}  // namespace
}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // CAIRN_GEMM_INL_H
