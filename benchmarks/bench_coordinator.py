"""What a run costs per request, beside a client that sends the same requests and stores nothing.

    make bench
    PYTHONPATH=. .venv/bin/python benchmarks/bench_coordinator.py --profile

The endpoint answers at once, so that all time is the sender's. A run stores each request before
it is sent and each response when it is back, parses it, judges candidates and writes prompts.
"""

import argparse
import cProfile
import pstats

from benchmarks.support.clients import Sent, engine_run, plain_run
from benchmarks.support.load import told_load
from benchmarks.support.model_server import ModelServer

AT_ONCE = 64


def line(name: str, sent: Sent) -> None:
    """Print a line of the table."""
    n = len(sent.bodies)
    print(
        f"{name:<14}{n:>9,}{n / sent.seconds:>12,.0f}{1000 * sent.seconds / n:>14.2f}"
        f"{1000 * sent.cpu_seconds / n:>18.2f}",
        flush=True,
    )


def profile(server: ModelServer, tasks: int) -> None:
    """Where the time of a run goes; the profiler itself makes it two or three times as long."""
    profiler = cProfile.Profile()
    profiler.runcall(engine_run, server, tasks, AT_ONCE)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats("selfinstruct_core|openai", 60)


def main() -> None:
    """One run and the plain client, on one endpoint."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=2_000, help="tasks that the run makes")
    parser.add_argument("--profile", action="store_true", help="show where a run's time goes")
    chosen = parser.parse_args()
    with ModelServer(latency=0) as server:
        if chosen.profile:
            profile(server, chosen.tasks)
            return
        print(f"No latency, {AT_ONCE} requests at once; {told_load()}")
        heads = ("requests", "a second", "ms a request", "processor ms each")
        print(f"{'':<14}{heads[0]:>9}{heads[1]:>12}{heads[2]:>14}{heads[3]:>18}")
        engine_run(server, 20, AT_ONCE)  # what is imported and cached once
        run = engine_run(server, chosen.tasks, AT_ONCE)
        line("run", run)
        plain = plain_run(server, run.bodies, AT_ONCE)
        line("plain client", plain)
    print(
        f"The run sends {plain.seconds / run.seconds:.2f} of the plain client's requests a second, "
        f"for {run.cpu_seconds / plain.cpu_seconds:.1f} times its processor time."
    )


if __name__ == "__main__":
    main()
