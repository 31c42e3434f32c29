/// The formula of each pointwise op, and of its gradient, written once for every type V of number: SIMD vectors
/// of f32 and f64, wrapped integers, and the scalars of a device. `backward(x, y, dy, p)` is dy * op'(x), where
/// y = op(x); `reads` tells which of x and y it needs. At points without a derivative it takes
/// PyTorch's choice.
///
/// A backend with scalars of its own (CUDA) defines CAIRN_FUNCTOR_NAMESPACE and CAIRN_FUNCTOR, the qualifiers
/// of a function, and includes this file once; in that namespace it provides select, fma, exp, log, … and normal.
#if defined(CAIRN_FUNCTOR_NAMESPACE) || defined(CAIRN_KERNELS_FUNCTORS_INL_H) == defined(HWY_TARGET_TOGGLE)

#ifndef CAIRN_FUNCTOR_NAMESPACE
#ifdef CAIRN_KERNELS_FUNCTORS_INL_H
#undef CAIRN_KERNELS_FUNCTORS_INL_H
#else
#define CAIRN_KERNELS_FUNCTORS_INL_H
#endif
#include <cairn/kernels/math-inl.h>
#include <cairn/kernels/pow-inl.h>
#define CAIRN_FUNCTOR_NAMESPACE cpu::HWY_NAMESPACE::math
#define CAIRN_FUNCTOR static HWY_INLINE
#define CAIRN_FUNCTOR_ON_CPU
HWY_BEFORE_NAMESPACE();
#endif

namespace cairn::inline v0::CAIRN_FUNCTOR_NAMESPACE {

template <class V>
struct Params {
  V p0, p1;
};

/// What a backward reads besides dy.
enum Reads : unsigned { reads_nothing = 0, reads_x = 1, reads_y = 2 };

#define CAIRN_FORWARD(formula)                                                  \
  template <class V>                                                            \
  CAIRN_FUNCTOR V forward([[maybe_unused]] V x, [[maybe_unused]] Params<V> p) { \
    return formula;                                                             \
  }
#define CAIRN_BACKWARD(formula, what)                                                         \
  static constexpr unsigned reads = what;                                                     \
  template <class V>                                                                          \
  CAIRN_FUNCTOR V backward([[maybe_unused]] V x, [[maybe_unused]] V y, [[maybe_unused]] V dy, \
                           [[maybe_unused]] Params<V> p) {                                    \
    return formula;                                                                           \
  }

struct Neg {
  CAIRN_FORWARD(-x)
  CAIRN_BACKWARD(-dy, reads_nothing)
};
struct Sign {
  CAIRN_FORWARD(select(x > V(0.0), V(1.0), select(x < V(0.0), V(-1.0), V(0.0))))
  CAIRN_BACKWARD(V(0.0), reads_nothing)
};
struct Abs {
  CAIRN_FORWARD(abs(x))
  CAIRN_BACKWARD(dy * Sign::forward(x, p), reads_x)
};
struct Square {
  CAIRN_FORWARD(x * x)
  CAIRN_BACKWARD(dy * (x + x), reads_x)
};
struct Sqrt {
  CAIRN_FORWARD(sqrt(x))
  CAIRN_BACKWARD(dy / (y + y), reads_y)
};
struct Rsqrt {
  CAIRN_FORWARD(V(1.0) / sqrt(x))
  CAIRN_BACKWARD(V(-0.5) * dy * (y * y * y), reads_y)
};
struct Reciprocal {
  CAIRN_FORWARD(V(1.0) / x)
  CAIRN_BACKWARD(-dy * (y * y), reads_y)
};
struct Exp {
  CAIRN_FORWARD(exp(x))
  CAIRN_BACKWARD(dy * y, reads_y)
};
struct Expm1 {
  CAIRN_FORWARD(expm1(x))
  CAIRN_BACKWARD(dy * (y + V(1.0)), reads_y)
};
struct Log {
  CAIRN_FORWARD(log(x))
  CAIRN_BACKWARD(dy / x, reads_x)
};
struct Log1p {
  CAIRN_FORWARD(log1p(x))
  CAIRN_BACKWARD(dy / (x + V(1.0)), reads_x)
};
struct Sin {
  CAIRN_FORWARD(sin(x))
  CAIRN_BACKWARD(dy * cos(x), reads_x)
};
struct Cos {
  CAIRN_FORWARD(cos(x))
  CAIRN_BACKWARD(-dy * sin(x), reads_x)
};
struct Tanh {
  CAIRN_FORWARD(tanh(x))
  CAIRN_BACKWARD(dy * (V(1.0) - y * y), reads_y)
};
struct Erf {
  CAIRN_FORWARD(erf(x))
  CAIRN_BACKWARD(dy * (V(1.1283791670955126) * exp_minus_square(x, 1.0)), reads_x)  // 2 / sqrt(pi)
};
struct Sigmoid {
  CAIRN_FORWARD(sigmoid(x))
  CAIRN_BACKWARD(dy * (y * (V(1.0) - y)), reads_y)
};
struct Relu {
  CAIRN_FORWARD(select(x < V(0.0), V(0.0), x))
  CAIRN_BACKWARD(select(y <= V(0.0), V(0.0), dy), reads_y)
};
struct LeakyRelu {  // p0: the slope for x < 0
  CAIRN_FORWARD(select(x > V(0.0), x, x * p.p0))
  CAIRN_BACKWARD(select(x > V(0.0), dy, dy * p.p0), reads_x)
};

/// Beyond +-40 these derivatives are constant; staying inside avoids 0 * infinity.
template <class V>
CAIRN_FUNCTOR V within_40(V x) {
  return select(x > V(40.0), V(40.0), select(x < V(-40.0), V(-40.0), x));
}

struct Gelu {  // x Phi(x); derivative Phi(x) + x phi(x)
  CAIRN_FORWARD(x * normal(x).probability)
  static constexpr unsigned reads = reads_x;
  template <class V>
  CAIRN_FUNCTOR V backward(V x, V, V dy, Params<V>) {
    const V z = within_40(x);
    const auto n = normal(z);
    return dy * fma(z, n.exp_part * V(0.3989422804014327), n.probability);  // 1 / sqrt(2 pi)
  }
};
struct GeluTanh {  // x (1 + tanh u) / 2 = x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3)
  template <class V>
  CAIRN_FUNCTOR V twice_u(V x) {
    return V(1.5957691216057308) * (x + V(0.044715) * (x * x * x));
  }
  CAIRN_FORWARD(x * sigmoid(twice_u(x)))
  static constexpr unsigned reads = reads_x;
  template <class V>
  CAIRN_FUNCTOR V backward(V x, V, V dy, Params<V>) {
    const V z = within_40(x);
    const V s = sigmoid(twice_u(z));
    const V slope = V(1.5957691216057308) * (V(1.0) + V(3 * 0.044715) * (z * z));
    return dy * (s + z * s * (V(1.0) - s) * slope);
  }
};
struct Silu {
  CAIRN_FORWARD(x * sigmoid(x))
  static constexpr unsigned reads = reads_x;
  template <class V>
  CAIRN_FUNCTOR V backward(V x, V, V dy, Params<V>) {
    const V s = sigmoid(x);
    return dy * (s * (V(1.0) + x * (V(1.0) - s)));
  }
};
struct Softplus {  // log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
  CAIRN_FORWARD(select(x < V(0.0), V(0.0), x) + log1p(exp(-abs(x))))
  CAIRN_BACKWARD(dy * sigmoid(x), reads_x)
};
struct Floor {
  CAIRN_FORWARD(floor(x))
  CAIRN_BACKWARD(V(0.0), reads_nothing)
};
struct Ceil {
  CAIRN_FORWARD(ceil(x))
  CAIRN_BACKWARD(V(0.0), reads_nothing)
};
struct Round {  // half to even
  CAIRN_FORWARD(rint(x))
  CAIRN_BACKWARD(V(0.0), reads_nothing)
};
struct Clamp {  // to [p0, p1]
  CAIRN_FORWARD(select(x > p.p1, p.p1, select(x < p.p0, p.p0, x)))
  CAIRN_BACKWARD(select((x >= p.p0) & (x <= p.p1), dy, V(0.0)), reads_x)
};
struct PowScalar {  // x^p0; the gradient is 0 when p0 = 0, also at x = 0
  CAIRN_FORWARD(pow(x, p.p0))
  CAIRN_BACKWARD(select(p.p0 == V(0.0), V(0.0), dy * (p.p0 * pow(x, p.p0 - V(1.0)))), reads_x)
};
struct Identity {
  CAIRN_FORWARD(x)
  CAIRN_BACKWARD(dy, reads_nothing)
};

#undef CAIRN_FORWARD
#undef CAIRN_BACKWARD

#define CAIRN_BINARY(name, formula)        \
  struct name {                            \
    template <class V>                     \
    CAIRN_FUNCTOR auto forward(V a, V b) { \
      return formula;                      \
    }                                      \
  };

CAIRN_BINARY(Add, a + b)
CAIRN_BINARY(Sub, a - b)
CAIRN_BINARY(Mul, a * b)
CAIRN_BINARY(Div, a / b)
CAIRN_BINARY(Pow, pow(a, b))
CAIRN_BINARY(Maximum, select(a != a, a, select(b != b, b, select(a > b, a, b))))  // NaN if either is
CAIRN_BINARY(Minimum, select(a != a, a, select(b != b, b, select(a < b, a, b))))
CAIRN_BINARY(Eq, a == b)
CAIRN_BINARY(Ne, a != b)
CAIRN_BINARY(Lt, a < b)
CAIRN_BINARY(Le, a <= b)
CAIRN_BINARY(Gt, a > b)
CAIRN_BINARY(Ge, a >= b)
CAIRN_BINARY(LogicalAnd, (a != V{}) & (b != V{}))
CAIRN_BINARY(LogicalOr, (a != V{}) | (b != V{}))
CAIRN_BINARY(LogicalXor, (a != V{}) ^ (b != V{}))
#undef CAIRN_BINARY

/// -(y log p + (1 - y) log(1 - p)), with logarithms not below -100.
struct Bce {
  template <class V>
  CAIRN_FUNCTOR V forward(V p, V y) {
    const V floor_at(-100.0);
    const V log_p = log(p), log_q = log1p(-p);
    const V a = select(log_p < floor_at, floor_at, log_p), b = select(log_q < floor_at, floor_at, log_q);
    return (y - V(1.0)) * b - y * a;
  }
};
/// max(z, 0) - z y + log(1 + e^-|z|)
struct BceWithLogits {
  template <class V>
  CAIRN_FUNCTOR V forward(V z, V y) {
    return (select(z < V(0.0), V(0.0), z) - z * y) + log1p(exp(-abs(z)));
  }
};
/// a + p0 b c
struct Addcmul {
  template <class V>
  CAIRN_FUNCTOR V forward(V a, V b, V c, Params<V> p) {
    return a + p.p0 * b * c;
  }
};

}  // namespace cairn::inline v0::CAIRN_FUNCTOR_NAMESPACE

#ifdef CAIRN_FUNCTOR_ON_CPU
HWY_AFTER_NAMESPACE();
#undef CAIRN_FUNCTOR_ON_CPU
#undef CAIRN_FUNCTOR
#undef CAIRN_FUNCTOR_NAMESPACE
#endif

#endif
