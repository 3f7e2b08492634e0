"""What the page of a run reads, at 1,000 and at 50,000 tasks: each read as a multiple of the
small run's, and the seconds that it takes.

    make bench
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.support.large_run import store_large_run
from benchmarks.support.load import told_load
from selfinstruct_core.generation.origin import candidate_origin
from selfinstruct_core.generation.run_overview import list_runs, run_overview, run_yield
from selfinstruct_core.generation.run_records import (
    count_candidates,
    list_requests,
    newest_candidates,
)
from selfinstruct_core.storage.candidates import KEPT, CandidateFilter
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database

SMALL, LARGE = 1_000, 50_000
REPEATS = 5


def reads(database: Database, run_id: int) -> dict[str, Callable[[], object]]:
    """What is read, by where it stands on the page. The first four are read every two seconds."""
    found = CandidateFilter(KEPT, "word77")
    return {
        "totals": lambda: run_overview(database, run_id),
        "yield": lambda: run_yield(database, run_id),
        "latest kept": lambda: newest_candidates(database, run_id, CandidateFilter(KEPT)),
        "list of runs": lambda: list_runs(database, 50),
        "a search": lambda: count_candidates(database, run_id, found),
        "requests, a late page": lambda: list_requests(database, run_id, None, 50, 1_000),
        "an origin": lambda: candidate_origin(database, run_id, 100, 2),
    }


def seconds(read: Callable[[], object]) -> float:
    """The best of some tries, in seconds."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        read()
        times.append(time.perf_counter() - began)
    return min(times)


def timed(folder: Path, tasks: int) -> dict[str, float]:
    """The seconds of every read for a run of that size."""
    database = open_database(f"sqlite:///{folder / f'{tasks}.db'}")
    run_id = store_large_run(database, tasks)
    times = {name: seconds(read) for name, read in reads(database, run_id).items()}
    database.dispose()
    return times


def main() -> None:
    """Both sizes, side by side."""
    print(f"A run of {LARGE:,} tasks beside one of {SMALL:,}; {told_load()}")
    print(f"{'':<24}{f'{SMALL:,} tasks':>14}{f'{LARGE:,} tasks':>14}{'times':>8}")
    with tempfile.TemporaryDirectory() as folder:
        small, large = timed(Path(folder), SMALL), timed(Path(folder), LARGE)
    for name, one in small.items():
        print(f"{name:<24}{one:>12.4f} s{large[name]:>12.4f} s{large[name] / one:>8.1f}")


if __name__ == "__main__":
    main()
