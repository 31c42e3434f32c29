#include <cairn/autograd/node.h>

#include <cairn/autograd/ops.h>

#include <atomic>
#include <mutex>

namespace cairn::inline v0 {

namespace {

thread_local bool grad_mode = true;
std::atomic<std::uint64_t> next_sequence{1};

Tensor detached_alias(const Tensor& tensor) {
  auto impl = std::make_shared<Tensor::Impl>();
  impl->storage = tensor.storage();
  impl->sizes = tensor.sizes();
  impl->strides = tensor.strides();
  impl->offset = tensor.storage_offset();
  impl->dtype = tensor.dtype();
  return Tensor(std::move(impl));
}

void connect(const Tensor& tensor, std::shared_ptr<Node> node, int output) {
  TensorMeta& meta = make_meta(tensor);
  meta.requires_grad = true;
  if (meta.node) release_node(std::move(meta.node));
  meta.node = std::move(node);
  meta.output = output;
}

}  // namespace

bool grad_enabled() { return grad_mode; }
GradMode::GradMode(bool enabled) : previous_(grad_mode) { grad_mode = enabled; }
GradMode::~GradMode() { grad_mode = previous_; }

// ---- saved tensors --------------------------------------------------------------------------------

SavedTensor::SavedTensor(const Tensor& tensor, bool is_output, int output_index)
    : output_index_(is_output ? output_index : -1) {
  if (!tensor.defined()) return;
  detached_ = detached_alias(tensor);
  version_ = tensor.version();
  if (!is_output) edge_ = gradient_edge("save", tensor);
}

Tensor SavedTensor::unpack(const Node& owner) const {
  if (!detached_.defined()) return {};
  if (detached_.version() != version_) {
    throw AutogradError(concat("[", owner.op, "] backward needs ", detached_.describe(), ", saved at version ", version_,
                               ", which was changed in place since (version ", detached_.version(), ")"));
  }
  Tensor tensor = detached_alias(detached_);
  if (output_index_ >= 0) {
    if (is_floating(tensor.dtype())) {
      connect(tensor, std::const_pointer_cast<Node>(owner.shared_from_this()), output_index_);
    }
  } else if (edge_) {
    connect(tensor, edge_.node, edge_.output);
  }
  return tensor;
}

// ---- nodes ----------------------------------------------------------------------------------------

Node::Node(const char* op_) : op(op_), sequence(next_sequence.fetch_add(1, std::memory_order_relaxed)) {}

// A chain of a million nodes must not be freed by a million nested destructors: the references that a
// dying node holds are queued, and the outermost call works the queue off.
void release_node(std::shared_ptr<Node>&& node) {
  // A plain pointer, so that tensors in static objects can still be freed when the thread's own objects are gone.
  thread_local std::vector<std::shared_ptr<Node>>* active = nullptr;
  if (node == nullptr) return;
  if (active != nullptr) {
    active->push_back(std::move(node));
    return;
  }
  std::vector<std::shared_ptr<Node>> queue;
  queue.push_back(std::move(node));
  active = &queue;
  while (!queue.empty()) {
    std::shared_ptr<Node> last = std::move(queue.back());
    queue.pop_back();
    last.reset();
  }
  active = nullptr;
}

Node::~Node() {
  for (Edge& edge : edges) release_node(std::move(edge.node));
  for (SavedTensor& item : saved) release_node(std::move(item.edge_.node));
}

void Node::release() {
  for (SavedTensor& item : saved) release_node(std::move(item.edge_.node));
  saved.clear();
  backward = nullptr;
  released = true;
}

Tensor Grads::saved(std::size_t i) const { return node_->saved.at(i).unpack(*node_); }

std::vector<Tensor> Node::apply(std::vector<Tensor> gradients, const std::vector<bool>& needs) {
  if (released) {
    throw AutogradError(concat("[", op, "] the graph was already used by an earlier backward and freed; "
                               "pass retain_graph to that one to use it again"));
  }
  Grads grads;
  grads.node_ = this;
  grads.gradients_ = std::move(gradients);
  grads.needs_ = needs;
  Gradients results = backward(grads);
  if (results.size() != edges.size()) {
    throw AutogradError(concat("[", op, "] backward returned ", results.size(), " gradients for ", edges.size(), " inputs"));
  }
  return results;
}

AccumulateGrad::AccumulateGrad(const Tensor& leaf) : Node("accumulate_grad"), leaf_(leaf) {
  outputs.push_back({leaf.sizes(), leaf.dtype(), leaf.device()});
}

std::vector<Tensor> AccumulateGrad::apply(std::vector<Tensor> gradients, const std::vector<bool>&) {
  Tensor gradient = std::move(gradients[0]);
  TensorMeta& meta = make_meta(leaf_);
  if (meta.grad.defined()) {
    if (grad_enabled()) {
      meta.grad = meta.grad + gradient;
    } else {
      meta.grad.add_(gradient);
    }
  } else if (grad_enabled()) {
    meta.grad = gradient.clone();  // others may hold the same gradient
  } else {
    const bool sole_owner = gradient.impl().use_count() == 1 && gradient.storage().use_count() == 1;
    meta.grad = sole_owner && gradient.strides() == leaf_.strides() ? gradient : empty_like(leaf_).copy_(gradient);
  }
  return {};
}

TensorMeta::~TensorMeta() { release_node(std::move(node)); }

// ---- tensors and their place in the graph ---------------------------------------------------------

TensorMeta* find_meta(const Tensor& tensor) {
  return tensor.defined() ? static_cast<TensorMeta*>(tensor.impl()->autograd.get()) : nullptr;
}

TensorMeta& make_meta(const Tensor& tensor) {
  auto& slot = tensor.impl()->autograd;
  if (!slot) slot = std::make_unique<TensorMeta>();
  return static_cast<TensorMeta&>(*slot);
}

Edge gradient_edge(const char* op, const Tensor& tensor) {
  if (tensor.defined() && tensor.is_view() && tensor.impl()->rebases_seen != tensor.storage()->rebases()) {
    throw AutogradError(concat("[", op, "] ", tensor.describe(), " is a view that was taken before its base was changed "
                               "in place by a recorded op; take the view after the change"));
  }
  TensorMeta* meta = find_meta(tensor);
  if (meta == nullptr || !meta->requires_grad) return {};
  if (meta->node) return {meta->node, meta->output};
  static std::mutex mutex;  // several threads may use one leaf, each in a graph of its own
  const std::lock_guard lock(mutex);
  std::shared_ptr<Node> sink = meta->accumulate.lock();
  if (!sink) {
    sink = std::make_shared<AccumulateGrad>(tensor);
    if (meta->hooks) sink->hooks[0] = meta->hooks;
    meta->accumulate = sink;
  }
  return {std::move(sink), 0};
}

bool will_record(const std::vector<Tensor>& inputs) {
  if (!grad_mode) return false;
  return std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) {
    const TensorMeta* meta = find_meta(t);
    return (meta != nullptr && meta->requires_grad) ||
           (t.defined() && t.is_view() && t.impl()->rebases_seen != t.storage()->rebases());
  });
}

namespace {

std::shared_ptr<Node> make_node(const char* op, std::vector<Edge> edges, const std::vector<Tensor>& outputs,
                                const ToSave& saved, Backward backward) {
  auto node = std::make_shared<Node>(op);
  node->edges = std::move(edges);
  node->backward = std::move(backward);
  for (const Tensor& y : outputs) node->outputs.push_back({y.sizes(), y.dtype(), y.device()});
  node->saved.reserve(saved.size());
  for (const auto& item : saved) {
    if (const auto* ref = std::get_if<OutputRef>(&item)) {
      node->saved.emplace_back(outputs.at(static_cast<std::size_t>(ref->index)), true, ref->index);
    } else {
      node->saved.emplace_back(std::get<Tensor>(item), false, -1);
    }
  }
  return node;
}

std::vector<Edge> edges_of(const char* op, const std::vector<Tensor>& inputs) {
  std::vector<Edge> edges;
  edges.reserve(inputs.size());
  for (const Tensor& x : inputs) edges.push_back(gradient_edge(op, x));
  return edges;
}

}  // namespace

std::vector<Tensor> record(const char* op, const std::vector<Tensor>& inputs, std::vector<Tensor> outputs, ToSave saved,
                           Backward backward) {
  if (!will_record(inputs)) return outputs;
  const auto node = make_node(op, edges_of(op, inputs), outputs, saved, std::move(backward));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (is_floating(outputs[i].dtype())) connect(outputs[i], node, static_cast<int>(i));
  }
  return outputs;
}

Tensor record(const char* op, const std::vector<Tensor>& inputs, Tensor y, ToSave saved, Backward backward) {
  if (!will_record(inputs)) return y;
  return record(op, inputs, std::vector<Tensor>{std::move(y)}, std::move(saved), std::move(backward))[0];
}

void check_in_place(const char* op, const Tensor& self, const std::vector<Tensor>& inputs) {
  for (int i = 0; i < self.rank(); ++i) {
    check<ValueError>(self.strides()[i] != 0 || self.sizes()[i] <= 1, op, "in place on an expanded tensor: several elements of ",
                      self.describe(), " share memory");
  }
  const bool self_requires_grad = self.requires_grad();
  if (!grad_mode || (!self_requires_grad && !will_record(inputs))) return;
  if (self_requires_grad && self.is_leaf()) {
    throw AutogradError(concat("[", op, "] in place on a leaf that requires grad (", self.describe(),
                               "); use NoGrad to change it without recording"));
  }
  if (self.is_view()) {
    throw AutogradError(concat("[", op, "] in place on a view (", self.describe(),
                               ") while a gradient is involved; its base would not know of the change"));
  }
}

void record_in_place(const char* op, const Tensor& self, const std::vector<Tensor>& inputs, ToSave saved, Backward backward) {
  std::vector<Tensor> operands{self};
  operands.insert(operands.end(), inputs.begin(), inputs.end());
  self.bump_version();
  if (!will_record(operands)) return;
  for (const auto& item : saved) {
    const auto* tensor = std::get_if<Tensor>(&item);
    if (tensor != nullptr && tensor->defined() && tensor->storage() == self.storage()) {
      throw AutogradError(concat("[", op, "] saves memory that it has just overwritten"));
    }
  }
  const auto node = make_node(op, edges_of(op, operands), {self}, saved, std::move(backward));
  // .grad() and new hooks are of the new value; hooks that are there already stay with the old one.
  TensorMeta& meta = make_meta(self);
  if (meta.node) {
    if (const auto kept = meta.node->retained_grads.extract(meta.output); !kept.empty()) node->retained_grads[0] = kept.mapped();
  }
  meta.hooks.reset();
  connect(self, node, 0);
  self.storage()->count_rebase();
}

}  // namespace cairn::inline v0
