#include "training.h"

#include "model_setup.h"

#include <cairn/autograd/ops.h>
#include <cairn/autograd/record.h>

#include <csignal>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>

using namespace cairn;

namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_interrupt(int) { interrupted = 1; }

Progress::Style style_of(const Options& options) {
  return options.quiet ? Progress::Style::silent : Progress::Style::automatic;
}

std::int64_t count_equal(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] == b[i] ? 1 : 0;
  return count;
}

/// The class with the largest logit, for each row.
std::vector<std::int64_t> predictions_of(const Tensor& logits) { return logits.detach().argmax(1).to_vector<std::int64_t>(); }

void print_epoch(const EpochResult& epoch, const Options& options) {
  if (options.quiet) return;
  std::cout << "epoch " << epoch.epoch << '/' << options.epochs << std::fixed << "  train loss " << std::setprecision(4)
            << epoch.train_loss << "  train accuracy " << std::setprecision(2) << 100 * epoch.train_accuracy << " %  "
            << format_duration(epoch.seconds) << "  " << std::setprecision(0) << epoch.images_per_second << " images/s";
  if (epoch.test_accuracy) std::cout << std::setprecision(2) << "  test accuracy " << 100 * *epoch.test_accuracy << " %";
  std::cout << std::defaultfloat << std::setprecision(6) << std::endl;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool is_interrupted() { return interrupted != 0; }

std::unique_ptr<optim::Optimizer> make_optimizer(const Options& options, const nn::Module& model) {
  std::vector<Tensor> weights;
  std::vector<Tensor> others;
  for (const Tensor& parameter : model.parameters()) {
    if (parameter.requires_grad()) (parameter.rank() > 1 ? weights : others).push_back(parameter);
  }
  if (options.optimizer == "sgd") {
    SgdOptions sgd{.momentum = options.momentum, .weight_decay = options.weight_decay, .nesterov = options.momentum > 0};
    auto optimizer = std::make_unique<optim::SGD>(weights, options.lr, sgd);
    sgd.weight_decay = 0;
    optimizer->add_group(others, options.lr, sgd);
    return optimizer;
  }
  if (options.optimizer == "adam") {
    auto optimizer = std::make_unique<optim::Adam>(weights, options.lr, AdamOptions{.weight_decay = options.weight_decay});
    optimizer->add_group(others, options.lr, AdamOptions{});
    return optimizer;
  }
  auto optimizer = std::make_unique<optim::AdamW>(weights, options.lr, optim::AdamWOptions{.weight_decay = options.weight_decay});
  optimizer->add_group(others, options.lr, optim::AdamWOptions{.weight_decay = 0});
  return optimizer;
}

std::shared_ptr<const optim::Schedule> make_schedule(const Options& options, std::int64_t total_steps) {
  if (options.schedule == "one-cycle" && total_steps >= 2) return std::make_shared<optim::OneCycle>(total_steps);
  if (options.schedule == "cosine") return std::make_shared<optim::Cosine>(total_steps);
  if (options.schedule == "step") {
    return std::make_shared<optim::MultiStep>(std::vector<std::int64_t>{total_steps / 2, total_steps * 3 / 4});
  }
  return std::make_shared<optim::Constant>();
}

std::vector<EpochResult> train(nn::Module& model, DataLoader& loader, const Options& options, Device device,
                               const std::function<void(std::vector<EpochResult>&)>& after_epoch) {
  const std::int64_t total_steps =
      std::min(options.epochs * loader.batches(), options.max_steps.value_or(options.epochs * loader.batches()));
  const std::unique_ptr<optim::Optimizer> optimizer = make_optimizer(options, model);
  optim::Scheduler scheduler(*optimizer, make_schedule(options, total_steps));
  const CrossEntropyArgs loss_args{.label_smoothing = options.label_smoothing};

  std::vector<EpochResult> results;
  std::int64_t steps_done = 0;
  for (std::int64_t epoch = 0; steps_done < total_steps && !is_interrupted(); ++epoch) {
    set_training_mode(model);
    const std::int64_t steps = std::min(loader.batches(), total_steps - steps_done);
    Progress progress(concat("epoch ", epoch + 1, "/", options.epochs), steps,
                      {.style = style_of(options), .steps_after = total_steps - steps_done - steps});
    double learning_rate = 0;
    for (const Batch& batch : loader.epoch(epoch)) {
      const Tensor images = batch.images.to(device);
      const Tensor labels = batch.labels.to(device);
      const Tensor logits = model(images);
      const Tensor loss = cross_entropy(logits, labels, loss_args);
      const double loss_value = loss.item();
      if (!std::isfinite(loss_value)) {
        throw ValueError(concat("the loss is ", loss_value, " at step ", scheduler.step_count() + 1,
                                " of ", total_steps, ": training has diverged; try a smaller --lr than ", options.lr));
      }
      optimizer->zero_grad();
      loss.backward();
      learning_rate = optimizer->learning_rate();
      optimizer->step();
      scheduler.step();
      progress.update(batch.size(), loss_value, count_equal(batch.labels.to_vector<std::int64_t>(), predictions_of(logits)));
      if (progress.steps_done() == steps || is_interrupted()) break;
    }
    progress.finish();
    steps_done += progress.steps_done();
    results.push_back({.epoch = epoch + 1,
                       .steps = progress.steps_done(),
                       .train_loss = progress.loss(),
                       .train_accuracy = progress.accuracy(),
                       .learning_rate = learning_rate,
                       .seconds = progress.seconds(),
                       .images_per_second = progress.samples_per_second(),
                       .test_accuracy = {}});
    after_epoch(results);
    print_epoch(results.back(), options);
  }
  return results;
}

Evaluation evaluate(nn::Module& model, DataLoader& loader, const Options& options, Device device) {
  const NoGrad guard;
  model.eval();
  Evaluation result{.loss = 0, .matrix = ConfusionMatrix(loader.dataset().num_classes()), .seconds = 0, .images_per_second = 0};
  Progress progress("test", loader.batches(), {.style = style_of(options)});
  for (const Batch& batch : loader.epoch(0)) {
    const Tensor logits = model(batch.images.to(device));
    const std::vector<std::int64_t> predictions = predictions_of(logits);
    const std::vector<std::int64_t> labels = batch.labels.to_vector<std::int64_t>();
    result.matrix.add(labels, predictions);
    progress.update(batch.size(), cross_entropy(logits, batch.labels.to(device)).item(), count_equal(labels, predictions));
    if (is_interrupted()) break;
  }
  progress.finish();
  result.loss = progress.loss();
  result.seconds = progress.seconds();
  result.images_per_second = progress.samples_per_second();
  return result;
}
