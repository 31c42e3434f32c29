/// Two-dimensional convolution without bias, padding R / 2: forward and both gradients, 2 N K C R R P P FLOP each.
#include "bench.h"

#include <cairn/autograd/ops.h>

#include <cstdint>
#include <sstream>
#include <string>

namespace bench {

namespace {

struct Conv {
  std::int64_t n, c, h, k, r, stride;

  std::int64_t output_side() const { return (h + 2 * (r / 2) - r) / stride + 1; }
  double flop() const { return 2.0 * static_cast<double>(n * k * c * r * r * output_side() * output_side()); }
  cairn::ConvGeometry geometry() const { return {.stride = {stride, stride}, .padding = {r / 2, r / 2}}; }
  std::string name() const {
    std::ostringstream text;
    text << 'n' << n << "_c" << c << "_h" << h << "_k" << k << "_r" << r << "_s" << stride;
    return text.str();
  }
};

constexpr Conv convs[] = {
    {128, 3, 32, 64, 3, 1},  {128, 64, 32, 64, 3, 1}, {128, 64, 32, 128, 3, 2}, {128, 128, 16, 128, 3, 1},
    {128, 256, 8, 256, 3, 1}, {128, 512, 4, 512, 3, 1}, {128, 16, 32, 16, 3, 1}, {16, 3, 224, 64, 7, 2},
    {16, 64, 56, 64, 3, 1},  {16, 64, 56, 256, 1, 1}, {16, 256, 56, 64, 1, 1},  {16, 512, 28, 128, 1, 1},
    {16, 1024, 14, 256, 1, 1}, {16, 2048, 7, 512, 1, 1},
};

cairn::Tensor image(const Conv& c) { return normal({c.n, c.c, c.h, c.h}); }
cairn::Tensor filter(const Conv& c) { return cairn::randn({c.k, c.c, c.r, c.r}); }
cairn::Tensor output_gradient(const Conv& c) { return normal({c.n, c.k, c.output_side(), c.output_side()}); }

}  // namespace

void add_conv_cases() {
  for (const Conv& c : convs) {
    add_case({"conv_fwd/" + c.name(), "flop", c.flop(), [c]() -> Step {
                return [x = image(c), w = filter(c), g = c.geometry()] { conv2d(x, w, {}, g); };
              }});
    if (c.c != 3) {  // nobody asks for the gradient of a picture
      add_case({"conv_bwd_data/" + c.name(), "flop", c.flop(), [c]() -> Step {
                  return [dy = output_gradient(c), w = filter(c), sizes = cairn::Dims{c.n, c.c, c.h, c.h}, g = c.geometry()] {
                    conv2d_backward_data(dy, w, sizes, g);
                  };
                }});
    }
    add_case({"conv_bwd_weight/" + c.name(), "flop", c.flop(), [c]() -> Step {
                return [x = image(c), dy = output_gradient(c), sizes = cairn::Dims{c.k, c.c, c.r, c.r}, g = c.geometry()] {
                  conv2d_backward_weight(x, dy, sizes, g);
                };
              }});
  }
}

}  // namespace bench
