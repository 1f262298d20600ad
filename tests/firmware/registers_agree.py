#!/usr/bin/env python3
"""The profile's points and the table of docs/firmware.md are those of the register list that the
firmware is compiled from. usage: registers_agree.py BUSBAR-NODE-REGISTERS"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def printed(program, what):
    return subprocess.run([program, what], check=True, text=True, capture_output=True).stdout


def main(program):
    wrong = []
    if printed(program, "profile") not in (ROOT / "config/profiles/busbar-node.yaml").read_text():
        wrong.append("config/profiles/busbar-node.yaml: replace what follows `modbus:` by what "
                     "`busbar-node-registers profile` prints")
    if printed(program, "table") not in (ROOT / "docs/firmware.md").read_text():
        wrong.append("docs/firmware.md: replace the register table by what `busbar-node-registers table` prints")
    print("\n".join(wrong) or "registers: firmware, profile and docs say the same")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1]))
