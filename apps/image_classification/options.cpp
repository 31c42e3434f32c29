#include "options.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace {

constexpr const char* about = R"(Trains a convolutional network to classify small images, or evaluates one.

Without --data it takes the CIFAR-10 files in $CAIRN_DATA/cifar10, or else a small set of drawn shapes.
The test images are used for the final report alone; nothing is chosen by them.)";

constexpr const char* examples = R"(
Examples:
  image_classification                                   a first try on what is there
  image_classification --data data_files/cifar10 --model resnet20 --epochs 100
  image_classification --data data_files/cifar10 --weights resnet20-12fca82f.safetensors --eval-only
  image_classification --data data_files/cifar100 --weights resnet20-12fca82f.safetensors \
                       --replace-head 100 --freeze conv1,bn1,layer1 --epochs 10 --lr 0.02
)";

constexpr std::int64_t max_threads = 1024;

/// CLI11's own range checks let NaN pass.
CLI::Validator number_in(double low, double high, bool low_is_open) {
  const std::string range = std::string(low_is_open ? "above " : "at least ") + CLI::detail::to_string(low) +
                            (std::isinf(high) ? "" : " and below " + CLI::detail::to_string(high));
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        double value = 0;
        const bool is_number = CLI::detail::lexical_cast(text, value) && std::isfinite(value);
        const bool fits = is_number && (low_is_open ? value > low : value >= low) && value < high;
        return fits ? "" : text + " is not a number " + range;
      },
      "");
}

/// One of these words. (The descriptions list them; CLI11 would do so again.)
CLI::Validator one_of(const std::vector<std::string>& words) { return CLI::IsMember(words).description(""); }

CLI::Validator whole_number_from(std::int64_t low, std::int64_t high = std::numeric_limits<std::int64_t>::max()) {
  std::string range = " is not a whole number from " + std::to_string(low);
  if (high < std::numeric_limits<std::int64_t>::max()) range += " to " + std::to_string(high);
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        std::int64_t value = 0;
        const bool fits = CLI::detail::lexical_cast(text, value) && value >= low && value <= high;
        return fits ? "" : text + range;
      },
      "");
}

std::vector<std::string> split(const std::string& list) { return CLI::detail::split(list, ','); }

/// Breaks a text into lines; CLI11 indents them.
std::string wrap(const std::string& text) {
  constexpr std::size_t width = 85;
  std::string result;
  std::size_t column = 0;
  for (const std::string& word : CLI::detail::split(text, ' ')) {
    const bool fits = column + 1 + word.size() <= width;
    if (column > 0) result += fits ? ' ' : '\n';
    column = (column > 0 && fits ? column + 1 : 0) + word.size();
    result += word;
  }
  return result;
}

void check_augmentation(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "auto" || word == "off") {
      if (words.size() > 1) throw UsageError("--augment: " + word + " stands alone");
    } else if (word != "crop" && word != "flip" && word != "cutout") {
      throw UsageError("--augment: \"" + word + "\" is none of auto, off, crop, flip, cutout");
    }
  }
}

void add_data_options(CLI::App& app, Options& options) {
  app.add_option("--data", options.data, "a folder with CIFAR-10, CIFAR-100 or MNIST (scripts/get_data.sh fetches them)")
      ->type_name("DIR")->group("Data");
  app.add_option("--train-size", options.train_size, "use only the first N training images")
      ->type_name("N")->check(whole_number_from(1))->group("Data");
  app.add_option("--test-size,--limit", options.test_size, "use only the first N test images")
      ->type_name("N")->check(whole_number_from(1))->group("Data");
  app.add_option_function<std::string>(
         "--augment", [&options](const std::string& list) { options.augment = split(list); },
         "random changes of the training images: off, or any of crop,flip,cutout; auto: crop,flip for colour, crop for digits")
      ->type_name("LIST")->default_str("auto")->group("Data");
  app.add_option("--normalisation,--normalization", options.normalisation,
                 "mean and deviation of the channels: cifar, imagenet, or data (measured on the training images); auto: what "
                 "the weights file says, imagenet for a file that says nothing, cifar for CIFAR, else data")
      ->type_name("NAME")->capture_default_str()->check(one_of({"auto", "cifar", "imagenet", "data"}))->group("Data");
  app.add_option("--workers", options.workers, "threads that prepare batches; 0: none but the main one")
      ->type_name("N")->capture_default_str()->check(whole_number_from(0, max_threads))->group("Data");
}

void add_model_options(CLI::App& app, Options& options) {
  app.add_option("--model", options.model,
                 "resnet20, resnet32, resnet44, resnet56, resnet110 (CIFAR form), resnet18, resnet34, resnet50, …; default: what "
                 "the weights file says, or resnet20")
      ->type_name("NAME")->group("Model");
  app.add_option("--shortcut", options.shortcut,
                 "of resnet20 and its kin where sizes change: A (no parameters; default) or B (1x1 convolution)")
      ->type_name("A|B")->check(one_of({"A", "B"}))->group("Model");
  app.add_option("--weights", options.weights, "start from the weights in this safetensors file")
      ->type_name("FILE")->group("Model");
  app.add_option("--replace-head", options.replace_head,
                 "take everything but the classifier from --weights and make a new classifier of N outputs")
      ->type_name("N")->check(whole_number_from(1))->needs("--weights")->group("Model");
  app.add_option_function<std::string>(
         "--freeze", [&options](const std::string& list) { options.freeze = split(list); },
         "do not train parameters whose names begin so, as in conv1,bn1,layer1; batch normalisations in which "
         "nothing is left to train keep their statistics")
      ->type_name("PREFIXES")->group("Model");
}

void add_training_options(CLI::App& app, Options& options) {
  app.add_option("--epochs", options.epochs, "passes over the training images; 0: evaluate only")
      ->type_name("N")->capture_default_str()->check(whole_number_from(0))->group("Training");
  app.add_option("--batch", options.batch, "images in a step")
      ->type_name("N")->capture_default_str()->check(whole_number_from(1))->group("Training");
  app.add_option("--optimizer", options.optimizer, "sgd (with Nesterov momentum), adam or adamw")
      ->type_name("NAME")->capture_default_str()->check(one_of({"sgd", "adam", "adamw"}))->group("Training");
  app.add_option("--lr", options.lr, "highest learning rate; default 0.1 for sgd, 0.001 for adam and adamw")
      ->type_name("X")->check(number_in(0, INFINITY, true))->group("Training");
  app.add_option("--momentum", options.momentum, "of sgd")
      ->type_name("X")->capture_default_str()->check(number_in(0, 1, false))->group("Training");
  app.add_option("--weight-decay", options.weight_decay,
                 "default 0.0005 for sgd, 0 for adam, 0.05 for adamw; not applied to biases and normalisations")
      ->type_name("X")->check(number_in(0, INFINITY, false))->group("Training");
  app.add_option("--schedule", options.schedule,
                 "of the learning rate: one-cycle, cosine, step (a tenth after 1/2 and 3/4 of all steps) or constant")
      ->type_name("NAME")->capture_default_str()
      ->check(one_of({"one-cycle", "cosine", "step", "constant"}))->group("Training");
  app.add_option("--label-smoothing", options.label_smoothing, "share of the target spread over all classes")
      ->type_name("X")->capture_default_str()->check(number_in(0, 1, false))->group("Training");
  app.add_option("--max-steps", options.max_steps, "stop after N steps, whatever --epochs says")
      ->type_name("N")->check(whole_number_from(1))->group("Training");
  app.add_flag("--eval-only", options.eval_only, "no training: evaluate --weights")->group("Training");
  app.add_option("--eval-every", options.eval_every, "also test after every N epochs, for watching only; 0: never")
      ->type_name("N")->capture_default_str()->check(whole_number_from(0))->group("Training");
}

void add_running_options(CLI::App& app, Options& options) {
  app.add_option("--device", options.device, "cpu or cuda")->type_name("NAME")->capture_default_str()->group("Running");
  app.add_option("--seed", options.seed, "of initial weights, order and augmentation")
      ->type_name("N")->capture_default_str()->check(whole_number_from(0))->group("Running");
  app.add_option("--threads", options.threads, "of the kernels; 0: OMP_NUM_THREADS, or all cores")
      ->type_name("N")->capture_default_str()->check(whole_number_from(0, max_threads))->group("Running");
  app.add_option("--out", options.out,
                 "folder for metrics.json, epochs.csv and model.safetensors; default: out/image_classification, or none "
                 "when nothing is trained")
      ->type_name("DIR")->group("Running");
  app.add_option("--json", options.json, "write the metrics to this file as well")->type_name("FILE")->group("Running");
  app.add_flag("--quiet", options.quiet, "no progress, only the result")->group("Running");
}

/// The defaults that depend on other options.
void complete(const CLI::App& app, Options& options) {
  const auto is_given = [&](const char* name) { return app.count(name) > 0; };
  if (options.optimizer != "sgd") {
    if (is_given("--momentum")) throw UsageError("--momentum is for --optimizer sgd");
    if (!is_given("--lr")) options.lr = 1e-3;
    if (!is_given("--weight-decay")) options.weight_decay = options.optimizer == "adamw" ? 0.05 : 0.0;
  }
  check_augmentation(options.augment);
  if (is_given("--data") && options.data.empty()) throw UsageError("--data: the name is empty");
  if (is_given("--out") && options.out.empty()) throw UsageError("--out: the name is empty");
  if (is_given("--json") && options.json.empty()) throw UsageError("--json: the name is empty");
  if (is_given("--weights") && options.weights.empty()) throw UsageError("--weights: the name is empty");
  if (options.epochs == 0) options.eval_only = true;
  if (options.eval_only && options.weights.empty()) {
    throw UsageError("without training there must be something to evaluate: give --weights FILE");
  }
  if (options.eval_only && options.replace_head) {
    throw UsageError("--replace-head makes a new classifier, which must be trained: drop --eval-only, give --epochs");
  }
  if (options.out.empty() && !options.eval_only) options.out = "out/image_classification";
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  CLI::App app(about, "image_classification");
  app.footer(examples);
  add_data_options(app, options);
  add_model_options(app, options);
  add_training_options(app, options);
  add_running_options(app, options);
  for (CLI::Option* option : app.get_options()) option->description(wrap(option->get_description()));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    std::exit(0);
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + " (--help explains the options)");
  }
  complete(app, options);
  return options;
}
