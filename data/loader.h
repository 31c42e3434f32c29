/// Batches of images for training, prepared ahead by threads.
///
///   DataLoader loader(load_cifar10(path, true), {.batch_size = 128, .shuffle = true, .workers = 2});
///   for (int epoch = 0; epoch < 10; ++epoch) {
///     for (const Batch& batch : loader.epoch(epoch)) train(batch.images, batch.labels);
///   }
#pragma once

#include <cairn/data/dataset.h>
#include <cairn/data/transforms.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace cairn::inline v0 {

struct Batch {
  Tensor images;  ///< f32 [B, C, H, W], channels-last in memory
  Tensor labels;  ///< i64 [B]

  std::int64_t size() const { return labels.size(0); }
};

struct LoaderOptions {
  std::int64_t batch_size = 128;
  bool shuffle = false;    ///< a new order each epoch
  bool drop_last = false;  ///< leave out a last batch smaller than batch_size
  int workers = 0;         ///< threads that prepare batches; 0: next() does it itself
  int prefetch = 4;        ///< batches that may lie ready or in work, at least 1; bounds the workers too
  std::uint64_t seed = 0;
  Augmentation augmentation = {};
  Normalization normalization = {};

  /// Called last for every sample, in any worker, with its part f32 [C, H, W] of the batch, to change it in
  /// place; `rng` goes on where the augmentation left off. Must be safe to call from several threads.
  std::function<void(const Tensor& image, SampleRng& rng)> transform = {};
};

/// What a batch holds depends on the data set, the seed, the epoch and the batch's number alone: not on the
/// number of workers or their speed. Not for use by several threads at once.
class CAIRN_API DataLoader {
 public:
  class Iterator;

  /// Throws ValueError for options out of their domain or a data set whose members do not fit together.
  DataLoader(ImageDataset dataset, LoaderOptions options);
  ~DataLoader();
  DataLoader(DataLoader&&) noexcept;
  DataLoader& operator=(DataLoader&&) noexcept;

  /// Goes to batch `first_batch` of epoch `number`, whatever was being delivered before. (A loader begins at
  /// batch 0 of epoch 0.) Throws ValueError unless number >= 0 and 0 <= first_batch <= batches().
  DataLoader& epoch(std::int64_t number, std::int64_t first_batch = 0);

  /// The next batch of the epoch; nothing after the last. An exception thrown while it was prepared is
  /// thrown here, in place of that batch, and ends the epoch.
  std::optional<Batch> next();

  std::int64_t batches() const;  ///< in an epoch
  const ImageDataset& dataset() const;
  const LoaderOptions& options() const;

  /// What is left of the epoch, once.
  Iterator begin();
  std::nullptr_t end() const { return nullptr; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class DataLoader::Iterator {
 public:
  explicit Iterator(DataLoader& loader) : loader_(&loader), batch_(loader.next()) {}
  const Batch& operator*() const { return *batch_; }
  const Batch* operator->() const { return &*batch_; }
  Iterator& operator++() {
    batch_.reset();  // its memory may serve the next one
    batch_ = loader_->next();
    return *this;
  }
  bool operator==(std::nullptr_t) const { return !batch_.has_value(); }

 private:
  DataLoader* loader_;
  std::optional<Batch> batch_;
};

inline DataLoader::Iterator DataLoader::begin() { return Iterator(*this); }

}  // namespace cairn::inline v0
