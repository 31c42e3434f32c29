/// Prepares one batch of an epoch: the work that DataLoader's threads share out.
#pragma once

#include <cairn/data/loader.h>

#include <vector>

namespace cairn::inline v0::detail {

/// Immutable while an epoch lasts, so that any number of threads may call make().
class BatchMaker {
 public:
  BatchMaker(ImageDataset dataset, LoaderOptions options);

  /// Draws the order of the samples.
  void begin_epoch(std::int64_t number);

  std::int64_t batches() const;
  Batch make(std::int64_t number) const;

  const ImageDataset& dataset() const { return dataset_; }
  const LoaderOptions& options() const { return options_; }

 private:
  void write_image(std::int64_t sample, SampleRng& rng, float* out) const;

  ImageDataset dataset_;
  LoaderOptions options_;
  std::uint64_t epoch_ = 0;
  std::vector<std::int64_t> order_;
  std::vector<float> levels_;  ///< [C, 256]: what each intensity becomes in each channel
};

}  // namespace cairn::inline v0::detail
