"""Which tasks a prompt shows, and how far sampling may run ahead of the pool."""

import hashlib
import itertools
from collections import Counter

import pytest

from selfinstruct_core.generation.context import (
    choose_context,
    committed_before,
    request_seed,
)
from selfinstruct_core.generation.prompt_set import load_prompt_set
from selfinstruct_core.generation.randomness import generator, number
from selfinstruct_core.generation.recipe import RunSettings, default_settings, with_changes
from selfinstruct_core.generation.requests import RequestWriter
from selfinstruct_core.models import Endpoint, PoolTask, Stage


def context(ordinal: int, seeds: int, machine: int, *, seed: int = 42) -> list[int]:
    return choose_context(seed, ordinal, seeds, machine, size=8, machine_share=2)


class TestSizes:
    @pytest.mark.parametrize(
        ("machine", "from_machine"), [(0, 0), (1, 1), (2, 2), (3, 2), (50, 2), (50_000, 2)]
    )
    def test_machine_tasks_join_as_the_pool_grows(self, machine: int, from_machine: int) -> None:
        for ordinal in range(200):
            chosen = context(ordinal, 24, machine)
            assert len(chosen) == len(set(chosen)) == 8
            assert sum(position >= 24 for position in chosen) == from_machine
            assert all(0 <= position < 24 + machine for position in chosen)

    @pytest.mark.parametrize(
        ("seeds", "machine", "size"), [(8, 0, 8), (7, 0, 7), (1, 0, 1), (1, 9, 3), (3, 5, 5)]
    )
    def test_few_seeds_give_a_shorter_prompt(self, seeds: int, machine: int, size: int) -> None:
        for ordinal in range(50):
            chosen = context(ordinal, seeds, machine)
            assert len(set(chosen)) == len(chosen) == size
            assert sum(position < seeds for position in chosen) == min(seeds, 8)

    @pytest.mark.parametrize(("size", "share"), [(1, 0), (1, 1), (4, 4), (20, 5)])
    def test_other_sizes(self, size: int, share: int) -> None:
        chosen = choose_context(1, 3, 30, 30, size=size, machine_share=share)
        assert (len(chosen), sum(position >= 30 for position in chosen)) == (size, share)


class TestDeterminism:
    @pytest.mark.parametrize(
        ("arguments", "chosen"),
        [
            # (run seed, ordinal, seeds, machine-made tasks)
            ((42, 0, 24, 0), [4, 11, 18, 20, 8, 23, 13, 2]),
            ((42, 1, 24, 1), [2, 23, 3, 22, 24, 0, 19, 15]),
            ((42, 5, 24, 2), [10, 9, 24, 25, 14, 3, 0, 4]),
            ((42, 5, 24, 40), [10, 9, 36, 24, 14, 3, 0, 4]),
            ((43, 5, 24, 40), [36, 11, 4, 33, 5, 9, 2, 12]),
            ((42, 0, 3, 5), [2, 0, 4, 1, 6]),
        ],
    )
    def test_pinned(self, arguments: tuple[int, int, int, int], chosen: list[int]) -> None:
        seed, ordinal, seeds, machine = arguments
        assert context(ordinal, seeds, machine, seed=seed) == chosen

    def test_every_seed_and_place_is_used_alike(self) -> None:
        places: Counter[tuple[int, int]] = Counter()
        for ordinal in range(6000):
            places.update(enumerate(context(ordinal, 10, 5)))
        for place in range(8):
            # 6 of 8 places are of 10 seeds, 2 of 8 of 5 tasks: 450 and 300 times expected.
            assert all(370 < places[place, position] < 530 for position in range(10))
            assert all(235 < places[place, position] < 365 for position in range(10, 15))

    @pytest.mark.parametrize(
        ("key", "seed"),
        [
            ((42, Stage.INSTRUCTIONS, 0), 1750267092),
            ((42, Stage.INSTRUCTIONS, 1), 854247786),
            ((42, Stage.CLASSIFICATION, 0), 1346757770),
            ((43, Stage.INSTRUCTIONS, 0), 126309294),
        ],
    )
    def test_seeds_of_requests(self, key: tuple[int, Stage, int], seed: int) -> None:
        assert request_seed(*key) == seed

    def test_seeds_of_requests_differ_and_fit(self) -> None:
        seeds = {request_seed(s, stage, n) for s in range(5) for stage in Stage for n in range(500)}
        assert len(seeds) == 5 * len(Stage) * 500
        assert min(seeds) >= 0
        assert max(seeds) < 2**31

    def test_numbers_come_from_the_key_alone(self) -> None:
        digest = hashlib.sha256(b"a").hexdigest()
        assert digest.startswith("ca978112ca1bbdca")
        assert number("a") == int(digest[:16], 16) == 14598278634844962250
        assert number("a", 31) == int(digest[:8], 16) >> 1
        assert number("a", 256) == int(digest, 16)
        assert generator("a").random() == 0.9458000056275099
        # A key may hold what a model wrote, also half a surrogate pair.
        assert number("\ud83d") != number("\ude00")


class TestWindow:
    # k = min(W, 1 + i // 4): request i sees the pool as committed through request i - k.
    TABLE = (
        # i, W, k
        (0, 16, 1), (1, 16, 1), (3, 16, 1), (4, 16, 2), (7, 16, 2), (8, 16, 3), (11, 16, 3),
        (12, 16, 4), (59, 16, 15), (60, 16, 16), (61, 16, 16), (64, 16, 16), (1000, 16, 16),
        (0, 1, 1), (5, 1, 1), (1000, 1, 1), (3, 2, 1), (4, 2, 2), (8, 2, 2),
        (2047, 512, 512), (2043, 512, 511), (5000, 512, 512),
    )  # fmt: skip

    @pytest.mark.parametrize(("ordinal", "window", "k"), TABLE)
    def test_table(self, ordinal: int, window: int, k: int) -> None:
        # Through request i - k means that i - k + 1 requests are committed.
        assert committed_before(ordinal, window) == ordinal - k + 1

    @pytest.mark.parametrize("window", [1, 2, 3, 16, 100])
    def test_it_only_grows_and_never_waits_for_itself(self, window: int) -> None:
        needed = [committed_before(ordinal, window) for ordinal in range(1000)]
        assert needed[0] == 0
        assert all(0 <= count <= ordinal for ordinal, count in enumerate(needed))
        assert all(0 <= b - a <= 1 for a, b in itertools.pairwise(needed))
        # Requests under way at once: those after what request i needs, itself included.
        assert max(i - count + 1 for i, count in enumerate(needed)) == window


class TestRequests:
    SEEDS = tuple(PoolTask(100 + n, f"Do the seed task {n}.", False) for n in range(24))
    MACHINE = tuple(PoolTask(500 + n, f"Do the new task {n}.", None) for n in range(3))

    @staticmethod
    def writer(**changes: object) -> RequestWriter:
        settings: RunSettings = with_changes(default_settings(), changes)
        return RequestWriter(settings, load_prompt_set(), Endpoint("m"))

    @pytest.mark.parametrize(("machine", "ids"), [(0, 0), (1, 1), (3, 2)])
    def test_the_prompt_shows_the_context_in_its_order(self, machine: int, ids: int) -> None:
        request = self.writer().for_instructions(7, self.SEEDS, self.MACHINE[:machine])
        tasks = {task.id: task for task in (*self.SEEDS, *self.MACHINE)}
        shown = [tasks[id_].instruction for id_ in request.context]
        lines = request.prompt.text.split("\n")[1:-1]
        assert lines == [f"{n}. {text}" for n, text in enumerate(shown, 1)]
        assert sum(id_ >= 500 for id_ in request.context) == ids
        positions = context(7, 24, machine)
        pool = [*self.SEEDS, *self.MACHINE]
        assert list(request.context) == [pool[position].id for position in positions]

    def test_the_same_step_gives_the_same_request(self) -> None:
        first, second = (
            self.writer().for_instructions(3, self.SEEDS, self.MACHINE) for _ in range(2)
        )
        assert first == second
        other = self.writer(seed=7).for_instructions(3, self.SEEDS, self.MACHINE)
        assert other.context != first.context
        assert other.parameters["seed"] == request_seed(7, "instructions", 3)

    def test_the_settings_of_the_context(self) -> None:
        writer = self.writer(context_tasks=3, machine_tasks_in_context=0)
        request = writer.for_instructions(0, self.SEEDS, self.MACHINE)
        assert len(request.context) == 3
        assert all(id_ < 500 for id_ in request.context)
        assert request.prompt.text.endswith("\n4.")
