/// A height and a width.
#pragma once

#include <cstdint>

namespace cairn::inline v0::nn {

/// One number stands for both: Size2d{3} is Size2d{3, 3}.
struct Size2d {
  std::int64_t height;
  std::int64_t width;
  constexpr Size2d(std::int64_t both) : height(both), width(both) {}
  constexpr Size2d(std::int64_t h, std::int64_t w) : height(h), width(w) {}
};

}  // namespace cairn::inline v0::nn
