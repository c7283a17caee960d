#!/bin/sh
# Draws the pictures of README.md: one sample scene, two classes, as sightline-cli writes them.
# Usage: readme-picture.sh SIGHTLINE-CLI DATA-FOLDER   (ninja -C build readme-pictures)
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for class in lighthouse sailboat; do
    "$1" explain --model "$2/models/scenes-cnn.onnx" --method ltx --class "$class" --output "$out" "$2/scenes/harbour-01.png"
    mv "$out/harbour-01.ltx.png" "$2/readme-$class.png"
done
