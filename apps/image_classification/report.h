/// What a run leaves behind: the text at its end, metrics.json and epochs.csv.
#pragma once

#include "data_source.h"
#include "options.h"

#include <cairn/train/metrics.h>

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

struct EpochResult {
  std::int64_t epoch = 0;  ///< from 1
  std::int64_t steps = 0;
  double train_loss = 0;
  double train_accuracy = 0;
  double learning_rate = 0;  ///< of the last step
  double seconds = 0;
  double images_per_second = 0;
  std::optional<double> test_accuracy;  ///< with --eval-every
};

struct Evaluation {
  double loss = 0;
  cairn::ConfusionMatrix matrix;
  double seconds = 0;
  double images_per_second = 0;
};

/// Everything that metrics.json tells.
struct RunReport {
  const Options& options;
  const DataSource& data;
  std::string model;
  std::string shortcut;  ///< "" where the model has no choice
  std::int64_t parameters = 0;
  std::int64_t trained_parameters = 0;
  NamedNormalization normalization;
  cairn::Augmentation augmentation;
  std::vector<EpochResult> epochs;
  std::optional<Evaluation> test;
  bool interrupted = false;
};

nlohmann::ordered_json to_json(const RunReport& report);

/// The classification report and the confusion matrix.
void print_evaluation(const Evaluation& test, const std::vector<std::string>& class_names);

/// Writes a file whole or not at all.
void write_text(const std::string& path, const std::string& text);

/// One line for each epoch, with a heading.
std::string epochs_csv(const std::vector<EpochResult>& epochs);

/// Makes the folder unless it is there, and checks that it can be written to, so that a long training does not end in an error.
/// Throws IoError "PATH: reason".
void check_writable_folder(const std::string& folder);

/// The same for a file: its folder must exist.
void check_writable_file(const std::string& file);
