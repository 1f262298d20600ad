#!/usr/bin/env python3
"""Prints flash, RAM and deepest stack of the node's image, and fails when one is over its bound.

usage: image_limits.py BUILD-FOLDER IMAGE-NAME

The stack is the deepest path of the compiler's call graph (-fcallgraph-info=su) from main(), plus the
deepest interrupt with its frame. A call through struct hal counts as the deepest board function; a
function of the C library, which has no graph, as LIBRARY bytes."""
import pathlib
import re
import subprocess
import sys

FLASH_MAX, RAM_MAX = 64 * 1024, 16 * 1024
LIBRARY = 256
EXCEPTION_FRAME = 108  # registers and FPU registers that the core stacks, and alignment
HANDLERS = ("tick_handler", "uart_handler", "adc_handler")


def graph(folder):
    """{function: bytes}, {function: callees}, functions of the board that are called by pointer."""
    frames, calls, board = {}, {}, set()
    for path in folder.rglob("*.ci"):
        text = path.read_text()
        for title, label in re.findall(r'node: \{ title: "([^"]+)" label: "([^"]+)"', text):
            size = re.search(r"(\d+) bytes \((static|dynamic[^)]*)\)", label)
            if not size:
                continue
            assert size.group(2) == "static", f"{title}: the compiler cannot bound its stack"
            frames[title] = int(size.group(1))
            if "/hal/stm32f405/" in label or path.parent.name.endswith(".dir"):
                board.add(title)
        for source, target in re.findall(r'sourcename: "([^"]+)" targetname: "([^"]+)"', text):
            calls.setdefault(source, set()).add(target)
    return frames, calls, board


def name(title):
    return title.rsplit(":", 1)[-1]


def deepest(folder):
    frames, calls, board = graph(folder)
    pointed = [t for t in board if name(t) not in ("main", "reset_handler", "board_open") + HANDLERS]
    known = {}

    def depth(title, above):
        if title in above:
            raise SystemExit(f"{title} calls itself: its stack has no bound")
        if title == "__indirect_call":
            # no board function calls through a pointer itself
            return max((depth(t, above + (title,)) for t in pointed), default=0)
        if title not in frames:
            return LIBRARY
        if title not in known:
            known[title] = frames[title] + max(
                (depth(t, above + (title,)) for t in calls.get(title, ())), default=0)
        return known[title]

    tops = {name(t): depth(t, ()) for t in frames if name(t) in HANDLERS + ("main",)}
    return tops["main"] + EXCEPTION_FRAME + max(tops.get(h, 0) for h in HANDLERS)


def main(build, image):
    elf = pathlib.Path(build) / f"{image}.elf"
    sizes = {}
    for line in subprocess.run(["arm-none-eabi-size", "-A", elf], check=True, text=True,
                               capture_output=True).stdout.splitlines():
        m = re.match(r"(\.\S+)\s+(\d+)\s+(\d+)", line)
        if m:
            sizes[m.group(1)] = int(m.group(2))
    ram = sum(sizes.get(s, 0) for s in (".stack", ".data", ".bss", ".noinit"))
    flash = sum(sizes.get(s, 0) for s in (".vectors", ".text", ".ARM.exidx", ".data"))
    stack = deepest(pathlib.Path(build) / "CMakeFiles" / f"{image}.dir")
    print(f"{image}: flash {flash} of {FLASH_MAX} bytes, RAM {ram} of {RAM_MAX} "
          f"(stack {sizes['.stack']} of these), deepest stack {stack} of {sizes['.stack']}")
    return 0 if flash <= FLASH_MAX and ram <= RAM_MAX and stack <= sizes[".stack"] else 1


sys.exit(main(*sys.argv[1:]))
