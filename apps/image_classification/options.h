/// The command line of image_classification.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

struct Options {
  // data
  std::string data;                        ///< "": $CAIRN_DATA/cifar10 if it is there, else the embedded set
  std::optional<std::int64_t> train_size;  ///< only the first N training images
  std::optional<std::int64_t> test_size;
  std::vector<std::string> augment{"auto"};  ///< of crop, flip, cutout; or one of auto, off
  std::string normalisation = "auto";
  int workers = 1;

  // model
  std::optional<std::string> model;     ///< resnet20, unless the weights file names another
  std::optional<std::string> shortcut;  ///< A or B
  std::string weights;
  std::optional<std::int64_t> replace_head;
  std::vector<std::string> freeze;

  // training
  std::int64_t epochs = 10;
  std::int64_t batch = 128;
  std::string optimizer = "sgd";
  double lr = 0.1;  ///< 0.001 for adam and adamw
  double momentum = 0.9;
  double weight_decay = 5e-4;  ///< 0 for adam, 0.05 for adamw
  std::string schedule = "one-cycle";
  double label_smoothing = 0;
  std::optional<std::int64_t> max_steps;
  bool eval_only = false;
  std::int64_t eval_every = 0;  ///< epochs; 0: only at the end

  // running
  std::string device = "cpu";
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0: all cores
  std::string out;  ///< "": nothing is written there
  std::string json;
  bool quiet = false;
};

/// A mistake in the command line; what() is one line.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads the command line. Prints the help text and exits with 0 for --help; throws UsageError for a mistake.
Options parse_options(int argc, char** argv);
