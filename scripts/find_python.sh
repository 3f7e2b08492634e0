#!/bin/sh
# Prints the Python to build the environment with: $PYTHON when it is set, else the first on
# PATH that Studio can run on. Without one, says which were found and what to do.
set -u

CANDIDATES="python3 python3.13 python3.12 python3.11 python3.14 python"
# Valid in Python 2 as well, so that an old interpreter can answer. The upper bound is spaCy's.
PROBE='
import sys
verdict = "ok"
if sys.version_info < (3, 11):
    verdict = "too old"
elif sys.version_info >= (3, 16):
    verdict = "newer than spaCy allows"
else:
    try:
        import ensurepip, venv
    except ImportError:
        verdict = "without the venv module (Debian and Ubuntu: apt-get install python3-venv)"
sys.stdout.write("%d.%d.%d: %s\n" % (sys.version_info[:3] + (verdict,)))
'
found=""

# Prints the interpreter and ends the script when it will do; otherwise notes what is wrong.
try() {
    where=$(command -v "$1" 2>/dev/null) || return 0
    answer=$("$1" -c "$PROBE" 2>/dev/null </dev/null) || return 0
    case $answer in
        *": ok")
            printf '%s\n' "$1"
            exit 0
            ;;
    esac
    found="$found
    $where is Python $answer"
}

if [ -n "${PYTHON:-}" ]; then
    try "$PYTHON"
    [ -n "$found" ] || found="
    PYTHON=$PYTHON, which does not start"
else
    for candidate in $CANDIDATES; do
        try "$candidate"
    done
    [ -n "$found" ] || found="
    no Python at all on PATH"
fi

cat >&2 <<EOF
Studio needs Python 3.11 or newer (up to 3.15). Found:$found
Install one and run make again:
    Debian, Ubuntu    apt-get install python3 python3-venv
    macOS             brew install python@3.13
    anything else     https://www.python.org/downloads/
or name one that is not on PATH, for example: make app PYTHON=/opt/python/bin/python3.12
EOF
exit 1
