#include <cairn/core/parallel.h>
#include <cairn/data/detail/batch_maker.h>
#include <cairn/data/loader.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace cairn::inline v0 {

/// Workers take batch numbers in turn, at most `prefetch` ahead of the caller, and lay each batch in the slot
/// of its number; next() empties the slots in order. So memory is bounded and order is kept.
struct DataLoader::Impl {
  struct Slot {
    std::optional<Batch> batch;
    std::exception_ptr error;
    bool is_ready() const { return batch.has_value() || error != nullptr; }
  };

  detail::BatchMaker maker;
  std::int64_t delivered = 0;  ///< the number of the batch that next() returns

  std::mutex mutex;  // guards what follows, and `delivered` while there are workers
  std::condition_variable room_or_stop;
  std::condition_variable batch_ready;
  std::int64_t started = 0;  ///< the number of the batch that the next free worker takes
  bool stopping = false;
  std::vector<Slot> slots;
  std::vector<std::thread> workers;

  Impl(ImageDataset dataset, LoaderOptions options) : maker(std::move(dataset), std::move(options)) {}
  ~Impl() { stop(); }

  Slot& slot_of(std::int64_t number) { return slots[static_cast<std::size_t>(number) % slots.size()]; }

  void start() {
    const LoaderOptions& options = maker.options();
    const std::int64_t left = maker.batches() - delivered;
    started = delivered;
    stopping = false;
    slots.assign(static_cast<std::size_t>(options.prefetch), Slot());
    const std::int64_t useful = std::min<std::int64_t>({options.workers, options.prefetch, left});
    for (std::int64_t i = 0; i < useful; ++i) workers.emplace_back([this] { work(); });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    room_or_stop.notify_all();
    for (std::thread& worker : workers) worker.join();
    workers.clear();
    slots.clear();
  }

  void work() {
    const SingleThreadGuard guard;
    const auto prefetch = static_cast<std::int64_t>(slots.size());
    std::unique_lock lock(mutex);
    for (;;) {
      room_or_stop.wait(lock, [&] { return stopping || started == maker.batches() || started < delivered + prefetch; });
      if (stopping || started == maker.batches()) return;
      const std::int64_t number = started++;
      lock.unlock();
      Slot made;
      try {
        made.batch = maker.make(number);
      } catch (...) {
        made.error = std::current_exception();
      }
      lock.lock();
      slot_of(number) = std::move(made);
      batch_ready.notify_one();
    }
  }

  /// The next batch from the workers.
  Slot receive() {
    std::unique_lock lock(mutex);
    Slot& slot = slot_of(delivered);
    batch_ready.wait(lock, [&] { return slot.is_ready(); });
    Slot result{std::exchange(slot.batch, std::nullopt), std::exchange(slot.error, nullptr)};
    ++delivered;
    lock.unlock();
    room_or_stop.notify_all();
    return result;
  }
};

DataLoader::DataLoader(ImageDataset dataset, LoaderOptions options)
    : impl_(std::make_unique<Impl>(std::move(dataset), std::move(options))) {}
DataLoader::~DataLoader() = default;
DataLoader::DataLoader(DataLoader&&) noexcept = default;
DataLoader& DataLoader::operator=(DataLoader&&) noexcept = default;

DataLoader& DataLoader::epoch(std::int64_t number, std::int64_t first_batch) {
  check<ValueError>(number >= 0, "DataLoader", "epoch is ", number, ", expected 0 or more");
  check<ValueError>(first_batch >= 0 && first_batch <= batches(), "DataLoader", "first_batch is ", first_batch,
                    ", expected 0..", batches());
  impl_->stop();
  impl_->maker.begin_epoch(number);
  impl_->delivered = first_batch;
  return *this;
}

std::optional<Batch> DataLoader::next() {
  Impl& impl = *impl_;
  if (impl.delivered == batches()) {
    impl.stop();
    return {};
  }
  try {
    if (options().workers == 0) return impl.maker.make(impl.delivered++);
    if (impl.workers.empty()) impl.start();
    Impl::Slot slot = impl.receive();
    if (slot.error) std::rethrow_exception(slot.error);
    return std::move(slot.batch);
  } catch (...) {
    impl.stop();
    impl.delivered = batches();
    throw;
  }
}

std::int64_t DataLoader::batches() const { return impl_->maker.batches(); }
const ImageDataset& DataLoader::dataset() const { return impl_->maker.dataset(); }
const LoaderOptions& DataLoader::options() const { return impl_->maker.options(); }

}  // namespace cairn::inline v0
