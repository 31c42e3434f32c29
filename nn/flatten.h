/// Joins neighbouring dimensions into one.
#pragma once

#include <cairn/nn/module.h>

namespace cairn::inline v0::nn {

/// The dimensions `start` to `end` become one; by default all but the first.
class CAIRN_API Flatten : public Module {
 public:
  CAIRN_MODULE(Flatten)
  explicit Flatten(std::int64_t start = 1, std::int64_t end = -1) : start_(start), end_(end) {}
  Tensor forward(const Tensor& x) override { return x.flatten(start_, end_); }

 private:
  std::int64_t start_;
  std::int64_t end_;
};

}  // namespace cairn::inline v0::nn
