#include <cairn/optim/adam.h>

#include <cairn/autograd/run.h>

namespace cairn::inline v0::optim {

namespace {

bool is_decay_rate(double beta) { return beta >= 0.0 && beta < 1.0; }

}  // namespace

Adam::Adam(const std::vector<Tensor>& parameters, double learning_rate, const AdamOptions& options) {
  add_group(parameters, learning_rate, options);
}

void Adam::add_group(const std::vector<Tensor>& parameters, double learning_rate, const AdamOptions& options) {
  check<ValueError>(is_decay_rate(options.beta1) && is_decay_rate(options.beta2), "Adam", "beta1 ", options.beta1,
                    " and beta2 ", options.beta2, " must lie in [0, 1)");
  check<ValueError>(options.eps >= 0.0 && options.weight_decay >= 0.0, "Adam", "eps ", options.eps, " and weight_decay ",
                    options.weight_decay, " must not be negative");
  add(parameters, learning_rate);
  options_.push_back(options);
}

void Adam::set_momentum(double value, int group) { options_[checked(group)].beta1 = value; }

std::vector<std::string> Adam::buffer_names(int) const { return {"exp_avg", "exp_avg_sq"}; }

void Adam::update(Slot& slot, const Tensor& grad, int group) {
  run("adam", kernels(slot.parameter).optimizer.adam, slot.parameter, grad, slot.buffers[0], slot.buffers[1], options(group),
      learning_rate_address(group), static_cast<const std::int64_t*>(&slot.step));
}

AdamW::AdamW(const std::vector<Tensor>& parameters, double learning_rate, const AdamWOptions& options) {
  add_group(parameters, learning_rate, options);
}

void AdamW::add_group(const std::vector<Tensor>& parameters, double learning_rate, const AdamWOptions& options) {
  Adam::add_group(parameters, learning_rate,
                  {.beta1 = options.beta1,
                   .beta2 = options.beta2,
                   .eps = options.eps,
                   .weight_decay = options.weight_decay,
                   .decoupled = true});
}

}  // namespace cairn::inline v0::optim
