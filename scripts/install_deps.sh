#!/usr/bin/env bash
# Installs the Debian packages that are missing, as root or with sudo. Says nothing when all are there.
#   scripts/install_deps.sh demo    what the library and the demo apps need
#   scripts/install_deps.sh test    that and what the tests and benchmarks need
set -euo pipefail

fail() {
  echo "install_deps.sh: $*" >&2
  exit 1
}

packages=(g++ cmake ninja-build zlib1g-dev nlohmann-json3-dev libcli11-dev libhwy-dev)
case "${1:-}" in
  demo) ;;
  test) packages+=(libgtest-dev libbenchmark-dev qemu-user) ;;
  *) fail "usage: scripts/install_deps.sh demo|test" ;;
esac

command -v dpkg-query >/dev/null || fail "this is no Debian system; install what corresponds to: ${packages[*]}"
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "needs root or sudo to install: ${missing[*]}"
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update -qq &&
       "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
         apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  cat "$log" >&2
  fail "could not install: ${missing[*]}"
fi
