/// Adam and AdamW.
#pragma once

#include <cairn/kernels/optimizer.h>
#include <cairn/optim/optimizer.h>

namespace cairn::inline v0::optim {

/// With gradient g (plus weight_decay theta) at step t (Kingma and Ba, "Adam: a method for stochastic optimization",
/// 2015):
///   m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2
///   theta <- theta - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
class CAIRN_API Adam : public Optimizer {
 public:
  /// Throws ValueError unless 0 <= beta < 1, 0 <= eps and 0 <= weight_decay.
  explicit Adam(const std::vector<Tensor>& parameters, double learning_rate = 1e-3, const AdamOptions& options = {});
  void add_group(const std::vector<Tensor>& parameters, double learning_rate, const AdamOptions& options = {});

  const AdamOptions& options(int group = 0) const { return options_[checked(group)]; }

  std::string type_name() const override { return "Adam"; }
  double momentum(int group = 0) const override { return options(group).beta1; }
  void set_momentum(double value, int group) override;

 protected:
  Adam() = default;

 private:
  std::vector<std::string> buffer_names(int group) const override;
  void update(Slot& slot, const Tensor& grad, int group) override;

  std::vector<AdamOptions> options_;
};

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;
};

/// Adam whose weight decay acts on the parameters, theta <- theta - lr weight_decay theta, and not through the gradient
/// (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
class CAIRN_API AdamW : public Adam {
 public:
  explicit AdamW(const std::vector<Tensor>& parameters, double learning_rate = 1e-3, const AdamWOptions& options = {});
  void add_group(const std::vector<Tensor>& parameters, double learning_rate, const AdamWOptions& options = {});

  std::string type_name() const override { return "AdamW"; }
};

}  // namespace cairn::inline v0::optim
