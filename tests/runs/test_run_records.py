"""What pages and notebooks page through, and the yield, of a run with the demo model."""

from collections.abc import Callable

import pytest

from selfinstruct_core.errors import NotFound
from selfinstruct_core.generation.run_overview import run_overview, run_yield
from selfinstruct_core.generation.run_records import (
    count_candidates,
    count_requests,
    list_requests,
    newest_candidates,
    one_request,
)
from selfinstruct_core.models import RunState, Stage
from selfinstruct_core.storage.candidates import CandidateFilter
from selfinstruct_core.storage.database import Database
from tests.support.run_rows import run_rows

Generate = Callable[..., tuple[int, RunState]]


def test_pages_and_yield_of_a_run(database: Database, generate: Generate) -> None:
    run_id, _ = generate(target=8, seed=3)
    rows, overview = run_rows(database, run_id), run_overview(database, run_id)
    everything = CandidateFilter()
    number = count_candidates(database, run_id, everything)
    found = newest_candidates(database, run_id, everything, number)
    assert [(one.ordinal, one.position, one.instruction, one.reason) for one in found[::-1]] == [
        row[:4] for row in rows["candidates"]
    ]
    assert newest_candidates(database, run_id, everything) == found[:8]
    kept, rejected = (
        count_candidates(database, run_id, CandidateFilter(which)) for which in ("kept", "rejected")
    )
    assert (kept, rejected) == (overview.counts.kept, sum(overview.counts.rejected.values()))

    bars = run_yield(database, run_id)
    assert [(one.first, one.last) for one in bars] == [
        (n, n) for n in range(overview.derivation.committed)
    ]
    assert [one.kept for one in bars] == [
        sum(row[0] == one.first for row in rows["tasks"]) for one in bars
    ]
    assert sum(one.candidates for one in bars) == number

    for stage in overview.traffic.stages:
        assert count_requests(database, run_id, stage.stage) == stage.requests
        lines = list_requests(database, run_id, stage.stage, stage.requests)
        assert [line.stage for line in lines] == [stage.stage] * stage.requests
        assert sum(line.prompt_tokens or 0 for line in lines) == stage.prompt_tokens
        newest = lines[0]
        assert one_request(database, run_id, stage.stage, newest.ordinal).line == newest
    assert count_requests(database, run_id, None) == overview.traffic.requests


def test_what_does_not_exist(database: Database) -> None:
    everything = CandidateFilter()
    for use in (
        lambda: newest_candidates(database, 4, everything),
        lambda: count_candidates(database, 4, everything),
        lambda: run_yield(database, 4),
    ):
        with pytest.raises(NotFound, match="There is no run 4"):
            use()
    with pytest.raises(NotFound, match="Run 4 has no request 2 of stage input-first"):
        one_request(database, 4, Stage.INPUT_FIRST, 2)
    assert list_requests(database, 4, None, 10) == []
