#!/bin/sh
# From a fresh clone to a first explanation: installs what is missing, builds, explains a sample scene.
set -eu
cd "$(dirname "$0")/.."
sh app/install-packages.sh build
[ -f build/build.ninja ] || meson setup build
ninja -C build
scene=data/scenes/harbour-01.png
build/app/sightline-cli explain --model data/models/scenes-cnn.onnx --method ltx --output build/first-run "$scene"
stem=$(basename "$scene" .png)
echo
build/app/sightline-cli predict --model data/models/scenes-cnn.onnx --top 3 "$scene"
echo
echo "The picture with its explanation: $(pwd)/build/first-run/$stem.ltx.png"
echo "Its numbers:                      $(pwd)/build/first-run/$stem.ltx.json"
echo "The window:                       $(pwd)/build/app/sightline"
