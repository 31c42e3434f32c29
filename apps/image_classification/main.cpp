// Learns to tell small images apart, or tests a network that has learnt it. Read it from main() at the end; README.md
// is the chapter to it.
#include "data_source.h"
#include "model_setup.h"
#include "options.h"
#include "report.h"
#include "training.h"

#include <cairn/core/generator.h>
#include <cairn/core/parallel.h>
#include <cairn/core/plugin.h>
#include <cairn/io/bytes.h>
#include <cairn/kernels/kernels.h>

#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>

using namespace cairn;

namespace {

std::string in_folder(const std::string& folder, const char* name) { return (std::filesystem::path(folder) / name).string(); }

Device open_device(const std::string& name) {
  try {
    const Device device = Device::parse(name);
    if (!device.is_cpu()) device_api(device);
    return device;
  } catch (const DeviceError& error) {
    throw UsageError("--device " + name + ": " + error.what());
  }
}

/// Checked before the work begins, so that hours of it are not lost.
void check_outputs(const Options& options) {
  if (!options.out.empty()) {
    check_writable_folder(options.out);
    for (const char* name : {"metrics.json", "epochs.csv", "model.safetensors"}) {
      check_writable_file(in_folder(options.out, name));
    }
  }
  if (!options.json.empty()) check_writable_file(options.json);
}

/// What --normalisation names; or what belongs to the weights; or what suits the data.
NamedNormalization choose_normalization(const Options& options, const WeightsFile* weights, const DataSource& data) {
  if (options.normalisation != "auto") return normalization_by_name(options.normalisation, data);
  if (weights != nullptr && weights->normalization) return {"weights", *weights->normalization};
  if (weights != nullptr && data.channels() == 3) return normalization_by_name("imagenet", data);
  if (data.name.starts_with("cifar")) return normalization_by_name("cifar", data);
  return normalization_by_name("data", data);
}

bool needs_training_images(const Options& options) { return !options.eval_only || options.normalisation == "data"; }

DataLoader make_train_loader(const Options& options, const DataSource& data, const RunReport& report) {
  if (options.batch > data.train.size()) {
    throw UsageError(concat("--batch ", options.batch, ": there are only ", data.train.size(), " training images"));
  }
  return DataLoader(data.train, {.batch_size = options.batch,
                                 .shuffle = true,
                                 .drop_last = true,
                                 .workers = options.workers,
                                 .seed = options.seed,
                                 .augmentation = report.augmentation,
                                 .normalization = report.normalization.values});
}

DataLoader make_test_loader(const Options& options, const DataSource& data, const RunReport& report) {
  constexpr std::int64_t test_batch = 250;
  return DataLoader(data.test, {.batch_size = std::min(test_batch, data.test.size()),
                                .workers = options.workers,
                                .normalization = report.normalization.values});
}

void print_data(const DataSource& data) {
  const std::string train_size = data.train.size() > 0 ? concat(data.train.size(), " images for training, ") : "";
  const std::string sizes = train_size + concat(data.test.size(), " images for the test");
  if (data.is_embedded()) {
    std::cout << "data: the embedded set, drawn by this program: shapes of " << data.test.num_classes() << " classes, 32x32 RGB, "
              << sizes << "\n"
              << "      (for real photographs: scripts/get_data.sh cifar10 data_files/cifar10, then --data data_files/cifar10)\n";
  } else {
    std::cout << "data: " << data.name << " in " << data.path << ", " << data.test.num_classes() << " classes, " << sizes << '\n';
  }
}

void print_setup(const RunReport& report) {
  const Options& options = report.options;
  std::cout << "model: " << report.model << (report.shortcut.empty() ? "" : ", shortcut " + report.shortcut) << ", "
            << report.parameters << " parameters, of which "
            << (options.eval_only ? 0 : report.trained_parameters) << " are trained\n";
  if (!options.weights.empty()) std::cout << "weights: " << options.weights << '\n';
  std::cout << "normalisation: " << report.normalization.name << '\n';
  if (!options.eval_only) {
    std::cout << "training: " << options.epochs << " epochs, batches of " << options.batch << ", " << options.optimizer
              << ", lr " << options.lr << " (" << options.schedule << "), weight decay " << options.weight_decay << ", crop "
              << report.augmentation.crop_padding << ", flip " << report.augmentation.flip_probability << ", cutout "
              << report.augmentation.cutout_size << '\n';
  }
  std::cout << "machine: " << options.device << ", " << num_threads() << " threads, " << name_of(cpu_isa()) << std::endl;
}

void print_test(const Evaluation& test, const std::vector<std::string>& class_names) {
  std::cout << std::fixed << std::setprecision(2) << "\ntest accuracy " << 100 * test.matrix.accuracy() << " %, loss "
            << std::setprecision(4) << test.loss << ", " << test.matrix.total() << " images at " << std::setprecision(0)
            << test.images_per_second << " images/s\n\n"
            << std::defaultfloat;
  print_evaluation(test, class_names);
}

/// Returns the exit status.
int run(const Options& options) {
  check_outputs(options);
  if (options.threads > 0) set_num_threads(options.threads);
  manual_seed(options.seed);
  const Device device = open_device(options.device);

  // Data and model.
  std::optional<WeightsFile> weights;
  if (!options.weights.empty()) weights = read_weights(options.weights);
  const WeightsFile* weights_or_null = weights ? &*weights : nullptr;
  const DataSource data = open_data(options, needs_training_images(options));
  if (options.replace_head && *options.replace_head != data.test.num_classes()) {
    throw UsageError(concat("--replace-head ", *options.replace_head, ": the data has ", data.test.num_classes(), " classes"));
  }
  Network network = build_network(options, weights_or_null, data);
  if (weights) load_weights(network, *weights, options.replace_head.has_value());
  network.module->to(device);
  freeze(*network.module, options.freeze);

  RunReport report{.options = options,
                   .data = data,
                   .model = network.name,
                   .shortcut = network.shortcut,
                   .parameters = network.module->num_parameters(),
                   .trained_parameters = count_trained(*network.module),
                   .normalization = choose_normalization(options, weights_or_null, data),
                   .augmentation = choose_augmentation(options, data),
                   .epochs = {},
                   .test = {}};
  if (!options.quiet || data.is_embedded()) print_data(data);
  if (!options.quiet) print_setup(report);

  // Train.
  DataLoader test_loader = make_test_loader(options, data, report);
  catch_interrupts();
  if (!options.eval_only) {
    DataLoader train_loader = make_train_loader(options, data, report);
    report.epochs = train(*network.module, train_loader, options, device, [&](std::vector<EpochResult>& epochs) {
      if (options.eval_every > 0 && epochs.back().epoch % options.eval_every == 0 && !is_interrupted()) {
        epochs.back().test_accuracy = evaluate(*network.module, test_loader, options, device).matrix.accuracy();
      }
      write_text(in_folder(options.out, "epochs.csv"), epochs_csv(epochs));
      save_network(in_folder(options.out, "model.safetensors"), network, report.normalization.values, data.test.class_names);
    });
  }

  // Evaluate and report.
  if (!is_interrupted()) {
    const Evaluation test = evaluate(*network.module, test_loader, options, device);
    if (!is_interrupted()) report.test = test;
  }
  report.interrupted = is_interrupted();
  if (report.test) print_test(*report.test, data.test.class_names);
  const std::string json = to_json(report).dump(2) + "\n";
  if (!options.out.empty()) write_text(in_folder(options.out, "metrics.json"), json);
  if (!options.json.empty()) write_text(options.json, json);
  if (report.interrupted) std::cout << "interrupted: stopped after the step at hand, without a test\n";
  if (!options.out.empty()) {
    std::cout << "\nwritten to " << options.out << ": metrics.json"
              << (report.epochs.empty() ? "" : ", epochs.csv, model.safetensors") << std::endl;
  }
  constexpr int status_of_interrupt = 130;  // as shells report SIGINT
  return report.interrupted ? status_of_interrupt : 0;
}

/// Texts of several lines become one.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int status = run(parse_options(argc, argv));
    std::cout.flush();
    if (!std::cout) throw Error("cannot write to the standard output");
    return status;
  } catch (const UsageError& error) {
    std::cerr << "image_classification: " << one_line(error.what()) << std::endl;
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "image_classification: " << one_line(error.what()) << std::endl;
    return 1;
  }
}
