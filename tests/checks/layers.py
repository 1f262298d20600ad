#!/usr/bin/env python3
"""Each layer includes only what stands above it (docs/architecture.md); shells not each other."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ORDER = ["base", "wire", "meter", "poll", "calc", "alert", "format", "slots", "config", "sys", "orders"]
SHELLS = ["acquire", "store", "publish", "control", "web"]
SHARED = {"publish": {"store/reader.h", "store/live.h"}, "web": {"store/reader.h", "store/reader_alerts.h", "store/live.h"}}
PURE = {"base", "wire", "meter", "poll", "calc", "alert", "format", "slots"}
# What pure code may take from the C library.
PURE_SYSTEM = {"assert.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdalign.h",
               "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "string.h", "strings.h"}
ARENA = {"stdlib.h"}  # base/arena.c owns memory


def allowed(layer):
    if layer in SHELLS:
        return set(ORDER) | {layer}
    return set(ORDER[: ORDER.index(layer) + 1])


def firmware():
    """The node's application knows itself, the header of its board, and the freestanding wire layer."""
    wrong = []
    for path in sorted((ROOT / "firmware" / "app").rglob("*.[ch]")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+([<"])([^>"]+)', line)
            if not m or m.group(2) in PURE_SYSTEM | {"hal/hal.h", "base/err.h"}:
                continue
            if m.group(1) == "<" or m.group(2).split("/")[0] not in ("app", "wire"):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: firmware/app must not include {m.group(2)}")
    return wrong


def main():
    wrong = []
    for path in sorted((ROOT / "gateway").rglob("*.[ch]")):
        layer = path.relative_to(ROOT / "gateway").parts[0]
        if path.parent == ROOT / "gateway":  # main.c and its neighbours join the shells
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+([<"])([^>"]+)', line)
            if not m:
                continue
            where, what = f"{path.relative_to(ROOT)}:{number}", m.group(2)
            if m.group(1) == '"':
                target = what.split("/")[0]
                if what in SHARED.get(layer, set()) or target in allowed(layer):
                    continue
                wrong.append(f"{where}: {layer} must not include {what}")
            elif layer in PURE and what not in PURE_SYSTEM:
                if not (path.name == "arena.c" and what in ARENA):
                    wrong.append(f"{where}: pure layer {layer} must not include <{what}>")
    wrong += firmware()
    print("\n".join(wrong) or "layers: every include points up the house")
    return 1 if wrong else 0


sys.exit(main())
