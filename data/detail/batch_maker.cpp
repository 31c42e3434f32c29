#include <cairn/data/detail/batch_maker.h>
#include <cairn/data/detail/draws.h>

#include <algorithm>
#include <numeric>

namespace cairn::inline v0::detail {
namespace {

constexpr std::int64_t intensities = 256;

/// The same arithmetic as to_unit_range and normalize, once for each intensity instead of each pixel.
std::vector<float> tabulate(const Normalization& normalization, std::int64_t channels) {
  std::vector<float> levels;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t value = 0; value < intensities; ++value) {
      const float x = static_cast<float>(value) / 255.0F;
      const auto channel = static_cast<std::size_t>(c);
      const bool is_plain = normalization.mean.empty();
      levels.push_back(is_plain ? x : (x - normalization.mean[channel]) / normalization.stddev[channel]);
    }
  }
  return levels;
}

}  // namespace

BatchMaker::BatchMaker(ImageDataset dataset, LoaderOptions options)
    : dataset_(std::move(dataset)), options_(std::move(options)) {
  const char* op = "DataLoader";
  check_dataset(op, dataset_);
  check<ValueError>(options_.batch_size >= 1, op, "batch_size is ", options_.batch_size, ", expected 1 or more");
  check<ValueError>(options_.workers >= 0, op, "workers is ", options_.workers, ", expected 0 or more");
  check<ValueError>(options_.prefetch >= 1, op, "prefetch is ", options_.prefetch, ", expected 1 or more");
  check_augmentation(op, options_.augmentation);
  check_normalization(op, options_.normalization, dataset_.images.size(1));
  levels_ = tabulate(options_.normalization, dataset_.images.size(1));
  begin_epoch(0);
}

void BatchMaker::begin_epoch(std::int64_t number) {
  epoch_ = static_cast<std::uint64_t>(number);
  if (options_.shuffle) {
    order_ = shuffled_order(dataset_.size(), options_.seed, epoch_);
  } else {
    order_.resize(static_cast<std::size_t>(dataset_.size()));
    std::iota(order_.begin(), order_.end(), std::int64_t{0});
  }
}

std::int64_t BatchMaker::batches() const {
  const std::int64_t whole = dataset_.size() / options_.batch_size;
  const bool has_rest = dataset_.size() % options_.batch_size != 0;
  return whole + (has_rest && !options_.drop_last ? 1 : 0);
}

Batch BatchMaker::make(std::int64_t number) const {
  const std::int64_t begin = number * options_.batch_size;
  const std::int64_t count = std::min(options_.batch_size, dataset_.size() - begin);
  Dims sizes = dataset_.images.sizes();
  sizes[0] = count;
  const Dims strides = channels_last_strides(sizes);
  Batch batch{empty_strided(sizes, strides), empty({count}, {DType::i64, Device::cpu()})};
  float* images = batch.images.data<float>();
  std::int64_t* labels = batch.labels.data<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t sample = order_[static_cast<std::size_t>(begin + i)];
    SampleRng rng(options_.seed, epoch_, static_cast<std::uint64_t>(sample));
    write_image(sample, rng, images + i * strides[0]);
    if (options_.transform) {
      const Tensor image = make_view(batch.images, {sizes[1], sizes[2], sizes[3]}, {strides[1], strides[2], strides[3]},
                                     i * strides[0]);
      options_.transform(image, rng);
    }
    labels[i] = dataset_.labels[static_cast<std::size_t>(sample)];
  }
  return batch;
}

/// augment() in one pass: every output pixel is written once, from where crop and flip say it lies.
void BatchMaker::write_image(std::int64_t sample, SampleRng& rng, float* out) const {
  const Tensor& images = dataset_.images;
  const std::int64_t channels = images.size(1);
  const std::int64_t height = images.size(2);
  const std::int64_t width = images.size(3);
  const Augmentation& augmentation = options_.augmentation;
  const CropOffset crop = draw_crop(augmentation.crop_padding, rng);
  const bool flip = draw_flip(augmentation.flip_probability, rng);
  const Box box = draw_cutout(augmentation.cutout_size, height, width, rng);

  // Columns begin..end-1 of the window lie inside the image; before the flip, column x is image column x + crop.x.
  const std::int64_t begin = std::clamp<std::int64_t>(-crop.x, 0, width);
  const std::int64_t end = std::clamp<std::int64_t>(width - crop.x, begin, width);
  const std::uint8_t* pixels = images.data<std::uint8_t>() + sample * channels * height * width;
  for (std::int64_t y = 0; y < height; ++y) {
    const std::int64_t from_y = y + crop.y;
    const bool is_padding = from_y < 0 || from_y >= height;
    float* row = out + y * width * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float* level = levels_.data() + c * intensities;
      const std::int64_t from = (c * height + from_y) * width + crop.x;
      float* to = row + c + (flip ? (width - 1) * channels : 0);
      const std::int64_t step = flip ? -channels : channels;
      const std::int64_t first = is_padding ? width : begin;
      const std::int64_t last = is_padding ? width : end;
      for (std::int64_t x = 0; x < first; ++x) to[x * step] = level[0];
      for (std::int64_t x = first; x < last; ++x) to[x * step] = level[pixels[from + x]];
      for (std::int64_t x = last; x < width; ++x) to[x * step] = level[0];
    }
    if (y >= box.top && y < box.bottom) std::fill(row + box.left * channels, row + box.right * channels, 0.0F);
  }
}

}  // namespace cairn::inline v0::detail
