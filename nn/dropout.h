/// Dropout (Srivastava et al. 2014).
#pragma once

#include <cairn/autograd/ops/random.h>
#include <cairn/nn/module.h>

namespace cairn::inline v0::nn {

/// In training each element becomes 0 with probability p, else x / (1 - p); in evaluation x.
class CAIRN_API Dropout : public Module {
 public:
  CAIRN_MODULE(Dropout)

  /// Throws ValueError unless 0 <= p <= 1.
  explicit Dropout(double p = 0.5) : p_(p) {
    check<ValueError>(p >= 0.0 && p <= 1.0, "Dropout", "p = ", p, " must lie in [0, 1]");
  }

  Tensor forward(const Tensor& x) override { return dropout(x, p_, is_training()); }

 private:
  double p_;
};

}  // namespace cairn::inline v0::nn
