"""How busy a run keeps an endpoint of 200 ms and 64 requests at once, and a plain client beside it.

    make bench
    PYTHONPATH=. .venv/bin/python benchmarks/bench_endpoint.py --tasks 20000

Busy is the time that requests spend at the endpoint, as it measures it, over 64 times the time
that passes. A run begins with one request and lets itself have more as tasks arrive, request i
being allowed min(64, 1 + i // 4) before it is committed; and it ends with what is left to do for
its last tasks. So there are three spans:

- whole: from the first request to the last answer;
- from the start: from the first request to the last one for new tasks, ramp-up included;
- steady: from the first moment with 64 requests at the endpoint to the last one for new tasks.

The plain client sends what the run has sent, 64 at once, and stores nothing; its steady span is
that of all requests being sent. Its ramp-up and end are the connections and the last 64 answers.
"""

import argparse
import itertools
from collections.abc import Sequence

from benchmarks.support.clients import engine_run, plain_run
from benchmarks.support.load import told_load
from benchmarks.support.model_server import ModelServer, Span

LATENCY = 0.2
AT_ONCE = 64
GOAL = 0.95


def busy(spans: Sequence[Span], begin: float, end: float) -> float:
    """The share of `AT_ONCE` that was in use between two moments."""
    used = sum(max(0.0, min(went, end) - max(came, begin)) for came, went, _ in spans)
    return used / (AT_ONCE * (end - begin))


def first_full(spans: Sequence[Span]) -> float:
    """The first moment at which `AT_ONCE` requests were there; the last answer if never."""
    changes = sorted([(came, 1) for came, _, _ in spans] + [(went, -1) for _, went, _ in spans])
    there = itertools.accumulate(change for _, change in changes)
    full = (at for (at, _), n in zip(changes, there, strict=True) if n == AT_ONCE)
    return next(full, changes[-1][0])


def line(name: str, spans: Sequence[Span], last_sent: float) -> float:
    """Print a line of the table. Returns how busy the endpoint was once it was full."""
    begin, end = min(came for came, _, _ in spans), max(went for _, went, _ in spans)
    full = first_full(spans)
    steady = busy(spans, full, last_sent)
    print(
        f"{name:<14}{len(spans):>9,}{end - begin:>9.1f}{full - begin:>9.1f}"
        f"{busy(spans, begin, end):>9.1%}{busy(spans, begin, last_sent):>16.1%}"
        f"{steady:>9.1%}",
        flush=True,
    )
    return steady


def main() -> None:
    """One run and the plain client, on one endpoint."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=2_500, help="tasks that the run makes")
    tasks = parser.parse_args().tasks
    print(f"{1000 * LATENCY:.0f} ms, {AT_ONCE} requests at once; {told_load()}")
    heads = f"{'requests':>9}{'s':>9}{'ramp-up':>9}{'whole':>9}{'from the start':>16}{'steady':>9}"
    print(" " * 14 + heads)
    with ModelServer(LATENCY) as server:
        bodies = engine_run(server, tasks, AT_ONCE).bodies
        spans = server.served()
        last_sent = max(came for came, _, for_instructions in spans if for_instructions)
        ours = line("run", spans, last_sent)
        plain_run(server, bodies, AT_ONCE)
        spans = server.served()
        plain = line("plain client", spans, max(came for came, _, _ in spans))
    print(
        f"Once it is full, the run keeps the endpoint {ours:.1%} busy (goal {GOAL:.0%}), "
        f"{ours / plain:.3f} of what the plain client does."
    )


if __name__ == "__main__":
    main()
