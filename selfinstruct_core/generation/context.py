"""Which tasks a stage-1 prompt shows: 6 human-written and 2 machine-made (paper section 2.2)."""

from selfinstruct_core.generation.randomness import generator, number


def committed_before(ordinal: int, window: int) -> int:
    """How many requests must be committed before request `ordinal` can sample its context.

    Request i samples from the pool as committed through request i - k with
    k = min(window, 1 + i // 4): the first requests feed back at once, later ones keep up to
    `window` requests under way and stay independent of timing.
    """
    return max(0, ordinal - min(window, 1 + ordinal // 4) + 1)


def choose_context(
    run_seed: int, ordinal: int, seeds: int, machine: int, *, size: int, machine_share: int
) -> list[int]:
    """Positions in the pool (seeds first, then machine-made tasks) to show, in prompt order.

    As in the reference code: up to `machine_share` machine-made tasks without replacement,
    filled up with seeds, then shuffled.
    """
    chance = generator(f"{run_seed}/instructions/{ordinal}")
    from_machine = chance.sample(range(machine), min(machine_share, machine))
    from_seeds = chance.sample(range(seeds), min(size - len(from_machine), seeds))
    chosen = [seeds + position for position in from_machine] + from_seeds
    chance.shuffle(chosen)
    return chosen


def request_seed(run_seed: int, stage: str, ordinal: int) -> int:
    """The `seed` parameter of one request, in [0, 2**31)."""
    return number(f"{run_seed}/{stage}/{ordinal}/request", 31)
