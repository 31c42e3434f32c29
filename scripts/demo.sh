#!/usr/bin/env bash
# From a bare Debian 12 to a trained network: installs what is missing, builds the image classifier, and trains it on a
# small set of drawn shapes (at most two minutes of training on 4 cores).
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_deps.sh demo
options=()
if [ ! -e build/release/CMakeCache.txt ] && [ ! -e /usr/include/gtest/gtest.h ]; then
  options=(-DCAIRN_BUILD_TESTS=OFF -DCAIRN_BUILD_BENCH=OFF)  # scripts/test.sh installs what these need
fi
scripts/build.sh release "${options[@]}" -- image_classification

# Without CAIRN_DATA the app takes the embedded set, also where CIFAR-10 is at hand.
env -u CAIRN_DATA build/release/apps/image_classification --model resnet20 --batch 64 --epochs 4 --out out/demo
echo
echo "The metrics and the model are in out/demo. To train on photographs instead:"
echo "  scripts/get_data.sh cifar10 data_files/cifar10"
echo "  build/release/apps/image_classification --data data_files/cifar10 --model resnet20 --epochs 30"
