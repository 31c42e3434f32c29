#include <cairn/nn/module.h>

#include <unordered_map>
#include <unordered_set>

namespace cairn::inline v0::nn {

namespace {

void walk_below(Module& module, const std::string& prefix, const Visitor& visitor) {
  module.visit([&](const std::string& name, const Member& member) {
    visitor(prefix + name, member);
    if (Module* const* child = std::get_if<Module*>(&member)) walk_below(**child, prefix + name + ".", visitor);
  });
}

/// For visitors that only read.
void walk_const(const Module& module, const Visitor& visitor) { const_cast<Module&>(module).walk(visitor); }

/// Remembers what it was asked about.
class Seen {
 public:
  bool first_time(const Tensor& tensor) { return seen_.insert(tensor.impl().get()).second; }

 private:
  std::unordered_set<const Tensor::Impl*> seen_;
};

std::vector<Parameter*> all_parameters(Module& module) {
  std::vector<Parameter*> result;
  module.walk([&](const std::string&, const Member& member) {
    if (Parameter* const* p = std::get_if<Parameter*>(&member)) result.push_back(*p);
  });
  return result;
}

/// Replaces each parameter and buffer by convert(it).
template <class Convert>
void convert_all(Module& module, const Convert& convert) {
  std::unordered_map<const Tensor::Impl*, Tensor> converted;
  std::vector<Tensor> keep_alive;  // so that no address is used twice
  module.walk([&](const std::string&, const Member& member) {
    if (Parameter* const* p = std::get_if<Parameter*>(&member)) {
      if (!(*p)->defined()) return;
      Tensor& handle = **p;
      const auto [entry, is_new] = converted.try_emplace(handle.impl().get());
      if (is_new) {
        keep_alive.push_back(handle);
        const Tensor plain = handle.detach();
        const Tensor result = convert(plain);
        entry->second = result.is_same(plain) ? handle : result.set_requires_grad(handle.requires_grad());
      }
      handle = entry->second;
    } else if (Buffer* const* b = std::get_if<Buffer*>(&member)) {
      if ((*b)->defined()) static_cast<Tensor&>(**b) = convert((*b)->detach());
    }
  });
}

}  // namespace

Module::~Module() = default;

Tensor Module::forward(const Tensor& x) {
  throw NotImplementedError(concat("[", type_name(), "] has no forward for one tensor, got ", x.describe()));
}

void Module::walk(const Visitor& visitor) { walk_below(*this, "", visitor); }

std::unique_ptr<Module> Module::clone() const {
  std::unique_ptr<Module> result = copy();
  detail::copy_ties(*this, *result);
  return result;
}

NamedTensors Module::named_parameters() const {
  NamedTensors result;
  Seen seen;
  walk_const(*this, [&](const std::string& name, const Member& member) {
    Parameter* const* p = std::get_if<Parameter*>(&member);
    if (p != nullptr && (*p)->defined() && seen.first_time(**p)) result.emplace_back(name, **p);
  });
  return result;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> result;
  for (auto& [name, parameter] : named_parameters()) result.push_back(parameter);
  return result;
}

NamedTensors Module::named_buffers() const {
  NamedTensors result;
  walk_const(*this, [&](const std::string& name, const Member& member) {
    Buffer* const* b = std::get_if<Buffer*>(&member);
    if (b != nullptr && (*b)->defined()) result.emplace_back(name, **b);
  });
  return result;
}

std::int64_t Module::num_parameters() const {
  std::int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

void Module::train(bool training) {
  training_ = training;
  walk([&](const std::string&, const Member& member) {
    if (Module* const* module = std::get_if<Module*>(&member)) (*module)->training_ = training;
  });
}

void Module::requires_grad_(bool value, std::string_view prefix) {
  bool found = false;
  walk([&](const std::string& name, const Member& member) {
    Parameter* const* p = std::get_if<Parameter*>(&member);
    if (p == nullptr || !(*p)->defined()) return;
    const bool inside = name.starts_with(prefix) && name.size() > prefix.size() && name[prefix.size()] == '.';
    if (!prefix.empty() && name != prefix && !inside) return;
    (*p)->set_requires_grad(value);
    found = true;
  });
  check<ValueError>(found || prefix.empty(), "requires_grad_", type_name(), " has no parameter \"", prefix, "\" or below it");
}

void Module::zero_grad() {
  for (const Tensor& parameter : parameters()) parameter.zero_grad();
}

void Module::to(DType dtype) {
  check<DTypeError>(is_floating(dtype), "Module::to", "parameters need a floating dtype, not ", name_of(dtype));
  convert_all(*this, [dtype](const Tensor& t) { return is_floating(t.dtype()) ? t.to(dtype) : t; });
}

void Module::to(Device device) {
  convert_all(*this, [device](const Tensor& t) { return t.to(device); });
}

namespace detail {

void copy_ties(const Module& from, Module& to) {
  const std::vector<Parameter*> originals = all_parameters(const_cast<Module&>(from));
  const std::vector<Parameter*> copies = all_parameters(to);
  std::unordered_map<const Tensor::Impl*, Parameter*> first;
  for (std::size_t i = 0; i < originals.size(); ++i) {
    if (!originals[i]->defined()) continue;
    const auto [entry, is_new] = first.try_emplace(originals[i]->impl().get(), copies[i]);
    if (!is_new) tie(*entry->second, *copies[i]);
  }
}

std::vector<std::string> split_names(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view part = list.substr(0, comma);
    const std::size_t begin = part.find_first_not_of(" \n\t");
    const std::size_t end = part.find_last_not_of(" \n\t");
    names.emplace_back(part.substr(begin, end - begin + 1));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return names;
}

}  // namespace detail

}  // namespace cairn::inline v0::nn
