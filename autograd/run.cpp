#include <cairn/autograd/run.h>

#include <cairn/core/plugin.h>

namespace cairn::inline v0 {

namespace detail {

CallContext::CallContext(Device device) : device_(device) {
  owner = this;
  allocate = &CallContext::allocate_scratch;
}

void* CallContext::allocate_scratch(Context& self, std::size_t bytes) {
  auto& call = *static_cast<CallContext*>(self.owner);
  try {
    call.blocks_.push_back(std::make_unique<Storage>(call.device_, std::max<std::size_t>(bytes, 1)));
    return call.blocks_.back()->data();
  } catch (const std::exception&) {
    return nullptr;  // the kernel reports Status::out_of_memory
  }
}

void throw_status(const char* op, Status status, Device device, const std::vector<std::string>& operands) {
  std::string given;
  for (const std::string& operand : operands) given += (given.empty() ? "" : ", ") + operand;
  const std::string text = concat("[", op, "] ");
  switch (status) {
    case Status::ok: break;
    case Status::unsupported_dtype: throw DTypeError(concat(text, "the dtype is not supported: ", given));
    case Status::unsupported_layout: throw ShapeError(concat(text, "the memory layout is not supported: ", given));
    case Status::unsupported:
      throw NotImplementedError(concat(text, "has no kernel on ", to_string(device), " for ", given));
    case Status::index_out_of_range: throw IndexError(concat(text, "an index or target is out of range: ", given));
    case Status::out_of_memory: throw OutOfMemoryError(concat(text, "no scratch memory on ", to_string(device), " for ", given));
    case Status::device_failure:
      throw DeviceError(concat(text, "failed on ", to_string(device), ": ",
                               device.is_cpu() ? "?" : device_api(device).last_error(), "; operands: ", given));
  }
  throw Error(concat(text, "unknown status"));
}

}  // namespace detail

void check_same_device(const char* op, const std::vector<Tensor>& tensors) {
  check<ValueError>(tensors.empty() || tensors[0].defined(), op, "an operand is undefined");
  const Tensor* first = nullptr;
  for (const Tensor& tensor : tensors) {
    if (!tensor.defined()) continue;
    if (first == nullptr) first = &tensor;
    check<DeviceError>(tensor.device() == first->device(), op, "operands lie on different devices: ", first->describe(),
                       " and ", tensor.describe());
  }
}

}  // namespace cairn::inline v0
