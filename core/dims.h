/// A short list of sizes, strides or dimension numbers, kept without allocation.
#pragma once

#include <cairn/core/export.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <vector>

namespace cairn::inline v0 {

/// The largest rank of a tensor.
inline constexpr int max_rank = 8;

/// At most `max_rank` integers. Throws ShapeError when more are given.
class CAIRN_API Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<std::int64_t> values) : Dims(values.begin(), values.end()) {}
  Dims(const std::vector<std::int64_t>& values) : Dims(values.data(), values.data() + values.size()) {}
  Dims(const std::int64_t* first, const std::int64_t* last);

  /// `rank` copies of `value`.
  static Dims filled(int rank, std::int64_t value);

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::int64_t operator[](int i) const { return values_[i]; }
  std::int64_t& operator[](int i) { return values_[i]; }
  const std::int64_t* begin() const { return values_; }
  const std::int64_t* end() const { return values_ + size_; }
  std::int64_t* begin() { return values_; }
  std::int64_t* end() { return values_ + size_; }
  std::int64_t back() const { return values_[size_ - 1]; }

  void push_back(std::int64_t value);
  void insert(int position, std::int64_t value);
  void erase(int position);

  /// Product of all entries (1 when empty).
  std::int64_t product() const;

  bool operator==(const Dims& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

 private:
  std::int64_t values_[max_rank] = {};
  int size_ = 0;
};

/// Prints "[2, 3]".
CAIRN_API std::ostream& operator<<(std::ostream& out, const Dims& dims);

/// Row-major strides for these sizes, in elements.
CAIRN_API Dims row_major_strides(const Dims& sizes);

/// Channels-last strides for sizes [N, C, H, W]: C varies fastest.
CAIRN_API Dims channels_last_strides(const Dims& sizes);

/// The common shape of two operands by the usual broadcasting rule. Throws ShapeError naming `op`.
CAIRN_API Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b);

/// `dim` counted from the end when negative. Throws IndexError naming `op` unless -rank <= dim < rank.
CAIRN_API int normalize_dim(const char* op, std::int64_t dim, int rank);

}  // namespace cairn::inline v0
