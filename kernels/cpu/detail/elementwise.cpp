#include <cairn/kernels/cpu/detail/elementwise.h>

#include <cairn/core/parallel.h>

namespace cairn::inline v0::cpu::detail {
namespace {

struct alignas(64) Buffer {
  char bytes[tile_size * 8];
};

/// Hands out dense tiles of one input.
class Input {
 public:
  void open(const Loop& loop, int index, Convert convert, bool ignored) {
    loop_ = &loop;
    operand_ = &loop.operand[index];
    convert_ = convert;
    ignored_ = ignored;
    if (!ignored && operand_->constant) {
      gather(loop, *operand_, 0, tile_size < loop.count ? tile_size : loop.count, raw_.bytes);
      if (convert) convert(raw_.bytes, converted_.bytes, tile_size < loop.count ? tile_size : loop.count);
    }
  }

  const void* tile(std::int64_t begin, std::int64_t n) {
    if (ignored_) return nullptr;
    if (operand_->constant) return convert_ ? converted_.bytes : raw_.bytes;
    const char* source = raw_.bytes;
    if (operand_->dense) {
      source = operand_->data + begin * operand_->item;
    } else if (const char* row = row_at(begin, n)) {
      source = row;
    } else {
      gather(*loop_, *operand_, begin, n, raw_.bytes);
    }
    if (!convert_) return source;
    convert_(source, converted_.bytes, n);
    return converted_.bytes;
  }

 private:
  /// The place of a tile that lies in one row of unit stride.
  const char* row_at(std::int64_t begin, std::int64_t n) const {
    const int inner = loop_->rank - 1;
    if (operand_->strides[inner] != operand_->item) return nullptr;
    if (begin % loop_->sizes[inner] + n > loop_->sizes[inner]) return nullptr;
    return place_of(*loop_, *operand_, begin);
  }

  const Loop* loop_;
  const Operand* operand_;
  Convert convert_;
  bool ignored_;
  Buffer raw_, converted_;
};

/// Rows this long make tiles of their own, so that no operand with unit stride needs a buffer.
constexpr std::int64_t long_row = tile_size / 2;

void run_chunk(const TileOp& op, const Loop& loop, std::int64_t begin, std::int64_t end) {
  const int inputs = loop.operands - 1;
  const Operand& out = loop.operand[inputs];
  Input input[max_operands - 1];
  Buffer computed, stored;
  bool all_dense = out.dense;
  for (int i = 0; i < inputs; ++i) {
    input[i].open(loop, i, op.load[i], (op.ignored >> i & 1U) != 0);
    all_dense = all_dense && (loop.operand[i].dense || loop.operand[i].constant);
  }
  const bool by_rows = !all_dense && loop.inner_size() >= long_row;
  for (std::int64_t i = begin; i < end;) {
    std::int64_t n = end - i < tile_size ? end - i : tile_size;
    if (by_rows) {
      const std::int64_t left = loop.inner_size() - i % loop.inner_size();
      n = left < n ? left : n;
    }
    const void* in[max_operands - 1] = {};
    for (int k = 0; k < inputs; ++k) in[k] = input[k].tile(i, n);
    char* place = out.dense ? out.data + i * out.item : stored.bytes;
    if (op.store) {
      op.kernel(in, computed.bytes, n, op.params);
      op.store(computed.bytes, place, n);
    } else {
      op.kernel(in, place, n, op.params);
    }
    if (!out.dense) scatter(loop, out, i, n, stored.bytes);
    i += n;
  }
}

bool runs_directly(const TileOp& op, const Loop& loop) {
  if (op.store || !loop.operand[loop.operands - 1].dense) return false;
  for (int i = 0; i + 1 < loop.operands; ++i) {
    if ((op.ignored >> i & 1U) == 0 && (op.load[i] || !loop.operand[i].dense)) return false;
  }
  return true;
}

}  // namespace

void run_tiles(const TileOp& op, const View* views, int count) {
  const Loop loop = make_loop(views, count);
  if (loop.count == 0) return;
  const bool direct = runs_directly(op, loop);
  parallel_for(loop.count, chunk_size, [&](std::int64_t begin, std::int64_t end) {
    if (!direct) return run_chunk(op, loop, begin, end);
    const void* in[max_operands] = {};
    for (int i = 0; i + 1 < count; ++i) in[i] = loop.operand[i].data + begin * loop.operand[i].item;
    const Operand& out = loop.operand[count - 1];
    op.kernel(in, out.data + begin * out.item, end - begin, op.params);
  });
}

}  // namespace cairn::inline v0::cpu::detail
