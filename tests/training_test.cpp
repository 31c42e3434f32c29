// Whole training steps: the same bits for any number of threads, and no needless copies.
#include <cairn/autograd/autograd.h>
#include <cairn/autograd/ops.h>
#include <cairn/core/allocator.h>
#include <cairn/core/parallel.h>
#include <cairn/data/loader.h>
#include <cairn/data/synthetic.h>
#include <cairn/nn/linear.h>
#include <cairn/nn/models/factory.h>
#include <cairn/optim/optim.h>

#include <gtest/gtest.h>

using namespace cairn;

namespace {

/// The losses of `steps` steps with augmentation, dropout-free model `name`, and momentum.
std::vector<double> train(const std::string& name, int threads, int workers, int steps) {
  const int before = num_threads();
  set_num_threads(threads);
  manual_seed(5);
  DataLoader loader(shapes_dataset(16 * steps, 3), {.batch_size = 16,
                                                    .shuffle = true,
                                                    .workers = workers,
                                                    .seed = 9,
                                                    .augmentation = {.crop_padding = 4, .flip_probability = 0.5, .cutout_size = 8}});
  const auto model = nn::make_model(name, {.num_classes = 10, .stem = nn::Stem::cifar});
  optim::SGD sgd(model->parameters(), 0.05, {.momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});
  std::vector<double> losses;
  for (const Batch& batch : loader.epoch(0)) {
    const Tensor loss = cross_entropy((*model)(batch.images), batch.labels);
    sgd.zero_grad();
    loss.backward();
    optim::clip_grad_norm_(model->parameters(), 5.0);
    sgd.step();
    losses.push_back(loss.item());
  }
  set_num_threads(before);
  return losses;
}

}  // namespace

TEST(Training, LossesAreTheSameBitsForAnyNumberOfThreads) {
  const std::vector<double> one = train("resnet20", 1, 0, 20);
  ASSERT_EQ(one.size(), 20U);
  EXPECT_LT(one.back(), one.front());
  EXPECT_EQ(train("resnet20", 2, 1, 20), one);
  EXPECT_EQ(train("resnet20", 4, 2, 20), one);
}

TEST(Training, Resnet18IsTheSameBitsToo) {
  const std::vector<double> one = train("resnet18", 1, 0, 2);
  EXPECT_EQ(train("resnet18", 3, 1, 2), one);
}

TEST(Training, AResnetNeedsOneLayoutCopy) {
  for (const std::string name : {"resnet20", "resnet18", "resnet50"}) {
    const auto model = nn::make_model(name, {.num_classes = 10});
    const Tensor x = randn({2, 3, 32, 32});  // row-major
    reset_layout_copies();
    const Tensor loss = cross_entropy((*model)(x), zeros({2}, {DType::i64}));
    EXPECT_LE(layout_copies(), 1) << name << " forward";
    reset_layout_copies();
    loss.backward();
    EXPECT_LE(layout_copies(), 2) << name << " backward: the gradient of the pooled features arrives row-major";
  }
}

TEST(Training, MemoryDoesNotGrowFromStepToStep) {
  const auto model = nn::make_model("resnet20", {});
  optim::SGD sgd(model->parameters(), 0.05, {.momentum = 0.9});
  const Tensor x = randn({8, 3, 32, 32}).channels_last();
  const Tensor y = zeros({8}, {DType::i64});
  std::size_t in_use = 0;
  std::uint64_t misses = 0;
  for (int step = 0; step < 6; ++step) {
    sgd.zero_grad();
    cross_entropy((*model)(x), y).backward();
    sgd.step();
    const MemoryStats stats = memory_stats();
    if (step >= 3) {
      EXPECT_EQ(stats.in_use, in_use);
      EXPECT_EQ(stats.allocations - stats.cache_hits, misses) << "after warm-up the cache serves every request";
    }
    in_use = stats.in_use;
    misses = stats.allocations - stats.cache_hits;
  }
}

TEST(EmbeddedSet, LogisticRegressionOnRawPixelsFails) {
  manual_seed(1);
  const auto as_rows = [](const ImageDataset& set) { return set.images.to(DType::f32).reshape({set.size(), -1}) / 127.5 - 1.0; };
  const ImageDataset train_set = shapes_dataset(4000, 1), test_set = shapes_dataset(1000, 2);
  const Tensor x = as_rows(train_set), test = as_rows(test_set);
  const Tensor y = from_values(train_set.labels, {train_set.size()});
  nn::Linear linear(x.size(1), 10);
  optim::Adam adam(linear.parameters(), 1e-3, {.weight_decay = 1e-3});
  for (int epoch = 0; epoch < 8; ++epoch) {
    for (std::int64_t begin = 0; begin < 4000; begin += 200) {
      adam.zero_grad();
      cross_entropy(linear(x.narrow(0, begin, 200)), y.narrow(0, begin, 200)).backward();
      adam.step();
    }
  }
  const NoGrad guard;
  const Tensor hits = eq(linear(test).argmax(1), from_values(test_set.labels, {test_set.size()}));
  EXPECT_LT(hits.to(DType::f32).mean().item(), 0.7);
}
