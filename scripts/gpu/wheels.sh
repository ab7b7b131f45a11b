#!/bin/sh
# Download what a training run needs beyond an image with PyTorch and transformers, as wheels for a
# machine without a network: scripts/gpu/wheels.sh FOLDER [PYTHON_VERSION] [more packages ...]
set -eu
here=$(dirname "$0")
folder=${1:?a folder for the wheels}
version=${2:-3.12}
if [ $# -gt 2 ]; then shift 2; else shift $#; fi
platforms=
for n in 17 24 27 28 31 34; do platforms="$platforms --platform manylinux_2_${n}_x86_64"; done
mkdir -p "$folder"
# Without their needs: those are in the list, or in the image.
${PYTHON:-python3} -m pip download --quiet --disable-pip-version-check --no-deps \
  --only-binary=:all: --implementation cp --python-version "$version" \
  $platforms --platform manylinux2014_x86_64 --platform manylinux1_x86_64 \
  -c "$here/../../constraints.txt" -d "$folder" -r "$here/wheels.txt" "$@"
du -sh "$folder"
