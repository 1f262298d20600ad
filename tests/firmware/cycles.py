#!/usr/bin/python3
"""Counts the instructions of the node's application in QEMU; by hand, for docs/firmware.md.

usage: NODE_IMAGE_DIR=... BUSBAR_BIN_DIR=... cycles.py
node-cycles.elf takes its samples from a table, so that what is counted is the application. Under
-icount shift=0 an instruction takes one nanosecond of the emulator's time, and the node measures its own
load and longest turn in that time."""
import pathlib
import tempfile
import time

from node_cases import Client
from nodes import qemu_node

SAMPLE_HZ = 4000
CPU_HZ = 168_000_000


def main():
    with tempfile.TemporaryDirectory() as folder, \
            qemu_node(pathlib.Path(folder) / "memory", "node-cycles.elf", ("-icount", "shift=0")) as node:
        client = Client(node.path)
        while client.ask(b"\x03\x00\x00\x00\x01", seconds=0.5) is None:
            pass
        time.sleep(10)
        longest_us, load = client.registers(4, 2, "HH")
        client.close()
    per_second = load * 1_000_000  # 0.1 % of 1e9 instructions
    print(f"{per_second / 1e6:.0f} million instructions a second, {per_second / SAMPLE_HZ:.0f} a sample on the "
          f"average; longest turn {longest_us * 1000} instructions; budget of a sample {CPU_HZ // SAMPLE_HZ} cycles")


main()
