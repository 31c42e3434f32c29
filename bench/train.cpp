/// Whole training steps: drop gradients, forward, mean cross-entropy, backward, optimizer step; and AdamW alone.
#include "bench.h"

#include <cairn/autograd/ops.h>
#include <cairn/nn/models/mlp.h>
#include <cairn/nn/models/resnet.h>
#include <cairn/nn/models/resnet_cifar.h>
#include <cairn/optim/adam.h>
#include <cairn/optim/sgd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

using cairn::Tensor;

/// A model, its optimizer and one batch of it.
template <class Model>
struct Training {
  Model model;
  cairn::optim::SGD sgd;
  Tensor x, y;

  Training(Model made, double weight_decay, const cairn::Dims& sizes)
      : model(std::move(made)),
        sgd(model.parameters(), 0.01, {.momentum = 0.9, .weight_decay = weight_decay}),
        x(normal(sizes)),
        y(cairn::randint(0, 10, {sizes[0]})) {}

  void step() {
    sgd.zero_grad();
    cross_entropy(model(x), y).backward();
    sgd.step();
  }
};

template <class Make>
void add_training(const char* name, const cairn::Dims& sizes, double weight_decay, Make make) {
  add_case({std::string("train/") + name, "image", static_cast<double>(sizes[0]), [=]() -> Step {
              using Model = decltype(make());
              const auto training = std::make_shared<Training<Model>>(make(), weight_decay, sizes);
              return [training] { training->step(); };
            }});
}

/// The 148 parameters of GPT-2 small: embeddings of tokens and positions, 12 layers, a last norm. 124439808 numbers.
std::vector<cairn::Dims> gpt2_small_shapes() {
  constexpr std::int64_t d = 768;
  std::vector<cairn::Dims> shapes = {{50257, d}, {1024, d}};
  for (int layer = 0; layer < 12; ++layer) {
    const cairn::Dims of_layer[] = {{d}, {d}, {3 * d, d}, {3 * d}, {d, d}, {d}, {d}, {d}, {4 * d, d}, {4 * d}, {d, 4 * d}, {d}};
    shapes.insert(shapes.end(), std::begin(of_layer), std::end(of_layer));
  }
  shapes.insert(shapes.end(), {{d}, {d}});
  return shapes;
}

void add_adamw() {
  add_case({"op/adamw_124m", "param", 124439808.0, []() -> Step {
              std::vector<Tensor> parameters;
              for (const cairn::Dims& shape : gpt2_small_shapes()) {
                const Tensor parameter = cairn::normal(shape, 0.0, 0.02);
                parameters.push_back(parameter.set_requires_grad());
                parameter.set_grad(cairn::normal(shape, 0.0, 0.01));
              }
              const auto adamw = std::make_shared<cairn::optim::AdamW>(parameters, 3e-4, cairn::optim::AdamWOptions{});
              return [adamw] { adamw->step(); };
            }});
}

}  // namespace

void add_train_cases() {
  namespace nn = cairn::nn;
  add_adamw();
  add_training("mlp_784_512_512_10_b128", {128, 784}, 0.0, [] { return nn::MLP({784, 512, 512, 10}); });
  add_training("resnet18_cifar_b128", {128, 3, 32, 32}, 5e-4,
               [] { return nn::resnet18({.num_classes = 10, .stem = nn::Stem::cifar}); });
  add_training("resnet20_cifar_b128", {128, 3, 32, 32}, 5e-4, [] { return nn::CifarResNet(20, {.shortcut = nn::Shortcut::B}); });
  add_training("resnet50_32px_b32", {32, 3, 32, 32}, 5e-4, [] { return nn::resnet50({.num_classes = 10}); });
}

}  // namespace bench
