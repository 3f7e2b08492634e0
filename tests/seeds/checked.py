"""How the shipped tasks that are marked `checked_by: code` are recomputed.

A check module calls `gives` or `holds` for the ids it checks, once for every instance:

    @gives("seed_task_7")              # the function computes the output from the input
    def _(given: str) -> str: ...

    @holds("seed_task_8")              # the function asserts what must be true of the output
    def _(given: str, output: str) -> None: ...
"""

from collections.abc import Callable

CHECKS: dict[str, Callable[[str, str], None]] = {}


def gives(*task_ids: str) -> Callable[[Callable[[str], str]], Callable[[str], str]]:
    """The decorated function computes the exact output of the tasks' instances."""

    def register(compute: Callable[[str], str]) -> Callable[[str], str]:
        def check(given: str, output: str) -> None:
            assert output == compute(given)

        _add(task_ids, check)
        return compute

    return register


def holds(
    *task_ids: str,
) -> Callable[[Callable[[str, str], None]], Callable[[str, str], None]]:
    """The decorated function asserts what must be true of the tasks' instances."""

    def register(check: Callable[[str, str], None]) -> Callable[[str, str], None]:
        _add(task_ids, check)
        return check

    return register


def run_code(source: str) -> dict[str, object]:
    """The names that a piece of Python code defines."""
    names: dict[str, object] = {"__name__": "checked"}
    exec(source, names)
    return names


def _add(task_ids: tuple[str, ...], check: Callable[[str, str], None]) -> None:
    for task_id in task_ids:
        assert task_id not in CHECKS, f"{task_id} has a check already"
        CHECKS[task_id] = check
