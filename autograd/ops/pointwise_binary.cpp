#include <cairn/autograd/detail/pointwise.h>
#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

#include <cmath>

namespace cairn::inline v0 {

namespace detail {

Operands prepare(const char* name, const Tensor& a, const Tensor& b) {
  check_same_device(name, {a, b});
  const DType dtype = promote(a.dtype(), b.dtype());
  return {a.to(dtype), b.to(dtype), broadcast_shapes(name, a.sizes(), b.sizes())};
}

Tensor sum_to(const Tensor& gradient, const Dims& sizes) {
  if (gradient.sizes() == sizes) return gradient;
  const int extra = gradient.rank() - sizes.size();
  Dims dims;
  for (int i = 0; i < gradient.rank(); ++i) {
    if (i < extra || (sizes[i - extra] == 1 && gradient.sizes()[i] != 1)) dims.push_back(i);
  }
  const Tensor summed = dims.empty() ? gradient : gradient.sum(dims, true);
  return summed.sizes() == sizes ? summed : summed.reshape(sizes);
}

}  // namespace detail

namespace {

using detail::Operands;
using detail::prepare;
using detail::result_like;
using detail::run_pointwise;
using detail::sum_to;

Tensor compute(const char* name, PointwiseOp op, const Operands& in) {
  Tensor y = result_like(in.sizes, in.a.dtype(), {in.a, in.b});
  run_pointwise(name, op, {in.a, in.b}, y);
  return y;
}

Tensor compare(const char* name, PointwiseOp op, const Tensor& a, const Tensor& b) {
  const NoGrad guard;
  const Operands in = prepare(name, a, b);
  Tensor y = result_like(in.sizes, DType::boolean, {in.a, in.b});
  run_pointwise(name, op, {in.a, in.b}, y);
  return y;
}

/// The larger or smaller of two: where they are equal each takes half of the gradient.
Tensor extremum(const char* name, PointwiseOp op, const Tensor& a, const Tensor& b, bool larger) {
  const Operands in = prepare(name, a, b);
  return record(name, {in.a, in.b}, compute(name, op, in), save(in.a, in.b),
                [as = in.a.sizes(), bs = in.b.sizes(), larger](const Grads& g) -> Gradients {
                  const Tensor sa = g.saved(0);
                  const Tensor sb = g.saved(1);
                  const DType dtype = sa.dtype();
                  const Tensor tie = 0.5 * eq(sa, sb).to(dtype);
                  const Tensor a_wins = (larger ? gt(sa, sb) : lt(sa, sb)).to(dtype) + tie;
                  Tensor da = g.needs(0) ? sum_to(g[0] * a_wins, as) : Tensor();
                  Tensor db = g.needs(1) ? sum_to(g[0] * (1.0 - a_wins), bs) : Tensor();
                  return {da, db};
                });
}

}  // namespace

Tensor scalar_like(const Tensor& like, double value) {
  const bool fits = is_floating(like.dtype()) || (value == std::trunc(value) && std::abs(value) < 9e15);
  DType dtype = fits ? like.dtype() : DType::f32;
  if (like.dtype() == DType::boolean && fits) dtype = DType::i64;
  return scalar(value, {dtype, like.device()});
}

Tensor add(const Tensor& a, const Tensor& b) {
  const Operands in = prepare("add", a, b);
  return record("add", {in.a, in.b}, compute("add", PointwiseOp::add, in), {},
                [as = in.a.sizes(), bs = in.b.sizes()](const Grads& g) -> Gradients {
                  return {g.needs(0) ? sum_to(g[0], as) : Tensor(), g.needs(1) ? sum_to(g[0], bs) : Tensor()};
                });
}

Tensor sub(const Tensor& a, const Tensor& b) {
  const Operands in = prepare("sub", a, b);
  return record("sub", {in.a, in.b}, compute("sub", PointwiseOp::sub, in), {},
                [as = in.a.sizes(), bs = in.b.sizes()](const Grads& g) -> Gradients {
                  return {g.needs(0) ? sum_to(g[0], as) : Tensor(), g.needs(1) ? sum_to(neg(g[0]), bs) : Tensor()};
                });
}

Tensor mul(const Tensor& a, const Tensor& b) {
  const Operands in = prepare("mul", a, b);
  return record("mul", {in.a, in.b}, compute("mul", PointwiseOp::mul, in), save(in.a, in.b),
                [as = in.a.sizes(), bs = in.b.sizes()](const Grads& g) -> Gradients {
                  return {g.needs(0) ? sum_to(g[0] * g.saved(1), as) : Tensor(),
                          g.needs(1) ? sum_to(g[0] * g.saved(0), bs) : Tensor()};
                });
}

Tensor div(const Tensor& a, const Tensor& b) {
  Operands in = prepare("div", a, b);
  in.a = detail::as_floating(in.a);
  in.b = detail::as_floating(in.b);
  return record("div", {in.a, in.b}, compute("div", PointwiseOp::div, in), save(in.b, output(0)),
                [as = in.a.sizes(), bs = in.b.sizes()](const Grads& g) -> Gradients {
                  const Tensor quotient = g[0] / g.saved(0);  // dy / b; db = -dy y / b
                  return {g.needs(0) ? sum_to(quotient, as) : Tensor(),
                          g.needs(1) ? sum_to(neg(quotient * g.saved(1)), bs) : Tensor()};
                });
}

Tensor pow(const Tensor& x, const Tensor& exponent) {
  Operands in = prepare("pow", x, exponent);
  in.a = detail::as_floating(in.a);
  in.b = detail::as_floating(in.b);
  return record("pow", {in.a, in.b}, compute("pow", PointwiseOp::pow, in), save(in.a, in.b, output(0)),
                [as = in.a.sizes(), bs = in.b.sizes()](const Grads& g) -> Gradients {
                  const Tensor base = g.saved(0);
                  const Tensor power = g.saved(1);
                  Tensor da, db;
                  if (g.needs(0)) {
                    // p x^(p-1); at x = 0 with p = 0 it is 0, where the formula gives 0 * inf.
                    const Tensor both_zero = logical_and(eq(power, zeros_like(power)), eq(base, zeros_like(base)));
                    const Tensor safe_base = where(both_zero, ones_like(base), base);
                    da = sum_to(g[0] * (power * pow(safe_base, power - 1.0)), as);
                  }
                  if (g.needs(1)) {  // x^p log x, and 0 where x^p is 0 whatever log x is
                    const Tensor y = g.saved(2);
                    db = sum_to(g[0] * where(eq(y, zeros_like(y)), zeros_like(y), y * log(base)), bs);
                  }
                  return {da, db};
                });
}

Tensor maximum(const Tensor& a, const Tensor& b) { return extremum("maximum", PointwiseOp::maximum, a, b, true); }
Tensor minimum(const Tensor& a, const Tensor& b) { return extremum("minimum", PointwiseOp::minimum, a, b, false); }

Tensor eq(const Tensor& a, const Tensor& b) { return compare("eq", PointwiseOp::eq, a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return compare("ne", PointwiseOp::ne, a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return compare("lt", PointwiseOp::lt, a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return compare("le", PointwiseOp::le, a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return compare("gt", PointwiseOp::gt, a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return compare("ge", PointwiseOp::ge, a, b); }
Tensor logical_and(const Tensor& a, const Tensor& b) { return compare("logical_and", PointwiseOp::logical_and, a, b); }
Tensor logical_or(const Tensor& a, const Tensor& b) { return compare("logical_or", PointwiseOp::logical_or, a, b); }
Tensor logical_xor(const Tensor& a, const Tensor& b) { return compare("logical_xor", PointwiseOp::logical_xor, a, b); }

Tensor logical_not(const Tensor& x) {
  Tensor y = empty_like(x, DType::boolean);
  run_pointwise("logical_not", PointwiseOp::logical_not, {x}, y);
  return y;
}

Tensor isnan(const Tensor& x) {
  Tensor y = empty_like(x, DType::boolean);
  run_pointwise("isnan", PointwiseOp::isnan, {x}, y);
  return y;
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check<DTypeError>(condition.dtype() == DType::boolean, "where", "the condition must be bool, it is ", condition.describe());
  const Operands in = prepare("where", a, b);
  const Dims sizes = broadcast_shapes("where", condition.sizes(), in.sizes);
  Tensor y = result_like(sizes, in.a.dtype(), {in.a, in.b, condition});
  run_pointwise("where", PointwiseOp::where, {condition, in.a, in.b}, y);
  return record("where", {in.a, in.b}, y, save(condition),
                [as = in.a.sizes(), bs = in.b.sizes()](const Grads& g) -> Gradients {
                  const Tensor zero = scalar_like(g[0], 0.0);
                  const Tensor c = g.saved(0);
                  return {g.needs(0) ? sum_to(where(c, g[0], zero), as) : Tensor(),
                          g.needs(1) ? sum_to(where(c, zero, g[0]), bs) : Tensor()};
                });
}

// ---- members of Tensor: in place ------------------------------------------------------------------

Tensor Tensor::operator-() const { return neg(*this); }

namespace {

/// `other` expanded to `self` in its dtype; integers must not be asked to hold fractions.
Tensor operand_for(const char* name, const Tensor& self, const Tensor& other) {
  check_same_device(name, {self, other});
  check<ShapeError>(broadcast_shapes(name, self.sizes(), other.sizes()) == self.sizes(), name, other.describe(),
                    " does not broadcast to ", self.describe());
  check<DTypeError>(is_floating(self.dtype()) || !is_floating(other.dtype()), name, "the result cannot be stored in ",
                    self.describe());
  const Tensor operand = other.to(self.dtype());
  // An operand on the same memory is overwritten while it is read, or before backward needs it.
  const bool shares = operand.storage() == self.storage();
  const bool same_elements = operand.storage_offset() == self.storage_offset() && operand.sizes() == self.sizes() &&
                             operand.strides() == self.strides();
  return shares && (!same_elements || will_record({self, operand})) ? operand.clone() : operand;
}

}  // namespace

const Tensor& Tensor::copy_(const Tensor& source) const {
  check<ShapeError>(broadcast_shapes("copy_", sizes(), source.sizes()) == sizes(), "copy_", source.describe(),
                    " does not broadcast to ", describe());
  check_in_place("copy_", *this, {source});
  const Tensor from = source.device() == device() ? source : source.to(device());
  run_pointwise("copy_", PointwiseOp::copy, {from}, *this);
  record_in_place("copy_", *this, {source}, {}, [ss = source.sizes(), dtype = source.dtype(), device = source.device()](const Grads& g) -> Gradients {
    return {g.needs(0) ? zeros_like(g[0]) : Tensor(), g.needs(1) ? sum_to(g[0], ss).to(dtype).to(device) : Tensor()};
  });
  return *this;
}

const Tensor& Tensor::fill_(double value) const {
  check_in_place("fill_", *this, {});
  run_pointwise("fill_", PointwiseOp::fill, {}, *this, &value);
  record_in_place("fill_", *this, {}, {}, [](const Grads& g) -> Gradients { return zeros_like(g[0]); });
  return *this;
}

const Tensor& Tensor::add_(const Tensor& other, double alpha) const {
  if (!is_floating(dtype()) && alpha != 1.0 && alpha != -1.0) {
    check<DTypeError>(alpha == std::trunc(alpha), "add_", "the multiple ", alpha, " cannot be stored in ", describe());
    return add_(other * alpha);
  }
  const Tensor addend = operand_for("add_", *this, other);
  check_in_place("add_", *this, {addend});
  if (alpha == 1.0 || alpha == -1.0) {
    run_pointwise("add_", alpha == 1.0 ? PointwiseOp::add : PointwiseOp::sub, {*this, addend}, *this);
  } else {
    run_pointwise("add_", PointwiseOp::addcmul, {*this, addend, scalar(1.0, options())}, *this, &alpha);
  }
  record_in_place("add_", *this, {addend}, {}, [os = addend.sizes(), alpha](const Grads& g) -> Gradients {
    return {g[0], g.needs(1) ? sum_to(alpha == 1.0 ? g[0] : g[0] * alpha, os) : Tensor()};
  });
  return *this;
}

const Tensor& Tensor::mul_(const Tensor& other) const {
  const Tensor factor = operand_for("mul_", *this, other);
  check_in_place("mul_", *this, {factor});
  const Tensor old = will_record({factor}) ? clone() : Tensor();  // with its history, for second derivatives
  run_pointwise("mul_", PointwiseOp::mul, {*this, factor}, *this);
  record_in_place("mul_", *this, {factor}, save(factor, old), [os = factor.sizes()](const Grads& g) -> Gradients {
    return {g.needs(0) ? g[0] * g.saved(0) : Tensor(), g.needs(1) ? sum_to(g[0] * g.saved(1), os) : Tensor()};
  });
  return *this;
}

const Tensor& Tensor::div_(const Tensor& other) const {
  check<DTypeError>(is_floating(dtype()), "div_", "the result cannot be stored in ", describe());
  const Tensor divisor = operand_for("div_", *this, other);
  check_in_place("div_", *this, {divisor});
  run_pointwise("div_", PointwiseOp::div, {*this, divisor}, *this);
  record_in_place("div_", *this, {divisor}, save(divisor, output(0)), [os = divisor.sizes()](const Grads& g) -> Gradients {
    const Tensor quotient = g[0] / g.saved(0);
    return {g.needs(0) ? quotient : Tensor(), g.needs(1) ? sum_to(neg(quotient * g.saved(1)), os) : Tensor()};
  });
  return *this;
}

const Tensor& Tensor::add_(double value) const { return add_(scalar_like(*this, value)); }
const Tensor& Tensor::mul_(double value) const { return mul_(scalar_like(*this, value)); }

}  // namespace cairn::inline v0
