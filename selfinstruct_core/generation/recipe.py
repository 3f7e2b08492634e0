"""The settings of a run that decide what it produces, with the paper's constants as defaults."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from selfinstruct_core.errors import BadInput
from selfinstruct_core.generation.decoding import Decoding, default_decoding, improved_decoding
from selfinstruct_core.generation.heuristics import ALPACA_KEYWORDS, KEYWORDS
from selfinstruct_core.generation.novelty import DEFAULT_THRESHOLD
from selfinstruct_core.generation.tokenizers import Tokenizer
from selfinstruct_core.models import Api, Mode, Recipe, Stage

DEFAULT_SEED = 42


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a run: heuristics and novelty for candidates, the limit for instances.

    Word counts are of whitespace-separated words. A candidate is rejected when its ROUGE-L
    F-measure to any seed or kept task is greater than `threshold`.
    """

    min_words: int = 4
    max_words: int = 150
    keywords: tuple[str, ...] = KEYWORDS
    threshold: float = DEFAULT_THRESHOLD
    tokenizer: Tokenizer = Tokenizer.ROUGE
    max_instances: int = 5


@dataclass(frozen=True, slots=True)
class RunSettings:
    """All that, together with seeds and responses, decides the data set of a run.

    `window` is how far sampling may run ahead of the committed pool (docs/decisions); how many
    requests are under way at once is not here, because it changes nothing but the duration.
    """

    recipe: Recipe = Recipe.SELF_INSTRUCT
    target: int = 100
    seed: int = DEFAULT_SEED
    mode: Mode = Mode.IMPROVED
    api: Api = Api.COMPLETIONS
    window: int = 16
    numbering: str = "code"
    context_tasks: int = 8
    machine_tasks_in_context: int = 2
    classification_only: bool = False
    max_fruitless: int = 30
    filters: Filters = field(default_factory=Filters)
    decoding: dict[Stage, Decoding] = field(
        default_factory=lambda: improved_decoding(Api.COMPLETIONS)
    )

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def classifies(self) -> bool:
        """Whether the model is asked which tasks are classification tasks; else it is unknown."""
        return Stage.CLASSIFICATION in self.decoding


NUMBERINGS = ("code", "paper")
ALPACA_TASKS = 20
"""How many tasks a prompt of Alpaca's speaks of, those it shows included."""
_ALPACA_LACKS = {
    "machine_tasks_in_context": 0, "classification_only": False, "numbering": "code",
}  # fmt: skip
"""Settings without a use in Alpaca's recipe, at the values that say so."""


def default_settings(
    mode: Mode = Mode.IMPROVED,
    api: Api = Api.COMPLETIONS,
    recipe: Recipe = Recipe.SELF_INSTRUCT,
) -> RunSettings:
    """The settings a run has when nothing is chosen but the mode, the interface and the recipe."""
    decoding = default_decoding(recipe, mode, api)
    if recipe is Recipe.ALPACA:
        return RunSettings(
            recipe=recipe,
            mode=mode,
            api=api,
            context_tasks=3,
            machine_tasks_in_context=0,
            filters=Filters(keywords=ALPACA_KEYWORDS),
            decoding=decoding,
        )
    return RunSettings(mode=mode, api=api, decoding=decoding)


def check_settings(settings: RunSettings) -> None:
    """Raise BadInput naming the first setting that no run can have."""
    least = {
        "target": 1, "window": 1, "context_tasks": 1, "machine_tasks_in_context": 0,
        "max_fruitless": 1,
    }  # fmt: skip
    for name, minimum in least.items():
        if getattr(settings, name) < minimum:
            raise BadInput(f"{name} is {getattr(settings, name)}; it must be at least {minimum}.")
    if settings.machine_tasks_in_context > settings.context_tasks:
        raise BadInput(
            f"machine_tasks_in_context is {settings.machine_tasks_in_context}, more than the "
            f"{settings.context_tasks} tasks of a prompt; lower it."
        )
    if settings.numbering not in NUMBERINGS:
        raise BadInput(f'numbering is "{settings.numbering}"; choose one of {NUMBERINGS}.')
    check_recipe(settings)
    for stage, decoding in settings.decoding.items():
        check_decoding(stage, decoding)
    check_filters(settings.filters)


def check_recipe(settings: RunSettings) -> None:
    """Raise BadInput when the settings are not made for their recipe."""
    recipe = settings.recipe
    needed = default_decoding(recipe, settings.mode, settings.api)
    if set(settings.decoding) != set(needed):
        raise BadInput(
            f"Recipe {recipe} asks in the stages {', '.join(needed)}; the decoding is for "
            f"{', '.join(settings.decoding)}. Choose the recipe first, then change its settings."
        )
    if recipe is not Recipe.ALPACA:
        return
    for name, only in _ALPACA_LACKS.items():
        if getattr(settings, name) != only:
            raise BadInput(f"Recipe {recipe} cannot have {name}; leave it at {only}.")
    if settings.context_tasks >= ALPACA_TASKS:
        raise BadInput(
            f"context_tasks is {settings.context_tasks}; of the {ALPACA_TASKS} tasks of a prompt "
            "at least one must be left to the model."
        )


def check_decoding(stage: Stage, decoding: Decoding) -> None:
    """Raise BadInput naming the first value of a stage's decoding that no server can take."""
    if decoding.max_tokens < 1:
        raise BadInput(f"{stage} max_tokens is {decoding.max_tokens}; it must be at least 1.")
    for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty"):
        if not math.isfinite(getattr(decoding, name)):
            raise BadInput(f"{stage} {name} is {getattr(decoding, name)}; write a number.")


def check_filters(filters: Filters) -> None:
    """Raise BadInput naming the first filter setting that cannot work."""
    if not 0 <= filters.threshold <= 1:
        raise BadInput(f"threshold is {filters.threshold}; it must be between 0 and 1.")
    if not 1 <= filters.min_words <= filters.max_words:
        raise BadInput(
            f"min_words {filters.min_words} and max_words {filters.max_words}: "
            "the first must be at least 1 and not above the second."
        )
    if filters.max_instances < 1:
        raise BadInput("max_instances must be at least 1.")


def settings_to_json(settings: RunSettings) -> dict[str, Any]:
    """The settings as plain JSON values, the form in which they are stored with a run."""
    return dataclasses.asdict(settings)


def settings_from_json(stored: dict[str, Any]) -> RunSettings:
    """The settings that `settings_to_json` wrote."""
    values = dict(stored)
    filters = dict(values["filters"])
    filters["keywords"] = tuple(filters["keywords"])
    filters["tokenizer"] = Tokenizer(filters["tokenizer"])
    values["filters"] = Filters(**filters)
    values["decoding"] = {
        Stage(stage): Decoding(**{**decoding, "stop": tuple(decoding["stop"])})
        for stage, decoding in values["decoding"].items()
    }
    # Runs from before there were two recipes name none.
    values["recipe"] = Recipe(values.get("recipe", Recipe.SELF_INSTRUCT))
    values["mode"] = Mode(values["mode"])
    values["api"] = Api(values["api"])
    return RunSettings(**values)


def with_changes(settings: RunSettings, changes: dict[str, Any]) -> RunSettings:
    """The settings with some values replaced, given in the nested form of `settings_to_json`.
    Raises BadInput naming what does not exist or has another type."""
    stored = settings_to_json(settings)
    try:
        _merge(stored, changes, "")
        return settings_from_json(stored)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"The settings cannot be used: {error}.") from error


def _merge(stored: dict[str, Any], changes: dict[str, Any], path: str) -> None:
    for name, value in changes.items():
        if name not in stored:
            known = ", ".join(sorted(stored))
            raise BadInput(f"There is no setting {path}{name}; there are {known}.")
        old = stored[name]
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value, f"{path}{name}.")
            continue
        stored[name] = _fitting(value, old, f"{path}{name}")


def _fitting(value: Any, old: Any, name: str) -> Any:
    """The value in the kind of the old one. Raises BadInput when it is of another kind."""
    if isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    # Names of modes and the like come as plain texts; settings_from_json knows them.
    kind = str if isinstance(old, str) else type(old)
    allowed = (list, tuple) if kind is tuple else (kind,)
    if not isinstance(value, allowed) or isinstance(value, bool) is not isinstance(old, bool):
        raise BadInput(f"Setting {name} is {value!r}; give it a value of the kind of {old!r}.")
    if isinstance(old, tuple) and not all(isinstance(item, str) and item for item in value):
        raise BadInput(f"Setting {name} is {value!r}; each of its texts must hold something.")
    return value
