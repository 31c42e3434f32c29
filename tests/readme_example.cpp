#include <cairn/autograd/ops.h>
#include <cairn/data/loader.h>
#include <cairn/data/synthetic.h>
#include <cairn/io/safetensors.h>
#include <cairn/nn/models/resnet_cifar.h>
#include <cairn/optim/optim.h>
#include <iostream>

using namespace cairn;

int main() {
  manual_seed(1);
  DataLoader loader(shapes_dataset(2560, 1), {.batch_size = 64, .shuffle = true, .workers = 1});
  nn::CifarResNet model(20);
  optim::SGD sgd(model.parameters(), 0.1, {.momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});

  for (const Batch& batch : loader.epoch(0)) {
    const Tensor loss = cross_entropy(model(batch.images), batch.labels);
    sgd.zero_grad();
    loss.backward();
    sgd.step();
    std::cout << "loss " << loss.item() << '\n';
  }
  save_safetensors("model.safetensors", model.state_dict());
}
