#!/usr/bin/env python3
"""The pure libraries call nothing but mem*, str*, libm and each other: a link-time fact.

usage: purity.py LIBRARY.a ..."""
import re
import subprocess
import sys

ALLOWED = re.compile(
    r"^(mem(cpy|move|set|cmp|chr|rchr|mem)|str(len|nlen|cmp|ncmp|chr|rchr|cspn|spn|str|casecmp|ncasecmp)"
    r"|__assert_fail|__stack_chk_fail|__mem\w+_chk"
    r"|l?l?(round|rint)f?|l(l)?round|fabs|floor|ceil|trunc|fmod|fminf?|fmaxf?|nextafterf?|sqrt|pow|exp|exp2|log|log2|log10"
    r"|sinf|cosf|sincosf|sqrtf|floorf|sin|cos|tan|atan2?|hypot|ldexp|frexp|scalbn|nearbyint|modf|isnan|__isnan|__isinf|__finite|__fpclassify"
    r"|_GLOBAL_OFFSET_TABLE_|qsort|bsearch)$")
ARENA = {"malloc", "calloc", "free"}  # base/arena.c owns memory


def symbols(library):
    """What a library defines, and what it wants or keeps writable: {name: members}."""
    defined, wanted = set(), {}
    member = ""
    for line in subprocess.run(["nm", "--format=sysv", library], check=True, text=True,
                               capture_output=True).stdout.splitlines():
        m = re.match(r".*\[(\S+)\]:$", line)
        if m:
            member = m.group(1)
        fields = [f.strip() for f in line.split("|")]
        if len(fields) != 7:
            continue
        name, kind, section = fields[0], fields[2], fields[6]
        if kind in "Uw":
            wanted.setdefault(name, set()).add(member)
            continue
        defined.add(name)
        # .data.rel.ro is constant: pointers that the loader relocates once
        if section.startswith((".data", ".bss", "*COM*")) and not section.startswith(".data.rel.ro"):
            wanted.setdefault(f"writable global {name}", set()).add(member)
    return defined, wanted


def main(libraries):
    defined, wanted = set(), []
    for library in libraries:
        d, u = symbols(library)
        defined |= d
        wanted += [(library.rsplit("/", 1)[-1], name, members) for name, members in u.items()]
    wrong = []
    for library, name, members in wanted:
        if name in defined or ALLOWED.match(name):
            continue
        if name in ARENA and members == {"arena.c.o"}:
            continue
        wrong.append(f"{library}: {', '.join(sorted(members))}: {name}")
    print("\n".join(sorted(wrong)) or f"purity: {len(libraries)} libraries call nothing outside")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
