#include <cairn/optim/sgd.h>

#include <cairn/autograd/run.h>

namespace cairn::inline v0::optim {

SGD::SGD(const std::vector<Tensor>& parameters, double learning_rate, const SgdOptions& options) {
  add_group(parameters, learning_rate, options);
}

void SGD::add_group(const std::vector<Tensor>& parameters, double learning_rate, const SgdOptions& options) {
  check<ValueError>(options.momentum >= 0.0 && options.weight_decay >= 0.0, "SGD", "momentum ", options.momentum,
                    " and weight_decay ", options.weight_decay, " must not be negative");
  check<ValueError>(!options.nesterov || (options.momentum > 0.0 && options.dampening == 0.0), "SGD",
                    "nesterov needs a momentum above 0 and no dampening");
  add(parameters, learning_rate);
  options_.push_back(options);
}

void SGD::set_momentum(double value, int group) { options_[checked(group)].momentum = value; }

std::vector<std::string> SGD::buffer_names(int group) const {
  if (options(group).momentum == 0.0) return {};
  return {"momentum_buffer"};
}

void SGD::update(Slot& slot, const Tensor& grad, int group) {
  const SgdOptions& chosen = options(group);
  const Tensor velocity = chosen.momentum == 0.0 ? Tensor() : slot.buffers[0];
  run("sgd", kernels(slot.parameter).optimizer.sgd, slot.parameter, grad, velocity, chosen, learning_rate_address(group),
      static_cast<const std::int64_t*>(&slot.step));
}

}  // namespace cairn::inline v0::optim
