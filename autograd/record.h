/// How an op becomes differentiable: it computes its result, then calls record() with a function that
/// turns the gradients of its outputs into those of its inputs.
///
///   Tensor y = empty_like(x);
///   run("softmax", kernels(x).softmax.forward, x, y);
///   return record("softmax", {x}, y, save(output(0)),
///                 [](const Grads& g) { return softmax_backward(g[0], g.saved(0)); });
///
/// Rules for the backward function: it is made of ops, so that it can be differentiated again; it
/// computes only gradients that g.needs(i) asks for; it captures no tensors (save() them, so that damage
/// by in-place ops is noticed and no cycle of references arises).
///
/// In place: while recording, an op on a whole tensor with a history replaces the history; on a leaf that
/// requires grad, or on a view when a gradient is involved, it throws AutogradError. A view that was
/// taken before such a change throws when it is used in a recorded op.
#pragma once

#include <cairn/core/tensor.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <variant>
#include <vector>

namespace cairn::inline v0 {

class Node;

/// Whether ops record on this thread (true at start).
CAIRN_API bool grad_enabled();

/// Sets the mode while it lives.
class CAIRN_API GradMode {
 public:
  explicit GradMode(bool enabled);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};

/// While one lives, ops on this thread record nothing:  { NoGrad guard; w -= lr * w.grad(); }
class CAIRN_API NoGrad : public GradMode {
 public:
  NoGrad() : GradMode(false) {}
};

/// Names an output in save(): it is kept without the reference to its own node, so no cycle arises.
struct OutputRef {
  int index;
};
inline OutputRef output(int index = 0) { return {index}; }

using ToSave = std::vector<std::variant<Tensor, OutputRef>>;
template <class... Items>
ToSave save(const Items&... items) {
  return {std::variant<Tensor, OutputRef>(items)...};
}

/// What a backward function receives.
class CAIRN_API Grads {
 public:
  /// The gradient of output i; undefined when none arrived (only for ops with several outputs).
  const Tensor& operator[](std::size_t i) const { return gradients_[i]; }

  /// The i-th saved tensor. Throws AutogradError if it was changed in place since.
  Tensor saved(std::size_t i) const;

  /// Whether the gradient of input i is wanted.
  bool needs(std::size_t i) const { return needs_[i]; }

 private:
  friend class Node;
  const Node* node_ = nullptr;
  std::vector<Tensor> gradients_;
  std::vector<bool> needs_;
};

/// What a backward function returns: one gradient per input, undefined where there is none.
class Gradients : public std::vector<Tensor> {
 public:
  Gradients(Tensor only) : std::vector<Tensor>{std::move(only)} {}
  Gradients(std::initializer_list<Tensor> all) : std::vector<Tensor>(all) {}
  Gradients(std::vector<Tensor> all) : std::vector<Tensor>(std::move(all)) {}
};

using Backward = std::function<Gradients(const Grads&)>;

/// Makes `y` the recorded result of `inputs` when recording is on and any of them requires grad. Returns
/// `y`. `op` must outlive the graph (a string literal). Undefined inputs stand for operands not given.
CAIRN_API Tensor record(const char* op, const std::vector<Tensor>& inputs, Tensor y, ToSave saved, Backward backward);

/// The same for several outputs; those of integer or bool dtype never require grad.
CAIRN_API std::vector<Tensor> record(const char* op, const std::vector<Tensor>& inputs, std::vector<Tensor> outputs,
                                     ToSave saved, Backward backward);

/// Whether record() would do anything for these inputs.
CAIRN_API bool will_record(const std::vector<Tensor>& inputs);

/// Before an in-place op computes: throws AutogradError where the rules forbid it. `inputs` are the other operands.
CAIRN_API void check_in_place(const char* op, const Tensor& self, const std::vector<Tensor>& inputs);

/// After it has: counts the change and replaces the history of `self`. Input 0 of `backward` is the old
/// `self`, the others follow. `saved` must not contain `self` but as output(0): its old value is gone.
CAIRN_API void record_in_place(const char* op, const Tensor& self, const std::vector<Tensor>& inputs, ToSave saved,
                               Backward backward);

}  // namespace cairn::inline v0
