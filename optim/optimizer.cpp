#include <cairn/optim/optimizer.h>

#include <cairn/autograd/ops/create.h>
#include <cairn/autograd/record.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace cairn::inline v0::optim {

namespace {

/// The gradient in the memory layout of the parameter, which the kernels need.
Tensor in_layout_of(const Tensor& parameter, const Tensor& grad) {
  check<ShapeError>(grad.sizes() == parameter.sizes(), "Optimizer::step", "the gradient ", grad.describe(),
                    " must have the shape of its parameter ", parameter.describe());
  const Tensor plain = grad.detach().to(parameter.dtype());
  if (plain.strides() == parameter.strides()) return plain;
  return empty_like(parameter).copy_(plain);
}

std::string slot_key(std::size_t slot, const std::string& what) { return concat("state.", slot, ".", what); }
std::string group_key(int group, const std::string& what) { return concat("group.", group, ".", what); }

}  // namespace

Optimizer::~Optimizer() = default;

std::size_t Optimizer::checked(int group) const {
  check<IndexError>(group >= 0 && group < group_count(), "Optimizer", "group ", group, " of ", group_count());
  return static_cast<std::size_t>(group);
}

void Optimizer::add(const std::vector<Tensor>& parameters, double learning_rate) {
  check<ValueError>(learning_rate >= 0.0, "Optimizer", "the learning rate must not be negative, it is ", learning_rate);
  Group group;
  group.learning_rate = learning_rate;
  std::vector<Tensor> known = this->parameters();
  for (const Tensor& parameter : parameters) {
    check<ValueError>(parameter.defined(), "Optimizer", "a parameter is undefined");
    check<AutogradError>(parameter.is_leaf(), "Optimizer", "a parameter must be a leaf, not the result of an op: ",
                         parameter.describe());
    check<DTypeError>(parameter.dtype() == DType::f32 || parameter.dtype() == DType::f64, "Optimizer",
                      "parameters must be f32 or f64, got ", parameter.describe());
    const auto same = [&](const Tensor& other) { return other.is_same(parameter); };
    check<ValueError>(std::none_of(known.begin(), known.end(), same), "Optimizer", "the parameter ", parameter.describe(),
                      " was given twice");
    known.push_back(parameter);
    group.slots.push_back({parameter, {}, 0});
  }
  groups_.push_back(std::move(group));
}

void Optimizer::step() {
  NoGrad guard;
  for (int g = 0; g < group_count(); ++g) {
    for (Slot& slot : groups_[checked(g)].slots) {
      const Tensor grad = slot.parameter.grad();
      if (!grad.defined() || !slot.parameter.requires_grad()) continue;
      const std::size_t buffers = buffer_names(g).size();
      while (slot.buffers.size() < buffers) slot.buffers.push_back(zeros_like(slot.parameter));
      ++slot.step;
      update(slot, in_layout_of(slot.parameter, grad), g);
      slot.parameter.bump_version();
      for (const Tensor& buffer : slot.buffers) buffer.bump_version();
    }
  }
}

void Optimizer::zero_grad() {
  for (const Tensor& parameter : parameters()) parameter.zero_grad();
}

std::vector<Tensor> Optimizer::parameters() const {
  std::vector<Tensor> all;
  for (const Group& group : groups_) {
    for (const Slot& slot : group.slots) all.push_back(slot.parameter);
  }
  return all;
}

std::vector<Tensor> Optimizer::parameters(int group) const {
  std::vector<Tensor> all;
  for (const Slot& slot : groups_[checked(group)].slots) all.push_back(slot.parameter);
  return all;
}

double Optimizer::learning_rate(int group) const { return groups_[checked(group)].learning_rate; }
void Optimizer::set_learning_rate(double value, int group) { groups_[checked(group)].learning_rate = value; }
void Optimizer::set_learning_rate(double value) {
  for (Group& group : groups_) group.learning_rate = value;
}

OptimizerState Optimizer::state_dict() const {
  OptimizerState state;
  state.optimizer = type_name();
  std::size_t index = 0;
  for (int g = 0; g < group_count(); ++g) {
    const Group& group = groups_[checked(g)];
    state.numbers.emplace_back(group_key(g, "lr"), group.learning_rate);
    state.numbers.emplace_back(group_key(g, "momentum"), momentum(g));
    const std::vector<std::string> names = buffer_names(g);
    for (const Slot& slot : group.slots) {
      state.numbers.emplace_back(slot_key(index, "step"), static_cast<double>(slot.step));
      for (std::size_t b = 0; b < std::min(names.size(), slot.buffers.size()); ++b) {
        state.tensors.emplace_back(slot_key(index, names[b]), slot.buffers[b]);
      }
      ++index;
    }
  }
  return state;
}

void Optimizer::load_state_dict(const OptimizerState& state) {
  const char* op = "Optimizer::load_state_dict";
  check<ValueError>(state.optimizer == type_name(), op, "the state is of ", state.optimizer, ", this is ", type_name());
  const std::map<std::string, double> numbers(state.numbers.begin(), state.numbers.end());
  const std::map<std::string, Tensor> tensors(state.tensors.begin(), state.tensors.end());
  std::size_t used = 0;
  const auto number = [&](const std::string& name) {
    const auto found = numbers.find(name);
    check<ValueError>(found != numbers.end(), op, "the state lacks ", name);
    ++used;
    return found->second;
  };

  std::vector<std::pair<double, double>> rates;  // learning rate and momentum of each group
  std::vector<std::pair<std::int64_t, std::vector<Tensor>>> slots;
  for (int g = 0; g < group_count(); ++g) {
    const double rate = number(group_key(g, "lr"));
    rates.emplace_back(rate, number(group_key(g, "momentum")));
    for (const Slot& slot : groups_[checked(g)].slots) {
      const std::size_t index = slots.size();
      std::vector<Tensor> buffers;
      for (const std::string& name : buffer_names(g)) {
        const auto found = tensors.find(slot_key(index, name));
        if (found == tensors.end()) continue;
        check<ValueError>(found->second.sizes() == slot.parameter.sizes(), op, found->first, " is ", found->second.describe(),
                          ", the parameter ", slot.parameter.describe());
        ++used;
        buffers.push_back(in_layout_of(slot.parameter, found->second.to(slot.parameter.device())).clone());
      }
      const auto steps = static_cast<std::int64_t>(number(slot_key(index, "step")));
      check<ValueError>(buffers.size() == (steps == 0 ? 0 : buffer_names(g).size()), op, "parameter ", index, " was updated ",
                        steps, " times and has ", buffers.size(), " buffers");
      slots.emplace_back(steps, std::move(buffers));
    }
  }
  check<ValueError>(used == numbers.size() + tensors.size(), op, "the state has ", numbers.size() + tensors.size(),
                    " entries, of which ", used, " belong to these parameters and groups");

  std::size_t index = 0;
  for (int g = 0; g < group_count(); ++g) {
    const auto [rate, momentum_value] = rates[static_cast<std::size_t>(g)];
    set_learning_rate(rate, g);
    set_momentum(momentum_value, g);
    for (Slot& slot : groups_[checked(g)].slots) {
      slot.step = slots[index].first;
      slot.buffers = std::move(slots[index].second);
      ++index;
    }
  }
}

}  // namespace cairn::inline v0::optim
