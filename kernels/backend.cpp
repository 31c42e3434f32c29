#include <cairn/core/error.h>
#include <cairn/core/plugin.h>
#include <cairn/kernels/cpu/tables.h>
#include <cairn/kernels/kernels.h>

#include <cstdlib>
#include <string_view>

namespace cairn::inline v0 {

namespace {

bool processor_has(Isa isa) {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") &&
                    __builtin_cpu_supports("f16c");
  if (isa == Isa::avx2) return avx2;
  return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

Isa choose_isa() {
  const char* wanted = std::getenv("CAIRN_ISA");
  Isa isa = processor_has(Isa::avx512) ? Isa::avx512 : Isa::avx2;
  if (wanted != nullptr && *wanted != '\0') {
    const std::string_view word = wanted;
    check<ValueError>(word == "avx2" || word == "avx512", "CAIRN_ISA", "expected avx2 or avx512, not \"", word, "\"");
    isa = word == "avx2" ? Isa::avx2 : Isa::avx512;
  }
  check<DeviceError>(processor_has(isa), "cpu_isa", "this processor lacks ",
                     isa == Isa::avx2 ? "AVX2 with FMA, BMI2 and F16C, which Cairn needs" : "AVX-512 (F, BW, CD, DQ, VL)");
  return isa;
}

template <class... Families>
void fill_all(Isa isa, Families&... families) {
  if (isa == Isa::avx512) {
    (cpu::N_AVX3::fill(families), ...);
  } else {
    (cpu::N_AVX2::fill(families), ...);
  }
}

Kernels cpu_tables() {
  Kernels k{};
  fill_all(cpu_isa(), k.pointwise, k.reduce, k.matmul, k.conv, k.pool, k.norm, k.softmax, k.loss, k.index, k.random, k.optimizer);
  return k;
}

}  // namespace

Isa cpu_isa() {
  static const Isa isa = choose_isa();
  return isa;
}

const char* name_of(Isa isa) { return isa == Isa::avx512 ? "avx512" : "avx2"; }

const Kernels& kernels(Device device) {
  static const Kernels cpu = cpu_tables();
  if (device.is_cpu()) return cpu;
  const DeviceApi& api = device_api(device);
  check<DeviceError>(api.kernels != nullptr && api.kernels_size == sizeof(Kernels), "kernels", "the plugin of ", to_string(device),
                     " was built for kernel tables of ", api.kernels_size, " bytes, this library has ", sizeof(Kernels));
  return *static_cast<const Kernels*>(api.kernels);
}

}  // namespace cairn::inline v0
