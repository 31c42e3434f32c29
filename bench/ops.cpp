/// Single operations. "fwdbwd" is the forward, then the gradients of all inputs for a given output gradient.
#include "bench.h"

#include <cairn/autograd/autograd.h>
#include <cairn/autograd/ops.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace bench {

namespace {

using cairn::Tensor;
using Function = std::function<Tensor(const std::vector<Tensor>&)>;

/// `gradient` may be undefined for a function with one output element.
Step forward_backward(Function function, std::vector<Tensor> inputs, Tensor gradient = {}) {
  return [=] {
    const Tensor y = function(inputs);
    cairn::grad({y}, inputs, gradient.defined() ? std::vector<Tensor>{gradient} : std::vector<Tensor>{});
  };
}

void add_pointwise(const char* name, const cairn::Dims& sizes, Tensor (*op)(const Tensor&)) {
  add_case({name, "elem", static_cast<double>(sizes.product()), [=]() -> Step {
              return forward_backward([=](const auto& x) { return op(x[0]); }, {normal(sizes, true)}, normal(sizes));
            }});
}

void add_rows() {
  add_case({"op/xent_8192x50257_fwdbwd", "elem", 8192.0 * 50257, []() -> Step {
              const Tensor target = cairn::randint(0, 50257, {8192});
              return forward_backward([=](const auto& x) { return cairn::cross_entropy(x[0], target); }, {normal({8192, 50257}, true)});
            }});
  add_case({"op/softmax_12288x1024", "elem", 12288.0 * 1024, []() -> Step {
              return [x = normal({12288, 1024})] { cairn::softmax(x, -1); };
            }});
}

void add_norms() {
  add_case({"op/layernorm_8192x768_fwdbwd", "elem", 8192.0 * 768, []() -> Step {
              return forward_backward([](const auto& x) { return cairn::layer_norm(x[0], {768}, x[1], x[2]); },
                                      {normal({8192, 768}, true), normal({768}, true), normal({768}, true)}, normal({8192, 768}));
            }});
  add_case({"op/batchnorm_n128_c64_h32_fwdbwd", "elem", 128.0 * 64 * 32 * 32, []() -> Step {
              const Tensor mean = cairn::zeros({64}), variance = cairn::ones({64});
              return forward_backward([=](const auto& x) { return cairn::batch_norm(x[0], x[1], x[2], mean, variance, true); },
                                      {normal({128, 64, 32, 32}, true), normal({64}, true), normal({64}, true)},
                                      normal({128, 64, 32, 32}));
            }});
}

void add_pool() {
  add_case({"op/maxpool_n128_c64_h32_fwdbwd", "elem", 128.0 * 64 * 32 * 32, []() -> Step {
              const cairn::PoolGeometry geometry{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
              return forward_backward([=](const auto& x) { return cairn::max_pool2d(x[0], geometry); },
                                      {normal({128, 64, 32, 32}, true)}, normal({128, 64, 16, 16}));
            }});
}

constexpr std::int64_t m64 = 64 << 20;

/// Results come from the allocator's cache, so memory is touched once, as where PyTorch gets a preallocated result.
void add_memory_bound() {
  add_case({"op/add_64m", "byte", 12.0 * m64, []() -> Step { return [a = normal({m64}), b = normal({m64})] { add(a, b); }; }});
  add_case({"op/sum_64m", "byte", 4.0 * m64, []() -> Step { return [a = normal({m64})] { sum(a); }; }});
  add_case({"op/sum_rows_8192x768", "byte", 4.0 * 8192 * 768, []() -> Step { return [a = normal({8192, 768})] { sum(a, {0}); }; }});
  add_case({"op/transpose_4096", "byte", 8.0 * 4096 * 4096, []() -> Step {
              return [a = normal({4096, 4096}), to = normal({4096, 4096})] { to.copy_(a.t()); };
            }});
}

void add_embedding() {
  add_case({"op/embedding_50257x768_8192_fwdbwd", "elem", 8192.0 * 768, []() -> Step {
              const Tensor index = cairn::randint(0, 50257, {8192});
              return forward_backward([=](const auto& x) { return cairn::index_select(x[0], 0, index); },
                                      {normal({50257, 768}, true)}, normal({8192, 768}));
            }});
}

}  // namespace

void add_op_cases() {
  add_rows();
  add_norms();
  add_pointwise("op/gelu_8192x3072_fwdbwd", {8192, 3072}, [](const Tensor& x) { return cairn::gelu(x); });
  add_pointwise("op/gelu_tanh_8192x3072_fwdbwd", {8192, 3072}, [](const Tensor& x) { return cairn::gelu(x, cairn::GeluForm::tanh); });
  add_pointwise("op/relu_128x64x32x32_fwdbwd", {128, 64, 32, 32}, [](const Tensor& x) { return cairn::relu(x); });
  add_pool();
  add_memory_bound();
  add_embedding();
}

}  // namespace bench
