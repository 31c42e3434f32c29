/// The instruction sets that every file of this folder is compiled for, by Highway's foreach_target:
/// once in namespace cpu::N_AVX2 and once in cpu::N_AVX3 (AVX-512 F, BW, CD, DQ, VL). Include this before
/// <hwy/foreach_target.h>. Each file has this form, and defines `fill` for its family in each namespace:
///
///   #undef HWY_TARGET_INCLUDE
///   #define HWY_TARGET_INCLUDE "cairn/kernels/cpu/softmax.cpp"
///   #include <cairn/kernels/cpu/targets.h>
///   #include <hwy/foreach_target.h>
///   #include <hwy/highway.h>
///   …other includes…
///   HWY_BEFORE_NAMESPACE();
///   namespace cairn::inline v0::cpu::HWY_NAMESPACE {
///   namespace {  …kernels…  }
///   void fill(SoftmaxKernels& table) { … }
///   }
///   HWY_AFTER_NAMESPACE();
///
/// Only code between BEFORE and AFTER may use the instruction set; templates of the standard library stay
/// outside, so the linker cannot keep an AVX-512 copy of a shared one. Lambdas need HWY_ATTR (for clang).
#pragma once

#define HWY_BASELINE_TARGETS HWY_AVX2
#define HWY_DISABLED_TARGETS (HWY_SSE4 | HWY_SSSE3)
