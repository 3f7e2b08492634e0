"""The ledger of requests, on both databases."""

import hashlib
import time

import pytest

from selfinstruct_core.errors import StorageError
from selfinstruct_core.models import PlannedRequest, Prompt, Response, Stage
from selfinstruct_core.storage import ledger
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.ledger import StageTraffic, StoredReply, Traffic
from selfinstruct_core.storage.schema import attempts, prompt_prefixes, requests, responses
from tests.storage.stored import (
    StoredRun,
    count,
    plan,
    request,
    response,
    rows_of,
    store_run,
    while_writing,
)


def answer(database: Database, request_id: int, answered: Response) -> None:
    """Store a response in a transaction of its own."""
    with database.write() as connection:
        ledger.record_response(connection, request_id, answered)


def traffic(database: Database, run: StoredRun) -> Traffic:
    with database.read() as connection:
        return ledger.traffic(connection, run.id)


def unanswered(database: Database, run: StoredRun) -> list[PlannedRequest]:
    with database.read() as connection:
        return ledger.unanswered(connection, run.id)


def test_a_planned_request_is_stored_whole(database: Database, run: StoredRun) -> None:
    before = time.time()
    id_ = plan(
        database,
        run,
        PlannedRequest(
            stage=Stage.INPUT_FIRST,
            ordinal=5,
            prompt=Prompt("Examples:\n\n", "Task: Rank the cheeses.\n"),
            parameters={"model": "tiny", "stop": ["Task:"], "temperature": 0, "n": None},
            context=(3, 1, 2),
            source=(4, 1),
            instruction="Rank the cheeses.",
        ),
    )
    prefix_hash = hashlib.sha256(b"Examples:\n\n").hexdigest()
    (row,) = rows_of(database, requests)
    assert before <= row.pop("planned_at") <= time.time()
    assert row == {
        "id": id_,
        "run_id": run.id,
        "stage": "input-first",
        "ordinal": 5,
        "source_ordinal": 4,
        "source_position": 1,
        "instruction": "Rank the cheeses.",
        "context": [3, 1, 2],
        "prefix_hash": prefix_hash,
        "tail": "Task: Rank the cheeses.\n",
        "parameters": {"model": "tiny", "stop": ["Task:"], "temperature": 0, "n": None},
        "answered": False,
    }
    assert rows_of(database, prompt_prefixes) == [{"hash": prefix_hash, "text": "Examples:\n\n"}]


def test_planned_requests_come_back_as_they_were_in_order_of_planning(
    database: Database, run: StoredRun
) -> None:
    other = store_run(database)
    planned = [
        request(1),
        request(0, source=(0, 0), instruction="Rank the cheeses.", stage=Stage.CLASSIFICATION),
        request(0, context=(2, 1), prompt=Prompt("", "no prefix")),
    ]
    ids = [plan(database, run, one) for one in planned]
    plan(database, other, request(0))

    found = unanswered(database, run)
    assert [one.id for one in found] == ids
    assert [(one.stage, one.ordinal) for one in found] == [
        (Stage.INSTRUCTIONS, 1),
        (Stage.CLASSIFICATION, 0),
        (Stage.INSTRUCTIONS, 0),
    ]
    assert [(one.prompt, one.parameters, one.context, one.source) for one in found] == [
        (one.prompt, one.parameters, one.context, one.source) for one in planned
    ]
    assert [one.instruction for one in found] == [None, "Rank the cheeses.", None]
    # Three requests with one prefix, and the empty one.
    assert sorted(row["text"] for row in rows_of(database, prompt_prefixes)) == [
        "",
        "Come up with tasks:\n",
    ]


def test_a_request_is_planned_once(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    plan(database, run, request(3))
    kept = rows_of(database, requests)
    with pytest.raises(StorageError, match=r"(?i)unique.*Nothing of this step was stored"):
        plan(database, run, request(3, prompt=Prompt("another", "text")))
    assert rows_of(database, requests) == kept
    assert count(database, prompt_prefixes) == 1

    plan(database, run, request(3, Stage.CLASSIFICATION))
    plan(database, other, request(3))
    assert count(database, requests) == 3


def test_of_two_that_plan_the_same_request_at_once_one_is_refused(
    database: Database, run: StoredRun
) -> None:
    with pytest.raises(StorageError, match=r"(?i)unique"):
        while_writing(
            database,
            lambda connection: ledger.plan(connection, run.id, request(0)),
            lambda connection: ledger.plan(
                connection, run.id, request(0, prompt=Prompt("another", "text"))
            ),
        )
    assert [row["tail"] for row in rows_of(database, requests)] == ["0."]


def test_runs_that_send_a_new_prefix_at_once_share_it(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    first, second = while_writing(
        database,
        lambda connection: ledger.plan(connection, run.id, request(0)),
        lambda connection: ledger.plan(connection, other.id, request(0)),
    )
    assert [(row["id"], row["run_id"]) for row in rows_of(database, requests)] == [
        (first.id, run.id),
        (second.id, other.id),
    ]
    assert [row["text"] for row in rows_of(database, prompt_prefixes)] == ["Come up with tasks:\n"]


def test_attempts_are_numbered_and_say_how_they_ended(database: Database, run: StoredRun) -> None:
    first, second = plan(database, run, request(0)), plan(database, run, request(1))
    before = time.time()
    with database.write() as connection:
        assert ledger.open_attempt(connection, first) == 1
        ledger.close_attempt(connection, first, 1, "timeout", "x" * 3000)
        assert ledger.open_attempt(connection, first) == 2
        assert ledger.open_attempt(connection, second) == 1
        ledger.close_attempt(connection, second, 1, ledger.ANSWERED)
    rows = rows_of(database, attempts)
    assert [(row["request_id"], row["number"], row["outcome"], row["detail"]) for row in rows] == [
        (first, 1, "timeout", "x" * 2000),
        (first, 2, "in_flight", ""),
        (second, 1, "answered", ""),
    ]
    assert all(before <= row["sent_at"] <= time.time() for row in rows)
    assert [row["ended_at"] is None for row in rows] == [False, True, False]
    assert before <= rows[0]["sent_at"] <= rows[0]["ended_at"] <= time.time()


def test_attempts_whose_sender_died_are_lost(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    ids = [plan(database, run, request(n)) for n in range(3)]
    others = plan(database, other, request(0))
    with database.write() as connection:
        for id_ in (*ids, others):
            ledger.open_attempt(connection, id_)
        ledger.close_attempt(connection, ids[0], 1, ledger.ANSWERED)
    with database.write() as connection:
        assert ledger.mark_lost(connection, run.id) == 2
        assert ledger.mark_lost(connection, run.id) == 0
    rows = rows_of(database, attempts)
    assert [(row["request_id"], row["outcome"]) for row in rows] == [
        (ids[0], "answered"),
        (ids[1], "lost"),
        (ids[2], "lost"),
        (others, "in_flight"),
    ]
    assert [row["ended_at"] is None for row in rows] == [False, False, False, True]


def test_a_response_is_stored_once_and_answers_its_request(
    database: Database, run: StoredRun
) -> None:
    first, second = plan(database, run, request(0)), plan(database, run, request(1))
    before = time.time()
    answer(
        database,
        first,
        Response('{"choices": []}', None, "length", None, 2**31 - 1, 0.123456789012345),
    )
    (row,) = rows_of(database, responses)
    assert before <= row.pop("received_at") <= time.time()
    kept = {
        "request_id": first,
        "raw": '{"choices": []}',
        "text": None,
        "finish_reason": "length",
        "prompt_tokens": None,
        "completion_tokens": 2147483647,
        "latency": 0.123456789012345,
    }
    assert row == kept
    assert [(row["id"], row["answered"]) for row in rows_of(database, requests)] == [
        (first, True),
        (second, False),
    ]
    assert [one.id for one in unanswered(database, run)] == [second]

    with pytest.raises(StorageError, match=r"(?i)unique"):
        answer(database, first, response("another"))
    (row,) = rows_of(database, responses)
    assert row.pop("received_at") >= before
    assert row == kept


def test_replies_come_by_ordinal_with_gaps_left_out(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    ids = {n: plan(database, run, request(n, context=(9,) * n)) for n in (3, 0, 2, 1)}
    about = request(0, Stage.CLASSIFICATION, source=(3, 1), instruction="Rank the cheeses.")
    classified = plan(database, run, about)
    for id_, answered in (
        (ids[3], response("three", finish_reason="length")),
        (ids[0], response("zero")),
        (ids[1], response(None, finish_reason=None)),
        (classified, response("Yes")),
        (plan(database, other, request(2)), response("another run's")),
    ):
        answer(database, id_, answered)
    with database.read() as connection:
        found = list(ledger.replies(connection, run.id, Stage.INSTRUCTIONS))
        later = list(ledger.replies(connection, run.id, Stage.INSTRUCTIONS, first=2))
        classes = list(ledger.replies(connection, run.id, Stage.CLASSIFICATION))
    assert found == [
        StoredReply(0, 0, None, None, "zero", "stop"),
        StoredReply(1, 1, None, None, None, None),
        StoredReply(3, 3, None, None, "three", "length"),
    ]
    assert later == found[2:]
    assert classes == [StoredReply(0, 0, (3, 1), "Rank the cheeses.", "Yes", "stop")]


def test_the_next_ordinal_follows_the_last_of_the_stage(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    with database.read() as connection:
        assert ledger.next_ordinal(connection, run.id, Stage.INSTRUCTIONS) == 0
    for n in (4, 2):
        plan(database, run, request(n))
    plan(database, run, request(7, Stage.CLASSIFICATION))
    plan(database, other, request(9))
    with database.read() as connection:
        assert ledger.next_ordinal(connection, run.id, Stage.INSTRUCTIONS) == 5
        assert ledger.next_ordinal(connection, run.id, Stage.CLASSIFICATION) == 8
        assert ledger.next_ordinal(connection, run.id, Stage.INPUT_FIRST) == 0


def test_the_tasks_that_were_asked_about(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    plan(database, run, request(0, Stage.CLASSIFICATION, source=(0, 0)))
    plan(database, run, request(0, Stage.INPUT_FIRST, source=(0, 1)))
    plan(database, run, request(0, Stage.OUTPUT_FIRST, source=(2, 0)))
    plan(database, other, request(0, Stage.INPUT_FIRST, source=(5, 5)))
    with database.read() as connection:
        assert ledger.planned_sources(connection, run.id, (Stage.CLASSIFICATION,)) == {(0, 0)}
        assert ledger.planned_sources(
            connection, run.id, (Stage.INPUT_FIRST, Stage.OUTPUT_FIRST)
        ) == {(0, 1), (2, 0)}


def test_traffic_of_a_run_that_sent_nothing(database: Database, run: StoredRun) -> None:
    found = traffic(database, run)
    assert found == Traffic(stages=(), attempts=0, in_flight=0, failed=0, lost=0, repeated=0)
    assert (found.requests, found.answered) == (0, 0)
    assert (found.prompt_tokens, found.completion_tokens, found.tokens) == (None, None, None)


def test_traffic_sums_what_is_known(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    ids = [plan(database, run, request(n)) for n in range(5)]
    answer(database, plan(database, other, request(0)), response(prompt_tokens=5000))
    with database.write() as connection:
        for outcome in ("timeout", "rate_limited", ledger.LOST, ledger.ANSWERED):
            number = ledger.open_attempt(connection, ids[0])
            ledger.close_attempt(connection, ids[0], number, outcome)
        ledger.open_attempt(connection, ids[1])
    answer(database, ids[0], response(prompt_tokens=None, completion_tokens=None))

    def sums(answered: int, prompt: int | None, completion: int | None) -> Traffic:
        stage = StageTraffic(Stage.INSTRUCTIONS, 5, answered, prompt, completion)
        return Traffic((stage,), attempts=5, in_flight=1, failed=2, lost=1, repeated=1)

    assert traffic(database, run) == sums(1, None, None)
    assert traffic(database, run).tokens is None

    answer(database, ids[1], response(prompt_tokens=2_000_000_000, completion_tokens=None))
    answer(database, ids[2], response(prompt_tokens=2_000_000_000, completion_tokens=None))
    assert traffic(database, run) == sums(3, 4_000_000_000, None)
    assert traffic(database, run).tokens == 4_000_000_000

    answer(database, ids[3], response(prompt_tokens=None, completion_tokens=7))
    found = traffic(database, run)
    assert found == sums(4, 4_000_000_000, 7)
    assert found.tokens == 4_000_000_007
    assert [type(found.prompt_tokens), type(found.completion_tokens)] == [int, int]


def test_calls_are_repeated_where_nobody_was_left_to_take_the_answer(
    database: Database, run: StoredRun
) -> None:
    histories = (
        (ledger.LOST, ledger.CANCELLED, ledger.ANSWERED),
        (ledger.LOST, "server_error", ledger.ANSWERED),
        ("timeout", ledger.ANSWERED),
        (ledger.LOST,),  # not sent again, so it can have been billed only once
    )
    for owner in (run, store_run(database)):
        ids = [plan(database, owner, request(n)) for n in range(len(histories))]
        with database.write() as connection:
            for id_, outcomes in zip(ids, histories, strict=True):
                for outcome in outcomes:
                    number = ledger.open_attempt(connection, id_)
                    ledger.close_attempt(connection, id_, number, outcome)
    found = traffic(database, run)
    assert (found.attempts, found.lost, found.failed, found.repeated) == (9, 3, 3, 3)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", ""),
        ("  \n\ttabs and ends \r\n ", "  \n\ttabs and ends \r\n "),
        ("😀 👩‍👩‍👧 e\u0301 é \u202eabc \ufeff", "😀 👩‍👩‍👧 e\u0301 é \u202eabc \ufeff"),
        ("a\x00b\x00", "a\ufffdb\ufffd"),
        ("half \ud83d and \udc00 other", "half \ufffd and \ufffd other"),
        ("\ud83d\ude00", "\ufffd\ufffd"),
        ("'; DROP TABLE runs; -- \\ %s :x \x01\x7f", "'; DROP TABLE runs; -- \\ %s :x \x01\x7f"),
        ("long " * 200_000, "long " * 200_000),
    ],
    ids=["empty", "spaces", "emoji", "nul", "halves", "pair in halves", "sql", "1 MB"],
)
def test_text_comes_back_as_it_was_but_for_what_no_database_holds(
    database: Database, run: StoredRun, sent: str, kept: str
) -> None:
    id_ = plan(database, run, request(0, prompt=Prompt(sent, sent), instruction=sent))
    (planned,) = unanswered(database, run)
    assert (planned.prompt, planned.instruction) == (Prompt(kept, kept), kept)
    (prefix,) = rows_of(database, prompt_prefixes)
    assert prefix["hash"] == hashlib.sha256(kept.encode()).hexdigest()

    with database.write() as connection:
        ledger.open_attempt(connection, id_)
        ledger.close_attempt(connection, id_, 1, "refused", sent)
    (attempt,) = rows_of(database, attempts)
    assert attempt["detail"] == kept[:2000]

    answer(database, id_, Response(sent, sent, sent, None, None, 0.0))
    with database.read() as connection:
        (reply,) = ledger.replies(connection, run.id, Stage.INSTRUCTIONS)
    assert (reply.text, reply.finish_reason, reply.instruction) == (kept, kept, kept)
    assert rows_of(database, responses)[0]["raw"] == kept


def test_parameters_keep_every_text(database: Database, run: StoredRun) -> None:
    parameters = {"stop": ["\x00", "\ud800", "😀"], "temperature": 0.1 + 0.2, "n": 2**53}
    plan(database, run, request(0, parameters=parameters))
    assert unanswered(database, run)[0].parameters == parameters
