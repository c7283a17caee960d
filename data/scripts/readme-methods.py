"""Rewrites README's list of methods from what the program says. Called by "ninja -C build readme-methods".

Usage: readme-methods.py SIGHTLINE-CLI README.md"""
import subprocess
import sys

BEGIN, END = '<!-- methods: written by "ninja -C build readme-methods" -->\n', '<!-- /methods -->'

cli, readme = sys.argv[1:]
listed = subprocess.run([cli, 'methods', '--markdown'], check=True, capture_output=True, encoding='utf-8').stdout
with open(readme, encoding='utf-8') as file:
    text = file.read()
before, _, rest = text.partition(BEGIN)
_, end, after = rest.partition(END)
if not end:
    sys.exit(f'{readme} has no section for the list of methods')
with open(readme, 'w', encoding='utf-8') as file:
    file.write(before + BEGIN + listed + END + after)
