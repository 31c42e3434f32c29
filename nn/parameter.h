/// Tensors that belong to a module: parameters, which are trained, and buffers, which are not.
#pragma once

#include <cairn/core/tensor.h>

namespace cairn::inline v0::nn {

/// A tensor that owns its memory, as a value does:
///   - copying it clones the memory (without the gradient); moving it keeps the memory and the identity;
///   - assigning a tensor copies its values, converted to this dtype, unrecorded. Throws ShapeError unless the shapes
///     are equal. An undefined one becomes a clone of what is assigned;
///   - `Tensor t = parameter;` shares the memory (but `auto t = parameter;` is a clone).
/// An undefined Parameter or Buffer stands for one that the module was told to do without.
class CAIRN_API Parameter : public Tensor {
 public:
  Parameter() = default;

  /// Takes over the memory of `value` (a copy of it when it has gaps).
  explicit Parameter(const Tensor& value, bool requires_grad = true);

  Parameter(const Parameter& other);
  Parameter(Parameter&& other) noexcept = default;
  Parameter& operator=(const Parameter& other) { return *this = static_cast<const Tensor&>(other); }
  Parameter& operator=(Parameter&& other) noexcept = default;
  Parameter& operator=(const Tensor& value);
};

/// State that is saved with the module but not trained, such as running means.
class CAIRN_API Buffer : public Tensor {
 public:
  Buffer() = default;
  explicit Buffer(const Tensor& value);

  Buffer(const Buffer& other);
  Buffer(Buffer&& other) noexcept = default;
  Buffer& operator=(const Buffer& other) { return *this = static_cast<const Tensor&>(other); }
  Buffer& operator=(Buffer&& other) noexcept = default;
  Buffer& operator=(const Tensor& value);
};

/// Makes `b` the same parameter as `a`: one memory, one gradient. The former values of `b` are dropped.
/// Throws ShapeError when both are defined and differ in shape. See Module on what becomes of ties.
CAIRN_API void tie(const Parameter& a, Parameter& b);

}  // namespace cairn::inline v0::nn
