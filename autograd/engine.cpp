#include <cairn/autograd/autograd.h>
#include <cairn/autograd/node.h>
#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>

#include <algorithm>
#include <atomic>
#include <queue>
#include <unordered_map>
#include <unordered_set>

namespace cairn::inline v0 {

namespace {

/// What the pass knows of a node that it has to run.
struct Task {
  std::shared_ptr<Node> node;
  std::vector<Tensor> gradients;  // by output, summed as they arrive
  bool wanted = false;            // leads to a gradient that was asked for
};

/// Whether nobody else can see the elements of `gradient`, so that another one may be added to it in place.
bool is_exclusive(const Tensor& gradient) {
  for (int i = 0; i < gradient.rank(); ++i) {
    if (gradient.sizes()[i] > 1 && gradient.strides()[i] == 0) return false;  // expanded: elements share memory
  }
  return gradient.impl().use_count() == 1 && gradient.storage().use_count() == 1;
}

struct BySequence {
  bool operator()(const Node* a, const Node* b) const { return a->sequence < b->sequence; }
};

/// One pass from outputs towards leaves. An edge leads from a node to an older one, so running the
/// youngest node with a gradient first means that all contributions to it have arrived.
class Pass {
 public:
  Pass(const std::vector<Edge>& roots, const std::vector<Edge>& targets, GradOptions options)
      : options_(options), targets_(targets), captured_(targets.size()) {
    discover(roots);
    mark_wanted();
  }

  void run(const std::vector<Edge>& roots, std::vector<Tensor> gradients) {
    const GradMode mode(options_.create_graph);
    for (std::size_t i = 0; i < roots.size(); ++i) {
      if (roots[i] && gradients[i].defined()) deliver(roots[i], std::move(gradients[i]), "backward");
    }
    while (!ready_.empty()) {
      Node* node = ready_.top();
      ready_.pop();
      Task task = std::move(tasks_.at(node));
      tasks_.erase(node);
      execute(task);
    }
  }

  std::vector<Tensor>& captured() { return captured_; }

 private:
  void discover(const std::vector<Edge>& roots) {
    std::vector<std::shared_ptr<Node>> stack;
    const auto visit = [&](const std::shared_ptr<Node>& node) {
      if (node && tasks_.try_emplace(node.get(), Task{node, std::vector<Tensor>(node->outputs.size()), false}).second) {
        stack.push_back(node);
      }
    };
    for (const Edge& root : roots) visit(root.node);
    while (!stack.empty()) {
      const std::shared_ptr<Node> node = std::move(stack.back());
      stack.pop_back();
      for (const Edge& edge : node->edges) visit(edge.node);
    }
  }

  void mark_wanted() {
    const bool all_leaves = targets_.empty();
    std::unordered_set<const Node*> target_nodes;
    for (const Edge& target : targets_) target_nodes.insert(target.node.get());
    std::vector<Task*> oldest_first;
    oldest_first.reserve(tasks_.size());
    for (auto& [node, task] : tasks_) oldest_first.push_back(&task);
    std::sort(oldest_first.begin(), oldest_first.end(),
              [](const Task* a, const Task* b) { return a->node->sequence < b->node->sequence; });
    for (Task* task : oldest_first) {
      const auto& edges = task->node->edges;
      task->wanted = (all_leaves && edges.empty()) || target_nodes.contains(task->node.get()) ||
                     std::any_of(edges.begin(), edges.end(), [&](const Edge& edge) { return is_wanted(edge); });
    }
  }

  bool is_wanted(const Edge& edge) const {
    const auto found = tasks_.find(edge.node.get());
    return found != tasks_.end() && found->second.wanted;
  }

  /// Adds a gradient to what the edge's end has received.
  void deliver(const Edge& edge, Tensor gradient, const char* from) {
    Task& task = tasks_.at(edge.node.get());
    const Node::OutputInfo& info = edge.node->outputs[static_cast<std::size_t>(edge.output)];
    if (gradient.sizes() != info.sizes) {
      throw AutogradError(concat("[", from, "] gradient of shape ", gradient.sizes(), " for a tensor of shape ", info.sizes));
    }
    if (gradient.dtype() != info.dtype) gradient = gradient.to(info.dtype);
    const bool first = std::none_of(task.gradients.begin(), task.gradients.end(), [](const Tensor& t) { return t.defined(); });
    Tensor& slot = task.gradients[static_cast<std::size_t>(edge.output)];
    if (!slot.defined()) {
      slot = std::move(gradient);
    } else if (!options_.create_graph && is_exclusive(slot)) {
      slot.add_(gradient);
    } else {
      slot = slot + gradient;
    }
    if (first) ready_.push(edge.node.get());
  }

  void execute(Task& task) {
    Node& node = *task.node;
    for (const auto& [index, hooks] : node.hooks) {
      Tensor& gradient = task.gradients[static_cast<std::size_t>(index)];
      if (!gradient.defined()) continue;
      const HookList calls = *hooks;  // a hook may remove itself
      for (const auto& [number, hook] : calls) {
        Tensor replaced = hook(gradient);
        if (!replaced.defined()) continue;
        const Node::OutputInfo& info = node.outputs[static_cast<std::size_t>(index)];
        if (replaced.sizes() != info.sizes || replaced.device() != info.device) {
          throw AutogradError(concat("[hook of ", node.op, "] returned ", replaced.describe(), " as the gradient of a tensor of shape ",
                                     info.sizes, " on ", to_string(info.device)));
        }
        gradient = replaced.to(info.dtype);
      }
    }
    for (const auto& [index, weak] : node.retained_grads) {
      const auto impl = weak.lock();
      const Tensor& gradient = task.gradients[static_cast<std::size_t>(index)];
      if (impl && gradient.defined() && targets_.empty()) {  // grad() leaves every .grad() alone
        TensorMeta& meta = make_meta(Tensor(impl));
        meta.grad = meta.grad.defined() ? meta.grad + gradient : gradient.clone();
      }
    }
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      if (targets_[t].node.get() == &node) captured_[t] = task.gradients[static_cast<std::size_t>(targets_[t].output)];
    }
    const bool leaf = node.edges.empty();
    if (leaf && !targets_.empty()) return;  // grad() leaves .grad() alone

    std::vector<bool> needs(node.edges.size());
    bool any = leaf;
    for (std::size_t i = 0; i < needs.size(); ++i) {
      needs[i] = node.edges[i] && is_wanted(node.edges[i]);
      any = any || needs[i];
    }
    if (!any) return;
    std::vector<Tensor> results = node.apply(std::move(task.gradients), needs);
    if (!options_.retain_graph && !options_.create_graph) node.release();
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (needs[i] && results[i].defined()) deliver(node.edges[i], std::move(results[i]), node.op);
    }
  }

  GradOptions options_;
  std::vector<Edge> targets_;
  std::vector<Tensor> captured_;
  std::unordered_map<const Node*, Task> tasks_;
  std::priority_queue<Node*, std::vector<Node*>, BySequence> ready_;
};

/// The output gradients with ones filled in, checked against the outputs.
std::vector<Tensor> complete_gradients(const char* op, const std::vector<Tensor>& outputs, const std::vector<Tensor>& given) {
  check<ValueError>(given.empty() || given.size() == outputs.size(), op, "got ", given.size(), " gradients for ",
                    outputs.size(), " outputs");
  std::vector<Tensor> gradients;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& y = outputs[i];
    if (!y.requires_grad()) {
      throw AutogradError(concat("[", op, "] output ", i, " (", y.describe(),
                                 ") does not require grad: no input of its computation did, or it ran under NoGrad"));
    }
    if (given.empty()) {
      check<ShapeError>(y.numel() == 1, op, "output ", i, " is ", y.describe(),
                        "; a gradient must be given for an output with more than one element");
      gradients.push_back(ones_like(y));
    } else {
      check<ShapeError>(!given[i].defined() || given[i].sizes() == y.sizes(), op, "gradient ", i, " is ",
                        given[i].describe(), " for an output that is ", y.describe());
      gradients.push_back(given[i]);
    }
  }
  return gradients;
}

std::vector<Edge> edges_of(const char* op, const std::vector<Tensor>& tensors) {
  std::vector<Edge> edges;
  for (const Tensor& tensor : tensors) edges.push_back(gradient_edge(op, tensor));
  return edges;
}

}  // namespace

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs, GradOptions options) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) {
      throw AutogradError(concat("[grad] input ", i, " (", inputs[i].describe(), ") does not require grad"));
    }
  }
  if (inputs.empty()) return {};
  std::vector<Tensor> gradients = complete_gradients("grad", outputs, grad_outputs);
  const std::vector<Edge> roots = edges_of("grad", outputs);
  Pass pass(roots, edges_of("grad", inputs), options);
  pass.run(roots, std::move(gradients));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!pass.captured()[i].defined() && !options.allow_unused) {
      throw AutogradError(concat("[grad] the outputs do not depend on input ", i, " (", inputs[i].describe(),
                                 "); set allow_unused to get an undefined gradient instead"));
    }
  }
  return pass.captured();
}

void backward(const std::vector<Tensor>& outputs, const std::vector<Tensor>& grad_outputs, GradOptions options) {
  std::vector<Tensor> gradients = complete_gradients("backward", outputs, grad_outputs);
  const std::vector<Edge> roots = edges_of("backward", outputs);
  Pass pass(roots, {}, options);
  pass.run(roots, std::move(gradients));
}

// ---- members of Tensor ----------------------------------------------------------------------------

bool Tensor::requires_grad() const {
  const TensorMeta* meta = find_meta(*this);
  return meta != nullptr && meta->requires_grad;
}

bool Tensor::is_leaf() const {
  const TensorMeta* meta = find_meta(*this);
  return meta == nullptr || meta->node == nullptr;
}

const Tensor& Tensor::set_requires_grad(bool value) const {
  check<DTypeError>(!value || is_floating(dtype()), "set_requires_grad", "only floating tensors can require grad, this is ",
                    describe());
  if (!is_leaf()) {
    throw AutogradError(concat("[set_requires_grad] ", describe(), " is the result of a recorded op; detach() it first"));
  }
  if (value || find_meta(*this) != nullptr) make_meta(*this).requires_grad = value;
  return *this;
}

Tensor Tensor::grad() const {
  const TensorMeta* meta = find_meta(*this);
  return meta != nullptr ? meta->grad : Tensor();
}

void Tensor::set_grad(const Tensor& gradient) const {
  if (!gradient.defined() && find_meta(*this) == nullptr) return;
  check<ShapeError>(!gradient.defined() || gradient.sizes() == sizes(), "set_grad", "the gradient is ", gradient.describe(),
                    " for ", describe());
  check<DTypeError>(!gradient.defined() || gradient.dtype() == dtype(), "set_grad", "the gradient is ", gradient.describe(), " for ",
                    describe());
  check_same_device("set_grad", {*this, gradient});
  make_meta(*this).grad = gradient;
}

void Tensor::backward(const Tensor& gradient, bool retain_graph, bool create_graph) const {
  cairn::backward({*this}, gradient.defined() ? std::vector<Tensor>{gradient} : std::vector<Tensor>{},
                  {.retain_graph = retain_graph, .create_graph = create_graph});
}

Tensor Tensor::detach() const {
  Tensor alias = make_view(*this, sizes(), strides(), storage_offset());
  alias.impl()->is_view = is_view();
  return alias;
}

std::size_t Tensor::register_hook(Hook hook) const {
  if (!requires_grad()) throw AutogradError(concat("[register_hook] ", describe(), " does not require grad"));
  static std::atomic<std::size_t> next_number{1};
  TensorMeta& meta = make_meta(*this);
  if (!meta.hooks) {
    meta.hooks = std::make_shared<HookList>();
    const Edge edge = gradient_edge("register_hook", *this);
    edge.node->hooks[edge.output] = meta.hooks;
  }
  const std::size_t number = next_number++;
  (*meta.hooks)[number] = std::move(hook);
  return number;
}

void Tensor::remove_hook(std::size_t number) const {
  const TensorMeta* meta = find_meta(*this);
  check<ValueError>(meta != nullptr && meta->hooks && meta->hooks->erase(number) == 1, "remove_hook", "no hook number ", number);
}

void Tensor::retain_grad() const {
  if (!requires_grad()) throw AutogradError(concat("[retain_grad] ", describe(), " does not require grad"));
  const TensorMeta& meta = make_meta(*this);
  if (meta.node) meta.node->retained_grads[meta.output] = impl();
}

}  // namespace cairn::inline v0
