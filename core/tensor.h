/// The tensor: a cheap handle on strided memory of one dtype on one device.
///
/// Copying a Tensor copies the handle. Members under "compute" are defined by the autograd component;
/// they and the functions in <cairn/autograd/ops.h> record what is needed for differentiation.
#pragma once

#include <cairn/core/dims.h>
#include <cairn/core/dtype.h>
#include <cairn/core/error.h>
#include <cairn/core/storage.h>
#include <cairn/core/view.h>

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cairn::inline v0 {

class Tensor;

/// What autograd keeps with a tensor; core only owns it.
class CAIRN_API AutogradMeta {
 public:
  virtual ~AutogradMeta();
};

struct TensorOptions {
  DType dtype = DType::f32;
  Device device = Device::cpu();
};

/// A half-open range with a positive step, as in Python. Missing bounds mean the first and the last element.
struct Slice {
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> stop;
  std::int64_t step = 1;
  Slice(std::optional<std::int64_t> start_ = {}, std::optional<std::int64_t> stop_ = {}, std::int64_t step_ = 1)
      : start(start_), stop(stop_), step(step_) {}
};
struct NewAxis {};   ///< inserts a dimension of size 1
struct Ellipsis {};  ///< as many full slices as the rank asks for
using Index = std::variant<std::int64_t, Slice, NewAxis, Ellipsis>;

class CAIRN_API Tensor {
 public:
  struct Impl;

  /// An undefined tensor: no memory, no shape. Most members throw ValueError on it.
  Tensor() = default;
  explicit Tensor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  bool defined() const { return impl_ != nullptr; }

  const Dims& sizes() const;
  const Dims& strides() const;
  std::int64_t size(std::int64_t dim) const;  ///< negative counts from the end
  int rank() const;
  std::int64_t numel() const;
  DType dtype() const;
  Device device() const;
  TensorOptions options() const { return {dtype(), device()}; }

  bool is_contiguous() const;     ///< row-major without gaps
  bool is_channels_last() const;  ///< rank 4 and dense with the channel fastest; false when also row-major
  bool is_view() const;           ///< made by an op that shares the memory of another tensor

  /// The address of the first element. Throws DTypeError unless T is the tensor's element type.
  template <class T>
  T* data() const {
    require_dtype(dtype_of_v<T>);
    return static_cast<T*>(raw_data());
  }
  void* raw_data() const;
  View view() const;  ///< the kernel's view of this tensor

  const std::shared_ptr<Storage>& storage() const;
  std::int64_t storage_offset() const;  ///< in elements
  std::uint64_t version() const;
  void bump_version() const;

  /// Two handles on one tensor?
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }
  const std::shared_ptr<Impl>& impl() const { return impl_; }

  /// All elements in logical order, converted; copies from the device.
  template <class T>
  std::vector<T> to_vector() const;

  /// "f32[2, 3] on cpu".
  std::string describe() const;

  // ---- compute (defined in autograd/) -----------------------------------------------------------

  double item() const;  ///< the value of a tensor with one element

  Tensor to(DType dtype) const;
  Tensor to(Device device) const;
  Tensor contiguous() const;     ///< itself when it is row-major already
  Tensor channels_last() const;  ///< itself when its memory is channels-last already
  Tensor clone() const;          ///< a copy with the same layout

  Tensor reshape(const Dims& sizes) const;  ///< one size may be -1; a view where strides allow, else a copy
  Tensor flatten(std::int64_t start = 0, std::int64_t end = -1) const;
  Tensor permute(const Dims& dims) const;
  Tensor transpose(std::int64_t a, std::int64_t b) const;
  Tensor t() const;  ///< transpose of a matrix
  Tensor expand(const Dims& sizes) const;
  Tensor squeeze(std::int64_t dim) const;
  Tensor unsqueeze(std::int64_t dim) const;
  Tensor select(std::int64_t dim, std::int64_t index) const;
  Tensor slice(std::int64_t dim, const Slice& range) const;
  Tensor narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const;
  Tensor index(const std::vector<Index>& indices) const;  ///< Python's x[…] for integers, slices, None and …
  Tensor operator[](std::int64_t i) const { return select(0, i); }

  Tensor sum(const Dims& dims = {}, bool keepdim = false) const;  ///< no dims: over all
  Tensor mean(const Dims& dims = {}, bool keepdim = false) const;
  Tensor max() const;
  Tensor min() const;
  Tensor argmax(std::optional<std::int64_t> dim = {}, bool keepdim = false) const;

  Tensor operator-() const;

  // In place. Each throws AutogradError where differentiation would go wrong (see <cairn/autograd/record.h>).
  const Tensor& copy_(const Tensor& source) const;  ///< broadcast and converted
  const Tensor& fill_(double value) const;
  const Tensor& zero_() const { return fill_(0.0); }
  const Tensor& add_(const Tensor& other, double alpha = 1.0) const;
  const Tensor& sub_(const Tensor& other) const { return add_(other, -1.0); }
  const Tensor& mul_(const Tensor& other) const;
  const Tensor& div_(const Tensor& other) const;
  const Tensor& add_(double value) const;
  const Tensor& mul_(double value) const;
  const Tensor& operator+=(const Tensor& other) const { return add_(other); }
  const Tensor& operator-=(const Tensor& other) const { return sub_(other); }
  const Tensor& operator*=(const Tensor& other) const { return mul_(other); }
  const Tensor& operator/=(const Tensor& other) const { return div_(other); }

  // ---- differentiation (defined in autograd/) ---------------------------------------------------

  bool requires_grad() const;
  bool is_leaf() const;  ///< not the result of a recorded op
  const Tensor& set_requires_grad(bool value = true) const;  ///< leaves of floating dtype only
  Tensor grad() const;                                       ///< undefined before the first backward
  void set_grad(const Tensor& grad) const;
  void zero_grad() const { set_grad(Tensor()); }

  /// Adds d(this)/d(leaf) to the grad of every leaf. `gradient` may be left out for one element.
  void backward(const Tensor& gradient = {}, bool retain_graph = false, bool create_graph = false) const;

  Tensor detach() const;  ///< the same memory without history

  /// Called with the gradient of this tensor when it is known; what it returns replaces it unless
  /// undefined. The number removes it again.
  std::size_t register_hook(std::function<Tensor(const Tensor&)> hook) const;
  void remove_hook(std::size_t number) const;
  void retain_grad() const;  ///< keep .grad() although this is no leaf

 private:
  void require_dtype(DType dtype) const;
  Impl& get() const;

  std::shared_ptr<Impl> impl_;
};

struct Tensor::Impl {
  std::shared_ptr<Storage> storage;
  Dims sizes;
  Dims strides;
  std::int64_t offset = 0;
  DType dtype = DType::f32;
  bool is_view = false;
  std::uint64_t rebases_seen = 0;  ///< of a view: storage->rebases() when it was taken
  std::unique_ptr<AutogradMeta> autograd;
};

// ---- making tensors without computing -------------------------------------------------------------

/// Uninitialised. Strides default to row-major; others must be dense.
CAIRN_API Tensor empty(const Dims& sizes, TensorOptions options = {});
CAIRN_API Tensor empty_strided(const Dims& sizes, const Dims& strides, TensorOptions options = {});

/// Uninitialised, with the sizes, dtype, device and (when dense) the strides of `like`.
CAIRN_API Tensor empty_like(const Tensor& like);
CAIRN_API Tensor empty_like(const Tensor& like, DType dtype);

/// Another window on the memory of `base`; checked to lie inside. Not recorded: ops record it.
CAIRN_API Tensor make_view(const Tensor& base, const Dims& sizes, const Dims& strides, std::int64_t offset);

/// Wraps row-major host memory without copying; `release` runs when the last tensor on it is gone.
CAIRN_API Tensor from_memory(void* data, const Dims& sizes, DType dtype, std::function<void()> release = {});

/// Copies row-major values. Throws ShapeError unless their number is the product of `sizes`.
template <class T>
Tensor from_values(const std::vector<T>& values, const Dims& sizes, Device device = Device::cpu());

/// Prints values as rows of brackets, aligned, abbreviated with "..." above 1000 elements.
CAIRN_API std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace cairn::inline v0
