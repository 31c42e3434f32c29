/// Differentiation: gradients on request, and checks of them.
#pragma once

#include <cairn/autograd/record.h>

namespace cairn::inline v0 {

struct GradOptions {
  bool retain_graph = false;  ///< keep the graph for another pass
  bool create_graph = false;  ///< record the pass itself, so that its result can be differentiated again (retains). With
                              ///< backward() the leaf's grad then holds the graph and the graph the leaf: prefer grad()
  bool allow_unused = false;  ///< give an undefined gradient for an input that the outputs do not depend on
};

/// d(sum of <grad_outputs, outputs>) / d(inputs), one tensor per input, without touching any .grad().
/// `grad_outputs` may be empty when every output has one element; an undefined one means no gradient.
/// Throws AutogradError when an output has no history, or an input is not reached and !allow_unused.
CAIRN_API std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                                   const std::vector<Tensor>& grad_outputs = {}, GradOptions options = {});

/// Adds the gradients of all leaves that the outputs depend on to their .grad().
CAIRN_API void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs = {},
                        GradOptions options = {});

using TensorFunction = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

struct GradcheckOptions {
  double step = 1e-6;  ///< of the central difference
  double rtol = 1e-4;
  double atol = 1e-6;
};

/// Compares the gradients of every floating output of `function` with central differences, entry by entry.
/// Inputs that require grad must be f64. Throws AutogradError that names the first entry that is off.
CAIRN_API void gradcheck(const TensorFunction& function, const std::vector<Tensor>& inputs, GradcheckOptions options = {});

/// The same for the gradients of the gradients, for fixed pseudo-random output gradients.
CAIRN_API void gradgradcheck(const TensorFunction& function, const std::vector<Tensor>& inputs,
                             GradcheckOptions options = {});

}  // namespace cairn::inline v0
