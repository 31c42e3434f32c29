/// The base of layers and models.
///
///   struct Block : nn::Module {
///     nn::Conv2d conv1;
///     nn::BatchNorm2d bn1;
///     std::optional<nn::Sequential> downsample;
///     CAIRN_MODULE(Block, conv1, bn1, downsample)
///
///     Block(std::int64_t in, std::int64_t out);
///     Tensor forward(const Tensor& x) override;
///   };
///
/// CAIRN_MODULE lists the members that hold parameters. Each is a Parameter, a Buffer, a class derived from Module, or
/// a std::optional or std::vector of one of these. Their names make up PyTorch's state_dict keys: "conv1.weight",
/// "downsample.0.weight", and "blocks.3.bn1.bias" for an element of a vector. A class derived from another
/// module lists the inherited members as well.
///
/// A module is a value: a copy is deep and has its own parameters. Tied parameters are seen once, under the first of
/// their names, by parameters(), named_parameters(), state_dict() and hence by optimizers. A plain copy of a module
/// unties them (each keeps its values); clone() keeps the ties.
#pragma once

#include <cairn/nn/parameter.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cairn::inline v0::nn {

class Module;

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// What a module is made of, and a function that is shown it.
using Member = std::variant<Parameter*, Buffer*, Module*>;
using Visitor = std::function<void(const std::string& name, const Member& member)>;

struct LoadOptions {
  bool strict = true;                    ///< throw unless everything fits
  std::string strip_prefix = "module.";  ///< taken off when all names given begin with it and none of the module's do
};

/// What did not fit in load_state_dict().
struct LoadReport {
  struct Mismatch {
    std::string name;
    Dims expected;
    Dims got;
  };
  std::vector<std::string> missing;     ///< in the module, not among the tensors given
  std::vector<std::string> unexpected;  ///< given, not in the module
  std::vector<Mismatch> mismatched;

  bool ok() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
};

/// One line for each entry.
CAIRN_API std::string to_string(const LoadReport& report);

class CAIRN_API Module {
 public:
  virtual ~Module();

  /// Throws NotImplementedError unless overridden. Modules with other inputs declare a forward of their own.
  virtual Tensor forward(const Tensor& x);
  Tensor operator()(const Tensor& x) { return forward(x); }

  // ---- written by CAIRN_MODULE ------------------------------------------------------------------

  /// Shows the direct members.
  virtual void visit(const Visitor& visitor) = 0;
  virtual std::string type_name() const = 0;

  // ---- structure ----------------------------------------------------------------------------------

  /// Shows all members below this module, depth first, with their full names; tied parameters every time.
  void walk(const Visitor& visitor);

  /// A deep copy with the same ties. See also nn::clone().
  std::unique_ptr<Module> clone() const;

  // ---- state --------------------------------------------------------------------------------------

  /// Handles on the parameters themselves.
  NamedTensors named_parameters() const;
  std::vector<Tensor> parameters() const;
  NamedTensors named_buffers() const;
  std::int64_t num_parameters() const;  ///< elements, buffers not counted

  /// Parameters (detached) and buffers in the order of declaration, on the module's own memory.
  NamedTensors state_dict() const;

  /// Copies values into the parameters and buffers of the same name, converted to their dtype and device. When
  /// strict, throws ValueError with the whole report unless names and shapes agree, and changes nothing; otherwise copies
  /// what fits. Of tied parameters any name will do. `num_batches_tracked` may be missing and stays as it is (files
  /// older than PyTorch 0.4.1 lack it).
  LoadReport load_state_dict(const NamedTensors& tensors, const LoadOptions& options = {});

  // ---- mode ---------------------------------------------------------------------------------------

  void train(bool training = true);  ///< of dropout and batch normalisation, in all modules below
  void eval() { train(false); }
  bool is_training() const { return training_; }

  /// Freezes (false) or thaws the parameters whose name is `prefix` or begins with `prefix` and a dot; all when it
  /// is empty. Throws ValueError when there is none.
  void requires_grad_(bool value, std::string_view prefix = {});
  void zero_grad();

  /// Converts floating parameters and buffers, or moves all. They become new tensors without gradient, so that an
  /// optimizer has to be made afterwards. Ties are kept.
  void to(DType dtype);
  void to(Device device);

 protected:
  Module() = default;
  Module(const Module&) = default;
  Module(Module&&) = default;
  Module& operator=(const Module&) = default;
  Module& operator=(Module&&) = default;

 private:
  virtual std::unique_ptr<Module> copy() const = 0;

  bool training_ = true;
};

namespace detail {

/// Ties the parameters of `to` as those of `from`, which has the same structure.
CAIRN_API void copy_ties(const Module& from, Module& to);

/// "a, b" as {"a", "b"}.
CAIRN_API std::vector<std::string> split_names(std::string_view list);

inline void visit_member(const Visitor& visitor, const std::string& name, Parameter& member) { visitor(name, &member); }
inline void visit_member(const Visitor& visitor, const std::string& name, Buffer& member) { visitor(name, &member); }
inline void visit_member(const Visitor& visitor, const std::string& name, Module& member) { visitor(name, &member); }
template <class T>
void visit_member(const Visitor& visitor, const std::string& name, std::vector<T>& members);
template <class T>
void visit_member(const Visitor& visitor, const std::string& name, std::optional<T>& member) {
  if (member) visit_member(visitor, name, *member);
}
template <class T>
void visit_member(const Visitor& visitor, const std::string& name, std::vector<T>& members) {
  for (std::size_t i = 0; i < members.size(); ++i) visit_member(visitor, name + "." + std::to_string(i), members[i]);
}

template <class... Members>
void visit_members(const Visitor& visitor, std::string_view names, Members&... members) {
  const std::vector<std::string> list = split_names(names);
  auto name = list.begin();
  (visit_member(visitor, *name++, members), ...);
}
inline void visit_members(const Visitor&, std::string_view) {}

}  // namespace detail

/// A deep copy with the same ties, of the same type.
template <std::derived_from<Module> M>
M clone(const M& module) {
  M result(module);
  detail::copy_ties(module, result);
  return result;
}

/// Once in each module, with its type and its members. What follows it in the class is public.
#define CAIRN_MODULE(Type, ...)                                                                     \
 private:                                                                                           \
  std::unique_ptr<::cairn::nn::Module> copy() const override { return std::make_unique<Type>(*this); } \
                                                                                                    \
 public:                                                                                            \
  std::string type_name() const override { return #Type; }                                          \
  void visit([[maybe_unused]] const ::cairn::nn::Visitor& visitor) override {                       \
    ::cairn::nn::detail::visit_members(visitor, #__VA_ARGS__ __VA_OPT__(, ) __VA_ARGS__);           \
  }

}  // namespace cairn::inline v0::nn
