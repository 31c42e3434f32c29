/// Activation functions as modules, for use in a Sequential.
#pragma once

#include <cairn/autograd/ops/pointwise.h>
#include <cairn/autograd/ops/softmax.h>
#include <cairn/nn/module.h>

namespace cairn::inline v0::nn {

/// x itself.
class CAIRN_API Identity : public Module {
 public:
  CAIRN_MODULE(Identity)
  Tensor forward(const Tensor& x) override { return x; }
};

class CAIRN_API ReLU : public Module {
 public:
  CAIRN_MODULE(ReLU)
  Tensor forward(const Tensor& x) override { return relu(x); }
};

class CAIRN_API LeakyReLU : public Module {
 public:
  CAIRN_MODULE(LeakyReLU)
  explicit LeakyReLU(double negative_slope = 0.01) : negative_slope_(negative_slope) {}
  Tensor forward(const Tensor& x) override { return leaky_relu(x, negative_slope_); }

 private:
  double negative_slope_;
};

class CAIRN_API GELU : public Module {
 public:
  CAIRN_MODULE(GELU)
  explicit GELU(GeluForm form = GeluForm::erf) : form_(form) {}
  Tensor forward(const Tensor& x) override { return gelu(x, form_); }

 private:
  GeluForm form_;
};

class CAIRN_API SiLU : public Module {
 public:
  CAIRN_MODULE(SiLU)
  Tensor forward(const Tensor& x) override { return silu(x); }
};

class CAIRN_API Sigmoid : public Module {
 public:
  CAIRN_MODULE(Sigmoid)
  Tensor forward(const Tensor& x) override { return sigmoid(x); }
};

class CAIRN_API Tanh : public Module {
 public:
  CAIRN_MODULE(Tanh)
  Tensor forward(const Tensor& x) override { return tanh(x); }
};

class CAIRN_API Softplus : public Module {
 public:
  CAIRN_MODULE(Softplus)
  Tensor forward(const Tensor& x) override { return softplus(x); }
};

class CAIRN_API Softmax : public Module {
 public:
  CAIRN_MODULE(Softmax)
  explicit Softmax(std::int64_t dim) : dim_(dim) {}
  Tensor forward(const Tensor& x) override { return softmax(x, dim_); }

 private:
  std::int64_t dim_;
};

class CAIRN_API LogSoftmax : public Module {
 public:
  CAIRN_MODULE(LogSoftmax)
  explicit LogSoftmax(std::int64_t dim) : dim_(dim) {}
  Tensor forward(const Tensor& x) override { return log_softmax(x, dim_); }

 private:
  std::int64_t dim_;
};

}  // namespace cairn::inline v0::nn
