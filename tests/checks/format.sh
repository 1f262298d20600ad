#!/bin/sh
# clang-format decides how C looks.
cd "$(dirname "$0")/../.." || exit 1
git ls-files --cached --others --exclude-standard '*.c' '*.h' | grep -v '^tests/bench/load/' |
    xargs -r clang-format --dry-run -Werror && echo "format: as .clang-format says"
