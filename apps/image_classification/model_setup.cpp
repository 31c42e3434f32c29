#include "model_setup.h"

#include <cairn/nn/norm.h>

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace cairn;
using Json = nlohmann::json;

namespace {

const std::string parallel_prefix = "module.";

constexpr std::int64_t small_image = 64;  // up to this side resnet18 and its kin begin with a 3x3 convolution

bool is_cifar_resnet(const std::string& model) {
  const auto names = {"resnet20", "resnet32", "resnet44", "resnet56", "resnet110"};
  return std::find(names.begin(), names.end(), model) != names.end();
}

Tensor find(const NamedTensors& tensors, const std::string& name) {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return tensor;
  }
  return {};
}

std::vector<float> read_floats(const std::string& path, const std::string& text) {
  try {
    return Json::parse(text).get<std::vector<float>>();
  } catch (const Json::exception&) {
    throw_io_error(path, "its metadata has no list of numbers where the normalisation should be: " + text);
  }
}

/// "conv1.weight, bn1.weight, …"
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), shown); ++i) text += (i > 0 ? ", " : "") + names[i];
  return names.size() > shown ? text + ", …" : text;
}

std::string describe(const nn::LoadReport& report) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (!report.missing.empty()) add(concat(report.missing.size(), " missing (", some_of(report.missing), ")"));
  if (!report.unexpected.empty()) add(concat(report.unexpected.size(), " unexpected (", some_of(report.unexpected), ")"));
  if (!report.mismatched.empty()) {
    const auto& first = report.mismatched.front();
    add(concat(report.mismatched.size(), " of another shape (", first.name, " is ", first.got, ", expected ", first.expected,
               report.mismatched.size() > 1 ? ", …)" : ")"));
  }
  return text;
}

bool is_frozen(nn::Module& module) {
  const std::vector<Tensor> parameters = module.parameters();
  return !parameters.empty() &&
         std::none_of(parameters.begin(), parameters.end(), [](const Tensor& p) { return p.requires_grad(); });
}

}  // namespace

WeightsFile read_weights(const std::string& path) {
  const SafeTensors file = SafeTensors::open(path);
  WeightsFile result;
  result.path = path;
  result.tensors = file.tensors();
  const bool is_parallel = std::all_of(result.tensors.begin(), result.tensors.end(),
                                       [](const auto& entry) { return entry.first.starts_with(parallel_prefix); });
  if (is_parallel) {
    for (auto& [name, tensor] : result.tensors) name = name.substr(parallel_prefix.size());
  }
  const auto metadata = [&](const char* key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  result.model = metadata("model");
  result.shortcut = metadata("shortcut");
  const std::string mean = metadata("normalisation_mean");
  const std::string deviation = metadata("normalisation_deviation");
  if (!mean.empty() && !deviation.empty()) {
    result.normalization = Normalization{read_floats(path, mean), read_floats(path, deviation)};
  }
  return result;
}

Network build_network(const Options& options, const WeightsFile* weights, const DataSource& data) {
  Network network;
  network.name = options.model.value_or(weights != nullptr && !weights->model.empty() ? weights->model : "resnet20");
  if (weights != nullptr && !weights->model.empty() && weights->model != network.name) {
    throw_io_error(weights->path, "holds a " + weights->model + ", not the " + network.name + " that --model asks for");
  }
  nn::ModelOptions model;
  model.num_classes = data.test.num_classes();
  model.in_channels = data.channels();
  model.image_size = data.test.images.size(2);
  const Tensor first = weights != nullptr ? find(weights->tensors, "conv1.weight") : Tensor();
  const bool has_large_kernel = first.defined() && first.rank() == 4 && first.size(2) == 7;  // the weights of torchvision
  model.stem = *model.image_size <= small_image && !has_large_kernel ? nn::Stem::cifar : nn::Stem::imagenet;
  if (is_cifar_resnet(network.name)) {
    const std::string in_file = weights != nullptr ? weights->shortcut : "";
    network.shortcut = options.shortcut.value_or(in_file.empty() ? "A" : in_file);
    model.shortcut = network.shortcut == "B" ? nn::Shortcut::B : nn::Shortcut::A;
  } else if (options.shortcut) {
    throw UsageError("--shortcut is for resnet20, resnet32, resnet44, resnet56 and resnet110, not for " + network.name);
  }
  const std::vector<std::string>& known = nn::model_names();
  if (std::find(known.begin(), known.end(), network.name) == known.end()) {
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    throw UsageError("--model: there is no model \"" + network.name + "\"; known are " + list);
  }
  network.module = nn::make_model(network.name, model);
  const std::string last = network.module->named_parameters().back().first;
  network.head = last.substr(0, last.rfind('.'));
  return network;
}

void load_weights(Network& network, const WeightsFile& weights, bool keep_head) {
  NamedTensors tensors;
  const std::string head = network.head + ".";
  for (const auto& entry : weights.tensors) {
    if (!keep_head || !entry.first.starts_with(head)) tensors.push_back(entry);
  }
  if (keep_head) {
    for (const auto& entry : network.module->named_parameters()) {
      if (entry.first.starts_with(head)) tensors.emplace_back(entry.first, entry.second.detach());
    }
  }
  const nn::LoadReport report = network.module->load_state_dict(tensors, {.strict = false});
  if (report.ok()) return;
  const auto is_head = [&](const nn::LoadReport::Mismatch& mismatch) { return mismatch.name.starts_with(head); };
  if (report.missing.empty() && report.unexpected.empty() &&
      std::all_of(report.mismatched.begin(), report.mismatched.end(), is_head) && !report.mismatched.front().got.empty()) {
    const auto& [name, expected, got] = report.mismatched.front();
    throw_io_error(weights.path, concat("its classifier has ", got[0], " outputs, the data has ", expected[0],
                                        " classes: --replace-head ", expected[0], " makes a new one"));
  }
  throw_io_error(weights.path, "does not fit " + network.name + ": " + describe(report));
}

void freeze(nn::Module& model, const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    bool found = false;
    for (const auto& [name, parameter] : model.named_parameters()) {
      if (prefix.empty() || !name.starts_with(prefix)) continue;
      parameter.set_requires_grad(false);
      found = true;
    }
    if (!found) throw UsageError("--freeze: no parameter's name begins with \"" + prefix + "\"");
  }
  if (is_frozen(model)) throw UsageError("--freeze leaves nothing to train");
}

void set_training_mode(nn::Module& model) {
  model.train();
  model.walk([](const std::string&, const nn::Member& member) {
    nn::Module* const* module = std::get_if<nn::Module*>(&member);
    if (module != nullptr && dynamic_cast<nn::BatchNorm*>(*module) != nullptr && is_frozen(**module)) (*module)->eval();
  });
}

std::int64_t count_trained(const nn::Module& model) {
  std::int64_t count = 0;
  for (const Tensor& parameter : model.parameters()) count += parameter.requires_grad() ? parameter.numel() : 0;
  return count;
}

void save_network(const std::string& path, const Network& network, const Normalization& normalization,
                  const std::vector<std::string>& class_names) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : network.module->state_dict()) tensors.emplace_back(name, tensor.to(Device::cpu()));
  Metadata metadata{{"format", "cairn"},
                    {"model", network.name},
                    {"class_names", Json(class_names).dump()},
                    {"normalisation_mean", Json(normalization.mean).dump()},
                    {"normalisation_deviation", Json(normalization.stddev).dump()}};
  if (!network.shortcut.empty()) metadata["shortcut"] = network.shortcut;
  save_safetensors(path, tensors, metadata);
}
