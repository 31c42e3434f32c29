#include <cairn/data/detail/draws.h>
#include <cairn/data/transforms.h>

#include <cmath>

namespace cairn::inline v0 {
namespace {

/// The elements of a [C, H, W] image of any strides.
template <class T>
struct Pixels {
  T* data;
  Dims strides;

  explicit Pixels(const Tensor& image) : data(image.data<T>()), strides(image.strides()) {}
  T& operator()(std::int64_t c, std::int64_t y, std::int64_t x) const {
    return data[c * strides[0] + y * strides[1] + x * strides[2]];
  }
};

void check_image(const char* op, const Tensor& image, DType dtype) {
  check<ShapeError>(image.rank() == 3, op, "image is ", image.describe(), ", expected [C, H, W]");
  check<DTypeError>(image.dtype() == dtype, op, "image is ", image.describe(), ", expected ", name_of(dtype));
  check<DeviceError>(image.device().is_cpu(), op, "image is ", image.describe(), ", expected it on cpu");
}

/// A new f32 image: element (c, y, x) is value(c, y, x).
template <class Value>
Tensor generate(const Dims& sizes, const Value& value) {
  const Tensor result = empty(sizes);
  float* out = result.data<float>();
  for (std::int64_t c = 0; c < sizes[0]; ++c) {
    for (std::int64_t y = 0; y < sizes[1]; ++y) {
      for (std::int64_t x = 0; x < sizes[2]; ++x) *out++ = value(c, y, x);
    }
  }
  return result;
}

}  // namespace

namespace detail {

void check_augmentation(const char* op, const Augmentation& augmentation) {
  const std::int64_t limit = std::int64_t{1} << 20;
  check<ValueError>(augmentation.crop_padding >= 0 && augmentation.crop_padding < limit, op, "crop_padding is ",
                    augmentation.crop_padding, ", expected 0 or more pixels");
  check<ValueError>(augmentation.flip_probability >= 0 && augmentation.flip_probability <= 1, op,
                    "flip_probability is ", augmentation.flip_probability, ", expected 0..1");
  check<ValueError>(augmentation.cutout_size >= 0 && augmentation.cutout_size < limit, op, "cutout_size is ",
                    augmentation.cutout_size, ", expected 0 or more pixels");
}

void check_normalization(const char* op, const Normalization& normalization, std::int64_t channels) {
  const auto means = static_cast<std::int64_t>(normalization.mean.size());
  const auto stddevs = static_cast<std::int64_t>(normalization.stddev.size());
  check<ValueError>(means == stddevs && (means == 0 || means == channels), op, means, " means and ", stddevs,
                    " standard deviations for ", channels, " channels");
  for (const float stddev : normalization.stddev) {
    check<ValueError>(stddev > 0 && std::isfinite(stddev), op, "a standard deviation is ", stddev, ", expected > 0");
  }
}

}  // namespace detail

Tensor to_unit_range(const Tensor& image) {
  check_image("to_unit_range", image, DType::u8);
  const Pixels<std::uint8_t> in(image);
  return generate(image.sizes(), [&](auto c, auto y, auto x) { return static_cast<float>(in(c, y, x)) / 255.0F; });
}

Tensor normalize(const Tensor& image, const Normalization& normalization) {
  check_image("normalize", image, DType::f32);
  detail::check_normalization("normalize", normalization, image.size(0));
  const Pixels<float> in(image);
  if (normalization.mean.empty()) return generate(image.sizes(), in);
  return generate(image.sizes(), [&](auto c, auto y, auto x) {
    const auto channel = static_cast<std::size_t>(c);
    return (in(c, y, x) - normalization.mean[channel]) / normalization.stddev[channel];
  });
}

Tensor random_crop(const Tensor& image, std::int64_t padding, SampleRng& rng) {
  check_image("random_crop", image, DType::f32);
  detail::check_augmentation("random_crop", {.crop_padding = padding});
  const detail::CropOffset offset = detail::draw_crop(padding, rng);
  const Pixels<float> in(image);
  return generate(image.sizes(), [&](auto c, auto y, auto x) {
    const std::int64_t from_y = y + offset.y;
    const std::int64_t from_x = x + offset.x;
    const bool is_inside = from_y >= 0 && from_y < image.size(1) && from_x >= 0 && from_x < image.size(2);
    return is_inside ? in(c, from_y, from_x) : 0.0F;
  });
}

Tensor random_horizontal_flip(const Tensor& image, double probability, SampleRng& rng) {
  check_image("random_horizontal_flip", image, DType::f32);
  detail::check_augmentation("random_horizontal_flip", {.flip_probability = probability});
  const Pixels<float> in(image);
  if (!detail::draw_flip(probability, rng)) return generate(image.sizes(), in);
  const std::int64_t last = image.size(2) - 1;
  return generate(image.sizes(), [&](auto c, auto y, auto x) { return in(c, y, last - x); });
}

Tensor cutout(const Tensor& image, std::int64_t size, SampleRng& rng) {
  check_image("cutout", image, DType::f32);
  detail::check_augmentation("cutout", {.cutout_size = size});
  const detail::Box box = detail::draw_cutout(size, image.size(1), image.size(2), rng);
  const Pixels<float> in(image);
  return generate(image.sizes(), [&](auto c, auto y, auto x) {
    return y >= box.top && y < box.bottom && x >= box.left && x < box.right ? 0.0F : in(c, y, x);
  });
}

Tensor augment(const Tensor& image, const Augmentation& augmentation, const Normalization& normalization,
               SampleRng& rng) {
  const Tensor cropped = random_crop(to_unit_range(image), augmentation.crop_padding, rng);
  const Tensor flipped = random_horizontal_flip(cropped, augmentation.flip_probability, rng);
  return cutout(normalize(flipped, normalization), augmentation.cutout_size, rng);
}

}  // namespace cairn::inline v0
