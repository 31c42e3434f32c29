/// The graph behind recorded tensors. Users of the library need <cairn/autograd/record.h> only.
#pragma once

#include <cairn/autograd/record.h>

#include <cstdint>
#include <map>
#include <string>

namespace cairn::inline v0 {

/// Where a gradient goes: output number `output` of `node`.
struct Edge {
  std::shared_ptr<Node> node;
  int output = 0;
  explicit operator bool() const { return node != nullptr; }
};

using Hook = std::function<Tensor(const Tensor&)>;
using HookList = std::map<std::size_t, Hook>;

/// A tensor kept for backward: its memory and place in the graph, not the tensor itself.
class SavedTensor {
 public:
  SavedTensor(const Tensor& tensor, bool is_output, int output_index);

  /// The tensor again; `owner` is the node that saved it.
  Tensor unpack(const Node& owner) const;

 private:
  friend class Node;
  Tensor detached_;  // shares the memory, has no history
  Edge edge_;        // its history; empty for outputs of the owner, which would refer to themselves
  std::uint64_t version_ = 0;
  int output_index_ = -1;
};

/// One recorded op.
class Node : public std::enable_shared_from_this<Node> {
 public:
  struct OutputInfo {
    Dims sizes;
    DType dtype;
    Device device;
  };

  explicit Node(const char* op);
  virtual ~Node();

  /// Gradients of the outputs to gradients of the inputs, one per edge.
  virtual std::vector<Tensor> apply(std::vector<Tensor> gradients, const std::vector<bool>& needs);

  /// Drops what only backward needs.
  virtual void release();

  const char* op;
  std::uint64_t sequence;  ///< grows with creation, so edges lead from higher to lower numbers
  std::vector<Edge> edges;
  std::vector<OutputInfo> outputs;
  std::vector<SavedTensor> saved;
  Backward backward;
  std::map<int, std::shared_ptr<HookList>> hooks;             ///< by output
  std::map<int, std::weak_ptr<Tensor::Impl>> retained_grads;  ///< outputs that keep their gradient
  bool released = false;
};

/// The end of the graph at a leaf: adds what arrives to its grad.
class AccumulateGrad : public Node {
 public:
  explicit AccumulateGrad(const Tensor& leaf);
  std::vector<Tensor> apply(std::vector<Tensor> gradients, const std::vector<bool>& needs) override;
  void release() override {}

 private:
  Tensor leaf_;
};

/// What a tensor knows of its part in differentiation.
class TensorMeta : public AutogradMeta {
 public:
  ~TensorMeta() override;

  bool requires_grad = false;
  Tensor grad;
  std::shared_ptr<Node> node;  ///< null for leaves
  int output = 0;
  std::weak_ptr<Node> accumulate;  ///< of a leaf; lives as long as a graph uses it
  std::shared_ptr<HookList> hooks;
};

/// The tensor's record, null when there is none / made when there is none.
TensorMeta* find_meta(const Tensor& tensor);
TensorMeta& make_meta(const Tensor& tensor);

/// Where the gradient of `tensor` goes: empty when it does not require grad. Throws AutogradError naming
/// `op` for a view whose base has been changed since.
Edge gradient_edge(const char* op, const Tensor& tensor);

/// Gives up a reference to a node without recursion, however long the chain behind it.
void release_node(std::shared_ptr<Node>&& node);

}  // namespace cairn::inline v0
