#!/usr/bin/env bash
# Configures and builds a preset:  scripts/build.sh PRESET [cmake options…] [-- targets…]
# As many compilers run at once as there are cores and as memory allows; ccache is used where it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: scripts/build.sh PRESET [cmake options…] [-- targets…]}
shift
options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
[ $# -eq 0 ] || shift
targets=("$@")

megabytes_per_job=1500
available=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
jobs=$((available / megabytes_per_job))
[ "$jobs" -le "$(nproc)" ] || jobs=$(nproc)
[ "$jobs" -ge 1 ] || jobs=1

if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
build=(cmake --build --preset "$preset" -j "$jobs")
[ ${#targets[@]} -eq 0 ] || build+=(--target "${targets[@]}")

echo "building $preset with $jobs jobs"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
start=$SECONDS
if ! cmake --preset "$preset" "${options[@]}" >"$log" 2>&1 || ! "${build[@]}" >"$log" 2>&1; then
  cat "$log" >&2
  echo "build.sh: building $preset failed" >&2
  exit 1
fi
grep -E 'warning:' "$log" || true
echo "built $preset in $((SECONDS - start)) s"
