#!/bin/sh
# Starts the window under Xvfb: version, first frame, and the sample explained to the end. A critical
# message of GTK or GLib ends the program and with it this check.
# Usage: sh tests/window-smoke.sh SIGHTLINE   (the built program)
set -eu
program=$1
data=$(cd "$(dirname "$0")/../data" && pwd)
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT

# A person's settings stay out of it; no graphics card, no accessibility bus.
window ()
{
    env HOME="$home" XDG_CONFIG_HOME="$home" XDG_CACHE_HOME="$home" XDG_DATA_HOME="$home" XDG_RUNTIME_DIR="$home" \
        GDK_BACKEND=x11 GSK_RENDERER=cairo GTK_A11Y=none LIBGL_ALWAYS_SOFTWARE=1 G_DEBUG=fatal-criticals \
        timeout 300 xvfb-run -a -s "-screen 0 1600x1000x24" "$program" "$@"
}

"$program" --version | grep -q '^sightline ' || { echo "--version says nothing"; exit 1; }
milliseconds=$(window --exit-after-first-frame) || { echo "no first frame"; exit 1; }
echo "first frame after $milliseconds ms"
window --screenshot "$home/window.png" --when done "$data/models/scenes-cnn.onnx" "$data/scenes/harbour-01.png" \
    || { echo "the sample was not explained"; exit 1; }
[ -s "$home/window.png" ] || { echo "the window was not drawn"; exit 1; }
