"""Where candidates come from: a run over real HTTP, told again from its rows."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from rouge_score import rouge_scorer

from selfinstruct_core.errors import NotFound
from selfinstruct_core.generation import execution, retries
from selfinstruct_core.generation.origin import Origin, RuleSaid, Said, candidate_origin
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.replay import replay_run
from selfinstruct_core.generation.runs import NewRun, start_run_here
from selfinstruct_core.models import (
    Drop,
    DroppedInstance,
    Endpoint,
    Instance,
    InstanceReading,
    Mode,
    Rejection,
    RunState,
    Stage,
    TaskState,
)
from selfinstruct_core.models import Origin as TaskOrigin
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from tests.support.scripted_server import Answer, ScriptedServer, completion, error

LISTS = (
    " name  a RIVER in Asia.\n10. Describe the image in a few words\n"
    "11. Name a river in Asia now\n12. **Count the vowels**\n of one word\n13. Sing",
    "Sure! Here are more tasks:\n9. Translate this sentence into German\n10. Count the vowels of",
    " Name a lake in Asia and a river",
)
RULES = (
    *(
        Rejection.PREAMBLE,
        Rejection.TRUNCATED,
        Rejection.MALFORMED,
        Rejection.EMPTY,
        Rejection.TOO_SHORT,
    ),
    *(Rejection.TOO_LONG, Rejection.KEYWORD, Rejection.WRITE_A_PROGRAM),
    *(Rejection.STARTS_WITH_PUNCTUATION, Rejection.NOT_ASCII, Rejection.NO_TOKENS),
    Rejection.TOO_SIMILAR,
)


class Script:
    """Three lists, the second broken off; the first question about a class fails once."""

    def __init__(self) -> None:
        self.lists = iter(LISTS)
        self.failed = False

    def __call__(self, _: int, body: dict[str, Any]) -> Answer:
        prompt = body["prompt"]
        if prompt.endswith("\n9."):
            text = next(self.lists)
            return completion(text, "length" if text.startswith("Sure") else "stop", (200, 40))
        if prompt.endswith("Is it classification?"):
            if not self.failed:
                self.failed = True
                return error(503, "busy")
            return completion(" Yes" if "vowels" in prompt.splitlines()[-2] else " No")
        if "vowels" in prompt.splitlines()[-1]:
            return completion("Class label: two\nword: cafe\n\nClass label: two\nword: cafe")
        return completion("Example 1\nword: sea\nOutput: Meer\n\nExample 2\nword: a\nOutput:")


def work(database: Database, server: ScriptedServer, mode: Mode, target: int, **more: Any) -> int:
    """Run a run to its end and return its number."""
    settings = with_changes(default_settings(mode), {"target": target, **more})
    endpoint = Endpoint("m", base_url=server.base_url)
    job = start_run_here(database, NewRun(settings=settings, endpoint=endpoint, concurrency=1), "t")
    execution.execute(database, job)
    return job.run_id


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, ScriptedServer]]:
    """Run 1, and the server that answered it."""
    folder = tmp_path_factory.mktemp("origin")
    database = open_database(f"sqlite:///{folder / 'studio.db'}")
    with pytest.MonkeyPatch.context() as patch, ScriptedServer(Script()) as server:
        patch.setattr(retries, "FIRST_WAIT", 0.001)
        patch.setenv("STUDIO_ENV_FILE", str(folder / "no.env"))
        work(database, server, Mode.IMPROVED, 4, seed=5)
    yield database, server
    database.dispose()


@pytest.fixture
def stored(story: tuple[Database, ScriptedServer]) -> Database:
    return story[0]


def sent(server: ScriptedServer, ordinal: int) -> dict[str, Any]:
    """What the server received as a request of stage 1."""
    return [body for body in server.requests if body["prompt"].endswith("\n9.")][ordinal]


def marked(origin: Origin) -> str | None:
    """The candidate as it stands in the response."""
    return None if origin.span is None else (origin.request.text or "")[slice(*origin.span)]


def pool_before(database: Database, ordinal: int, position: int) -> list[tuple[int, str]]:
    """The (id, instruction) of the seeds and of the tasks kept before that candidate."""
    with database.read() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT t.id, v.instruction FROM tasks t JOIN task_versions v ON v.task_id = t.id "
                "WHERE t.origin = 'seed' OR t.ordinal < :ordinal "
                "OR (t.ordinal = :ordinal AND t.position < :position) ORDER BY t.id"
            ),
            {"ordinal": ordinal, "position": position},
        )
        return [(row.id, row.instruction) for row in rows]


def brute_neighbours(database: Database, origin: Origin) -> list[tuple[int, float]]:
    """The ten best scores above 0 of rouge_score, of equals the earlier task."""
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    pool = pool_before(database, origin.candidate.ordinal, origin.candidate.position)
    scored = [
        (id_, scorer.score(origin.candidate.instruction, text)["rougeL"].fmeasure)
        for id_, text in pool
    ]
    return sorted((one for one in scored if one[1] > 0), key=lambda one: -one[1])[:10]


def said(rejected: Rejection | None = None, detail: str = "") -> tuple[RuleSaid, ...]:
    """What all rules say: those before the one that rejects pass, the later are not asked."""
    at = len(RULES) if rejected is None else RULES.index(rejected)
    return tuple(
        RuleSaid(rule, Said.PASSED, "") if n < at
        else RuleSaid(rule, Said.REJECTED, detail) if n == at
        else RuleSaid(rule, Said.NOT_ASKED, "")
        for n, rule in enumerate(RULES)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("place", "instruction", "span", "reason", "detail"),
    [
        ((0, 0), "Name a RIVER in Asia.", "name  a RIVER in Asia.", None, ""),
        (
            (0, 1),
            "Describe the image in a few words",
            "Describe the image in a few words",
            Rejection.KEYWORD,
            "image",
        ),
        (
            (0, 2),
            "Name a river in Asia now",
            "Name a river in Asia now",
            Rejection.TOO_SIMILAR,
            "",
        ),
        ((0, 3), "Count the vowels: of one word", "Count the vowels**\n of one word", None, ""),
        ((0, 4), "Sing", "Sing", Rejection.TOO_SHORT, "1 words"),
        (
            (1, 0),
            "Sure! Here are more tasks:",
            "Sure! Here are more tasks:",
            Rejection.PREAMBLE,
            "",
        ),
        (
            (1, 1),
            "Translate this sentence into German",
            "Translate this sentence into German",
            None,
            "",
        ),
        (
            (1, 2),
            "Count the vowels of",
            "Count the vowels of",
            Rejection.TRUNCATED,
            "the last item",
        ),
        (
            (2, 0),
            "Name a lake in Asia and a river",
            "Name a lake in Asia and a river",
            None,
            "",
        ),
    ],
)
def test_every_candidate(
    story: tuple[Database, ScriptedServer],
    place: tuple[int, int],
    instruction: str,
    span: str,
    reason: Rejection | None,
    detail: str,
) -> None:
    database, server = story
    origin = candidate_origin(database, 1, *place)
    candidate, body = origin.candidate, sent(server, place[0])
    assert (origin.run.id, candidate.ordinal, candidate.position) == (1, *place)
    assert (candidate.instruction, candidate.reason) == (instruction, reason)
    assert marked(origin) == span
    assert origin.rules == said(reason, detail)
    request = origin.request
    assert (request.line.stage, request.line.ordinal) == (Stage.INSTRUCTIONS, place[0])
    assert request.prompt == body["prompt"]
    assert request.parameters == {key: body[key] for key in body if key != "prompt"}
    assert request.text == LISTS[place[0]]
    assert [one.outcome for one in request.attempts] == ["answered"]
    near = [(one.task.id, one.score) for one in origin.neighbours]
    assert near == brute_neighbours(database, origin)
    if reason is not None:
        assert (origin.instances, origin.later) == (InstanceReading(), ())
        assert (candidate.task_id, candidate.state) == (None, None)


def test_parents_are_the_tasks_of_the_prompt_in_order(
    story: tuple[Database, ScriptedServer],
) -> None:
    database, server = story
    origins = [candidate_origin(database, 1, ordinal, 0) for ordinal in range(3)]
    for ordinal, origin in enumerate(origins):
        shown = [
            f"{n}. {' '.join(task.instruction.split()).rstrip(':')}"
            for n, task in enumerate(origin.parents, 1)
        ]
        assert sent(server, ordinal)["prompt"].splitlines()[1:] == [*shown, "9."]
        assert tuple(task.id for task in origin.parents) == origin.request.context
    # The first prompt has seeds alone, the others two tasks of the responses before them.
    assert [task.place for task in origins[0].parents] == [None] * 8
    assert {task.origin for task in origins[0].parents} == {TaskOrigin.SEED}
    seed_ids = {task.source_id for task in origins[0].parents}
    assert len(seed_ids) == 8
    assert all(id_ is not None and id_.startswith("seed_task_") for id_ in seed_ids)
    machine = [{task.place for task in origin.parents} - {None} for origin in origins]
    assert machine[1] == {(0, 0), (0, 3)}
    assert len(machine[2]) == 2
    assert machine[2] < {(0, 0), (0, 3), (1, 1)}


def test_neighbours_are_of_the_pool_of_that_moment(stored: Database) -> None:
    similar = candidate_origin(stored, 1, 0, 2)
    best = similar.neighbours[0]
    # Five words of five and six: 2 * 5/6 / (1 + 5/6).
    assert (best.task.place, best.score) == ((0, 0), pytest.approx(10 / 11))
    assert (similar.candidate.nearest_task_id, similar.candidate.nearest_score) == (
        best.task.id,
        best.score,
    )
    assert similar.candidate.nearest_instruction == best.task.instruction
    # (2, 0) is much like it, and came later; neither is it a neighbour of its own.
    later = candidate_origin(stored, 1, 2, 0)
    assert later.candidate.task_id not in {one.task.id for one in similar.neighbours}
    assert later.candidate.task_id not in {one.task.id for one in later.neighbours}
    assert (0, 0) in {one.task.place for one in later.neighbours}
    first = candidate_origin(stored, 1, 0, 0)
    assert {one.task.origin for one in first.neighbours} == {TaskOrigin.SEED}


def test_what_became_of_a_task(stored: Database) -> None:
    origin = candidate_origin(stored, 1, 0, 0)
    assert (origin.candidate.is_classification, origin.candidate.state) == (False, TaskState.READY)
    assert origin.instances == InstanceReading(
        (Instance("word: sea", "Meer"),), (DroppedInstance("word: a", "", Drop.EMPTY_OUTPUT),)
    )
    asked, instances = origin.later
    assert (asked.line.stage, instances.line.stage) == (Stage.CLASSIFICATION, Stage.INPUT_FIRST)
    assert [(one.number, one.outcome, one.detail) for one in asked.attempts] == [
        (1, "server_error", "503: busy"),
        (2, "answered", ""),
    ]
    assert (asked.text, asked.line.instruction) == (" No", "Name a RIVER in Asia.")
    assert (asked.line.attempts, instances.line.attempts) == (2, 1)


def test_the_later_requests_are_those_that_the_server_received(
    story: tuple[Database, ScriptedServer],
) -> None:
    database, server = story
    origin = candidate_origin(database, 1, 0, 3)
    assert (origin.candidate.is_classification, origin.candidate.state) == (True, TaskState.READY)
    assert origin.instances == InstanceReading(
        (Instance("word: cafe", "two"),), (DroppedInstance("word: cafe", "two", Drop.DUPLICATE),)
    )
    assert [one.line.stage for one in origin.later] == [Stage.CLASSIFICATION, Stage.OUTPUT_FIRST]
    for one in origin.later:
        (body,) = (body for body in server.requests if body["prompt"] == one.prompt)
        assert one.parameters == {key: body[key] for key in body if key != "prompt"}
        assert one.context == ()


@pytest.mark.parametrize("place", [(0, 5), (3, 0), (-1, 0), (0, -1)])
def test_places_without_a_candidate(stored: Database, place: tuple[int, int]) -> None:
    with pytest.raises(NotFound, match=rf"Run 1 has no candidate {place[0]}\.{place[1]}\."):
        candidate_origin(stored, 1, *place)


def test_runs_that_do_not_exist(stored: Database) -> None:
    with pytest.raises(NotFound, match="There is no run 9"):
        candidate_origin(stored, 9, 0, 0)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Mode.IMPROVED, "Name a river in Asia"),
        # As the reference does, it takes the thinking for a part of the task.
        (Mode.PAPER, "<think>Name a river in Asia?</think> Name a river in Asia"),
    ],
)
def test_what_a_model_thought_first(database: Database, mode: Mode, expected: str) -> None:
    text = "<think>Name a river in Asia?</think> Name a river in Asia"
    with ScriptedServer(lambda *_: completion(text)) as server:
        run_id = work(database, server, mode, 1, max_fruitless=1)
    origin = candidate_origin(database, run_id, 0, 0)
    assert marked(origin) == expected
    assert origin.span == (len(text) - len(expected), len(text))


def test_signs_without_letters(database: Database) -> None:
    settings = {"filters": {"min_words": 1, "keywords": []}, "max_fruitless": 1}
    with ScriptedServer(lambda *_: completion(" 1 = \u2211")) as server:
        run_id = work(database, server, Mode.IMPROVED, 1, **settings)
    assert candidate_origin(database, run_id, 0, 0).rules == said()
    with ScriptedServer(lambda *_: completion(" \u2211")) as server:
        run_id = work(database, server, Mode.IMPROVED, 1, **settings)
    origin = candidate_origin(database, run_id, 0, 0)
    assert origin.rules == said(Rejection.NOT_ASCII, "\u2211")
    assert (origin.neighbours, origin.span) == ((), None)


def test_a_replay_leaves_the_origin_as_it_was(story: tuple[Database, ScriptedServer]) -> None:
    database, _ = story
    before = [candidate_origin(database, 1, 0, n) for n in range(5)]
    made = replay_run(database, 1, filters={"threshold": 1.0})
    assert made.difference.added
    assert [candidate_origin(database, 1, 0, n) for n in range(5)] == before
    assert before[0].run.state is RunState.FINISHED
