// Chooses the kernels of the pointwise ops.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cairn/kernels/cpu/pointwise.cpp"
#include <cairn/kernels/cpu/targets.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cairn/kernels/cpu/detail/pointwise.h>
#include <cairn/kernels/cpu/tables.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::inline v0::cpu::HWY_NAMESPACE {
namespace {

using detail::TileOp;

bool floating(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f64 || dtype == DType::bf16 || dtype == DType::f16;
}

/// bf16 and f16 compute in f32.
DType compute_dtype(DType dtype) { return to_f32(dtype) ? DType::f32 : dtype; }

Status copy(View x, View y) {
  if (x.dtype == y.dtype) {
    const View views[] = {x, y};
    const detail::Loop loop = detail::make_loop(views, 2);
    if (loop.count > 0) detail::strided_copy(loop);
    return Status::ok;
  }
  TileOp tile;
  tile.kernel = convert_kernel(compute_dtype(x.dtype), compute_dtype(y.dtype));
  tile.load[0] = to_f32(x.dtype);
  tile.store = from_f32(y.dtype);
  const View views[] = {x, y};
  detail::run_tiles(tile, views, 2);
  return Status::ok;
}

Status fill_with(double value, View y) {
  // The value as one item of the output's dtype, in the first bytes of a double.
  double bits = 0.0;
  const void* from = &value;
  const DType wide = compute_dtype(y.dtype);
  alignas(8) char converted[8];
  convert_kernel(DType::f64, wide)(&from, converted, 1, nullptr);
  if (const auto narrow = from_f32(y.dtype)) {
    narrow(converted, &bits, 1);
  } else {
    __builtin_memcpy(&bits, converted, sizeof(bits));
  }
  TileOp tile;
  tile.kernel = fill_kernel(detail::item_size(y.dtype));
  tile.params = &bits;
  detail::run_tiles(tile, &y, 1);
  return Status::ok;
}

bool gives_bool(PointwiseOp op) {
  return (op >= PointwiseOp::eq && op <= PointwiseOp::logical_xor) || op == PointwiseOp::logical_not ||
         op == PointwiseOp::isnan;
}

int inputs_of(PointwiseOp op) {
  if (op == PointwiseOp::fill) return 0;
  if (op <= PointwiseOp::isnan) return 1;
  return op >= PointwiseOp::where ? 3 : 2;
}

/// The parameters that the op has; the caller's array need not be longer.
struct Parameters {
  double p[2] = {0.0, 0.0};

  Parameters(PointwiseOp op, const double* given) {
    const int count = op == PointwiseOp::clamp ? 2
                      : op == PointwiseOp::fill || op == PointwiseOp::leaky_relu || op == PointwiseOp::pow_scalar ||
                              op == PointwiseOp::addcmul
                          ? 1
                          : 0;
    for (int i = 0; i < count; ++i) p[i] = given[i];
  }
};

/// Exponents that have a cheaper op.
PointwiseOp simplify_pow(double exponent) {
  if (exponent == 2.0) return PointwiseOp::square;
  if (exponent == 0.5) return PointwiseOp::sqrt;
  if (exponent == -0.5) return PointwiseOp::rsqrt;
  if (exponent == -1.0) return PointwiseOp::reciprocal;
  return PointwiseOp::pow_scalar;
}

Status forward(Context&, PointwiseOp op, const View* inputs, int input_count, View output, const double* params) {
  if (op < PointwiseOp::fill || op >= PointwiseOp::count_ || input_count != inputs_of(op)) return Status::unsupported;
  const Parameters parameters(op, params);
  if (op == PointwiseOp::fill) return fill_with(parameters.p[0], output);
  if (op == PointwiseOp::copy) return copy(inputs[0], output);
  if (op == PointwiseOp::pow_scalar) op = simplify_pow(parameters.p[0]);

  const bool is_where = op == PointwiseOp::where;
  const DType dtype = inputs[input_count - 1].dtype;
  for (int i = 0; i < input_count; ++i) {
    const DType expected = is_where && i == 0 ? DType::boolean : dtype;
    if (inputs[i].dtype != expected) return Status::unsupported_dtype;
  }
  if (output.dtype != (gives_bool(op) ? DType::boolean : dtype)) return Status::unsupported_dtype;

  TileOp tile;
  tile.params = parameters.p;
  const DType wide = compute_dtype(dtype);
  if (is_where) {
    tile.kernel = where_kernel(detail::item_size(dtype));
  } else {
    if (gives_bool(op)) {
      tile.kernel = predicate_kernel(op, wide);
    } else {
      tile.store = from_f32(dtype);
      if (!floating(dtype)) {
        tile.kernel = integer_kernel(op, dtype);
      } else {
        tile.kernel = input_count == 1 ? unary_kernel(op, wide) : binary_kernel(op, wide);
      }
    }
    for (int i = 0; i < input_count; ++i) tile.load[i] = to_f32(dtype);
  }
  if (!tile.kernel) return Status::unsupported_dtype;

  View views[detail::max_operands];
  for (int i = 0; i < input_count; ++i) views[i] = inputs[i];
  views[input_count] = output;
  detail::run_tiles(tile, views, input_count + 1);
  return Status::ok;
}

Status backward(Context&, PointwiseOp op, View x, View y, View dy, View dx, const double* params) {
  const Parameters parameters(op, params);
  if (op == PointwiseOp::pow_scalar && parameters.p[0] == 2.0) op = PointwiseOp::square;  // reads x alone, as pow does
  const DType dtype = dx.dtype;
  if (!floating(dtype) || dy.dtype != dtype) return Status::unsupported_dtype;
  const BackwardKernel chosen = backward_kernel(op, compute_dtype(dtype));
  if (!chosen.kernel) return Status::unsupported;

  View views[] = {x, y, dy, dx};
  TileOp tile;
  tile.kernel = chosen.kernel;
  tile.params = parameters.p;
  tile.ignored = chosen.ignored;
  tile.store = from_f32(dtype);
  for (int i = 0; i < 3; ++i) {
    tile.load[i] = to_f32(dtype);
    if ((chosen.ignored >> i & 1U) != 0) {
      views[i] = dy;
    } else if (views[i].dtype != dtype) {
      return Status::unsupported_dtype;
    }
  }
  detail::run_tiles(tile, views, 4);
  return Status::ok;
}

}  // namespace

void fill(PointwiseKernels& table) {
  table.forward = forward;
  table.backward = backward;
}

}  // namespace cairn::inline v0::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
