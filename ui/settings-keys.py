#!/usr/bin/env python3
"""Turns the settings schema into the C table behind settings.c. Usage: settings-keys.py IN OUT"""

import json
import sys
import xml.etree.ElementTree

rows = []
for key in xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("key"):
    name, kind, default = key.get("name"), key.get("type"), key.findtext("default")
    least, most, text, number = "G_MININT", "G_MAXINT", "NULL", "0"
    choices = [choice.get("value") for choice in key.iter("choice")]
    span = key.find("range")
    if kind == "s":
        text = json.dumps(default.strip("'"))
    elif kind == "b":
        number = {"true": "TRUE", "false": "FALSE"}[default]
    elif kind == "i":
        number = str(int(default))
    else:
        sys.exit(f"{sys.argv[1]}: key {name} has type {kind}; i, b and s are known")
    if span is not None:
        least, most = span.get("min"), span.get("max")
    listed = ", ".join([json.dumps(choice) for choice in choices] + ["NULL"])
    rows.append(f'  {{ "{name}", "{kind}", {text}, {number}, {least}, {most}, {{ {listed} }} }},\n')

with open(sys.argv[2], "w", encoding="utf-8") as out:
    out.write('/* Made by settings-keys.py from the schema. */\n#include "ui/settings-keys.h"\n\n')
    out.write("const UiSettingsKey ui_settings_keys[] = {\n" + "".join(rows) + "  { NULL }\n};\n")
