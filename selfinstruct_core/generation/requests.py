"""What is sent for each step of a run: the prompt and the parameters of the request."""

from collections.abc import Sequence
from typing import Any

from selfinstruct_core.generation import classification, instances
from selfinstruct_core.generation.context import choose_context, request_seed
from selfinstruct_core.generation.decoding import MAX_STOPS_SENT
from selfinstruct_core.generation.first_stage import first_stage
from selfinstruct_core.generation.prompt_set import PromptSet
from selfinstruct_core.generation.recipe import RunSettings
from selfinstruct_core.models import Api, Endpoint, MachineTask, PlannedRequest, PoolTask, Stage


class RequestWriter:
    """Writes the requests of one run: the same step always gives the same request."""

    def __init__(self, settings: RunSettings, prompts: PromptSet, endpoint: Endpoint) -> None:
        self._settings = settings
        self._prompts = prompts
        self._endpoint = endpoint

    def for_instructions(
        self, ordinal: int, seeds: Sequence[PoolTask], machine: Sequence[PoolTask]
    ) -> PlannedRequest:
        """Stage 1: ask for new tasks after a context sampled from the pool as given."""
        settings, first = self._settings, first_stage(self._settings.recipe)
        positions = choose_context(
            settings.seed,
            ordinal,
            len(seeds),
            len(machine),
            size=settings.context_tasks,
            machine_share=settings.machine_tasks_in_context,
        )
        shown = [seeds[p] if p < len(seeds) else machine[p - len(seeds)] for p in positions]
        return PlannedRequest(
            stage=first.stage,
            ordinal=ordinal,
            prompt=first.render(shown, self._prompts, settings),
            parameters=self._parameters(
                first.stage, ordinal, first.chat_request(self._prompts, len(shown))
            ),
            context=tuple(task.id for task in shown),
        )

    def for_classification(self, ordinal: int, task: MachineTask) -> PlannedRequest:
        """Stage 2: ask whether the task is a classification task."""
        texts = self._prompts.classification
        return PlannedRequest(
            stage=Stage.CLASSIFICATION,
            ordinal=ordinal,
            prompt=classification.render(task.instruction, texts),
            parameters=self._parameters(Stage.CLASSIFICATION, ordinal, texts.chat_request),
            source=(task.ordinal, task.position),
            instruction=task.instruction,
        )

    def for_instances(self, ordinal: int, task: MachineTask) -> PlannedRequest:
        """Stage 3: ask for the task's instances, output-first if it is a classification task."""
        stage = Stage.OUTPUT_FIRST if task.is_classification else Stage.INPUT_FIRST
        first = stage is Stage.INPUT_FIRST
        texts = self._prompts.input_first if first else self._prompts.output_first
        return PlannedRequest(
            stage=stage,
            ordinal=ordinal,
            prompt=instances.render(task.instruction, texts, stage),
            parameters=self._parameters(stage, ordinal, texts.chat_request),
            source=(task.ordinal, task.position),
            instruction=task.instruction,
        )

    def _parameters(self, stage: Stage, ordinal: int, chat_request: str) -> dict[str, Any]:
        decoding = self._settings.decoding[stage]
        parameters: dict[str, Any] = {
            "model": self._endpoint.model,
            self._endpoint.token_parameter: decoding.max_tokens,
            "temperature": decoding.temperature,
            "top_p": decoding.top_p,
            "presence_penalty": decoding.presence_penalty,
            "frequency_penalty": decoding.frequency_penalty,
            "stop": list(decoding.stop[:MAX_STOPS_SENT]),
            "seed": request_seed(self._settings.seed, stage, ordinal),
        }
        for name in self._endpoint.refused:
            parameters.pop(name, None)
        if self._settings.api is Api.CHAT:
            parameters["chat_request"] = chat_request
        return parameters
