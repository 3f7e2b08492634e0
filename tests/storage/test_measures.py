"""Measures as they are stored, on both databases."""

import json

from selfinstruct_core.analysis.verb_nouns import VerbNoun
from selfinstruct_core.data_sets.catalogue import data_set_tasks_with_instances
from selfinstruct_core.data_sets.measures import request_measures, stored_measures
from selfinstruct_core.data_sets.measuring import measure
from selfinstruct_core.exchange.importing import import_tasks
from selfinstruct_core.models import DataSetKey, DataSetScope, Nearest
from selfinstruct_core.storage import jobs, measures
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.measures import Compared
from selfinstruct_core.storage.schema import other_scores, parsed_texts, seed_scores
from tests.storage.stored import StoredRun, count, rows_of, while_writing


def test_texts_are_parsed_once_for_each_parser_and_reading(database: Database) -> None:
    words = {"b": ("write", "poem"), "a": ("tell", None), "c": (None, None)}
    with database.write() as connection:
        measures.add_parsed(connection, "p1", "first", words)
        measures.add_parsed(connection, "p1", "first", {"a": ("other", "word"), "d": ("ü", "😀")})
        measures.add_parsed(connection, "p1", "task", {"a": ("give", "text")})
        measures.add_parsed(connection, "p2", "first", {"a": ("say", None)})
        measures.add_parsed(connection, "p2", "first", {})
    assert count(database, parsed_texts) == 6
    with database.read() as connection:
        assert measures.parsed(connection, list("abcdx"), "p1", "first") == {
            **words,
            "d": ("ü", "😀"),
        }
        assert measures.parsed(connection, ["a"], "p1", "task") == {"a": ("give", "text")}
        assert measures.parsed(connection, ["b"], "p2", "first") == {}
        assert measures.parsed(connection, [], "p1", "first") == {}


def test_any_number_of_texts_is_looked_up_at_once(database: Database) -> None:
    hashes = [f"{n:064}" for n in range(40_000)]
    with database.write() as connection:
        measures.add_parsed(connection, "p", "first", dict.fromkeys(hashes[:3000], ("do", None)))
    with database.read() as connection:
        assert list(measures.parsed(connection, hashes, "p", "first")) == hashes[:3000]


def test_two_workers_may_store_the_same_texts_at_once(database: Database) -> None:
    forward = {str(n): ("do", None) for n in range(9)}
    backward = dict(reversed(forward.items()))
    while_writing(
        database,
        lambda connection: measures.add_parsed(connection, "p", "first", forward),
        lambda connection: measures.add_parsed(connection, "p", "first", backward),
    )
    assert count(database, parsed_texts) == 9


def test_nearest_seeds_belong_to_tasks(database: Database, run: StoredRun) -> None:
    one, two = run.seed_ids
    found = {(one, 1): Nearest(two, 1 / 3), (two, 1): Nearest(None, 0.0)}
    with database.write() as connection:
        measures.add_nearest_seeds(connection, run.data_set_id, "rouge", found)
        measures.add_nearest_seeds(
            connection, run.data_set_id, "rouge", {(one, 1): Nearest(one, 1)}
        )
        measures.add_nearest_seeds(
            connection, run.data_set_id, "scripts", {(one, 1): Nearest(two, 0.5)}
        )
    assert count(database, seed_scores) == 3
    # The same for whichever data set has the tasks.
    with database.read() as connection:
        for key in (
            DataSetKey(DataSetScope.SET, run.data_set_id),
            DataSetKey(DataSetScope.PROJECT, run.project_id),
        ):
            assert measures.nearest_seeds(connection, run.data_set_id, "rouge", key) == found
        nothing = DataSetKey(DataSetScope.RUN, run.id)
        assert measures.nearest_seeds(connection, run.data_set_id, "rouge", nothing) == {}


def test_nearest_others_belong_to_a_data_set_and_are_replaced(
    database: Database, run: StoredRun
) -> None:
    one, two = run.seed_ids
    key, other = (DataSetKey(DataSetScope.SET, number) for number in (1, 2))
    first = {(one, 1): Compared(Nearest(None, 0.0), 1, one)}
    second = {
        (two, 1): Compared(Nearest(one, 0.25), 2, two),
        (one, 1): Compared(Nearest(two, 0.25), 2, two),
    }
    with database.write() as connection:
        measures.put_nearest_others(connection, key, "rouge", first)
        measures.put_nearest_others(connection, other, "rouge", first)
        measures.put_nearest_others(connection, key, "rouge", second)
    with database.read() as connection:
        assert measures.nearest_others(connection, key, "rouge") == second
        assert measures.nearest_others(connection, other, "rouge") == first
        assert measures.nearest_others(connection, key, "scripts") == {}
    assert [row["subject"] for row in rows_of(database, other_scores)] == ["set-1"] * 2 + ["set-2"]


def test_a_data_set_is_measured(database: Database) -> None:
    texts = ("Write a poem about the sea.", "Write a poem about the sky.", "Name a cheese. 😀")
    content = json.dumps([{"instruction": text, "output": "x"} for text in texts]).encode()
    made = import_tasks(database, content, "f", "Mine", "P")
    key = DataSetKey(DataSetScope.SET, made.data_set_id)
    request_measures(database, key)
    with database.write() as connection:
        job = jobs.claim(connection, "a")
    assert job is not None
    assert measure(database, job) == "finished"

    tasks = data_set_tasks_with_instances(database, key)
    found = stored_measures(database, key, tasks)
    assert (found.complete, found.has_seeds) == (True, False)
    assert found.verb_nouns == [
        VerbNoun("write", "poem"),
        VerbNoun("write", "poem"),
        VerbNoun("name", "cheese"),
    ]
    first, second = [task.id for task in tasks[:2]]
    assert found.nearest_others == [
        Nearest(second, 5 / 6),
        Nearest(first, 5 / 6),
        Nearest(first, 2 / 9),
    ]
    assert request_measures(database, key) is None
