#!/usr/bin/env python3
"""Counts single tests in meson's testlog.json. Skipped ones are named and count as neither passed nor failed.

A program that dies, hangs or fails without saying which test failed counts as one failure. The last line is
"N passed, N failed"; the exit status is 1 when anything failed or nothing ran."""

import collections
import json
import re
import sys

passed = failed = 0
skipped = collections.Counter()
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        run = json.loads(line)
        results = re.findall(r"^(not ok|ok) \d+ ?(?:- )?(.*)$", run.get("stdout") or "", re.M)
        bad = sum(verdict == "not ok" for verdict, _ in results)
        skips = [name for verdict, name in results if verdict == "ok" and "# SKIP" in name]
        skipped.update((run["name"], name.partition("# SKIP")[2].strip()) for name in skips)
        passed += len(results) - bad - len(skips)
        failed += bad
        if not results and run["result"] == "SKIP":
            skipped[run["name"], "the whole program"] += 1
        elif not results and run["result"] == "OK":
            passed += 1
        elif not bad and run["result"] not in ("OK", "SKIP"):
            failed += 1
            print(f"{run['name']}: {run['result']}")
for (name, reason), n in skipped.items():
    print(f"{name}: {n} skipped, {reason}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed == 0)
