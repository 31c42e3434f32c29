#include <cairn/core/tensor.h>

#include <cmath>
#include <iomanip>
#include <ostream>
#include <type_traits>

namespace cairn::inline v0 {

namespace {

constexpr std::int64_t abbreviate_above = 1000;
constexpr std::int64_t edge_items = 3;

/// How the floating numbers of one tensor are written: whole ones as "2.", others with four decimals, or in
/// scientific form when their magnitudes differ too much for that. All are padded to one width.
struct Format {
  bool whole = true;
  bool scientific = false;

  explicit Format(const std::vector<double>& values) {
    double largest = 0.0;
    double smallest = 0.0;
    for (const double v : values) {
      if (!std::isfinite(v)) continue;
      whole = whole && v == std::trunc(v);
      const double a = std::abs(v);
      if (a == 0.0) continue;
      largest = std::max(largest, a);
      smallest = smallest == 0.0 ? a : std::min(smallest, a);
    }
    scientific = largest >= 1e8 || (!whole && (smallest < 1e-4 || largest >= 1e5));
  }

  std::string operator()(double value) const {
    std::ostringstream out;
    if (std::isnan(value)) {
      out << "nan";
    } else if (std::isinf(value)) {
      out << (value < 0 ? "-inf" : "inf");
    } else if (scientific) {
      out << std::scientific << std::setprecision(4) << value;
    } else {
      out << std::fixed << std::setprecision(whole ? 0 : 4) << value << (whole ? "." : "");
    }
    return out.str();
  }
};

/// The part of a tensor that is printed: everything, or of each long dimension the first and last few.
class Printer {
 public:
  explicit Printer(const Tensor& tensor) : tensor_(tensor), abbreviate_(tensor.numel() > abbreviate_above) {
    if (is_floating(tensor.dtype())) {
      const auto values = shown<double>();
      const Format format(values);
      for (const double v : values) words_.push_back(format(v));
    } else {
      for (const std::int64_t v : shown<std::int64_t>()) {
        words_.push_back(tensor.dtype() != DType::boolean ? std::to_string(v) : v != 0 ? "true" : "false");
      }
    }
    for (const std::string& word : words_) width_ = std::max(width_, word.size());
  }

  void print(std::ostream& out) {
    next_ = 0;
    rows(out, 0);
  }

 private:
  bool is_cut(int dim) const { return abbreviate_ && tensor_.sizes()[dim] > 2 * edge_items; }

  /// The printed elements in order. Only they are read from the device.
  template <class T>
  std::vector<T> shown() const {
    std::vector<Tensor> parts{tensor_};
    for (int dim = 0; dim < tensor_.rank(); ++dim) {
      if (!is_cut(dim)) continue;
      std::vector<Tensor> halves;
      for (const Tensor& part : parts) {
        const std::int64_t stride = part.strides()[dim];
        Dims sizes = part.sizes();
        const std::int64_t tail = sizes[dim] - edge_items;
        sizes[dim] = edge_items;
        halves.push_back(make_view(part, sizes, part.strides(), part.storage_offset()));
        halves.push_back(make_view(part, sizes, part.strides(), part.storage_offset() + tail * stride));
      }
      parts = std::move(halves);
    }
    // The parts are corners, in the order of a binary number with one digit for each cut dimension; put their
    // elements into printing order.
    Dims count;  // elements shown of each dimension
    for (int dim = 0; dim < tensor_.rank(); ++dim) count.push_back(is_cut(dim) ? 2 * edge_items : tensor_.sizes()[dim]);
    std::vector<T> values(static_cast<std::size_t>(count.product()));
    const Dims step = row_major_strides(count);
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const std::vector<T> part = parts[p].template to_vector<T>();
      const Dims within = row_major_strides(parts[p].sizes());
      for (std::size_t i = 0; i < part.size(); ++i) {
        std::int64_t at = 0;
        std::size_t digit = parts.size();
        for (int dim = 0; dim < tensor_.rank(); ++dim) {
          std::int64_t index = static_cast<std::int64_t>(i) / within[dim] % parts[p].sizes()[dim];
          if (is_cut(dim)) {
            digit /= 2;
            if ((p & digit) != 0) index += edge_items;
          }
          at += index * step[dim];
        }
        values[static_cast<std::size_t>(at)] = part[i];
      }
    }
    return values;
  }

  void rows(std::ostream& out, int dim) {
    if (dim == tensor_.rank()) {
      out << std::setw(static_cast<int>(width_)) << words_[next_++];
      return;
    }
    const auto depth = static_cast<std::size_t>(tensor_.rank() - dim - 1);
    const std::string separator =
        depth == 0 ? ", " : "," + std::string(depth, '\n') + std::string(static_cast<std::size_t>(dim + 1), ' ');
    const std::int64_t shown_here = is_cut(dim) ? 2 * edge_items : tensor_.sizes()[dim];
    out << '[';
    for (std::int64_t i = 0; i < shown_here; ++i) {
      if (i > 0) out << separator;
      if (i == edge_items && is_cut(dim)) out << "..." << separator;
      rows(out, dim + 1);
    }
    out << ']';
  }

  const Tensor& tensor_;
  bool abbreviate_;
  std::vector<std::string> words_;
  std::size_t width_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "undefined tensor";
  if (tensor.numel() == 0) {
    out << "[]";
  } else {
    Printer(tensor).print(out);
  }
  return out << '\n' << tensor.describe();
}

}  // namespace cairn::inline v0
