"""What a run will need, before it is started: requests, tokens, money."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

from selfinstruct_core.generation.first_stage import first_stage
from selfinstruct_core.generation.limits import cost_of
from selfinstruct_core.generation.requests import RequestWriter
from selfinstruct_core.generation.runs import NewRun
from selfinstruct_core.models import (
    MachineTask,
    PlannedRequest,
    PoolTask,
    Stage,
    TaskState,
)
from selfinstruct_core.storage import run_averages
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.run_averages import Averages, StageAverages

CHARACTERS_PER_TOKEN = 4
"""Of English text, roughly; what is assumed of a model that no run has asked yet."""
KEPT_OF_WANTED = 0.6
CLASSIFICATION_SHARE = 0.2
"""The paper kept about as much of what it asked for, and 22% were classification tasks."""
INSTANCES = 2


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """The requests of one stage, and the tokens of all of them together."""

    stage: Stage
    requests: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will need. `cost` is None when the endpoint has no prices; `runs` is how many
    earlier runs of the same model it rests on, 0 when lengths of texts are all there is."""

    stages: tuple[StageEstimate, ...]
    cost: float | None
    runs: int

    @property
    def requests(self) -> int:
        return sum(stage.requests for stage in self.stages)

    @property
    def tokens(self) -> int:
        return sum(stage.prompt_tokens + stage.completion_tokens for stage in self.stages)


def estimate_run(database: Database, new: NewRun) -> Estimate:
    """What the run will need, by what earlier runs with the same model and interface needed, or
    else by the lengths of its prompts and seed tasks. Nothing is sent and nothing stored."""
    with database.read() as connection:
        known = run_averages.averages(connection, new.endpoint, new.settings.recipe)
    expected = _assumed(new)
    if known is not None:
        expected = Averages(
            runs=known.runs,
            kept_per_response=known.kept_per_response or expected.kept_per_response,
            classification_share=known.classification_share,
            stages=expected.stages | known.stages,
        )
    stages = tuple(_stages(new, expected))
    prompt = sum(stage.prompt_tokens for stage in stages)
    completion = sum(stage.completion_tokens for stage in stages)
    return Estimate(stages, cost_of(new.endpoint, prompt, completion), expected.runs)


def _stages(new: NewRun, expected: Averages) -> Iterator[StageEstimate]:
    target = new.settings.target
    known = expected.classification_share
    share = CLASSIFICATION_SHARE if known is None else known
    requests = {
        first_stage(new.settings.recipe).stage: target / expected.kept_per_response,
        Stage.CLASSIFICATION: target,
        Stage.INPUT_FIRST: target * (1 - share),
        Stage.OUTPUT_FIRST: target * share,
    }
    for stage in new.settings.decoding:
        number, average = requests[stage], expected.stages[stage]
        yield StageEstimate(
            stage,
            math.ceil(number),
            round(number * average.prompt_tokens),
            round(number * average.completion_tokens),
        )


def _assumed(new: NewRun) -> Averages:
    """Averages by the lengths of this run's own prompts and seed tasks."""
    wanted = first_stage(new.settings.recipe).wanted(new.settings.context_tasks)
    instruction = fmean(len(seed.instruction) for seed in new.seeds)
    lengths = [len(one.input) + len(one.output) for seed in new.seeds for one in seed.instances]
    instance = fmean(lengths) if lengths else instruction
    completions = {
        Stage.INSTRUCTIONS: wanted * instruction,
        Stage.CLASSIFICATION: CHARACTERS_PER_TOKEN,
        Stage.INPUT_FIRST: INSTANCES * instance,
        Stage.OUTPUT_FIRST: INSTANCES * instance,
        Stage.TASKS: wanted * (instruction + instance),
    }
    stages = {}
    for request in _sample_requests(new):
        stages[request.stage] = StageAverages(
            len(request.prompt.text) / CHARACTERS_PER_TOKEN,
            min(
                completions[request.stage] / CHARACTERS_PER_TOKEN,
                new.settings.decoding[request.stage].max_tokens,
            ),
        )
    return Averages(0, KEPT_OF_WANTED * wanted, CLASSIFICATION_SHARE, stages)


def _sample_requests(new: NewRun) -> Iterator[PlannedRequest]:
    writer = RequestWriter(new.settings, new.prompts, new.endpoint)
    seeds = [
        PoolTask(
            n,
            seed.instruction,
            seed.is_classification,
            seed.id,
            seed.instances[0] if seed.instances else None,
        )
        for n, seed in enumerate(new.seeds)
    ]
    middle = sorted((seed.instruction for seed in new.seeds), key=len)[len(seeds) // 2]
    yield writer.for_instructions(0, seeds, [])
    if not new.settings.classifies:
        return
    for is_classification in (False, True):
        task = MachineTask(0, 0, 0, middle, is_classification, TaskState.PENDING)
        if not is_classification:
            yield writer.for_classification(0, task)
        yield writer.for_instances(0, task)
