/// Stochastic gradient descent.
#pragma once

#include <cairn/kernels/optimizer.h>
#include <cairn/optim/optimizer.h>

namespace cairn::inline v0::optim {

/// With gradient g (plus weight_decay theta when coupled), as in PyTorch:
///   v <- momentum v + (1 - dampening) g    (v = g at first)
///   theta <- theta - lr v                  (lr (g + momentum v) with nesterov)
/// Decoupled weight decay adds - lr weight_decay theta instead (Loshchilov and Hutter 2019). Momentum: Sutskever et
/// al., "On the importance of initialization and momentum in deep learning", 2013.
class CAIRN_API SGD : public Optimizer {
 public:
  /// Throws ValueError for momentum or weight_decay below 0, and for nesterov without momentum or with dampening.
  explicit SGD(const std::vector<Tensor>& parameters, double learning_rate = 1e-3, const SgdOptions& options = {});
  void add_group(const std::vector<Tensor>& parameters, double learning_rate, const SgdOptions& options = {});

  const SgdOptions& options(int group = 0) const { return options_[checked(group)]; }

  std::string type_name() const override { return "SGD"; }
  double momentum(int group = 0) const override { return options(group).momentum; }
  void set_momentum(double value, int group) override;

 private:
  std::vector<std::string> buffer_names(int group) const override;
  void update(Slot& slot, const Tensor& grad, int group) override;

  std::vector<SgdOptions> options_;
};

}  // namespace cairn::inline v0::optim
