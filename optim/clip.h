/// Clipping of gradients (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013).
#pragma once

#include <cairn/core/tensor.h>

#include <vector>

namespace cairn::inline v0::optim {

struct ClipOptions {
  bool error_if_nonfinite = false;  ///< throw ValueError, before any change, when the norm is infinite or NaN
};

/// The Euclidean norm of all gradients as one vector, summed in f64 in a fixed order. Undefined gradients count as 0.
CAIRN_API double grad_norm(const std::vector<Tensor>& parameters);

/// Scales all gradients in place by max_norm / (norm + 1e-6) where that is below 1, as PyTorch does, and returns the
/// norm before. A NaN norm makes all gradients NaN. Throws ValueError for a negative max_norm.
CAIRN_API double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, const ClipOptions& options = {});

/// Limits each entry of the gradients in place to [-limit, limit]. Throws ValueError for a negative limit.
CAIRN_API void clip_grad_value_(const std::vector<Tensor>& parameters, double limit);

}  // namespace cairn::inline v0::optim
