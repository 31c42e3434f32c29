/// The network of a run: built by name, filled from a weights file, partly frozen, saved.
#pragma once

#include "data_source.h"
#include "options.h"

#include <cairn/io/safetensors.h>
#include <cairn/nn/models/factory.h>

#include <memory>
#include <optional>
#include <string>

/// A safetensors file; what its metadata says, if this program wrote it.
struct WeightsFile {
  std::string path;
  cairn::NamedTensors tensors;  ///< without the prefix "module." that DataParallel puts before every name
  std::string model;            ///< "" when the file does not say
  std::string shortcut;
  std::optional<cairn::Normalization> normalization;
};

/// Throws IoError "FILE: reason".
WeightsFile read_weights(const std::string& path);

struct Network {
  std::string name;
  std::string shortcut;  ///< "" where the model has no choice
  std::unique_ptr<cairn::nn::Module> module;
  std::string head;  ///< the classifier's name: "linear", "fc", …
};

/// --model, or what the weights file says, or resnet20, with one output for each class of the data. Weights are random.
Network build_network(const Options& options, const WeightsFile* weights, const DataSource& data);

/// Throws IoError that says what does not fit. With `keep_head` the classifier stays as it is.
void load_weights(Network& network, const WeightsFile& weights, bool keep_head);

/// Stops the training of all parameters whose names begin with one of the prefixes. Throws UsageError naming a prefix
/// that no parameter has, or when nothing is left to train.
void freeze(cairn::nn::Module& model, const std::vector<std::string>& prefixes);

/// Training mode, save for batch normalisations that are frozen: their statistics belong to the frozen weights.
void set_training_mode(cairn::nn::Module& model);

std::int64_t count_trained(const cairn::nn::Module& model);

/// Writes the parameters and buffers, with what is needed to use them again as metadata.
void save_network(const std::string& path, const Network& network, const cairn::Normalization& normalization,
                  const std::vector<std::string>& class_names);
