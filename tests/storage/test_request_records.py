"""Lists of requests and whole ones, on both databases."""

from collections.abc import Callable

import pytest

from selfinstruct_core.models import Prompt, Response, Stage
from selfinstruct_core.storage import ledger, request_records
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.request_records import AttemptRecord, RequestLine, RequestRecord
from tests.storage.stored import StoredRun, plan, request, response, store_run


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time at which the next rows are written."""

    def at(moment: float) -> None:
        monkeypatch.setattr(ledger.time, "time", lambda: moment)

    return at


def lines(
    database: Database, run: StoredRun, stage: Stage | None, limit: int = 100, offset: int = 0
) -> list[RequestLine]:
    with database.read() as connection:
        return request_records.newest_requests(connection, run.id, stage, limit, offset)


def record_at(
    database: Database, run: StoredRun, ordinal: int, stage: Stage = Stage.INSTRUCTIONS
) -> RequestRecord | None:
    with database.read() as connection:
        return request_records.request_at(connection, run.id, stage, ordinal)


def plan_stages(database: Database, run: StoredRun) -> list[int]:
    """Requests 0 to 4 of stage 1 and two of stage 2 among them. Returns their ids."""
    planned = [request(n) for n in range(5)]
    planned[2:2] = [request(n, Stage.CLASSIFICATION, source=(0, n)) for n in range(2)]
    return [plan(database, run, one) for one in planned]


def test_lists_by_stage_newest_first(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    plan(database, other, request(0))
    ids = plan_stages(database, run)
    found = lines(database, run, None)
    assert [line.id for line in found] == ids[::-1]
    keys = [(line.stage, line.ordinal) for line in found]
    first, second = Stage.INSTRUCTIONS, Stage.CLASSIFICATION
    assert keys == [
        *((first, n) for n in (4, 3, 2)),
        *((second, n) for n in (1, 0)),
        *((first, n) for n in (1, 0)),
    ]
    assert [line.ordinal for line in lines(database, run, first)] == [4, 3, 2, 1, 0]
    assert [line.ordinal for line in lines(database, run, second)] == [1, 0]
    assert lines(database, run, Stage.INPUT_FIRST) == []
    with database.read() as connection:
        numbers = [
            request_records.count_requests(connection, run.id, stage)
            for stage in (None, first, second, Stage.OUTPUT_FIRST)
        ]
        assert request_records.count_requests(connection, other.id + 1, None) == 0
    assert numbers == [7, 5, 2, 0]


def test_pages_hold_every_request_once(database: Database, run: StoredRun) -> None:
    plan_stages(database, run)
    for stage in (None, Stage.INSTRUCTIONS):
        everything = lines(database, run, stage)
        for size in (1, 2, 3, 7):
            pages = [lines(database, run, stage, size, n) for n in range(0, len(everything), size)]
            assert [line for page in pages for line in page] == everything
        assert lines(database, run, stage, 3, len(everything)) == []
    assert lines(database, run, None, 0) == []


def test_a_line_says_what_is_known(
    database: Database, run: StoredRun, at: Callable[[float], None]
) -> None:
    at(1000.5)
    silent = plan(database, run, request(0))
    at(1001.0)
    source = {"source": (0, 1), "instruction": "Name a cheese."}
    asked = plan(database, run, request(0, Stage.OUTPUT_FIRST, **source))
    untold = plan(database, run, request(1))
    with database.write() as connection:
        for outcome in ("timeout", "server_error", ledger.ANSWERED):
            number = ledger.open_attempt(connection, asked)
            ledger.close_attempt(connection, asked, number, outcome)
        ledger.record_response(connection, asked, response("x", finish_reason="length"))
        ledger.open_attempt(connection, untold)
        ledger.record_response(connection, untold, Response("{}", None, None, None, None, 2.5))
    first, last = Stage.INSTRUCTIONS, Stage.OUTPUT_FIRST
    assert lines(database, run, None) == [
        RequestLine(untold, first, 1, None, 1001.0, 1, True, None, None, None, 2.5),
        RequestLine(asked, last, 0, "Name a cheese.", 1001.0, 3, True, "length", 30, 12, 0.25),
        RequestLine(silent, first, 0, None, 1000.5, 0, False, None, None, None, None),
    ]


def test_a_whole_request(database: Database, run: StoredRun, at: Callable[[float], None]) -> None:
    at(10.0)
    planned = request(
        3,
        prompt=Prompt("Come up with tasks:\n", "1. Sing\n2."),
        context=(run.seed_ids[1], run.seed_ids[0]),
        parameters={"model": "tiny", "stop": ["\n\n"], "seed": 7, "n": None},
    )
    id_ = plan(database, run, planned)
    with database.write() as connection:
        at(11.0)
        ledger.open_attempt(connection, id_)
        at(12.5)
        ledger.close_attempt(connection, id_, 1, "rate_limited", "slow down")
        at(13.0)
        ledger.open_attempt(connection, id_)
        # Others see nothing of it before it is committed.
        seen = record_at(database, run, 3)
        assert seen is not None
        assert seen.attempts == ()
    line = RequestLine(id_, Stage.INSTRUCTIONS, 3, None, 10.0, 2, False, None, None, None, None)
    waited = AttemptRecord(1, 11.0, 12.5, "rate_limited", "slow down")
    expected = RequestRecord(
        line=line,
        prompt="Come up with tasks:\n1. Sing\n2.",
        parameters={"model": "tiny", "stop": ["\n\n"], "seed": 7, "n": None},
        context=(run.seed_ids[1], run.seed_ids[0]),
        attempts=(waited, AttemptRecord(2, 13.0, None, "in_flight", "")),
        raw=None,
        text=None,
    )
    assert record_at(database, run, 3) == expected

    with database.write() as connection:
        at(14.0)
        ledger.close_attempt(connection, id_, 2, ledger.ANSWERED)
        ledger.record_response(connection, id_, response(" Dance\n3. Laugh", raw="{...}"))
    found = record_at(database, run, 3)
    assert found is not None
    assert found.attempts == (waited, AttemptRecord(2, 13.0, 14.0, "answered", ""))
    assert (found.raw, found.text) == ("{...}", " Dance\n3. Laugh")
    assert found.line == lines(database, run, None)[0]


def test_requests_that_do_not_exist(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    plan(database, run, request(3))
    assert record_at(database, run, 2) is None
    assert record_at(database, run, 3, Stage.CLASSIFICATION) is None
    assert record_at(database, other, 3) is None


def test_a_reply_without_text_is_a_whole_request_too(database: Database, run: StoredRun) -> None:
    id_ = plan(database, run, request(0))
    with database.write() as connection:
        ledger.record_response(connection, id_, Response('{"a": 1}', None, None, None, None, 0.5))
    found = record_at(database, run, 0)
    assert found is not None
    assert (found.raw, found.text, found.line.answered) == ('{"a": 1}', None, True)
    assert found.attempts == ()


def test_the_requests_about_a_task_in_order(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    about = {"source": (2, 1), "instruction": "Name a cheese."}
    plan(database, run, request(2, context=run.seed_ids))
    first = plan(database, run, request(5, Stage.CLASSIFICATION, **about))
    plan(database, run, request(6, Stage.CLASSIFICATION, source=(1, 2)))
    plan(database, other, request(5, Stage.CLASSIFICATION, **about))
    second = plan(database, run, request(5, Stage.INPUT_FIRST, **about))
    with database.read() as connection:
        found = request_records.requests_about(connection, run.id, (2, 1))
        assert request_records.requests_about(connection, run.id, (2, 0)) == []
    assert [one.line.id for one in found] == [first, second]
    assert [one.line.stage for one in found] == [Stage.CLASSIFICATION, Stage.INPUT_FIRST]
    assert [one.prompt for one in found] == ["Come up with tasks:\n5."] * 2
    assert [one.line.instruction for one in found] == ["Name a cheese."] * 2
