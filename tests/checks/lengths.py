#!/usr/bin/env python3
"""No file over 500 lines; no function over 60 unless the line above it gives the reason as
"long: ...". C functions are measured by Universal Ctags, others by file only."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_MAX, FUNCTION_MAX = 500, 60
SUFFIXES = {".c", ".h", ".py", ".js", ".sh", ".cmake"}


def tracked():
    out = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others",
                          "--exclude-standard"], check=True, text=True, capture_output=True).stdout
    # tests/bench/load is kept as it is, so that numbers of different days compare
    return [ROOT / name for name in out.splitlines()
            if (ROOT / name).is_file() and not name.startswith("tests/bench/load/")]


def functions(files):
    out = subprocess.run(["ctags", "--languages=C", "--kinds-C=f", "--fields=+ne", "-f", "-", "-L",
                          "-"], input="\n".join(map(str, files)), check=True, text=True,
                         capture_output=True).stdout
    for line in out.splitlines():
        fields = line.split("\t")
        extra = dict(f.split(":", 1) for f in fields[3:] if ":" in f)
        if "line" in extra and "end" in extra:
            yield fields[0], pathlib.Path(fields[1]), int(extra["line"]), int(extra["end"])


def main():
    wrong, files = [], [f for f in tracked() if f.suffix in SUFFIXES or f.parent.name == "tools"]
    for f in files:
        n = len(f.read_text(errors="replace").splitlines())
        if n > FILE_MAX:
            wrong.append(f"{f.relative_to(ROOT)}: {n} lines, more than {FILE_MAX}")
    c = [f for f in files if f.suffix == ".c"]
    for name, path, first, last in functions(c):
        n = last - first + 1
        above = path.read_text().splitlines()[max(0, first - 6):first - 1]
        if n > FUNCTION_MAX and not any("long:" in line for line in above):
            wrong.append(f"{path.relative_to(ROOT)}:{first}: {name}() has {n} lines, more than "
                         f"{FUNCTION_MAX}; split it, or say why in a comment \"long: ...\" above it")
    print("\n".join(wrong) or f"lengths: {len(files)} files within {FILE_MAX} lines, functions "
          f"within {FUNCTION_MAX}")
    return 1 if wrong else 0


sys.exit(main())
