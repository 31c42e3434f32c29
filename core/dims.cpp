#include <cairn/core/dims.h>

#include <cairn/core/error.h>

namespace cairn::inline v0 {

Dims::Dims(const std::int64_t* first, const std::int64_t* last) {
  for (; first != last; ++first) push_back(*first);
}

Dims Dims::filled(int rank, std::int64_t value) {
  Dims dims;
  for (int i = 0; i < rank; ++i) dims.push_back(value);
  return dims;
}

void Dims::push_back(std::int64_t value) { insert(size_, value); }

void Dims::insert(int position, std::int64_t value) {
  check<ShapeError>(size_ < max_rank, "Dims", "at most ", max_rank, " dimensions are supported");
  std::copy_backward(values_ + position, values_ + size_, values_ + size_ + 1);
  values_[position] = value;
  ++size_;
}

void Dims::erase(int position) {
  std::copy(values_ + position + 1, values_ + size_, values_ + position);
  --size_;
}

std::int64_t Dims::product() const {
  if (std::find(begin(), end(), 0) != end()) return 0;  // before large sizes beside it can overflow
  std::int64_t n = 1;
  for (const std::int64_t v : *this) n *= v;
  return n;
}

std::ostream& operator<<(std::ostream& out, const Dims& dims) {
  out << '[';
  for (int i = 0; i < dims.size(); ++i) out << (i > 0 ? ", " : "") << dims[i];
  return out << ']';
}

Dims row_major_strides(const Dims& sizes) {
  Dims strides = sizes;
  std::int64_t step = 1;
  for (int i = sizes.size() - 1; i >= 0; --i) {
    strides[i] = step;
    // Beside a size of 0 the others may be of any size; strides mean nothing then and may wrap.
    step = static_cast<std::int64_t>(static_cast<std::uint64_t>(step) * static_cast<std::uint64_t>(std::max<std::int64_t>(sizes[i], 1)));
  }
  return strides;
}

Dims channels_last_strides(const Dims& sizes) {
  check<ShapeError>(sizes.size() == 4, "channels_last_strides", "expected 4 dimensions [N, C, H, W], got ", sizes);
  const std::int64_t c = std::max<std::int64_t>(sizes[1], 1);
  const std::int64_t h = std::max<std::int64_t>(sizes[2], 1);
  const std::int64_t w = std::max<std::int64_t>(sizes[3], 1);
  return {h * w * c, 1, w * c, c};
}

Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b) {
  const int rank = std::max(a.size(), b.size());
  Dims out = Dims::filled(rank, 1);
  for (int i = 1; i <= rank; ++i) {
    const std::int64_t x = i <= a.size() ? a[a.size() - i] : 1;
    const std::int64_t y = i <= b.size() ? b[b.size() - i] : 1;
    check<ShapeError>(x == y || x == 1 || y == 1, op, "shapes ", a, " and ", b,
                      " cannot be broadcast: sizes must be equal or 1, counted from the last dimension");
    out[rank - i] = x == 1 ? y : x;
  }
  return out;
}

int normalize_dim(const char* op, std::int64_t dim, int rank) {
  const int effective = std::max(rank, 1);  // a scalar accepts 0 and -1
  check<IndexError>(dim >= -effective && dim < effective, op, "dimension ", dim, " is out of range for rank ", rank);
  return static_cast<int>(dim < 0 ? dim + effective : dim);
}

}  // namespace cairn::inline v0
