#!/usr/bin/env python3
"""Calls that Busbar does without, and marks of unfinished work."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CALLS = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|alloca|setjmp|"
                   r"longjmp|system|popen|strncpy|usleep)\s*\(")
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def code_only(text):
    """Comments and strings blanked, lines kept."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def main():
    wrong = []
    folders = [ROOT / "gateway", ROOT / "tools", ROOT / "firmware", ROOT / "tests" / "unit",
               ROOT / "tests" / "contract", ROOT / "tests" / "fuzz"]
    for path in sorted(p for d in folders for p in d.rglob("*.[ch]")):
        text = path.read_text()
        for kind, pattern, lines in (("call", CALLS, code_only(text).splitlines()),
                                     ("mark", MARKS, text.splitlines())):
            for number, line in enumerate(lines, 1):
                m = pattern.search(line)
                if m:
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: banned {kind} {m.group(1)}")
    print("\n".join(wrong) or "banned: none found")
    return 1 if wrong else 0


sys.exit(main())
