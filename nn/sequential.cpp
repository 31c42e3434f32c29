#include <cairn/nn/sequential.h>

namespace cairn::inline v0::nn {

Sequential::Sequential(const Sequential& other) : Module(other) {
  for (const auto& module : other.modules_) modules_.push_back(module->clone());
  detail::copy_ties(other, *this);
}

Sequential& Sequential::operator=(const Sequential& other) {
  if (this != &other) *this = Sequential(other);
  return *this;
}

void Sequential::push_back(std::unique_ptr<Module> module) {
  check<ValueError>(module != nullptr, "Sequential", "the module to add is null");
  modules_.push_back(std::move(module));
}

Module& Sequential::operator[](std::int64_t i) const {
  check<IndexError>(i >= 0 && i < size(), "Sequential", "module ", i, " of ", size());
  return *modules_[static_cast<std::size_t>(i)];
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (const auto& module : modules_) y = module->forward(y);
  return y;
}

void Sequential::visit(const Visitor& visitor) {
  for (std::size_t i = 0; i < modules_.size(); ++i) visitor(std::to_string(i), modules_[i].get());
}

}  // namespace cairn::inline v0::nn
