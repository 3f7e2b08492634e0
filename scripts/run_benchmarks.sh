#!/bin/sh
# Runs every benchmarks/bench_*.py with the Python that is given, one after the other.
set -eu

python=$1
any=no
for benchmark in benchmarks/bench_*.py; do
    [ -e "$benchmark" ] || continue
    any=yes
    echo "== $benchmark"
    PYTHONPATH=. "$python" "$benchmark"
done
[ "$any" = yes ] || echo "There is no benchmark yet: benchmarks/ has no bench_*.py"
