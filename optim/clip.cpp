#include <cairn/optim/clip.h>

#include <cairn/autograd/ops/pointwise.h>
#include <cairn/autograd/ops/shape.h>
#include <cairn/autograd/record.h>

#include <cmath>

namespace cairn::inline v0::optim {

double grad_norm(const std::vector<Tensor>& parameters) {
  NoGrad guard;
  std::vector<Tensor> sums;  // one number for each, so that a device is waited for once
  for (const Tensor& parameter : parameters) {
    const Tensor grad = parameter.grad();
    if (grad.defined()) sums.push_back(square(grad.to(DType::f64)).sum().to(parameters.front().device()));
  }
  return sums.empty() ? 0.0 : std::sqrt(stack(sums).sum().item());
}

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, const ClipOptions& options) {
  check<ValueError>(max_norm >= 0.0, "clip_grad_norm_", "max_norm must not be negative, it is ", max_norm);
  const double norm = grad_norm(parameters);
  check<ValueError>(!options.error_if_nonfinite || std::isfinite(norm), "clip_grad_norm_", "the norm of the gradients is ",
                    norm, ", it must be finite");
  const double factor = max_norm / (norm + 1e-6);
  if (factor >= 1.0) return norm;
  NoGrad guard;
  for (const Tensor& parameter : parameters) {
    const Tensor grad = parameter.grad();
    if (grad.defined()) grad.mul_(factor);
  }
  return norm;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double limit) {
  check<ValueError>(limit >= 0.0, "clip_grad_value_", "the limit must not be negative, it is ", limit);
  NoGrad guard;
  for (const Tensor& parameter : parameters) {
    const Tensor grad = parameter.grad();
    if (grad.defined()) grad.copy_(clamp(grad, -limit, limit));
  }
}

}  // namespace cairn::inline v0::optim
