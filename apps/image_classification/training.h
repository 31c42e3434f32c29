/// The two loops: one that learns and one that tests.
#pragma once

#include "options.h"
#include "report.h"

#include <cairn/core/device.h>
#include <cairn/data/loader.h>
#include <cairn/nn/module.h>
#include <cairn/optim/optim.h>
#include <cairn/train/progress.h>

#include <functional>
#include <memory>

/// From now on Ctrl-C (SIGINT) and SIGTERM ask the loops to stop after the step at hand. A second one ends the program.
void catch_interrupts();
bool is_interrupted();

/// Weight decay applies to the weights of convolutions and linear layers, not to biases and normalisations.
std::unique_ptr<cairn::optim::Optimizer> make_optimizer(const Options& options, const cairn::nn::Module& model);

std::shared_ptr<const cairn::optim::Schedule> make_schedule(const Options& options, std::int64_t total_steps);

/// Trains for the epochs and steps that the options ask for, or until interrupted. `after_epoch` is called with the
/// results so far; it may add to the last one.
std::vector<EpochResult> train(cairn::nn::Module& model, cairn::DataLoader& loader, const Options& options,
                               cairn::Device device, const std::function<void(std::vector<EpochResult>&)>& after_epoch);

/// Loss and confusion matrix over all images of the loader, or over those before an interruption.
Evaluation evaluate(cairn::nn::Module& model, cairn::DataLoader& loader, const Options& options, cairn::Device device);
