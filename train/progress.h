/// Shows how far a training or evaluation is.
#pragma once

#include <cairn/core/export.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace cairn::inline v0 {

/// "0:07", "12:34" or "1:02:03"; "?" for what is not finite.
CAIRN_API std::string format_duration(double seconds);

/// One phase of a run: an epoch, or an evaluation. On a terminal one line is redrawn:
///   epoch 3/10 [=======>            ] 142/391 loss 0.8123 accuracy 71.42 % 1834 images/s 2:31 left
/// Elsewhere (a file, a pipe) such lines appear without the bar, at most one every 10 seconds.
class CAIRN_API Progress {
 public:
  enum class Style { automatic, bar, lines, silent };

  struct Options {
    Style style = Style::automatic;  ///< automatic: bar when `out` is a terminal, else lines
    std::FILE* out = stdout;
    std::int64_t steps_after = 0;  ///< steps of later phases, for the time left
    double line_interval = 10;     ///< seconds between plain lines
  };

  Progress(std::string title, std::int64_t steps, Options options);
  Progress(std::string title, std::int64_t steps) : Progress(std::move(title), steps, Options()) {}

  /// One step more is done: `count` samples with this mean loss and so many right answers.
  void update(std::int64_t count, double loss, std::int64_t correct);

  /// Ends the phase: a bar is wiped, so that a summary line can take its place.
  void finish();

  std::int64_t steps_done() const { return done_; }
  std::int64_t samples() const { return samples_; }
  double loss() const;      ///< mean over the samples so far; NaN before the first
  double accuracy() const;  ///< share of right answers so far, in 0..1; NaN before the first
  double seconds() const;   ///< since the start, or up to finish()
  double samples_per_second() const;

 private:
  void draw();
  std::string numbers() const;

  std::string title_;
  std::int64_t steps_;
  Options options_;
  double start_;
  double end_ = 0;
  double last_drawn_;
  std::int64_t done_ = 0;
  std::int64_t samples_ = 0;
  std::int64_t correct_ = 0;
  double loss_sum_ = 0;
  std::size_t bar_width_ = 0;  ///< characters on the line now
};

}  // namespace cairn::inline v0
