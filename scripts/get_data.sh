#!/usr/bin/env bash
# Fetches a public data set in its official files and checks their sums.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/get_data.sh cifar10|mnist [FOLDER]

Fetches the files of a data set into FOLDER (default: data_files/cifar10 or data_files/mnist under the
current folder) with curl or wget, and checks their MD5 sums. Files that are there already and whose sums
are right are kept. The tests read them when the variable CAIRN_DATA names the folder that holds cifar10
and mnist.
TEXT
}

fail() {
  echo "get_data.sh: $*" >&2
  exit 1
}

has_sum() {  # FILE MD5
  [ -f "$1" ] && echo "$2  $1" | md5sum --check --status
}

download() {  # URL FILE
  if command -v curl >/dev/null; then
    curl --fail --location --silent --show-error --retry 2 --output "$2" "$1"
  elif command -v wget >/dev/null; then
    wget --quiet --tries=3 --output-document="$2" "$1"
  else
    fail "neither curl nor wget is installed"
  fi
}

fetch() {  # BASE_URL FILE_NAME MD5
  local url="$1/$2" file="$folder/$2"
  if has_sum "$file" "$3"; then
    echo "$file is there"
    return
  fi
  echo "fetching $url"
  download "$url" "$file.part" || { rm -f "$file.part"; fail "cannot fetch $url"; }
  if ! has_sum "$file.part" "$3"; then
    rm -f "$file.part"
    fail "$url is not the file that was expected: its MD5 sum is not $3"
  fi
  mv "$file.part" "$file"
}

case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  cifar10 | mnist) ;;
  *) usage >&2; exit 2 ;;
esac
[ $# -le 2 ] || { usage >&2; exit 2; }
command -v md5sum >/dev/null || fail "md5sum is not installed"
folder="${2:-data_files/$1}"
mkdir -p "$folder" || fail "cannot make the folder $folder"

if [ "$1" = cifar10 ]; then
  # Krizhevsky, University of Toronto. The loader reads the archive as it is.
  fetch https://www.cs.toronto.edu/~kriz cifar-10-binary.tar.gz c32a1d4ab5d03f1284b67883e8d87530
else
  # A mirror of LeCun's files.
  mirror=https://ossci-datasets.s3.amazonaws.com/mnist
  fetch "$mirror" train-images-idx3-ubyte.gz f68b3c2dcbeaaa9fbdd348bbdeb94873
  fetch "$mirror" train-labels-idx1-ubyte.gz d53e105ee54ea40749a09fcbcd1e9432
  fetch "$mirror" t10k-images-idx3-ubyte.gz 9fb629c4189551a2d022fa330f9573f3
  fetch "$mirror" t10k-labels-idx1-ubyte.gz ec29112dd5afa0611ce80d1b7f02629c
fi
echo "$1 is in $folder"
