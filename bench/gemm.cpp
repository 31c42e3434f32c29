/// Matrix products: C[M, N] = A[M, K] B[K, N], 2 M N K FLOP, also batched.
#include "bench.h"

#include <cairn/autograd/ops.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace bench {

namespace {

struct Gemm {
  const char* kind;  ///< "nn"; "nt": B is stored as [N, K]; "tn": A is stored as [K, M]
  std::int64_t batch, m, n, k;  ///< batch 0: a plain matrix product
};

constexpr Gemm gemms[] = {
    {"nn", 0, 128, 128, 128},    {"nn", 0, 256, 256, 256},    {"nn", 0, 512, 512, 512},   {"nn", 0, 1024, 1024, 1024},
    {"nn", 0, 2048, 2048, 2048}, {"nn", 0, 4096, 4096, 4096}, {"nn", 0, 8192, 3072, 768}, {"nn", 0, 8192, 768, 3072},
    {"nn", 0, 64, 1000, 512},    {"nn", 0, 128, 512, 784},    {"nn", 0, 1, 4096, 4096},   {"nn", 0, 4096, 1, 4096},
    {"nn", 0, 8, 4096, 4096},    {"nt", 0, 1024, 1024, 1024}, {"nt", 0, 8192, 3072, 768}, {"nt", 0, 128, 512, 784},
    {"nt", 0, 1, 4096, 4096},    {"nt", 0, 1024, 50257, 768}, {"tn", 0, 1024, 1024, 1024}, {"tn", 0, 3072, 768, 8192},
    {"tn", 0, 512, 784, 128},    {"nt", 96, 1024, 1024, 64},  {"nn", 96, 1024, 64, 1024},
};

std::string name_of(const Gemm& g) {
  std::string name = g.batch > 0 ? "bmm_" : "gemm_";
  name += g.kind;
  name += '/';
  if (g.batch > 0) name += std::to_string(g.batch) + "x";
  return name + std::to_string(g.m) + "x" + std::to_string(g.n) + "x" + std::to_string(g.k);
}

/// A [rows, cols] operand, batched or not, stored the other way round when `transposed`.
cairn::Tensor operand(const Gemm& g, std::int64_t rows, std::int64_t cols, bool transposed) {
  cairn::Dims sizes = transposed ? cairn::Dims{cols, rows} : cairn::Dims{rows, cols};
  if (g.batch > 0) sizes.insert(0, g.batch);
  const cairn::Tensor stored = normal(sizes);
  return transposed ? stored.transpose(-2, -1) : stored;
}

}  // namespace

void add_gemm_cases() {
  for (const Gemm& g : gemms) {
    const double flop = 2.0 * static_cast<double>(std::max<std::int64_t>(g.batch, 1) * g.m * g.n * g.k);
    add_case({name_of(g), "flop", flop, [g]() -> Step {
                const std::string kind = g.kind;
                const cairn::Tensor a = operand(g, g.m, g.k, kind == "tn"), b = operand(g, g.k, g.n, kind == "nt");
                return [a, b] { matmul(a, b); };
              }});
  }
}

}  // namespace bench
