/// How an op calls a kernel: tensors become views, a status becomes an exception.
#pragma once

#include <cairn/autograd/record.h>
#include <cairn/core/storage.h>
#include <cairn/core/tensor.h>
#include <cairn/kernels/kernels.h>

#include <memory>
#include <vector>

namespace cairn::inline v0 {

inline const Kernels& kernels(const Tensor& tensor) { return kernels(tensor.device()); }

namespace detail {

/// A kernel's context, with scratch memory that is given back when the call is over.
class CallContext : public Context {
 public:
  explicit CallContext(Device device);

 private:
  static void* allocate_scratch(Context& self, std::size_t bytes);
  Device device_;
  std::vector<std::unique_ptr<Storage>> blocks_;
};

inline View as_view(const Tensor& tensor) { return tensor.defined() ? tensor.view() : View{}; }
template <class T>
T&& as_view(T&& other) {
  return std::forward<T>(other);
}

inline const Tensor* first_tensor() { return nullptr; }
template <class First, class... Rest>
const Tensor* first_tensor(const First& first, const Rest&... rest) {
  if constexpr (std::is_base_of_v<Tensor, First>) {
    return first.defined() ? &first : first_tensor(rest...);
  } else {
    return first_tensor(rest...);
  }
}

[[noreturn]] void throw_status(const char* op, Status status, Device device, const std::vector<std::string>& operands);

}  // namespace detail

/// Throws DeviceError naming `op` unless all defined tensors lie on one device, and ValueError when the first is undefined.
void check_same_device(const char* op, const std::vector<Tensor>& tensors);

/// Calls kernel(context, args…) on the device of the first tensor among `args`; an undefined tensor is passed
/// as an operand that is not given. Throws the exception that belongs to the status.
template <class... Params, class... Args>
void run(const char* op, Status (*kernel)(Context&, Params...), const Args&... args) {
  const Device device = detail::first_tensor(args...)->device();
  detail::CallContext context(device);
  const Status status = kernel == nullptr ? Status::unsupported : kernel(context, detail::as_view(args)...);
  if (status != Status::ok) {
    std::vector<std::string> operands;
    const auto note = [&](const auto& arg) {
      if constexpr (std::is_base_of_v<Tensor, std::remove_cvref_t<decltype(arg)>>) {
        if (arg.defined()) operands.push_back(arg.describe());
      }
    };
    (note(args), ...);
    detail::throw_status(op, status, device, operands);
  }
}

}  // namespace cairn::inline v0
