/// Losses as modules. The functions behind them, in <cairn/autograd/ops/loss.h>, say more.
#pragma once

#include <cairn/autograd/ops/loss.h>
#include <cairn/nn/module.h>

namespace cairn::inline v0::nn {

/// A function of what a model gives and what it should give.
class CAIRN_API Loss : public Module {
 public:
  using Module::forward;
  virtual Tensor forward(const Tensor& input, const Tensor& target) = 0;
  Tensor operator()(const Tensor& input, const Tensor& target) { return forward(input, target); }
};

/// Of logits [N, K, …] and i64 targets [N, …].
class CAIRN_API CrossEntropyLoss : public Loss {
 public:
  Buffer weight;  ///< of the classes, [K]; undefined unless given
  CAIRN_MODULE(CrossEntropyLoss, weight)
  explicit CrossEntropyLoss(const CrossEntropyArgs& args = {}) : weight(args.class_weight), args_(args) {}
  Tensor forward(const Tensor& logits, const Tensor& target) override;

 private:
  CrossEntropyArgs args_;
};

/// Of log-probabilities [N, K, …] and i64 targets [N, …].
class CAIRN_API NLLLoss : public Loss {
 public:
  Buffer weight;  ///< of the classes, [K]; undefined unless given
  CAIRN_MODULE(NLLLoss, weight)
  explicit NLLLoss(const CrossEntropyArgs& args = {}) : weight(args.class_weight), args_(args) {}
  Tensor forward(const Tensor& log_probabilities, const Tensor& target) override;

 private:
  CrossEntropyArgs args_;
};

/// Of probabilities and targets in [0, 1] of one shape; `weight` is broadcast.
class CAIRN_API BCELoss : public Loss {
 public:
  Buffer weight;
  CAIRN_MODULE(BCELoss, weight)
  explicit BCELoss(Reduction reduction = Reduction::mean, const Tensor& weight_ = {}) : weight(weight_), reduction_(reduction) {}
  Tensor forward(const Tensor& p, const Tensor& y) override { return binary_cross_entropy(p, y, reduction_, weight); }

 private:
  Reduction reduction_;
};

/// The same of logits.
class CAIRN_API BCEWithLogitsLoss : public Loss {
 public:
  Buffer weight;
  CAIRN_MODULE(BCEWithLogitsLoss, weight)
  explicit BCEWithLogitsLoss(Reduction reduction = Reduction::mean, const Tensor& weight_ = {})
      : weight(weight_), reduction_(reduction) {}
  Tensor forward(const Tensor& z, const Tensor& y) override {
    return binary_cross_entropy_with_logits(z, y, reduction_, weight);
  }

 private:
  Reduction reduction_;
};

class CAIRN_API MSELoss : public Loss {
 public:
  CAIRN_MODULE(MSELoss)
  explicit MSELoss(Reduction reduction = Reduction::mean) : reduction_(reduction) {}
  Tensor forward(const Tensor& input, const Tensor& target) override { return mse_loss(input, target, reduction_); }

 private:
  Reduction reduction_;
};

class CAIRN_API L1Loss : public Loss {
 public:
  CAIRN_MODULE(L1Loss)
  explicit L1Loss(Reduction reduction = Reduction::mean) : reduction_(reduction) {}
  Tensor forward(const Tensor& input, const Tensor& target) override { return l1_loss(input, target, reduction_); }

 private:
  Reduction reduction_;
};

}  // namespace cairn::inline v0::nn
