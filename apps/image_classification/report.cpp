#include "report.h"

#include <cairn/core/parallel.h>
#include <cairn/io/bytes.h>
#include <cairn/kernels/kernels.h>

#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos) return line.substr(line.find(": ") + 2);
  }
  return "unknown";
}

std::string utc_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json settings_json(const RunReport& report) {
  const Options& options = report.options;
  const cairn::Augmentation& augmentation = report.augmentation;
  Json settings;
  settings["model"] = report.model;
  settings["shortcut"] = report.shortcut.empty() ? Json(nullptr) : Json(report.shortcut);
  settings["weights"] = options.weights.empty() ? Json(nullptr) : Json(options.weights);
  settings["replace_head"] = or_null(options.replace_head);
  settings["freeze"] = options.freeze;
  settings["batch"] = options.batch;
  settings["normalisation"] = {{"name", report.normalization.name},
                               {"mean", report.normalization.values.mean},
                               {"deviation", report.normalization.values.stddev}};
  if (!options.eval_only) {
    settings["epochs"] = options.epochs;
    settings["max_steps"] = or_null(options.max_steps);
    settings["optimizer"] = options.optimizer;
    settings["lr"] = options.lr;
    if (options.optimizer == "sgd") settings["momentum"] = options.momentum;
    settings["weight_decay"] = options.weight_decay;
    settings["schedule"] = options.schedule;
    settings["label_smoothing"] = options.label_smoothing;
    settings["augmentation"] = {{"crop_padding", augmentation.crop_padding},
                                {"flip_probability", augmentation.flip_probability},
                                {"cutout_size", augmentation.cutout_size}};
  }
  settings["seed"] = options.seed;
  settings["device"] = options.device;
  settings["workers"] = options.workers;
  return settings;
}

Json score_json(const cairn::ClassScore& score) {
  return {{"precision", score.precision}, {"recall", score.recall}, {"f1", score.f1}, {"support", score.support}};
}

Json epoch_json(const EpochResult& epoch) {
  Json json = {{"epoch", epoch.epoch},         {"steps", epoch.steps},
               {"train_loss", epoch.train_loss}, {"train_accuracy", epoch.train_accuracy},
               {"learning_rate", epoch.learning_rate}, {"seconds", epoch.seconds},
               {"images_per_second", epoch.images_per_second}};
  if (epoch.test_accuracy) json["test_accuracy"] = *epoch.test_accuracy;
  return json;
}

Json matrix_json(const cairn::ConfusionMatrix& matrix) {
  Json rows = Json::array();
  for (std::int64_t i = 0; i < matrix.num_classes(); ++i) {
    Json row = Json::array();
    for (std::int64_t j = 0; j < matrix.num_classes(); ++j) row.push_back(matrix.count(i, j));
    rows.push_back(row);
  }
  return rows;
}

void add_evaluation(Json& json, const Evaluation& test, const std::vector<std::string>& class_names) {
  const cairn::ClassificationReport scores(test.matrix, class_names);
  json["test_accuracy"] = scores.accuracy;
  json["test_loss"] = test.loss;
  json["test_seconds"] = test.seconds;
  json["test_images_per_second"] = test.images_per_second;
  Json classes = Json::array();
  for (std::size_t i = 0; i < class_names.size(); ++i) {
    Json entry = {{"class", class_names[i]}};
    entry.update(score_json(scores.classes[i]));
    classes.push_back(entry);
  }
  json["classes"] = classes;
  json["macro_average"] = score_json(scores.macro_average);
  json["weighted_average"] = score_json(scores.weighted_average);
  json["confusion_matrix"] = matrix_json(test.matrix);  // a row for each true class
}

}  // namespace

Json to_json(const RunReport& report) {
  Json json;
  json["program"] = "image_classification";
  json["time"] = utc_time();
  json["settings"] = settings_json(report);
  json["machine"] = {{"cpu", cpu_model()},
                     {"isa", cairn::name_of(cairn::cpu_isa())},
                     {"threads", cairn::num_threads()}};
  json["data"] = {{"name", report.data.name},
                  {"path", report.data.is_embedded() ? Json(nullptr) : Json(report.data.path)},
                  {"train_images", report.data.train.size()},
                  {"test_images", report.data.test.size()},
                  {"classes", report.data.test.num_classes()}};
  json["parameters"] = report.parameters;
  json["trained_parameters"] = report.trained_parameters;
  json["interrupted"] = report.interrupted;
  json["epochs"] = Json::array();
  for (const EpochResult& epoch : report.epochs) json["epochs"].push_back(epoch_json(epoch));
  if (report.test) {
    add_evaluation(json, *report.test, report.data.test.class_names);
  } else {
    json["test_accuracy"] = nullptr;
  }
  return json;
}

void print_evaluation(const Evaluation& test, const std::vector<std::string>& class_names) {
  std::cout << cairn::ClassificationReport(test.matrix, class_names).text()
            << "\nconfusion matrix (rows: true class, columns: predicted class)\n"
            << test.matrix.text(class_names) << std::flush;
}

void write_text(const std::string& path, const std::string& text) {
  cairn::AtomicFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

std::string epochs_csv(const std::vector<EpochResult>& epochs) {
  std::ostringstream out;
  out << "epoch,steps,train_loss,train_accuracy,learning_rate,seconds,images_per_second,test_accuracy\n";
  for (const EpochResult& epoch : epochs) {
    out << epoch.epoch << ',' << epoch.steps << ',' << epoch.train_loss << ',' << epoch.train_accuracy << ','
        << epoch.learning_rate << ',' << epoch.seconds << ',' << epoch.images_per_second << ',';
    if (epoch.test_accuracy) out << *epoch.test_accuracy;
    out << '\n';
  }
  return out.str();
}

void check_writable_folder(const std::string& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error)) cairn::throw_io_error(folder, "is a file, expected a folder");
  fs::create_directories(folder, error);
  if (error) cairn::throw_io_error(folder, "cannot make this folder: " + error.message());
  if (::access(folder.c_str(), W_OK) != 0) cairn::throw_errno(folder, "cannot write to this folder");
}

void check_writable_file(const std::string& file) {
  std::error_code error;
  if (fs::is_directory(file, error)) cairn::throw_io_error(file, "is a folder, expected a file name");
  if (fs::exists(file, error) && !fs::is_regular_file(file, error)) cairn::throw_io_error(file, "is not a regular file");
  const std::string folder = fs::absolute(file).parent_path().string();
  if (::access(folder.c_str(), W_OK) != 0) cairn::throw_errno(file, "cannot write to its folder");
}
