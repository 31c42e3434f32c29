/// Modules applied one after the other.
#pragma once

#include <cairn/nn/module.h>

namespace cairn::inline v0::nn {

/// Holds modules of any type; they are named "0", "1", …:
///   nn::Sequential net(nn::Linear(784, 100), nn::ReLU(), nn::Linear(100, 10));
/// A copy clones the modules and keeps the ties among them; assignment replaces them.
class CAIRN_API Sequential : public Module {
 public:
  Sequential() = default;

  /// (One Sequential as the only argument is copied, not nested.)
  template <std::derived_from<Module>... Modules>
  explicit Sequential(Modules... modules) {
    (push_back(std::move(modules)), ...);
  }

  Sequential(const Sequential& other);
  Sequential(Sequential&& other) = default;
  Sequential& operator=(const Sequential& other);
  Sequential& operator=(Sequential&& other) = default;

  template <std::derived_from<Module> M>
  void push_back(M module) {
    push_back(std::make_unique<M>(std::move(module)));
  }
  /// Throws ValueError for a null pointer.
  void push_back(std::unique_ptr<Module> module);

  std::int64_t size() const { return static_cast<std::int64_t>(modules_.size()); }

  /// Throws IndexError unless 0 <= i < size().
  Module& operator[](std::int64_t i) const;

  /// The same as a known type. Throws ValueError when it is another one.
  template <std::derived_from<Module> M>
  M& at(std::int64_t i) const {
    M* module = dynamic_cast<M*>(&(*this)[i]);
    check<ValueError>(module != nullptr, "Sequential", "module ", i, " is a ", (*this)[i].type_name());
    return *module;
  }

  Tensor forward(const Tensor& x) override;

  std::string type_name() const override { return "Sequential"; }
  void visit(const Visitor& visitor) override;

 private:
  std::unique_ptr<Module> copy() const override { return std::make_unique<Sequential>(*this); }

  std::vector<std::unique_ptr<Module>> modules_;
};

}  // namespace cairn::inline v0::nn
