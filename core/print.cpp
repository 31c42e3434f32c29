#include <cairn/core/tensor.h>

#include <cmath>
#include <iomanip>
#include <ostream>

namespace cairn::inline v0 {

namespace {

constexpr std::int64_t abbreviate_above = 1000;
constexpr std::int64_t edge_items = 3;

/// How the numbers of one tensor are written: integers as such, others with four decimals, or in
/// scientific form when their magnitudes differ too much for that.
struct Format {
  bool integral = true;
  bool scientific = false;
  int width = 0;

  std::string operator()(double value) const {
    std::ostringstream out;
    if (std::isnan(value)) {
      out << "nan";
    } else if (std::isinf(value)) {
      out << (value < 0 ? "-inf" : "inf");
    } else if (scientific) {
      out << std::scientific << std::setprecision(4) << value;
    } else {
      out << std::fixed << std::setprecision(integral ? 0 : 4) << value;
    }
    return out.str();
  }
};

Format choose_format(const std::vector<double>& values, DType dtype) {
  Format format;
  double largest = 0.0;
  double smallest = 0.0;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    format.integral = format.integral && v == std::trunc(v);
    const double a = std::abs(v);
    if (a == 0.0) continue;
    largest = std::max(largest, a);
    smallest = smallest == 0.0 ? a : std::min(smallest, a);
  }
  if (is_floating(dtype)) {
    format.scientific = largest >= 1e8 || (!format.integral && (smallest < 1e-4 || largest / smallest > 1e3) &&
                                           (smallest < 1e-4 || largest >= 1e5));
  }
  for (const double v : values) format.width = std::max(format.width, static_cast<int>(format(v).size()));
  if (is_floating(dtype) && format.integral && !format.scientific) ++format.width;  // room for the point
  return format;
}

class Printer {
 public:
  Printer(std::ostream& out, const Tensor& tensor)
      : out_(out), tensor_(tensor), values_(tensor.to_vector<double>()), abbreviate_(tensor.numel() > abbreviate_above) {
    format_ = choose_format(values_, tensor.dtype());
  }

  void print() { rows(0, 0); }

 private:
  void element(std::int64_t at) {
    if (tensor_.dtype() == DType::boolean) {
      out_ << std::setw(5) << (values_[static_cast<std::size_t>(at)] != 0.0 ? "true" : "false");
      return;
    }
    std::string text = format_(values_[static_cast<std::size_t>(at)]);
    const bool finite = std::isfinite(values_[static_cast<std::size_t>(at)]);
    if (is_floating(tensor_.dtype()) && format_.integral && !format_.scientific && finite) text += '.';
    out_ << std::setw(format_.width) << text;
  }

  /// The block of dimension `dim` whose first element has the row-major index `first`.
  void rows(int dim, std::int64_t first) {
    if (dim == tensor_.rank()) return element(first);
    std::int64_t step = 1;
    for (int i = dim + 1; i < tensor_.rank(); ++i) step *= tensor_.sizes()[i];
    const std::int64_t n = tensor_.sizes()[dim];
    const bool innermost = dim + 1 == tensor_.rank();
    const std::string separator =
        innermost ? ", " : "," + std::string(static_cast<std::size_t>(tensor_.rank() - dim - 1), '\n') +
                               std::string(static_cast<std::size_t>(dim + 1), ' ');
    out_ << '[';
    for (std::int64_t i = 0; i < n; ++i) {
      if (i > 0) out_ << separator;
      if (abbreviate_ && n > 2 * edge_items && i == edge_items) {
        out_ << "...";
        i = n - edge_items - 1;
        continue;
      }
      rows(dim + 1, first + i * step);
    }
    out_ << ']';
  }

  std::ostream& out_;
  const Tensor& tensor_;
  std::vector<double> values_;
  bool abbreviate_;
  Format format_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "undefined tensor";
  if (tensor.numel() == 0) {
    out << "[]";
  } else {
    Printer(out, tensor).print();
  }
  return out << '\n' << tensor.describe();
}

}  // namespace cairn::inline v0
