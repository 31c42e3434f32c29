#include <cairn/optim/schedule.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cairn::inline v0::optim {

namespace {

/// From `a` at t = 0 to `b` at t = 1 along half a cosine.
double cosine_between(double a, double b, double t) { return b + (a - b) / 2.0 * (1.0 + std::cos(std::numbers::pi * t)); }

}  // namespace

Schedule::~Schedule() = default;
std::optional<double> Schedule::momentum(std::int64_t) const { return std::nullopt; }

double Constant::learning_rate(std::int64_t, double base) const { return base; }

Step::Step(std::int64_t size, double gamma) : size_(size), gamma_(gamma) {
  check<ValueError>(size >= 1, "Step", "the size must be at least 1, it is ", size);
}

double Step::learning_rate(std::int64_t step, double base) const {
  return base * std::pow(gamma_, static_cast<double>(step / size_));
}

MultiStep::MultiStep(std::vector<std::int64_t> milestones, double gamma) : milestones_(std::move(milestones)), gamma_(gamma) {}

double MultiStep::learning_rate(std::int64_t step, double base) const {
  const auto reached = std::count_if(milestones_.begin(), milestones_.end(), [step](std::int64_t m) { return m <= step; });
  return base * std::pow(gamma_, static_cast<double>(reached));
}

Cosine::Cosine(std::int64_t total, double minimum) : total_(total), minimum_(minimum) {
  check<ValueError>(total >= 1, "Cosine", "the number of steps must be at least 1, it is ", total);
}

double Cosine::learning_rate(std::int64_t step, double base) const {
  if (step >= total_) return minimum_;
  return cosine_between(base, minimum_, static_cast<double>(step) / static_cast<double>(total_));
}

Warmup::Warmup(std::int64_t steps, std::shared_ptr<const Schedule> next, double start_factor)
    : steps_(steps), next_(std::move(next)), start_factor_(start_factor) {
  check<ValueError>(next_ != nullptr, "Warmup", "the schedule to follow is null");
  check<ValueError>(steps >= 0 && start_factor >= 0.0 && start_factor <= 1.0, "Warmup", "steps ", steps,
                    " must not be negative and start_factor ", start_factor, " must lie in [0, 1]");
}

double Warmup::learning_rate(std::int64_t step, double base) const {
  if (step >= steps_) return next_->learning_rate(step - steps_, base);
  const double done = static_cast<double>(step) / static_cast<double>(steps_);
  return base * (start_factor_ + (1.0 - start_factor_) * done);
}

std::optional<double> Warmup::momentum(std::int64_t step) const { return next_->momentum(std::max<std::int64_t>(step - steps_, 0)); }

OneCycle::OneCycle(std::int64_t total, const OneCycleOptions& options) : total_(total), options_(options) {
  check<ValueError>(total >= 2, "OneCycle", "the number of steps must be at least 2, it is ", total);
  check<ValueError>(options.warmup_fraction >= 0.0 && options.warmup_fraction <= 1.0, "OneCycle", "warmup_fraction ",
                    options.warmup_fraction, " must lie in [0, 1]");
}

/// The value between first, peak and last that belongs to a step; with three phases it passes `first` again.
double OneCycle::at(std::int64_t step, double first, double peak, double last) const {
  const double end = static_cast<double>(total_ - 1);
  const double x = std::min(static_cast<double>(step), end);
  const double top = options_.warmup_fraction * static_cast<double>(total_) - 1.0;
  const auto between = [&](double a, double b, double from, double to) {
    const double t = to > from ? (x - from) / (to - from) : 1.0;
    return options_.anneal == OneCycleOptions::Anneal::cosine ? cosine_between(a, b, t) : a + (b - a) * t;
  };
  if (x <= top) return between(first, peak, 0.0, top);
  if (!options_.three_phase) return between(peak, last, top, end);
  const double back = 2.0 * options_.warmup_fraction * static_cast<double>(total_) - 2.0;
  return x <= back ? between(peak, first, top, back) : between(first, last, back, end);
}

double OneCycle::learning_rate(std::int64_t step, double base) const {
  const double first = base / options_.div_factor;
  return at(step, first, base, first / options_.final_div_factor);
}

std::optional<double> OneCycle::momentum(std::int64_t step) const {
  if (!options_.cycle_momentum) return std::nullopt;
  return at(step, options_.max_momentum, options_.base_momentum, options_.max_momentum);
}

Scheduler::Scheduler(Optimizer& optimizer, std::shared_ptr<const Schedule> schedule)
    : optimizer_(&optimizer), schedule_(std::move(schedule)) {
  check<ValueError>(schedule_ != nullptr, "Scheduler", "the schedule is null");
  for (int g = 0; g < optimizer.group_count(); ++g) bases_.push_back(optimizer.learning_rate(g));
  set_step(0);
}

void Scheduler::set_step(std::int64_t step) {
  check<ValueError>(step >= 0, "Scheduler", "the step must not be negative, it is ", step);
  step_ = step;
  const std::optional<double> momentum = schedule_->momentum(step);
  for (std::size_t g = 0; g < bases_.size(); ++g) {
    const int group = static_cast<int>(g);
    optimizer_->set_learning_rate(schedule_->learning_rate(step, bases_[g]), group);
    if (momentum) optimizer_->set_momentum(*momentum, group);
  }
}

void Scheduler::set_base_rates(const std::vector<double>& rates) {
  check<ValueError>(rates.size() == bases_.size(), "Scheduler", "got ", rates.size(), " base rates for ", bases_.size(), " groups");
  bases_ = rates;
  set_step(step_);
}

}  // namespace cairn::inline v0::optim
