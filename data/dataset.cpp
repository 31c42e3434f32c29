#include <cairn/data/dataset.h>

#include <array>
#include <cmath>

namespace cairn::inline v0 {

void check_dataset(const char* op, const ImageDataset& dataset) {
  const Tensor& images = dataset.images;
  check<ValueError>(images.defined(), op, "the data set has no images");
  check<ValueError>(images.dtype() == DType::u8 && images.rank() == 4 && images.device().is_cpu(), op, "images are ",
                    images.describe(), ", expected u8[N, C, H, W] on cpu");
  check<ValueError>(images.is_contiguous(), op, "images are not row-major");
  check<ValueError>(images.size(0) == dataset.size(), op, images.size(0), " images but ", dataset.size(), " labels");
  for (std::size_t i = 0; i < dataset.labels.size(); ++i) {
    const std::int64_t label = dataset.labels[i];
    check<ValueError>(label >= 0 && label < dataset.num_classes(), op, "sample ", i, " has label ", label,
                      ", expected 0..", dataset.num_classes() - 1);
  }
}

ImageDataset take(const ImageDataset& dataset, std::int64_t begin, std::int64_t count) {
  check_dataset("take", dataset);
  check<ValueError>(begin >= 0 && count >= 0 && begin <= dataset.size() - count, "take", count, " samples from ", begin,
                    " of a data set of ", dataset.size());
  const Tensor& images = dataset.images;
  Dims sizes = images.sizes();
  sizes[0] = count;
  return {make_view(images, sizes, images.strides(), images.storage_offset() + begin * images.strides()[0]),
          {dataset.labels.begin() + begin, dataset.labels.begin() + begin + count},
          dataset.class_names};
}

Normalization channel_statistics(const ImageDataset& dataset) {
  check_dataset("channel_statistics", dataset);
  const std::int64_t channels = dataset.images.size(1);
  const std::int64_t plane = dataset.images.size(2) * dataset.images.size(3);
  const std::uint8_t* pixels = dataset.images.data<std::uint8_t>();
  Normalization result;
  for (std::int64_t c = 0; c < channels; ++c) {
    std::array<std::int64_t, 256> histogram = {};  // exact sums, whatever their number
    for (std::int64_t n = 0; n < dataset.size(); ++n) {
      const std::uint8_t* begin = pixels + (n * channels + c) * plane;
      for (std::int64_t i = 0; i < plane; ++i) ++histogram[begin[i]];
    }
    double count = 0;
    double sum = 0;
    double square_sum = 0;
    for (std::size_t value = 0; value < histogram.size(); ++value) {
      const double x = static_cast<double>(value) / 255;
      const auto times = static_cast<double>(histogram[value]);
      count += times;
      sum += times * x;
      square_sum += times * x * x;
    }
    const double mean = count > 0 ? sum / count : 0;
    const double variance = count > 0 ? square_sum / count - mean * mean : 0;
    const double rounding = 1e-12;
    result.mean.push_back(static_cast<float>(mean));
    result.stddev.push_back(variance > rounding ? static_cast<float>(std::sqrt(variance)) : 1.0F);
  }
  return result;
}

}  // namespace cairn::inline v0
