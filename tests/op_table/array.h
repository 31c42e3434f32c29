/// The references' own little world: row-major arrays of doubles and plain loops over them. Nothing here, and
/// nothing in the references, calls the library's operations.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace op_table {

using Sizes = std::vector<std::int64_t>;

/// What a sample's input becomes when it is turned into a tensor.
enum class Kind {
  value,     ///< of the dtype under test; gets a gradient
  constant,  ///< of the dtype under test; gets no gradient
  wide,      ///< f32 where the dtype under test is bf16 or f16, else that dtype; gets no gradient
  index,     ///< i64 whatever the dtype under test
  truth,     ///< bool whatever the dtype under test
  none,      ///< an operand that is not given
};

struct Array {
  Sizes sizes;
  std::vector<double> values;
  Kind kind = Kind::value;

  Array() = default;
  explicit Array(Sizes sizes_, double fill = 0.0);
  Array(Sizes sizes_, std::vector<double> values_, Kind kind_ = Kind::value);

  int rank() const { return static_cast<int>(sizes.size()); }
  std::int64_t numel() const { return static_cast<std::int64_t>(values.size()); }
  bool given() const { return kind != Kind::none; }
  std::int64_t size(int dim) const { return sizes[static_cast<std::size_t>(dim < 0 ? dim + rank() : dim)]; }

  double& operator[](std::int64_t i) { return values[static_cast<std::size_t>(i)]; }
  double operator[](std::int64_t i) const { return values[static_cast<std::size_t>(i)]; }
  double& at(const Sizes& index) { return values[static_cast<std::size_t>(position(index))]; }
  double at(const Sizes& index) const { return values[static_cast<std::size_t>(position(index))]; }

  /// Row-major position of an index tuple.
  std::int64_t position(const Sizes& index) const;
};
using Arrays = std::vector<Array>;

std::int64_t product(const Sizes& sizes);
std::string text(const Sizes& sizes);  ///< "[2, 3]"

/// Calls visit(index tuple) in row-major order.
void for_each_index(const Sizes& sizes, const std::function<void(const Sizes&)>& visit);

// ---- inputs ---------------------------------------------------------------------------------------

/// Pseudo-random in [low, high), the same on every run.
Array random(const Sizes& sizes, double low = -2.0, double high = 2.0, unsigned seed = 1);

/// Evenly spaced in (low, high) and shuffled: no two are equal or close.
Array spread(const Sizes& sizes, double low = -2.0, double high = 2.0, unsigned seed = 1);

/// `x` with every value nearer than `distance` to one of `kinks` moved away from it.
Array avoid(Array x, const std::vector<double>& kinks, double distance = 0.05);

Array indices(const Sizes& sizes, std::int64_t below, unsigned seed = 1);  ///< i64 in [0, below)
Array truths(const Sizes& sizes, unsigned seed = 1);                       ///< bool
Array constant(Array x);                                                   ///< the same without a gradient
Array none();                                                              ///< not given

// ---- helpers of references ------------------------------------------------------------------------

Array map(const Array& x, const std::function<double(double)>& f);

/// The shape that two shapes are broadcast to (they must fit), and the element that belongs to an index in it.
Sizes broadcast(const Sizes& a, const Sizes& b);
double broadcast_at(const Array& x, const Sizes& index);
Array zip(const Array& a, const Array& b, const std::function<double(double, double)>& f);

/// `f` of every run of elements along `dims` (empty: all), in row-major order.
Array reduce(const Array& x, Sizes dims, bool keepdim, const std::function<double(const std::vector<double>&)>& f);

/// y.sizes = sizes, y[index] = x at source(index).
Array rearrange(const Array& x, const Sizes& sizes, const std::function<Sizes(const Sizes&)>& source);

}  // namespace op_table
