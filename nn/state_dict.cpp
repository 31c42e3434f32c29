#include <cairn/autograd/record.h>
#include <cairn/nn/module.h>

#include <algorithm>
#include <unordered_map>

namespace cairn::inline v0::nn {

namespace {

/// One tensor of the module and the names under which it may be found.
struct Entry {
  Tensor tensor;
  std::vector<std::string> names;
};

std::vector<Entry> entries_of(Module& module) {
  std::vector<Entry> entries;
  std::unordered_map<const Tensor::Impl*, std::size_t> known;
  module.walk([&](const std::string& name, const Member& member) {
    const Tensor tensor = std::visit(
        [](auto* item) {
          if constexpr (std::is_same_v<decltype(item), Module*>) {
            return Tensor();
          } else {
            return static_cast<Tensor>(*item);
          }
        },
        member);
    if (!tensor.defined()) return;
    const auto [place, is_new] = known.try_emplace(tensor.impl().get(), entries.size());
    if (is_new) entries.push_back({tensor, {}});
    entries[place->second].names.push_back(name);
  });
  return entries;
}

/// How many leading characters of the given names to ignore.
std::size_t prefix_length(const NamedTensors& tensors, const std::vector<Entry>& entries, const std::string& prefix) {
  if (prefix.empty() || tensors.empty()) return 0;
  const auto has_prefix = [&](const std::string& name) { return name.starts_with(prefix); };
  for (const auto& [name, tensor] : tensors) {
    if (!has_prefix(name)) return 0;
  }
  for (const Entry& entry : entries) {
    if (std::any_of(entry.names.begin(), entry.names.end(), has_prefix)) return 0;
  }
  return prefix.size();
}

bool may_be_missing(const std::string& name) { return name.ends_with("num_batches_tracked"); }

}  // namespace

std::string to_string(const LoadReport& report) {
  std::string text;
  for (const std::string& name : report.missing) text += concat("\n  missing: ", name);
  for (const std::string& name : report.unexpected) text += concat("\n  unexpected: ", name);
  for (const auto& [name, expected, got] : report.mismatched) {
    text += concat("\n  shape of ", name, ": expected ", expected, ", got ", got);
  }
  return text.empty() ? text : text.substr(1);
}

NamedTensors Module::state_dict() const {
  NamedTensors result;
  for (Entry& entry : entries_of(const_cast<Module&>(*this))) {
    result.emplace_back(std::move(entry.names.front()), entry.tensor.detach());
  }
  return result;
}

LoadReport Module::load_state_dict(const NamedTensors& tensors, const LoadOptions& options) {
  const std::vector<Entry> entries = entries_of(*this);
  const std::size_t skipped = prefix_length(tensors, entries, options.strip_prefix);
  std::unordered_map<std::string, Tensor> given;
  for (const auto& [name, tensor] : tensors) given[name.substr(skipped)] = tensor;

  LoadReport report;
  std::vector<std::pair<Tensor, Tensor>> copies;  // to, from
  for (const Entry& entry : entries) {
    Tensor found;
    for (const std::string& name : entry.names) {
      const auto node = given.extract(name);
      if (!node.empty() && !found.defined()) found = node.mapped();
    }
    if (!found.defined()) {
      if (!may_be_missing(entry.names.front())) report.missing.push_back(entry.names.front());
    } else if (found.sizes() != entry.tensor.sizes()) {
      report.mismatched.push_back({entry.names.front(), entry.tensor.sizes(), found.sizes()});
    } else {
      copies.emplace_back(entry.tensor, found.detach().to(entry.tensor.device()));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (given.count(name.substr(skipped)) != 0) report.unexpected.push_back(name.substr(skipped));
  }
  check<ValueError>(!options.strict || report.ok(), "load_state_dict", "the tensors do not fit ", type_name(), ":\n",
                    to_string(report));

  NoGrad guard;
  for (const auto& [to, from] : copies) to.copy_(from);
  return report;
}

}  // namespace cairn::inline v0::nn
