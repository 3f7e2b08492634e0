"""What responses hold under the settings of a run: candidates with verdicts, classes, instances.

Pure: runs, replays and previews of replays all read here.
"""

from collections.abc import Sequence

from selfinstruct_core.generation import classification, instances
from selfinstruct_core.generation.first_stage import first_stage
from selfinstruct_core.generation.instance_filters import filter_instances
from selfinstruct_core.generation.pool import JudgedCandidate, Pool
from selfinstruct_core.generation.recipe import RunSettings
from selfinstruct_core.generation.stops import apply_stops
from selfinstruct_core.models import Instance, InstanceReading, Reply, Stage


class ResponseReader:
    """Reads the responses of one derivation; those of stage 1 in order of their ordinals, because
    what they bring joins the pool that later ones are judged against."""

    def __init__(self, settings: RunSettings, seeds: Sequence[str]) -> None:
        self.settings = settings
        self.first = first_stage(settings.recipe)
        self.pool = Pool(seeds, settings.filters, settings.mode)

    def candidates(self, reply: Reply, context_size: int) -> list[JudgedCandidate]:
        """Commit the next response of stage 1 and return its candidates in order."""
        effective = self._effective(reply, self.first.stage)
        return self.pool.commit(self.first.parse(effective, self.settings.mode, context_size + 1))

    def is_classification(self, reply: Reply) -> bool:
        """Whether the response says that its task is a classification task."""
        return classification.parse(
            self._effective(reply, Stage.CLASSIFICATION), self.settings.mode
        )

    def instances(self, reply: Reply, stage: Stage, source: tuple[int, int]) -> InstanceReading:
        """The instances of the task in that place, and what was dropped."""
        return instances.parse(
            self._effective(reply, stage),
            stage,
            self.settings.mode,
            max_instances=self.settings.filters.max_instances,
            sample_key=f"{self.settings.seed}/instances/{source[0]}/{source[1]}",
        )

    def own_instance(self, instance: Instance) -> InstanceReading:
        """What becomes of the instance that a candidate brought along."""
        # Of one instance there is nothing to sample, so the key of the sample decides nothing.
        return filter_instances(InstanceReading((instance,)), 1, "")

    def _effective(self, reply: Reply, stage: Stage) -> Reply:
        return apply_stops(reply, self.settings.decoding[stage].stop)
