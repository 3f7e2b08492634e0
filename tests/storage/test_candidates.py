"""Lists of candidates, one of them, and how many each response brought, on both databases."""

from sqlalchemy import Connection

from selfinstruct_core.models import Rejection, TaskState
from selfinstruct_core.storage import candidates, runs, tasks
from selfinstruct_core.storage.candidates import (
    KEPT,
    REJECTED,
    CandidateFilter,
    CandidateLine,
    YieldBin,
)
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.tasks import CandidateRow
from tests.storage.stored import StoredRun, store_run

Place = tuple[int, int]


def add(
    connection: Connection,
    derivation_id: int,
    place: Place,
    reason: Rejection | None = None,
    text: str = "Name a cheese.",
) -> None:
    row = CandidateRow(*place, text, reason, "", None, None)
    tasks.add_candidate(connection, derivation_id, row)


def add_all(database: Database, run: StoredRun, found: dict[Place, Rejection | None]) -> None:
    with database.write() as connection:
        for place, reason in found.items():
            add(connection, run.derivation_id, place, reason)


def add_texts(database: Database, run: StoredRun, *texts: str) -> None:
    with database.write() as connection:
        for n, text in enumerate(texts):
            add(connection, run.derivation_id, (0, n), None, text)


def listed(
    database: Database, run: StoredRun, wanted: CandidateFilter, limit: int = 100, offset: int = 0
) -> list[Place]:
    """The places of the list; the count must be that of the whole list."""
    with database.read() as connection:
        id_ = run.derivation_id
        lines = candidates.newest_candidates(connection, id_, wanted, limit, offset)
        every = candidates.newest_candidates(connection, id_, wanted, 1000)
        assert candidates.count_candidates(connection, id_, wanted) == len(every)
    return [(line.ordinal, line.position) for line in lines]


def texts_with(database: Database, run: StoredRun, part: str, which: str = "") -> list[str]:
    """The instructions in which the part is found, the newest first."""
    with database.read() as connection:
        wanted = CandidateFilter(which, part)
        lines = candidates.newest_candidates(connection, run.derivation_id, wanted, 100)
        assert candidates.count_candidates(connection, run.derivation_id, wanted) == len(lines)
    return [line.instruction for line in lines]


MIXED: dict[Place, Rejection | None] = {
    (0, 0): None,
    (0, 1): Rejection.TOO_SIMILAR,
    (2, 0): Rejection.EMPTY,
    (10, 0): None,
    (10, 2): Rejection.TOO_SIMILAR,
    (9, 1): None,
}


def test_kept_rejected_and_every_reason(database: Database, run: StoredRun) -> None:
    add_all(database, store_run(database), {(0, 0): None, (3, 0): Rejection.EMPTY})
    add_all(database, run, MIXED)
    expected = {
        "": [(10, 2), (10, 0), (9, 1), (2, 0), (0, 1), (0, 0)],
        KEPT: [(10, 0), (9, 1), (0, 0)],
        REJECTED: [(10, 2), (2, 0), (0, 1)],
        "too_similar": [(10, 2), (0, 1)],
        "empty": [(2, 0)],
        "keyword": [],
        "no such name": [],
    }
    assert {which: listed(database, run, CandidateFilter(which)) for which in expected} == expected


def test_pages_hold_every_candidate_once(database: Database, run: StoredRun) -> None:
    places = {(ordinal, position): None for ordinal in range(4) for position in range(3)}
    add_all(database, run, places)
    expected = sorted(places, reverse=True)
    everything = CandidateFilter()
    for size in (1, 5, 12):
        pages = [listed(database, run, everything, size, n) for n in range(0, 12, size)]
        assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
        assert [place for page in pages for place in page] == expected
    assert listed(database, run, everything, 5, 12) == []
    assert listed(database, run, everything, 0) == []
    assert listed(database, run, CandidateFilter(KEPT), 2, 3) == expected[3:5]


def test_parts_of_instructions_are_texts_not_patterns(database: Database, run: StoredRun) -> None:
    add_texts(
        database,
        run,
        "Take 50% off",
        "Take 50 off",
        "a_b",
        "axb",
        "a/b",
        "a\\b",
        "it's",
        'a"b',
        "[a]",
    )
    found = {
        "50%": ["Take 50% off"],
        "%": ["Take 50% off"],
        "0%o": [],
        "a_b": ["a_b"],
        "_": ["a_b"],
        "/": ["a/b"],
        "/_": [],
        "\\": ["a\\b"],
        "'": ["it's"],
        "[a]": ["[a]"],
        " OFF": ["Take 50 off", "Take 50% off"],
        "xyz": [],
    }
    assert {part: texts_with(database, run, part) for part in found} == found
    assert len(texts_with(database, run, "")) == 9


def test_capitals_of_every_script_are_the_same(database: Database, run: StoredRun) -> None:
    add_texts(database, run, "Sing ÉTÉ", "über Σοφία", "ЖУК", "다음 😀", "nul \x00 half \ud800")
    found = {
        "sing": ["Sing ÉTÉ"],
        "été": ["Sing ÉTÉ"],
        "ÜBER σΟ": ["über Σοφία"],
        "жУк": ["ЖУК"],
        "음 😀": ["다음 😀"],
        # Neither can be stored; the same sign stands for both.
        "NUL \x00": ["nul \ufffd half \ufffd"],
    }
    assert {part: texts_with(database, run, part) for part in found} == found


def test_both_filters_together(database: Database, run: StoredRun) -> None:
    with database.write() as connection:
        add(connection, run.derivation_id, (0, 0), None, "Name a cheese")
        add(connection, run.derivation_id, (0, 1), Rejection.EMPTY, "Name a river")
        add(connection, run.derivation_id, (0, 2), Rejection.KEYWORD, "Name a map")
        add(connection, run.derivation_id, (0, 3), Rejection.KEYWORD, "Draw")
    assert texts_with(database, run, "NAME") == ["Name a map", "Name a river", "Name a cheese"]
    assert texts_with(database, run, "name", KEPT) == ["Name a cheese"]
    assert texts_with(database, run, "name", REJECTED) == ["Name a map", "Name a river"]
    assert texts_with(database, run, "name", "keyword") == ["Name a map"]
    assert texts_with(database, run, "draw", KEPT) == []


def test_the_candidate_in_a_place(database: Database, run: StoredRun) -> None:
    other = store_run(database)
    with database.write() as connection:
        task_id = tasks.add_machine_task(
            connection, run.project_id, run.derivation_id, (4, 1), "Name a river."
        )
        tasks.set_classification(connection, task_id, True)
        tasks.set_state(connection, task_id, TaskState.NO_INSTANCE)
        kept = CandidateRow(4, 1, "Name a river.", None, "", run.seed_ids[1], 0.25)
        similar = CandidateRow(5, 0, "A river.", Rejection.TOO_SIMILAR, "", task_id, 0.75)
        short = CandidateRow(4, 0, "Hm", Rejection.TOO_SHORT, "1 words", None, None)
        for row in (kept, similar, short):
            tasks.add_candidate(connection, run.derivation_id, row)
        add(connection, other.derivation_id, (4, 2))
    with database.read() as connection:
        found = [
            candidates.candidate_at(connection, run.derivation_id, *place)
            for place in ((4, 1), (5, 0), (4, 0), (4, 2), (1, 4))
        ]
        in_order = candidates.candidates_of_response(connection, run.derivation_id, 4)
        assert candidates.candidates_of_response(connection, run.derivation_id, 0) == []
    assert found == [
        CandidateLine(
            *(4, 1, "Name a river.", None, "", run.seed_ids[1], "Say if it is odd.", 0.25),
            *(task_id, True, TaskState.NO_INSTANCE),
        ),
        CandidateLine(
            *(5, 0, "A river.", Rejection.TOO_SIMILAR, "", task_id, "Name a river.", 0.75),
            *(None, None, None),
        ),
        CandidateLine(
            *(4, 0, "Hm", Rejection.TOO_SHORT, "1 words", None, None, None), *(None, None, None)
        ),
        None,
        None,
    ]
    assert in_order == [(0, "Hm"), (1, "Name a river.")]


class TestYield:
    def bins(self, database: Database, run: StoredRun, committed: int, most: int) -> list[YieldBin]:
        with database.read() as connection:
            return candidates.yield_bins(connection, run.derivation_id, committed, most)

    def test_one_bar_a_response(self, database: Database, run: StoredRun) -> None:
        add_all(database, store_run(database), {(0, 0): None})
        add_all(database, run, MIXED)
        assert self.bins(database, run, 11, 11) == self.bins(database, run, 11, 60)
        assert self.bins(database, run, 11, 60) == [
            YieldBin(0, 0, 2, 1),
            YieldBin(1, 1, 0, 0),
            YieldBin(2, 2, 1, 0),
            *(YieldBin(n, n, 0, 0) for n in range(3, 9)),
            YieldBin(9, 9, 1, 1),
            YieldBin(10, 10, 2, 1),
        ]

    def test_several_responses_a_bar_the_last_one_shorter(
        self, database: Database, run: StoredRun
    ) -> None:
        add_all(database, run, MIXED)
        # 11 responses in at most 3: four, four and three.
        found = self.bins(database, run, 11, 3)
        assert found == [YieldBin(0, 3, 3, 1), YieldBin(4, 7, 0, 0), YieldBin(8, 10, 3, 2)]
        assert [one.kept_per_response for one in found] == [0.25, 0.0, 2 / 3]
        assert self.bins(database, run, 11, 1) == [YieldBin(0, 10, 6, 3)]
        # Rounded up to three a bar, four bars hold twelve.
        assert [one.last for one in self.bins(database, run, 11, 5)] == [2, 5, 8, 10]

    def test_every_response_is_in_one_bar(self, database: Database, run: StoredRun) -> None:
        places = {(ordinal, n): None for ordinal in range(61) for n in range(ordinal % 3)}
        add_all(database, run, places)
        for most in (1, 2, 7, 30, 59, 60, 61, 100):
            found = self.bins(database, run, 61, most)
            assert len(found) <= most
            covered = [n for one in found for n in range(one.first, one.last + 1)]
            assert covered == list(range(61))
            for one in found:
                inside = [place for place in places if one.first <= place[0] <= one.last]
                assert one.candidates == one.kept == len(inside)

    def test_no_responses_no_bars(self, database: Database, run: StoredRun) -> None:
        assert self.bins(database, run, 0, 60) == []
        # A response that was committed without any candidate.
        assert self.bins(database, run, 1, 60) == [YieldBin(0, 0, 0, 0)]

    def test_a_replay_has_its_own(self, database: Database, run: StoredRun) -> None:
        add_all(database, run, {(0, 0): None})
        with database.write() as connection:
            replay = runs.add_derivation(connection, run.id, 2, {})
            add(connection, replay, (0, 0), Rejection.TOO_SIMILAR)
            assert candidates.yield_bins(connection, replay, 1, 60) == [YieldBin(0, 0, 1, 0)]
        assert self.bins(database, run, 1, 60) == [YieldBin(0, 0, 1, 1)]
