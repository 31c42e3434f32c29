#include "array.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace op_table {

Array::Array(Sizes sizes_, double fill) : sizes(std::move(sizes_)), values(static_cast<std::size_t>(product(sizes)), fill) {}
Array::Array(Sizes sizes_, std::vector<double> values_, Kind kind_)
    : sizes(std::move(sizes_)), values(std::move(values_)), kind(kind_) {}

std::int64_t Array::position(const Sizes& index) const {
  std::int64_t at = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) at = at * sizes[i] + index[i];
  return at;
}

std::int64_t product(const Sizes& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

std::string text(const Sizes& sizes) {
  std::string out = "[";
  for (std::size_t i = 0; i < sizes.size(); ++i) out += (i > 0 ? ", " : "") + std::to_string(sizes[i]);
  return out + "]";
}

void for_each_index(const Sizes& sizes, const std::function<void(const Sizes&)>& visit) {
  Sizes index(sizes.size(), 0);
  for (std::int64_t left = product(sizes); left > 0; --left) {
    visit(index);
    for (std::size_t d = sizes.size(); d-- > 0;) {
      if (++index[d] < sizes[d]) break;
      index[d] = 0;
    }
  }
}

namespace {

/// Knuth's MMIX generator; the upper bits are good enough for test data.
class Lcg {
 public:
  explicit Lcg(unsigned seed) : state_(seed * 0x9E3779B97F4A7C15U + 1) { next(); }
  std::uint64_t next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return state_ >> 33;
  }
  double unit() { return static_cast<double>(next()) * 0x1p-31; }

 private:
  std::uint64_t state_;
};

}  // namespace

Array random(const Sizes& sizes, double low, double high, unsigned seed) {
  Array x(sizes);
  Lcg draw(seed);
  for (double& v : x.values) v = low + (high - low) * draw.unit();
  return x;
}

Array spread(const Sizes& sizes, double low, double high, unsigned seed) {
  Array x(sizes);
  const auto n = x.values.size();
  for (std::size_t i = 0; i < n; ++i) {
    x.values[i] = low + (high - low) * (static_cast<double>(i) + 0.5) / static_cast<double>(n);
  }
  Lcg draw(seed);
  for (std::size_t i = n; i > 1; --i) std::swap(x.values[i - 1], x.values[draw.next() % i]);
  return x;
}

Array avoid(Array x, const std::vector<double>& kinks, double distance) {
  for (double& v : x.values) {
    for (const double kink : kinks) {
      if (std::abs(v - kink) < distance) v = v < kink ? kink - distance : kink + distance;
    }
  }
  return x;
}

Array indices(const Sizes& sizes, std::int64_t below, unsigned seed) {
  Array x(sizes);
  Lcg draw(seed);
  for (double& v : x.values) v = static_cast<double>(draw.next() % static_cast<std::uint64_t>(below));
  x.kind = Kind::index;
  return x;
}

Array truths(const Sizes& sizes, unsigned seed) {
  Array x = indices(sizes, 2, seed);
  x.kind = Kind::truth;
  return x;
}

Array constant(Array x) {
  x.kind = Kind::constant;
  return x;
}

Array none() { return Array({0}, std::vector<double>{}, Kind::none); }

Array map(const Array& x, const std::function<double(double)>& f) {
  Array y(x.sizes);
  std::transform(x.values.begin(), x.values.end(), y.values.begin(), f);
  return y;
}

Sizes broadcast(const Sizes& a, const Sizes& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Sizes out(rank, 1);
  for (const Sizes* shape : {&a, &b}) {
    const std::size_t extra = rank - shape->size();
    for (std::size_t i = 0; i < shape->size(); ++i) {
      if ((*shape)[i] != 1) out[i + extra] = (*shape)[i];
    }
  }
  return out;
}

double broadcast_at(const Array& x, const Sizes& index) {
  const std::size_t extra = index.size() - x.sizes.size();
  Sizes own(x.sizes.size());
  for (std::size_t i = 0; i < own.size(); ++i) own[i] = x.sizes[i] == 1 ? 0 : index[i + extra];
  return x.at(own);
}

Array zip(const Array& a, const Array& b, const std::function<double(double, double)>& f) {
  Array y(broadcast(a.sizes, b.sizes));
  for_each_index(y.sizes, [&](const Sizes& i) { y.at(i) = f(broadcast_at(a, i), broadcast_at(b, i)); });
  return y;
}

Array reduce(const Array& x, Sizes dims, bool keepdim, const std::function<double(const std::vector<double>&)>& f) {
  std::vector<bool> gone(x.sizes.size(), dims.empty());
  for (const std::int64_t d : dims) gone[static_cast<std::size_t>(d < 0 ? d + x.rank() : d)] = true;
  Sizes kept, dropped;
  for (std::size_t i = 0; i < x.sizes.size(); ++i) {
    kept.push_back(gone[i] ? 1 : x.sizes[i]);
    if (!gone[i]) dropped.push_back(x.sizes[i]);
  }
  Array y(kept);
  std::vector<std::vector<double>> runs(y.values.size());
  for_each_index(x.sizes, [&](const Sizes& index) {
    Sizes to = index;
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = gone[i] ? 0 : to[i];
    runs[static_cast<std::size_t>(y.position(to))].push_back(x.at(index));
  });
  for (std::size_t i = 0; i < runs.size(); ++i) y.values[i] = f(runs[i]);
  if (!keepdim) y.sizes = dropped;
  return y;
}

Array rearrange(const Array& x, const Sizes& sizes, const std::function<Sizes(const Sizes&)>& source) {
  Array y(sizes);
  for_each_index(sizes, [&](const Sizes& index) { y.at(index) = x.at(source(index)); });
  return y;
}

}  // namespace op_table
