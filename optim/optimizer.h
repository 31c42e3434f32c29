/// The base of optimizers: parameters in groups, each with a learning rate and options of its own.
///
///   optim::SGD sgd(model.parameters(), 0.1, {.momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});
///   for (…) {
///     sgd.zero_grad();
///     loss(model(x), y).backward();
///     sgd.step();
///   }
#pragma once

#include <cairn/core/tensor.h>

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace cairn::inline v0::optim {

/// What an optimizer must remember to go on, in a form that any checkpoint can store: tensors named
/// "state.<parameter>.<buffer>" and numbers named "state.<parameter>.step", "group.<group>.lr" and so on. Parameters
/// are counted through all groups.
struct OptimizerState {
  std::string optimizer;  ///< "SGD", …
  std::vector<std::pair<std::string, Tensor>> tensors;
  std::vector<std::pair<std::string, double>> numbers;
};

class CAIRN_API Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;  // schedulers refer to it
  Optimizer& operator=(const Optimizer&) = delete;

  virtual std::string type_name() const = 0;

  /// Updates every parameter that requires grad and has a gradient; the others stay as they are.
  void step();

  /// Drops the gradients of all parameters.
  void zero_grad();

  int group_count() const { return static_cast<int>(groups_.size()); }
  std::vector<Tensor> parameters() const;           ///< of all groups
  std::vector<Tensor> parameters(int group) const;  ///< Throws IndexError for a group that is not there, as do all below

  double learning_rate(int group = 0) const;
  void set_learning_rate(double value, int group);
  void set_learning_rate(double value);  ///< of all groups

  /// Momentum of SGD, beta1 of Adam.
  virtual double momentum(int group = 0) const = 0;
  virtual void set_momentum(double value, int group) = 0;

  /// The tensors are the optimizer's own memory: clone or store them before the next step.
  OptimizerState state_dict() const;

  /// Copies everything in, also learning rates and momenta. Throws ValueError, having changed nothing, when the state is
  /// of another optimizer or does not fit the parameters.
  void load_state_dict(const OptimizerState& state);

 protected:
  /// A parameter and its state, at an address that stays.
  struct Slot {
    Tensor parameter;
    std::vector<Tensor> buffers;  ///< empty before the first step, then one for each of buffer_names()
    std::int64_t step = 0;        ///< updates so far
  };
  struct Group {
    std::deque<Slot> slots;
    double learning_rate = 0.0;
  };

  Optimizer() = default;

  /// Throws ValueError for a learning rate below 0, an undefined parameter or one that is there already, AutogradError
  /// for one that is no leaf, and DTypeError unless f32 or f64.
  void add(const std::vector<Tensor>& parameters, double learning_rate);

  /// Throws IndexError unless there is such a group.
  std::size_t checked(int group) const;

  virtual std::vector<std::string> buffer_names(int group) const = 0;

  /// One update, slot.step counting it already. `grad` has the layout of the parameter.
  virtual void update(Slot& slot, const Tensor& grad, int group) = 0;

 private:
  std::deque<Group> groups_;

 protected:
  const double* learning_rate_address(int group) const { return &groups_[checked(group)].learning_rate; }
};

}  // namespace cairn::inline v0::optim
