#!/usr/bin/env bash
# Installs what is missing, builds everything in release mode, and runs the tests: with the best instruction set of
# this processor, with AVX2, and in an emulated processor without AVX-512. CAIRN_DATA=FOLDER adds the tests on real data.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_deps.sh test
scripts/build.sh release -DCAIRN_BUILD_TESTS=ON -DCAIRN_BUILD_APPS=ON -DCAIRN_BUILD_BENCH=ON ${CI:+-DCAIRN_WERROR=ON}

skipped=()
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export OMP_WAIT_POLICY=passive  # several tests share the cores: a waiting thread must not spin
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"

# run_tests TITLE [ctest options…]: prints what failed and the totals, and collects why tests were skipped.
run_tests() {
  local title=$1 failed=0
  shift
  echo "== $title"
  ctest --preset release -j "$(nproc)" "$@" >"$scratch/ctest" 2>&1 || failed=1
  if [ "$failed" -eq 1 ]; then
    grep -vE '(Passed|Skipped) +[0-9.]+ sec$|^ +Start +[0-9]+: ' "$scratch/ctest" >&2
    echo "test.sh: tests failed ($title)" >&2
    exit 1
  fi
  grep -E 'tests passed|Total Test time' "$scratch/ctest"
  # GoogleTest says "FILE:LINE: Skipped" and the reason below it, our shell scripts "skipped: REASON".
  while read -r line; do skipped+=("$title: $line"); done < <(
    awk '/:[0-9]+: Skipped$/ {getline; count[$0]++}
         /^skipped: / {count[substr($0, 10)]++}
         END {for (reason in count) print count[reason] " skipped: " reason}' build/release/Testing/Temporary/LastTest.log | sort)
}

has_avx512() { grep -qw avx512f /proc/cpuinfo && grep -qw avx512vl /proc/cpuinfo; }

if has_avx512; then
  run_tests "tests with AVX-512"
  CAIRN_ISA=avx2 run_tests "tests with AVX2" -LE avx2 -E '^op_table'  # those ran on AVX2 above, under the label avx2
else
  run_tests "tests with AVX2"
  skipped+=("tests with AVX-512: this processor has none")
fi

echo "== a training step on an emulated processor without AVX-512"
if command -v qemu-x86_64 >/dev/null; then
  env -u CAIRN_DATA -u CAIRN_ISA qemu-x86_64 -cpu Haswell build/release/apps/image_classification --quiet --threads 1 \
    --workers 0 --train-size 8 --test-size 8 --batch 4 --max-steps 1 --out "$scratch" >"$scratch/log" 2>&1 ||
    { cat "$scratch/log" >&2; echo "test.sh: failed under qemu-x86_64 -cpu Haswell" >&2; exit 1; }
  grep -q '"isa": "avx2"' "$scratch/metrics.json" || { echo "test.sh: AVX2 was not used under emulation" >&2; exit 1; }
  echo "passed"
else
  skipped+=("emulated processor: qemu-x86_64 is not installed")
fi

echo "== skipped"
[ -n "${CAIRN_DATA:-}" ] || skipped+=("tests on real data: CAIRN_DATA is not set")
command -v nvidia-smi >/dev/null || skipped+=("tests on a GPU: there is none here")
printf '%s\n' "${skipped[@]:-nothing}"
echo "== all tests passed"
