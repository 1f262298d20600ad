#!/usr/bin/env python3
"""The pure libraries call nothing but mem*, str*, libm and each other: a link-time fact.

usage: purity.py LIBRARY.a ..."""
import re
import subprocess
import sys

ALLOWED = re.compile(
    r"^(mem(cpy|move|set|cmp|chr|rchr|mem)|str(len|nlen|cmp|ncmp|chr|rchr|cspn|spn|str|casecmp|ncasecmp)"
    r"|__assert_fail|__stack_chk_fail|__mem\w+_chk"
    r"|l?l?(round|rint)f?|l(l)?round|fabs|floor|ceil|trunc|fmod|fmin|fmax|sqrt|pow|exp|exp2|log|log2|log10"
    r"|sin|cos|tan|atan2?|hypot|ldexp|frexp|scalbn|nearbyint|modf|isnan|__isnan|__isinf|__finite|__fpclassify"
    r"|_GLOBAL_OFFSET_TABLE_|qsort|bsearch)$")
ARENA = {"malloc", "calloc", "free"}  # base/arena.c owns memory


def symbols(library):
    defined, undefined = set(), {}
    member = ""
    for line in subprocess.run(["nm", library], check=True, text=True,
                               capture_output=True).stdout.splitlines():
        if line.endswith(":"):
            member = line[:-1]
        fields = line.split()
        if len(fields) == 2 and fields[0] in "Uw":
            undefined.setdefault(fields[1], set()).add(member)
        elif len(fields) == 3 and fields[1] in "TRDBtrdb":
            defined.add(fields[2])
            if fields[1] in "DBdb":
                undefined.setdefault(f"writable global {fields[2]}", set()).add(member)
    return defined, undefined


def main(libraries):
    defined, wanted = set(), []
    for library in libraries:
        d, u = symbols(library)
        defined |= d
        wanted += [(library.rsplit("/", 1)[-1], name, members) for name, members in u.items()]
    wrong = []
    for library, name, members in wanted:
        relocated = name.startswith("writable global") and name.split()[-1].startswith("__compound")
        if name in defined or ALLOWED.match(name) or relocated:
            continue
        if name in ARENA and members == {"arena.c.o"}:
            continue
        wrong.append(f"{library}: {', '.join(sorted(members))}: {name}")
    print("\n".join(sorted(wrong)) or f"purity: {len(libraries)} libraries call nothing outside")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
