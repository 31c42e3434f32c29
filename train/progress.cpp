#include <cairn/core/error.h>
#include <cairn/train/progress.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace cairn::inline v0 {
namespace {

constexpr double bar_interval = 0.1;  // seconds between two drawings
constexpr std::int64_t bar_cells = 20;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[128];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

}  // namespace

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  const auto whole = static_cast<long long>(std::llround(std::max(0.0, seconds)));
  const long long hours = whole / 3600;
  if (hours > 0) return format("%lld:%02lld:%02lld", hours, whole / 60 % 60, whole % 60);
  return format("%lld:%02lld", whole / 60, whole % 60);
}

Progress::Progress(std::string title, std::int64_t steps, Options options)
    : title_(std::move(title)), steps_(steps), options_(options), start_(now()), last_drawn_(start_) {
  check<ValueError>(steps >= 0, "Progress", "steps is ", steps, ", expected 0 or more");
  if (options_.style == Style::automatic) {
    options_.style = ::isatty(::fileno(options_.out)) != 0 ? Style::bar : Style::lines;
  }
}

void Progress::update(std::int64_t count, double loss, std::int64_t correct) {
  ++done_;
  samples_ += count;
  loss_sum_ += loss * static_cast<double>(count);
  correct_ += correct;
  const double interval = options_.style == Style::bar ? bar_interval : options_.line_interval;
  if (options_.style == Style::silent || now() - last_drawn_ < interval) return;
  last_drawn_ = now();
  draw();
}

void Progress::finish() {
  end_ = now();
  if (bar_width_ == 0) return;
  std::fprintf(options_.out, "\r%*s\r", static_cast<int>(bar_width_), "");
  std::fflush(options_.out);
  bar_width_ = 0;
}

double Progress::loss() const { return loss_sum_ / static_cast<double>(samples_); }
double Progress::accuracy() const { return static_cast<double>(correct_) / static_cast<double>(samples_); }
double Progress::seconds() const { return (end_ > 0 ? end_ : now()) - start_; }
double Progress::samples_per_second() const { return static_cast<double>(samples_) / seconds(); }

std::string Progress::numbers() const {
  const double seconds_left = seconds() / static_cast<double>(done_) * static_cast<double>(steps_ - done_ + options_.steps_after);
  return format("%lld/%lld loss %.4f accuracy %.2f %% %.0f images/s %s left", static_cast<long long>(done_),
                static_cast<long long>(steps_), loss(), 100 * accuracy(), samples_per_second(),
                format_duration(seconds_left).c_str());
}

void Progress::draw() {
  if (options_.style == Style::lines) {
    std::fprintf(options_.out, "%s  %s\n", title_.c_str(), numbers().c_str());
  } else {
    const std::int64_t filled = steps_ > 0 ? std::min(bar_cells, bar_cells * done_ / steps_) : 0;
    std::string bar(static_cast<std::size_t>(filled), '=');
    if (filled < bar_cells) bar += '>';
    bar.resize(static_cast<std::size_t>(bar_cells), ' ');
    std::string line = title_ + " [" + bar + "] " + numbers();
    const std::size_t width = line.size();
    if (width < bar_width_) line.resize(bar_width_, ' ');  // covers the longer line before
    bar_width_ = width;
    std::fprintf(options_.out, "\r%s", line.c_str());
  }
  std::fflush(options_.out);
}

}  // namespace cairn::inline v0
