"""Which of the instances read in a response are taken over (paper section 2.2, stage 4)."""

import random
from collections.abc import Iterable

from selfinstruct_core.generation.randomness import generator
from selfinstruct_core.models import Drop, DroppedInstance, Instance, InstanceReading


def without_truncated(reading: InstanceReading) -> InstanceReading:
    """The reading of a response that broke off: its last instance is not complete."""
    if not reading.instances:
        return reading
    cut = _dropped(reading.instances[-1:], Drop.TRUNCATED)
    return InstanceReading(reading.instances[:-1], reading.dropped + cut)


def filter_instances(
    reading: InstanceReading, max_instances: int, sample_key: str
) -> InstanceReading:
    """Drop invalid instances, then all of them when two conflict, then duplicates, then what is
    over the limit: the reference code's order. Instances stay in the order of the response;
    the reference code loses it in a set, and with it reproducibility."""
    dropped = list(reading.dropped)
    valid: list[Instance] = []
    for instance in reading.instances:
        fault = invalidity(instance)
        if fault is None:
            valid.append(instance)
        else:
            dropped += _dropped([instance], fault)
    if has_conflict(valid):
        return InstanceReading((), (*dropped, *_dropped(valid, Drop.CONFLICTING)))
    unique = list(dict.fromkeys(valid))
    seen: set[Instance] = set()
    for instance in valid:
        if instance in seen:
            dropped += _dropped([instance], Drop.DUPLICATE)
        seen.add(instance)
    taken = _sample(unique, max_instances, generator(sample_key))
    dropped += _dropped([i for i in unique if i not in set(taken)], Drop.OVER_LIMIT)
    return InstanceReading(tuple(taken), tuple(dropped))


def invalidity(instance: Instance) -> Drop | None:
    """Why an instance cannot be used by itself, or None."""
    if instance.output == "":
        return Drop.EMPTY_OUTPUT
    if instance.input == instance.output:
        return Drop.SAME_AS_INPUT
    if instance.input.strip().endswith(":") or instance.output.strip().endswith(":"):
        return Drop.ENDS_WITH_COLON
    return None


def has_conflict(instances: Iterable[Instance]) -> bool:
    """Whether two instances share a non-empty input and differ in the output."""
    output_of: dict[str, str] = {}
    return any(
        instance.input and output_of.setdefault(instance.input, instance.output) != instance.output
        for instance in instances
    )


def _sample(instances: list[Instance], limit: int, chance: random.Random) -> list[Instance]:
    if len(instances) <= limit:
        return instances
    return [instances[i] for i in sorted(chance.sample(range(len(instances)), limit))]


def _dropped(instances: Iterable[Instance], reason: Drop) -> tuple[DroppedInstance, ...]:
    return tuple(DroppedInstance(i.input, i.output, reason) for i in instances)
