"""Measuring data sets inside the test's own process: what is stored, and what is not done twice."""

from collections.abc import Callable, Iterable, Iterator

import pytest
import sqlalchemy as sa

from selfinstruct_core.analysis.parser_identity import bundled_identity
from selfinstruct_core.analysis.parsers import load_parser
from selfinstruct_core.analysis.verb_nouns import Reading, VerbNoun, verb_nouns
from selfinstruct_core.data_sets import measuring
from selfinstruct_core.data_sets.catalogue import data_set_tasks_with_instances, find_data_set
from selfinstruct_core.data_sets.measures import (
    MeasureOptions,
    MeasureProgress,
    Measures,
    measure_progress,
    request_measures,
    stop_measures,
    stored_measures,
    text_hash,
)
from selfinstruct_core.errors import LeaseLost, NotFound
from selfinstruct_core.generation.novelty import rouge_l
from selfinstruct_core.generation.runs import NewRun, start_run
from selfinstruct_core.generation.tokenizers import Tokenizer, tokenize
from selfinstruct_core.models import DataSetKey, DataSetScope, Nearest
from selfinstruct_core.storage import jobs
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.schema import jobs as job_table
from selfinstruct_core.storage.schema import other_scores, parsed_texts, seed_scores
from tests.data_sets.conftest import SEEDS
from tests.storage.stored import count, keep_tasks, rows_of

Measure = Callable[..., str]
Imported = Callable[..., DataSetKey]
TEXTS = (
    "Write a poem about the sea.",
    "Describe the city.",
    "Write a poem about the sky.",
    "¡!",
    "Describe the city.",
)


def of_run(run_id: int) -> DataSetKey:
    return DataSetKey(DataSetScope.RUN, run_id)


def stored(database: Database, key: DataSetKey, **options: object) -> Measures:
    tasks = data_set_tasks_with_instances(database, key)
    return stored_measures(database, key, tasks, MeasureOptions(**options))  # type: ignore[arg-type]


def by_all_pairs(database: Database, key: DataSetKey) -> list[float]:
    """The highest score of each task with another one."""
    texts = [task.instruction for task in data_set_tasks_with_instances(database, key)]
    tokens = [tokenize(text, Tokenizer.ROUGE) for text in texts]
    return [
        max((rouge_l(one, other) for m, other in enumerate(tokens) if m != n), default=0.0)
        for n, one in enumerate(tokens)
    ]


def scores(nearest: list[Nearest | None]) -> list[float | None]:
    return [None if one is None else one.score for one in nearest]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are given to the parser."""
    seen: list[str] = []

    def spy(texts: Iterable[str], *arguments: object) -> Iterator[VerbNoun]:
        listed = list(texts)
        seen.extend(listed)
        return verb_nouns(listed, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(measuring, "verb_nouns", spy)
    return seen


def test_an_imported_file(database: Database, imported: Imported, measure: Measure) -> None:
    key = imported(*TEXTS)
    tasks = data_set_tasks_with_instances(database, key)
    before = stored(database, key)
    # Four different texts, and each task with the others; there are no seeds.
    assert (before.missing, before.has_seeds) == (9, False)
    assert (before.verb_nouns, before.nearest_others) == ([None] * 5, [None] * 5)

    assert measure(key) == "finished"

    after = stored(database, key)
    assert after.complete
    assert after.verb_nouns == list(verb_nouns(TEXTS, load_parser()))
    assert after.nearest_seeds == [None] * 5
    ids = [task.id for task in tasks]
    assert after.nearest_others == [
        Nearest(ids[2], 5 / 6),
        Nearest(ids[4], 1.0),
        Nearest(ids[0], 5 / 6),
        Nearest(None, 0.0),
        Nearest(ids[1], 1.0),
    ]
    assert measure_progress(database, key) == MeasureProgress(False, False, 9, 9, "")
    assert measure(key) == "nothing to do"
    hashes = {row["text_hash"] for row in rows_of(database, parsed_texts)}
    assert hashes == {text_hash(text) for text in TEXTS}
    assert {row["parser"] for row in rows_of(database, parsed_texts)} == {bundled_identity()}


def test_a_run_is_compared_with_its_seeds(
    database: Database, run_id: int, measure: Measure, parsed: list[str]
) -> None:
    keep_tasks(database, run_id, "Write a poem about the sky.", "Name a cheese.")
    key = of_run(run_id)
    assert measure(key) == "finished"
    after = stored(database, key)
    assert (after.has_seeds, after.complete) == (True, True)
    assert scores(after.nearest_seeds) == [5 / 6, 2 / 9]
    assert scores(after.nearest_others) == by_all_pairs(database, key)

    everything = DataSetKey(DataSetScope.PROJECT, find_data_set(database, key).project_id)
    # Of the tasks of the run only their neighbours among all are not known yet.
    assert stored(database, everything).missing == 3 + 5
    assert measure(everything) == "finished"
    of_all = stored(database, everything)
    assert of_all.complete
    assert of_all.nearest_seeds == [None, None, None, *after.nearest_seeds]
    assert scores(of_all.nearest_others) == by_all_pairs(database, everything)
    assert sorted(parsed) == sorted({*SEEDS, *parsed})
    assert len(parsed) == 5
    assert [count(database, table) for table in (seed_scores, other_scores)] == [2, 7]


def test_a_run_that_grows_is_measured_where_it_is_new(
    database: Database, run_id: int, measure: Measure, parsed: list[str]
) -> None:
    key = of_run(run_id)
    keep_tasks(database, run_id, "Write a poem about the sky.", "Name a cheese.", "Name a wine.")
    assert measure(key) == "finished"
    parsed.clear()
    keep_tasks(database, run_id, "Name a good cheese.", "Name a wine.")
    grown = stored(database, key)
    # One text, two scores with the seeds, five with each other; what was known is there still.
    assert grown.missing == 1 + 2 + 5
    assert grown.nearest_others[3:] == [None, None]
    assert None not in grown.nearest_others[:3]

    assert measure(key) == "finished"
    assert parsed == ["Name a good cheese."]
    after = stored(database, key)
    assert after.complete
    assert scores(after.nearest_others) == by_all_pairs(database, key)
    assert count(database, other_scores) == 5


def test_seeds_are_compared_with_each_other_only(
    database: Database, run_id: int, measure: Measure
) -> None:
    key = DataSetKey(DataSetScope.SET, 1)
    assert measure(key) == "finished"
    after = stored(database, key)
    assert (after.has_seeds, after.nearest_seeds) == (False, [None] * 3)
    assert scores(after.nearest_others) == by_all_pairs(database, key)


def test_readings_and_tokenizers_are_kept_apart(
    database: Database, imported: Imported, measure: Measure
) -> None:
    key = imported("You are given a text. Write a poem.", "시를 써라.", "시를 써라.")
    assert measure(key) == "finished"
    assert scores(stored(database, key).nearest_others) == [0.0, 0.0, 0.0]
    options = MeasureOptions(Reading.TASK, Tokenizer.SCRIPTS)
    assert measure(key, options) == "finished"
    other = stored(database, key, reading=Reading.TASK, tokenizer=Tokenizer.SCRIPTS)
    assert other.verb_nouns[0] == VerbNoun("write", "poem")
    assert scores(other.nearest_others) == [0.0, 1.0, 1.0]
    assert scores(stored(database, key).nearest_others) == [0.0, 0.0, 0.0]


def test_two_that_ask_get_one_job(database: Database, imported: Imported) -> None:
    key = imported(*TEXTS)
    waiting = MeasureProgress(True, False, 0, 0, "")
    assert request_measures(database, key) == waiting
    assert request_measures(database, key) == waiting
    assert count(database, job_table) == 1


def test_a_data_set_that_is_not_there(database: Database) -> None:
    for ask in (request_measures, measure_progress, stop_measures):
        with pytest.raises(NotFound, match="There is no data set set-9"):
            ask(database, DataSetKey(DataSetScope.SET, 9))
    assert count(database, job_table) == 0


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "TEXTS_AT_ONCE", 2)


def during(monkeypatch: pytest.MonkeyPatch, batch: int, act: Callable[[], object]) -> None:
    """Do something while a batch of texts is parsed."""
    batches = iter(range(1, 100))

    def spy(*arguments: object) -> Iterator[VerbNoun]:
        if next(batches) == batch:
            act()
        return verb_nouns(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(measuring, "verb_nouns", spy)


@pytest.mark.usefixtures("small_batches")
class TestInterruptions:
    def test_it_is_stopped_and_goes_on(
        self,
        database: Database,
        imported: Imported,
        measure: Measure,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        key = imported(*TEXTS)
        during(monkeypatch, 1, lambda: stop_measures(database, key))
        assert measure(key) == "stopped by a person"
        assert measure_progress(database, key) == MeasureProgress(False, False, 2, 9, "")
        assert count(database, parsed_texts) == 2
        assert measure(key) == "finished"
        assert measure_progress(database, key) == MeasureProgress(False, False, 9, 9, "")

    def test_it_is_stopped_before_a_worker_came(
        self, database: Database, imported: Imported
    ) -> None:
        key = imported(*TEXTS)
        request_measures(database, key)
        stop_measures(database, key)
        stop_measures(database, key)
        assert measure_progress(database, key) == MeasureProgress(False, False, 0, 0, "")
        with database.write() as connection:
            assert jobs.claim(connection, "test") is None

    def test_it_makes_way_for_a_run(
        self,
        database: Database,
        imported: Imported,
        measure: Measure,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        key = imported(*TEXTS)
        during(monkeypatch, 1, lambda: start_run(database, NewRun()))
        assert measure(key) == "makes way for a run"
        assert measure_progress(database, key) == MeasureProgress(True, False, 2, 9, "")
        with database.write() as connection:
            run = jobs.claim(connection, "test")
            again = jobs.claim(connection, "test")
        assert run is not None
        assert run.run_id == 1
        assert again is not None
        assert measuring.measure(database, again) == "finished"
        assert stored(database, key).complete

    def test_an_interrupt_gives_the_job_back(
        self,
        database: Database,
        imported: Imported,
        measure: Measure,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        key = imported(*TEXTS)
        during(monkeypatch, 2, interrupt)
        with pytest.raises(KeyboardInterrupt):
            measure(key)
        assert measure_progress(database, key) == MeasureProgress(True, False, 2, 9, "")
        assert count(database, parsed_texts) == 2

    def test_one_that_was_replaced_writes_nothing(
        self,
        database: Database,
        imported: Imported,
        measure: Measure,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def replace() -> None:
            with database.write() as connection:
                connection.execute(sa.update(job_table).values(lease_until=0))
                assert jobs.claim(connection, "other") is not None

        key = imported(*TEXTS)
        during(monkeypatch, 2, replace)
        with pytest.raises(LeaseLost):
            measure(key)
        assert count(database, parsed_texts) == 2
        (row,) = rows_of(database, job_table)
        assert (row["state"], row["owner"], row["done"]) == ("running", "other", 2)

    def test_a_parser_that_fails_ends_the_job_and_not_the_worker(
        self,
        database: Database,
        imported: Imported,
        measure: Measure,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def fail() -> None:
            raise ZeroDivisionError("of a matrix")

        key = imported(*TEXTS)
        during(monkeypatch, 2, fail)
        assert measure(key) == "failed: ZeroDivisionError: of a matrix"
        assert measure_progress(database, key) == MeasureProgress(
            False, False, 2, 9, "ZeroDivisionError: of a matrix"
        )
        assert measure(key) == "finished"

    def test_the_lease_is_renewed_while_a_batch_takes_long(
        self,
        database: Database,
        imported: Imported,
        measure: Measure,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def lease() -> float:
            (row,) = rows_of(database, job_table)
            return float(row["lease_until"])

        def wait() -> None:
            first = lease()
            for _ in range(500):
                if lease() > first:
                    return
                waiting.wait(0.01)
            raise AssertionError("the lease was not renewed")

        waiting = measuring.threading.Event()
        monkeypatch.setattr(measuring, "HEARTBEAT_SECONDS", 0.02)
        during(monkeypatch, 1, wait)
        assert measure(imported(*TEXTS)) == "finished"


def test_long_texts_make_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "TEXTS_AT_ONCE", 3)
    monkeypatch.setattr(measuring, "LETTERS_AT_ONCE", 10)
    texts = {"a": "1" * 4, "b": "2" * 6, "c": "", "d": "3", "e": "4", "f": "5" * 50, "g": "6"}
    portions = measuring._portions(texts)
    assert list(portions) == [["a", "b"], ["c", "d", "e"], ["f"], ["g"]]
