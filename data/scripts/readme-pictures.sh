#!/bin/sh
# Draws the pictures of README.md with the programs themselves: one sample scene explained for two classes
# by sightline-cli, and the window on the sample (under Xvfb).
# Usage: readme-pictures.sh SIGHTLINE-CLI SIGHTLINE DATA-FOLDER   (ninja -C build readme-pictures)
set -eu
cli=$1
window=$2
data=$3
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for class in lighthouse sailboat; do
    "$cli" explain --model "$data/models/scenes-cnn.onnx" --method ltx --class "$class" --output "$out" \
        "$data/scenes/harbour-01.png"
    mv "$out/harbour-01.ltx.png" "$data/readme-$class.png"
done
cd "$data/scenes"
env HOME="$out" XDG_CONFIG_HOME="$out" XDG_RUNTIME_DIR="$out" GSK_RENDERER=cairo GTK_A11Y=none \
    xvfb-run -a -s "-screen 0 1600x1000x24" "$window" --screenshot "$data/readme-window.png" --size 1200x640 --when done \
    "$data/models/scenes-cnn.onnx" harbour-01.png valley-01.png reef-02.png shore-02.png sands-02.png winter-02.png
