/// Random numbers from Philox (<cairn/core/philox.h>): element i of the logical row-major order takes the
/// word at state->offset + i. Seed and offset are read through the pointer when the kernel runs.
#pragma once

#include <cairn/core/philox.h>
#include <cairn/core/view.h>

namespace cairn::inline v0 {

struct RandomKernels {
  /// low + (high - low) * u, u in [0, 1) with 24 bits, computed in f32 (f64 for f64 outputs); values that
  /// would round to `high` become the largest one below it. Floating dtypes.
  Status (*uniform)(Context&, View out, const PhiloxState* state, double low, double high);

  /// mean + deviation * z, z standard normal by Box and Muller from the two words (2 j, 2 j + 1) of pair j = i / 2:
  /// even i takes the cosine, odd i the sine. The op advances the offset by the count rounded up to even.
  Status (*normal)(Context&, View out, const PhiloxState* state, double mean, double deviation);

  /// 1 where u < p, else 0. Any dtype.
  Status (*bernoulli)(Context&, View out, const PhiloxState* state, double p);

  /// mask = u >= p (bool); y = mask ? x / (1 - p) : 0. x, y: one shape and layout, dense; mask alike. Elements
  /// are numbered in row-major logical order.
  Status (*dropout)(Context&, View x, View y, View mask, const PhiloxState* state, double p);
};

}  // namespace cairn::inline v0
