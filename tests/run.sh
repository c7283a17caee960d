#!/bin/sh
# Installs what is missing, builds, runs the suite. The last line is "N passed, N failed".
# Usage: sh tests/run.sh [BUILD-FOLDER]   (build unless given; made when missing)
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
sh app/install-packages.sh build test
[ -f "$build/build.ninja" ] || meson setup "$build"
ninja -C "$build" || { echo "0 passed, 1 failed"; exit 1; }
status=0
# Three times the limits: shared machines and sanitizers are slow.
meson test -C "$build" --no-rebuild --print-errorlogs -t 3 || status=$?
python3 tests/summary.py "$build/meson-logs/testlog.json" || status=1
exit "$status"
