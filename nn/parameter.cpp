#include <cairn/nn/parameter.h>

#include <cairn/autograd/record.h>

namespace cairn::inline v0::nn {

namespace {

/// The same memory without history, or a dense copy when the strides leave gaps.
Tensor own(const Tensor& value) {
  if (!value.defined()) return {};
  const Tensor detached = value.detach();
  return detached.is_contiguous() || detached.is_channels_last() ? detached : detached.contiguous();
}

Tensor clone_of(const Tensor& value) { return value.defined() ? value.detach().clone() : Tensor(); }

void assign(const char* what, const Tensor& to, const Tensor& value) {
  check<ShapeError>(value.defined() && to.sizes() == value.sizes(), what, "assigning copies the values, so the shapes must be equal: ",
                    to.describe(), " = ", value.describe());
  NoGrad guard;
  to.copy_(value.detach());
}

}  // namespace

Parameter::Parameter(const Tensor& value, bool requires_grad) : Tensor(own(value)) {
  if (defined()) set_requires_grad(requires_grad);
}

Parameter::Parameter(const Parameter& other) : Tensor(clone_of(other)) {
  if (defined()) set_requires_grad(other.requires_grad());
}

Parameter& Parameter::operator=(const Tensor& value) {
  if (is_same(value)) return *this;
  if (defined()) {
    assign("Parameter", *this, value);
  } else {
    *this = Parameter(clone_of(value));
  }
  return *this;
}

Buffer::Buffer(const Tensor& value) : Tensor(own(value)) {}
Buffer::Buffer(const Buffer& other) : Tensor(clone_of(other)) {}

Buffer& Buffer::operator=(const Tensor& value) {
  if (is_same(value)) return *this;
  if (defined()) {
    assign("Buffer", *this, value);
  } else {
    *this = Buffer(clone_of(value));
  }
  return *this;
}

void tie(const Parameter& a, Parameter& b) {
  check<ValueError>(a.defined(), "tie", "the first parameter is undefined");
  check<ShapeError>(!b.defined() || a.sizes() == b.sizes(), "tie", "tied parameters have one shape: ", a.describe(), " and ",
                    b.describe());
  static_cast<Tensor&>(b) = a;
}

}  // namespace cairn::inline v0::nn
