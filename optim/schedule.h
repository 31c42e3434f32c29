/// Learning rates that change during training. A schedule is a pure function of the step; a Scheduler applies it to an
/// optimizer. A step is whatever the caller counts: a batch or an epoch.
///
///   optim::Scheduler scheduler(sgd, optim::Warmup(500, optim::Cosine(20000)));
///   for (…) { …; sgd.step(); scheduler.step(); }
#pragma once

#include <cairn/optim/optimizer.h>

#include <concepts>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace cairn::inline v0::optim {

class CAIRN_API Schedule {
 public:
  virtual ~Schedule();

  /// The learning rate at step 0, 1, … of a group that was made with the rate `base`.
  virtual double learning_rate(std::int64_t step, double base) const = 0;

  /// The momentum at that step, for schedules that change it.
  virtual std::optional<double> momentum(std::int64_t step) const;
};

class CAIRN_API Constant : public Schedule {
 public:
  double learning_rate(std::int64_t step, double base) const override;
};

/// base * gamma^floor(step / size).
class CAIRN_API Step : public Schedule {
 public:
  /// Throws ValueError unless size >= 1.
  explicit Step(std::int64_t size, double gamma = 0.1);
  double learning_rate(std::int64_t step, double base) const override;

 private:
  std::int64_t size_;
  double gamma_;
};

/// base * gamma^(number of milestones that are reached).
class CAIRN_API MultiStep : public Schedule {
 public:
  explicit MultiStep(std::vector<std::int64_t> milestones, double gamma = 0.1);
  double learning_rate(std::int64_t step, double base) const override;

 private:
  std::vector<std::int64_t> milestones_;
  double gamma_;
};

/// minimum + (base - minimum) (1 + cos(pi step / total)) / 2, and `minimum` after `total` steps (Loshchilov and Hutter,
/// "SGDR", 2017, without restarts).
class CAIRN_API Cosine : public Schedule {
 public:
  /// Throws ValueError unless total >= 1.
  explicit Cosine(std::int64_t total, double minimum = 0.0);
  double learning_rate(std::int64_t step, double base) const override;

 private:
  std::int64_t total_;
  double minimum_;
};

/// Grows linearly from start_factor * base during `steps` steps; then follows another schedule, which begins with
/// its step 0 at the full rate (Goyal et al., "Accurate, large minibatch SGD", 2017).
class CAIRN_API Warmup : public Schedule {
 public:
  /// Throws ValueError for negative steps and unless 0 <= start_factor <= 1.
  Warmup(std::int64_t steps, std::shared_ptr<const Schedule> next, double start_factor = 0.0);
  template <std::derived_from<Schedule> S>
  Warmup(std::int64_t steps, S next, double start_factor = 0.0)
      : Warmup(steps, std::make_shared<const S>(std::move(next)), start_factor) {}

  double learning_rate(std::int64_t step, double base) const override;
  std::optional<double> momentum(std::int64_t step) const override;

 private:
  std::int64_t steps_;
  std::shared_ptr<const Schedule> next_;
  double start_factor_;
};

struct OneCycleOptions {
  double warmup_fraction = 0.3;  ///< of the steps, with a growing rate
  enum class Anneal { cosine, linear } anneal = Anneal::cosine;
  double div_factor = 25.0;         ///< first rate = base / div_factor
  double final_div_factor = 1e4;    ///< last rate = first rate / final_div_factor
  bool three_phase = false;         ///< back to the first rate as fast as it grew, then down to the last one
  bool cycle_momentum = false;      ///< momentum moves against the rate, between the two below
  double base_momentum = 0.85;
  double max_momentum = 0.95;
};

/// The one-cycle policy (Smith and Topin, "Super-convergence", 2018): up from a small rate to `base`, which is the
/// largest one here, and down to almost none, at step total - 1. Equal to PyTorch's OneCycleLR with max_lr = base
/// (which cycles the momentum unless told otherwise). Later steps keep the last rate.
class CAIRN_API OneCycle : public Schedule {
 public:
  /// Throws ValueError unless total >= 2 and 0 <= warmup_fraction <= 1.
  explicit OneCycle(std::int64_t total, const OneCycleOptions& options = {});
  double learning_rate(std::int64_t step, double base) const override;
  std::optional<double> momentum(std::int64_t step) const override;

 private:
  double at(std::int64_t step, double first, double peak, double last) const;

  std::int64_t total_;
  OneCycleOptions options_;
};

/// Sets the learning rates of an optimizer, which must outlive it: at once those of step 0, then those of each step.
/// The rates found at the beginning are the bases of the schedule.
class CAIRN_API Scheduler {
 public:
  Scheduler(Optimizer& optimizer, std::shared_ptr<const Schedule> schedule);
  template <std::derived_from<Schedule> S>
  Scheduler(Optimizer& optimizer, S schedule) : Scheduler(optimizer, std::make_shared<const S>(std::move(schedule))) {}

  /// After the optimizer's step.
  void step() { set_step(step_ + 1); }

  std::int64_t step_count() const { return step_; }

  /// Goes to any step, such as the one of a checkpoint.
  void set_step(std::int64_t step);

  const std::vector<double>& base_rates() const { return bases_; }

  /// With those of a checkpoint the schedule goes on as it was, whatever the optimizer was made with. Throws ValueError
  /// unless there is one for each group.
  void set_base_rates(const std::vector<double>& rates);

 private:
  Optimizer* optimizer_;
  std::shared_ptr<const Schedule> schedule_;
  std::vector<double> bases_;
  std::int64_t step_ = 0;
};

}  // namespace cairn::inline v0::optim
