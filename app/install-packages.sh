#!/bin/sh
# Installs the Debian packages of the named rooms of packages.txt that are missing.
# Usage: sh app/install-packages.sh ROOM...
set -eu
list=$(dirname "$0")/packages.txt
missing=
for room in "$@"; do
    for package in $(awk -v room="$room" '$1 == room { print $2 }' "$list"); do
        status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
        [ "$status" = "install ok installed" ] || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    sudo=
elif command -v sudo >/dev/null; then
    sudo=sudo
else
    echo "Missing packages. As root: apt-get install$missing" >&2
    exit 1
fi
echo "Installing$missing"
export DEBIAN_FRONTEND=noninteractive
# Lists may be current already; only a failed installation needs them fetched.
# shellcheck disable=SC2086
$sudo apt-get install -y --no-install-recommends $missing >/dev/null 2>&1 || {
    $sudo apt-get update -q
    $sudo apt-get install -y --no-install-recommends $missing
}
