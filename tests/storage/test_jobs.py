"""The queue of jobs and its workers, on both databases."""

import time

import pytest
import sqlalchemy as sa

from selfinstruct_core.errors import LeaseLost
from selfinstruct_core.models import Job, JobKind, JobState, Wish
from selfinstruct_core.storage import jobs, ledger
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.jobs import Worker
from selfinstruct_core.storage.schema import jobs as job_table
from selfinstruct_core.storage.schema import requests
from selfinstruct_core.storage.schema import workers as worker_table
from tests.storage.processes import claim_all, enqueued, together
from tests.storage.stored import (
    StoredRun,
    add_run,
    count,
    request,
    rows_of,
    store_run,
    while_writing,
)


def enqueue(database: Database, run: StoredRun) -> int:
    with database.write() as connection:
        return jobs.enqueue(connection, run.id)


def claim(database: Database, owner: str, job_id: int | None = None) -> Job | None:
    with database.write() as connection:
        return jobs.claim(connection, owner, job_id)


def held(database: Database, owner: str) -> Job:
    """A job that there must be."""
    job = claim(database, owner)
    assert job is not None
    return job


def renew(database: Database, job: Job) -> Wish:
    with database.write() as connection:
        return jobs.renew(connection, job)


def test_a_job_waits_in_the_queue(database: Database, run: StoredRun) -> None:
    before = time.time()
    id_ = enqueue(database, run)
    (row,) = rows_of(database, job_table)
    assert before <= row.pop("created_at") <= time.time()
    assert row == {
        "id": id_,
        "kind": "generate",
        "run_id": run.id,
        "state": "queued",
        "wish": "run",
        "owner": None,
        "lease_until": None,
        "claims": 0,
        "error": "",
        "ended_at": None,
        "subject": None,
        "payload": None,
        "done": None,
        "total": None,
    }
    with database.read() as connection:
        assert jobs.open_job(connection, run.id) == Job(
            id_, run.id, JobState.QUEUED, Wish.RUN, None, None, 0, ""
        )
        assert jobs.open_job(connection, run.id + 1) is None


def test_a_run_has_one_open_job(database: Database, run: StoredRun) -> None:
    first = enqueue(database, run)
    assert enqueue(database, run) == first
    held(database, "a")
    assert enqueue(database, run) == first
    with database.write() as connection:
        jobs.finish(connection, first)
        assert jobs.open_job(connection, run.id) is None
    second = enqueue(database, run)
    assert second > first
    assert [row["id"] for row in rows_of(database, job_table)] == [first, second]


def test_a_run_that_two_ask_for_at_once_gets_one_job(database: Database, run: StoredRun) -> None:
    first, second = while_writing(
        database,
        lambda connection: jobs.enqueue(connection, run.id),
        lambda connection: jobs.enqueue(connection, run.id),
    )
    assert first == second
    assert count(database, job_table) == 1


def test_processes_that_ask_for_a_run_at_once_get_one_job(
    database: Database, address: str, run: StoredRun
) -> None:
    ids = together(enqueued, *[(address, run.id)] * 4)
    assert len(set(ids)) == 1
    assert [row["id"] for row in rows_of(database, job_table)] == ids[:1]


def test_the_oldest_free_job_is_claimed_first(database: Database, run: StoredRun) -> None:
    ids = [enqueue(database, run), *(enqueue(database, store_run(database)) for _ in range(2))]
    before = time.time()
    job = held(database, "a")
    after = time.time()
    assert job.lease_until is not None
    assert before + 15 <= job.lease_until <= after + 15
    assert job == Job(ids[0], run.id, JobState.RUNNING, Wish.RUN, "a", job.lease_until, 1, "")
    with database.read() as connection:
        assert jobs.open_job(connection, run.id) == job
    assert [held(database, "b").id, held(database, "a").id] == ids[1:]
    assert claim(database, "c") is None
    assert [(row["owner"], row["claims"]) for row in rows_of(database, job_table)] == [
        ("a", 1),
        ("b", 1),
        ("a", 1),
    ]


def test_a_certain_job_is_claimed_only_while_it_is_free(database: Database, run: StoredRun) -> None:
    first, second = enqueue(database, run), enqueue(database, store_run(database))
    job = claim(database, "a", second)
    assert job is not None
    assert (job.id, job.owner) == (second, "a")
    assert claim(database, "b", second) is None
    assert claim(database, "b", 99) is None
    assert held(database, "b").id == first


def test_a_lease_runs_out_and_another_takes_over(
    database: Database, run: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = enqueue(database, run)
    monkeypatch.setattr(jobs, "LEASE_SECONDS", 0.5)
    first = held(database, "a")
    assert claim(database, "b") is None
    time.sleep(0.55)
    second = held(database, "b")
    assert (second.id, second.owner, second.claims) == (id_, "b", 2)

    with pytest.raises(LeaseLost, match=f"Job {id_} was taken over by another worker"):
        renew(database, first)
    assert renew(database, second) is Wish.RUN


def test_an_owner_that_was_replaced_writes_nothing(
    database: Database, run: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(database, run)
    monkeypatch.setattr(jobs, "LEASE_SECONDS", -1.0)
    first = held(database, "a")
    monkeypatch.setattr(jobs, "LEASE_SECONDS", 15.0)
    # The same worker may claim it again; what it began under the old claim is not valid either.
    second = held(database, "a")
    assert (first.owner, first.claims, second.owner, second.claims) == ("a", 1, "a", 2)
    rows = rows_of(database, job_table)

    def step(job: Job) -> None:
        with database.write() as connection:
            ledger.plan(connection, run.id, request(0))
            jobs.renew(connection, job)

    with pytest.raises(LeaseLost):
        step(first)
    assert count(database, requests) == 0
    assert rows_of(database, job_table) == rows
    step(second)
    assert count(database, requests) == 1


def test_a_job_cannot_be_taken_over_in_the_middle_of_a_step(
    database: Database, run: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(database, run)
    monkeypatch.setattr(jobs, "LEASE_SECONDS", -1.0)
    job = held(database, "a")
    monkeypatch.setattr(jobs, "LEASE_SECONDS", 15.0)
    wish, taken_over = while_writing(
        database,
        lambda connection: jobs.renew(connection, job),
        lambda connection: jobs.claim(connection, "b"),
    )
    assert (wish, taken_over) == (Wish.RUN, None)
    assert [(row["owner"], row["claims"]) for row in rows_of(database, job_table)] == [("a", 1)]


def test_renewing_extends_the_lease(
    database: Database, run: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(database, run)
    job = held(database, "a")
    monkeypatch.setattr(jobs, "LEASE_SECONDS", 100.0)
    before = time.time()
    assert renew(database, job) is Wish.RUN
    (row,) = rows_of(database, job_table)
    assert before + 100 <= row["lease_until"] <= time.time() + 100
    assert (row["owner"], row["claims"], row["state"]) == ("a", 1, "running")


def test_the_owner_is_told_what_a_person_wants(database: Database, run: StoredRun) -> None:
    ids = [enqueue(database, run), enqueue(database, store_run(database))]
    job = held(database, "a")
    for wish in (Wish.STOP, Wish.RUN, Wish.STOP):
        with database.write() as connection:
            jobs.ask(connection, job.id, wish)
        assert renew(database, job) is wish
    assert [(row["id"], row["wish"]) for row in rows_of(database, job_table)] == [
        (ids[0], "stop"),
        (ids[1], "run"),
    ]


def test_a_job_is_given_back_by_its_owner_only(database: Database, run: StoredRun) -> None:
    id_ = enqueue(database, run)
    first = held(database, "a")
    with database.write() as connection:
        jobs.ask(connection, id_, Wish.STOP)
        assert jobs.release(connection, first) is True
    (row,) = rows_of(database, job_table)
    assert (row["state"], row["owner"], row["lease_until"]) == ("queued", None, None)
    # Who claims it next is told of the wish.
    assert (row["wish"], row["claims"]) == ("stop", 1)

    second = held(database, "b")
    assert (second.id, second.claims, second.wish) == (id_, 2, Wish.STOP)
    rows = rows_of(database, job_table)
    with database.write() as connection:
        assert jobs.release(connection, first) is False
    assert rows_of(database, job_table) == rows
    with pytest.raises(LeaseLost):
        renew(database, first)


def test_a_finished_job_is_over(database: Database, run: StoredRun) -> None:
    id_ = enqueue(database, run)
    job = held(database, "a")
    before = time.time()
    with database.write() as connection:
        jobs.finish(connection, id_, "no key")
    (row,) = rows_of(database, job_table)
    assert before <= row["ended_at"] <= time.time()
    assert (row["state"], row["owner"], row["lease_until"], row["error"]) == (
        "done",
        "a",
        None,
        "no key",
    )
    with pytest.raises(LeaseLost):
        renew(database, job)
    with database.write() as connection:
        assert jobs.release(connection, job) is False
    assert claim(database, "b") is None
    assert claim(database, "b", id_) is None


def test_a_claim_does_not_take_what_another_is_about_to_take(
    database: Database, run: StoredRun
) -> None:
    ids = [enqueue(database, run), enqueue(database, store_run(database))]
    first, second = while_writing(
        database,
        lambda connection: jobs.claim(connection, "a"),
        lambda connection: jobs.claim(connection, "b"),
    )
    assert [(first.id, first.owner), (second.id, second.owner)] == [(ids[0], "a"), (ids[1], "b")]


def test_processes_that_claim_at_once_share_the_jobs(
    database: Database, address: str, run: StoredRun
) -> None:
    with database.write() as connection:
        ids = []
        for _ in range(600):
            run_id = add_run(connection, run.project_id, run.data_set_id)
            ids.append(jobs.enqueue(connection, run_id))
    owners = [f"process {n}" for n in range(8)]
    claimed = together(claim_all, *[(address, owner) for owner in owners])

    assert sorted(id_ for of_one in claimed for id_ in of_one) == ids
    assert all(of_one == sorted(of_one) for of_one in claimed)
    # Otherwise they did not work at the same time, and nothing was shown.
    assert sum(bool(of_one) for of_one in claimed) > 1
    rows = rows_of(database, job_table)
    assert {row["claims"] for row in rows} == {1}
    assert {row["state"] for row in rows} == {"running"}
    owner_of = {id_: owner for owner, of_one in zip(owners, claimed, strict=True) for id_ in of_one}
    assert {row["id"]: row["owner"] for row in rows} == owner_of


def about(database: Database, run: StoredRun, subject: str = "set-1", **payload: str) -> int:
    with database.write() as connection:
        return jobs.enqueue_about(connection, JobKind.MEASURE, run.project_id, subject, payload)


def test_a_job_about_something_else_than_a_run(database: Database, run: StoredRun) -> None:
    id_ = about(database, run, reading="first")
    (row,) = rows_of(database, job_table)
    assert (row["id"], row["kind"], row["run_id"]) == (id_, "measure", None)
    assert (row["subject"], row["payload"]) == ("set-1", {"reading": "first"})
    job = held(database, "a")
    assert (job.kind, job.run_id, job.subject) == (JobKind.MEASURE, None, "set-1")
    with database.write() as connection:
        jobs.set_progress(connection, job, 3, 8)
    with database.read() as connection:
        found = jobs.latest_about(connection, JobKind.MEASURE, "set-1", {"reading": "first"})
        assert found is not None
        assert (found.id, found.done, found.total) == (id_, 3, 8)
        assert jobs.latest_about(connection, JobKind.MEASURE, "set-1", {}) is None
        assert jobs.latest_about(connection, JobKind.MEASURE, "set-2", found.payload or {}) is None


def test_a_subject_has_one_open_job_of_each_payload(database: Database, run: StoredRun) -> None:
    first, other = about(database, run, reading="first"), about(database, run, reading="task")
    assert first != other
    assert about(database, run, reading="first") == first
    assert about(database, run, "set-2", reading="first") not in (first, other)
    with database.write() as connection:
        jobs.finish(connection, first)
    assert about(database, run, reading="first") > other


def test_a_subject_that_two_ask_for_at_once_gets_one_job(
    database: Database, run: StoredRun
) -> None:
    def ask(connection: sa.Connection) -> int:
        return jobs.enqueue_about(connection, JobKind.MEASURE, run.project_id, "set-1", {})

    first, second = while_writing(database, ask, ask)
    assert first == second
    assert count(database, job_table) == 1


def test_runs_are_claimed_before_all_else(database: Database, run: StoredRun) -> None:
    measuring = about(database, run)
    with database.read() as connection:
        assert jobs.run_waits(connection) is False
    generating = enqueue(database, run)
    with database.read() as connection:
        assert jobs.run_waits(connection) is True
    assert held(database, "a").id == generating
    with database.read() as connection:
        assert jobs.run_waits(connection) is False
    assert held(database, "b").id == measuring
    assert claim(database, "c") is None


def test_a_kind_of_a_newer_version_is_left_alone(database: Database, run: StoredRun) -> None:
    id_ = about(database, run)
    with database.write() as connection:
        connection.execute(sa.update(job_table).values(kind="dream"))
    assert claim(database, "a") is None
    assert claim(database, "a", id_) is None


OLD = Worker("w1", "1.0+aa", "host-a", 11)
NEW = Worker("w2", "1.1+bb", "host-b", 22)


def register(database: Database, worker: Worker) -> None:
    with database.write() as connection:
        jobs.register(connection, worker)


def beat(database: Database, worker: Worker) -> bool:
    with database.write() as connection:
        return jobs.beat(connection, worker)


def living(database: Database, version: str | None = None) -> list[Worker]:
    with database.read() as connection:
        return sorted(jobs.living_workers(connection, version), key=lambda worker: worker.id)


def silence(database: Database, worker: Worker, seconds: float) -> None:
    """Make the worker's last heartbeat as old as that."""
    with database.write() as connection:
        connection.execute(
            sa.update(worker_table)
            .where(worker_table.c.id == worker.id)
            .values(heartbeat_at=time.time() - seconds)
        )


def test_workers_live_as_long_as_their_heart_beats(database: Database) -> None:
    before = time.time()
    register(database, OLD)
    (row,) = rows_of(database, worker_table)
    assert before <= row["started_at"] == row["heartbeat_at"] <= time.time()
    assert (row["id"], row["version"], row["host"], row["pid"]) == ("w1", "1.0+aa", "host-a", 11)
    register(database, NEW)
    assert living(database) == [OLD, NEW]
    assert living(database, "1.0+aa") == [OLD]
    assert living(database, "2.0") == []

    silence(database, OLD, 9.0)
    assert living(database) == [OLD, NEW]
    silence(database, OLD, 10.5)
    assert living(database) == [NEW]
    assert living(database, "1.0+aa") == []
    started = rows_of(database, worker_table)[0]["started_at"]
    before = time.time()
    beat(database, OLD)
    assert living(database) == [OLD, NEW]
    row = rows_of(database, worker_table)[0]
    assert row["started_at"] == started
    assert before <= row["heartbeat_at"] <= time.time()

    with database.write() as connection:
        jobs.unregister(connection, OLD)
    assert living(database) == [NEW]
    assert [row["id"] for row in rows_of(database, worker_table)] == ["w2"]


def test_a_worker_learns_that_one_of_another_version_has_started(database: Database) -> None:
    register(database, OLD)
    assert beat(database, OLD) is False
    register(database, Worker("w3", OLD.version, "host-c", 33))
    assert beat(database, OLD) is False
    register(database, NEW)
    assert beat(database, OLD) is True
    assert beat(database, NEW) is False
    # One that has died replaces nobody.
    silence(database, NEW, 11.0)
    assert beat(database, OLD) is False
