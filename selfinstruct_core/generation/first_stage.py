"""Stage 1 of each recipe: how new tasks are asked for, and how the reply is read.

Runs, replays and the command line look here for what a recipe does; all else in a run is the
same for every recipe.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from selfinstruct_core.errors import BadInput
from selfinstruct_core.generation import alpaca, instructions
from selfinstruct_core.generation.instructions import Candidate
from selfinstruct_core.generation.prompt_set import PromptSet, TaskPrompts
from selfinstruct_core.generation.recipe import ALPACA_TASKS, RunSettings
from selfinstruct_core.models import Mode, PoolTask, Prompt, Recipe, Reply, Stage


@dataclass(frozen=True, slots=True)
class FirstStage:
    """What a recipe does in stage 1. `chat_request` and `wanted` (how many new tasks are asked
    for) get the number of tasks shown, `parse` the number of the first one that is asked for."""

    stage: Stage
    render: Callable[[Sequence[PoolTask], PromptSet, RunSettings], Prompt]
    chat_request: Callable[[PromptSet, int], str]
    parse: Callable[[Reply, Mode, int], list[Candidate]]
    wanted: Callable[[int], int]


def first_stage(recipe: Recipe) -> FirstStage:
    """Stage 1 of a recipe."""
    return _FIRST_STAGES[recipe]


def check_prompts(recipe: Recipe, prompts: PromptSet) -> None:
    """Raise BadInput when the prompt texts lack those of the recipe."""
    if recipe is Recipe.ALPACA and prompts.tasks is None:
        raise BadInput(
            f'Prompt texts "{prompts.name}": the table [tasks] is missing, which recipe {recipe} '
            "needs; copy it from seeds/prompts.toml and change its texts."
        )


def _render_list(shown: Sequence[PoolTask], prompts: PromptSet, settings: RunSettings) -> Prompt:
    return instructions.render(
        [task.instruction for task in shown],
        prompts.instructions,
        numbering=settings.numbering,
        classification_only=settings.classification_only,
    )


def _list_request(prompts: PromptSet, shown: int) -> str:
    return instructions.chat_request(prompts.instructions, shown)


def _render_tasks(shown: Sequence[PoolTask], prompts: PromptSet, _: RunSettings) -> Prompt:
    return alpaca.render(shown, _task_prompts(prompts), ALPACA_TASKS)


def _tasks_request(prompts: PromptSet, shown: int) -> str:
    return alpaca.chat_request(_task_prompts(prompts), shown, ALPACA_TASKS)


def _task_prompts(prompts: PromptSet) -> TaskPrompts:
    assert prompts.tasks is not None, "checked before a run is stored"
    return prompts.tasks


_FIRST_STAGES = {
    Recipe.SELF_INSTRUCT: FirstStage(
        Stage.INSTRUCTIONS,
        _render_list,
        _list_request,
        instructions.parse,
        lambda _: instructions.WANTED,
    ),
    Recipe.ALPACA: FirstStage(
        Stage.TASKS, _render_tasks, _tasks_request, alpaca.parse, lambda shown: ALPACA_TASKS - shown
    ),
}
