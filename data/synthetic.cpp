#include <cairn/core/parallel.h>
#include <cairn/data/sample_rng.h>
#include <cairn/data/synthetic.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace cairn::inline v0 {
namespace {

constexpr std::int64_t side = 32;  // pixels
constexpr std::int64_t channels = 3;
constexpr float pi = std::numbers::pi_v<float>;

struct Point {
  float x;
  float y;
};

float length(Point p) { return std::sqrt(p.x * p.x + p.y * p.y); }
float box(Point p, float half_width, float half_height) {
  return std::max(std::abs(p.x) - half_width, std::abs(p.y) - half_height);
}

// Each shape as a signed distance in pixels, negative inside, for a point relative to the shape's centre and
// in its own axes. r is its radius (of the patterns: their half period), `phase` in 0..1 shifts a pattern.

float disc(Point p, float r, float) { return length(p) - r; }

float ring(Point p, float r, float) { return std::abs(length(p) - 0.75F * r) - 0.25F * r; }

float square(Point p, float r, float) { return box(p, 0.8F * r, 0.8F * r); }

/// Equilateral: the furthest of the three lines at distance r / 2 from the centre.
float triangle(Point p, float r, float) {
  const float slope = 0.5F * std::numbers::sqrt3_v<float>;
  return std::max({-p.y, 0.5F * p.y + slope * p.x, 0.5F * p.y - slope * p.x}) - 0.5F * r;
}

float cross(Point p, float r, float) { return std::min(box(p, r, 0.25F * r), box(p, 0.25F * r, r)); }

/// Five points. By symmetry one line, from a tip (angle 0) to the notch beside it (angle 36 degrees).
float star(Point p, float r, float) {
  const float sector = 2 * pi / 5;
  const float angle = std::atan2(p.y, p.x);
  const float folded = std::abs(angle - sector * std::round(angle / sector));
  const Point q{length(p) * std::cos(folded), length(p) * std::sin(folded)};
  const Point tip{1.15F * r, 0};
  const float notch_radius = 0.42F * tip.x;
  const Point notch{notch_radius * std::cos(sector / 2), notch_radius * std::sin(sector / 2)};
  const Point edge{notch.x - tip.x, notch.y - tip.y};
  return ((q.x - tip.x) * edge.y - (q.y - tip.y) * edge.x) / length(edge);
}

/// To the nearest border of bands `half_period` wide; negative in every second one.
float bands(float t, float half_period, float phase) {
  const float u = t / (2 * half_period) + phase;
  return (std::abs(u - std::round(u)) - 0.25F) * 2 * half_period;
}

float stripes(Point p, float r, float phase) { return bands(p.y, r, phase); }

float checkerboard(Point p, float r, float phase) {
  const float a = bands(p.x, r, phase);
  const float b = bands(p.y, r, phase);
  return ((a < 0) == (b < 0) ? -1.0F : 1.0F) * std::min(std::abs(a), std::abs(b));
}

float two_dots(Point p, float r, float) {
  return std::min(length({p.x - 0.6F * r, p.y}), length({p.x + 0.6F * r, p.y})) - 0.38F * r;
}

struct Class {
  const char* name;
  float (*distance)(Point, float, float);
  float min_radius;  // pixels
  float max_radius;
  float tilt;    // degrees
  float wobble;  // degrees: the rotation is ±tilt ± wobble
};

constexpr std::array<Class, 10> classes{{{"disc", disc, 6, 11, 0, 0},
                                         {"ring", ring, 7, 12, 0, 0},
                                         {"square", square, 7, 12, 0, 180},
                                         {"triangle", triangle, 8, 13, 0, 180},
                                         {"cross", cross, 7, 12, 0, 180},
                                         {"star", star, 7, 12, 0, 180},
                                         {"horizontal stripes", stripes, 2.5F, 5, 0, 12},
                                         {"diagonal stripes", stripes, 2.5F, 5, 45, 12},
                                         {"checkerboard", checkerboard, 3, 6, 0, 180},
                                         {"two dots", two_dots, 8, 12, 0, 180}}};

using Color = std::array<float, channels>;

Color draw_color(SampleRng& rng) {
  const float red = rng.uniform();
  const float green = rng.uniform();
  const float blue = rng.uniform();
  return {red, green, blue};
}

/// A colour whose brightness is at least 0.25 away from that of `other`; lighter or darker.
Color draw_contrasting_color(const Color& other, SampleRng& rng) {
  const auto brightness = [](const Color& color) { return (color[0] + color[1] + color[2]) / 3; };
  Color color = draw_color(rng);
  while (std::abs(brightness(color) - brightness(other)) < 0.25F) color = draw_color(rng);
  return color;
}

float draw_sign(SampleRng& rng) { return rng.bernoulli(0.5) ? 1.0F : -1.0F; }

/// Writes one image [3, 32, 32]. Coverage of a pixel is its distance to the border, clamped: a border one
/// pixel wide, which is antialiasing enough.
void draw(std::uint8_t* pixels, const Class& shape, SampleRng rng) {
  const float radius = rng.uniform(shape.min_radius, shape.max_radius);
  const float room = std::max(0.5F * static_cast<float>(side) - 0.9F * radius, 0.0F);
  const float middle = 0.5F * static_cast<float>(side - 1);
  const Point center{middle + rng.uniform(-room, room), middle + rng.uniform(-room, room)};
  const float degrees = draw_sign(rng) * shape.tilt + rng.uniform(-shape.wobble, shape.wobble);
  const float cosine = std::cos(degrees * pi / 180);
  const float sine = std::sin(degrees * pi / 180);
  const float phase = rng.uniform();
  const Color background = draw_color(rng);
  const Color foreground = draw_contrasting_color(background, rng);
  const Point light{rng.uniform(-0.2F, 0.2F) / side, rng.uniform(-0.2F, 0.2F) / side};  // brightness per pixel
  const float noise = rng.uniform(0.02F, 0.08F);

  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      const Point p{static_cast<float>(x) - center.x, static_cast<float>(y) - center.y};
      const Point own{cosine * p.x + sine * p.y, cosine * p.y - sine * p.x};
      const float coverage = std::clamp(0.5F - shape.distance(own, radius, phase), 0.0F, 1.0F);
      const float brightness = light.x * p.x + light.y * p.y;
      for (std::size_t c = 0; c < channels; ++c) {
        const float color = background[c] + coverage * (foreground[c] - background[c]);
        const float value = color + brightness + rng.uniform(-noise, noise);
        const auto at = static_cast<std::int64_t>(c) * side * side + y * side + x;
        pixels[at] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0F, 1.0F)));
      }
    }
  }
}

}  // namespace

ImageDataset shapes_dataset(std::int64_t count, std::uint64_t seed) {
  check<ValueError>(count >= 0, "shapes_dataset", "count is ", count, ", expected 0 or more");
  ImageDataset dataset;
  dataset.images = empty({count, channels, side, side}, {DType::u8, Device::cpu()});
  for (const Class& shape : classes) dataset.class_names.emplace_back(shape.name);
  for (std::int64_t i = 0; i < count; ++i) dataset.labels.push_back(i % dataset.num_classes());

  std::uint8_t* pixels = dataset.images.data<std::uint8_t>();
  parallel_for(count, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto index = static_cast<std::uint64_t>(i);
      draw(pixels + i * channels * side * side, classes[index % classes.size()], SampleRng(seed, 0, index));
    }
  });
  return dataset;
}

}  // namespace cairn::inline v0
