#!/usr/bin/env python3
"""Turns colormaps.txt into the C table behind colormap.h. Usage: colormaps.py IN OUT"""

import sys

maps = []
with open(sys.argv[1], encoding="utf-8") as text:
    for line in text:
        if line.startswith("map "):
            _, name, sign, label = line.rstrip("\n").split(" ", 3)
            maps.append((name, sign, label, []))
        elif line.strip() and not line.startswith("#"):
            maps[-1][3].extend(line.split())

with open(sys.argv[2], "w", encoding="utf-8") as out:
    out.write('/* Made by colormaps.py from colormaps.txt. */\n#include "ui/draw/colormap.h"\n\n')
    out.write("const UiColormap ui_colormap_table[] = {\n")
    for name, sign, label, colours in maps:
        if len(colours) != 256:
            sys.exit(f"{sys.argv[1]}: map {name} has {len(colours)} colours, 256 are needed")
        rows = ["{0x%s, 0x%s, 0x%s}" % (c[0:2], c[2:4], c[4:6]) for c in colours]
        out.write('  { "%s", "%s", ENG_SIGN_%s, {\n    %s } },\n' % (name, label, sign.upper(), ",\n    ".join(rows)))
    out.write("  { NULL }\n};\n")
