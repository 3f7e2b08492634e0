"""The domain's records and names. Everything here is plain data without behaviour of its own."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """How responses are read: with the quirks mended, or as the reference code does."""

    IMPROVED = "improved"
    PAPER = "paper"


class Api(StrEnum):
    """Which of the two OpenAI-compatible interfaces a model is asked through."""

    COMPLETIONS = "completions"
    CHAT = "chat"


class Recipe(StrEnum):
    """How a run comes to its tasks: step by step as in SELF-INSTRUCT (paper section 2.2), or
    each whole, with its input and output, in one request as Alpaca did."""

    SELF_INSTRUCT = "self-instruct"
    ALPACA = "alpaca"


class Stage(StrEnum):
    """The kinds of request a run makes: those of SELF-INSTRUCT in its order, then Alpaca's."""

    INSTRUCTIONS = "instructions"
    CLASSIFICATION = "classification"
    INPUT_FIRST = "input-first"
    OUTPUT_FIRST = "output-first"
    TASKS = "tasks"


class Rejection(StrEnum):
    """Why a candidate was not kept."""

    PREAMBLE = "preamble"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    EMPTY = "empty"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    KEYWORD = "keyword"
    WRITE_A_PROGRAM = "write_a_program"
    STARTS_WITH_PUNCTUATION = "starts_with_punctuation"
    NOT_ASCII = "not_ascii"
    TOO_SIMILAR = "too_similar"
    NO_TOKENS = "no_tokens"


class Drop(StrEnum):
    """Why an instance was not taken over into its task."""

    PREAMBLE = "preamble"
    TRUNCATED = "truncated"
    NO_OUTPUT_FIELD = "no_output_field"
    NO_CLASS_LABEL = "no_class_label"
    EMPTY_OUTPUT = "empty_output"
    SAME_AS_INPUT = "same_as_input"
    ENDS_WITH_COLON = "ends_with_colon"
    CONFLICTING = "conflicting"
    DUPLICATE = "duplicate"
    OVER_LIMIT = "over_limit"


class Origin(StrEnum):
    """Where a task comes from."""

    SEED = "seed"
    MACHINE = "machine"
    IMPORTED = "imported"


class TaskState(StrEnum):
    """How far a kept task has come."""

    PENDING = "pending"
    READY = "ready"
    NO_INSTANCE = "no_instance"
    NOT_ASKED = "not_asked"
    """Kept by a replay only: the model was never asked for its instances."""


class RunState(StrEnum):
    """The life of a run. The last three say why in the run's detail."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    BUDGET = "budget_reached"
    EXHAUSTED = "exhausted"
    FAILED = "failed"


class DataSetScope(StrEnum):
    """What a data set is a view of: a list that is fixed, a run as it stands now, or all tasks
    of a project."""

    SET = "set"
    RUN = "run"
    PROJECT = "project"


class DataSetKind(StrEnum):
    """What a data set holds."""

    ALL = "all"
    RUN = "run"
    IMPORT = "import"
    SEEDS = "seeds"


class JobKind(StrEnum):
    """What a job does: work on a run, or measure a data set."""

    GENERATE = "generate"
    MEASURE = "measure"


class JobState(StrEnum):
    """The life of a job in the queue of the workers."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"


class Wish(StrEnum):
    """What a person wants of a job; the worker looks at it at every step."""

    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Instance:
    """One input with its output; the input is empty where the task needs none."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class SeedTask:
    """A human-written task as in the published seed file."""

    id: str
    name: str
    instruction: str
    instances: tuple[Instance, ...]
    is_classification: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule, or all of them, said of a candidate: kept when there is no reason."""

    reason: Rejection | None = None
    detail: str = ""

    @property
    def kept(self) -> bool:
        return self.reason is None


KEPT = Verdict()


@dataclass(frozen=True, slots=True)
class DroppedInstance:
    """An instance that was read in a response and not taken over, with the reason."""

    input: str
    output: str
    reason: Drop


@dataclass(frozen=True, slots=True)
class InstanceReading:
    """What one response of the instance stages holds, in its order."""

    instances: tuple[Instance, ...] = ()
    dropped: tuple[DroppedInstance, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedTask:
    """A task as a file of somebody's has it; what the file does not tell is None. `dropped` are
    its instances without an output."""

    instruction: str
    reading: InstanceReading
    is_classification: bool | None = None
    source_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The part of a response that parsing looks at; `text` is None for a failed call."""

    text: str | None
    finish_reason: str | None = "stop"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as a fixed part that many requests share and the part of its own."""

    prefix: str
    tail: str

    @property
    def text(self) -> str:
        return self.prefix + self.tail


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a run sends its requests; `base_url` None means the built-in demo model.

    Prices are per million tokens, None when unknown. `refused` names the parameters that this
    server does not take, `token_parameter` the one that limits the length of a reply.
    """

    model: str = "demo"
    api: Api = Api.COMPLETIONS
    base_url: str | None = None
    key_env: str | None = None
    name: str = ""
    price_in: float | None = None
    price_out: float | None = None
    concurrency: int = 16
    requests_per_minute: int | None = None
    timeout_seconds: float = 120.0
    token_parameter: str = "max_tokens"
    refused: tuple[str, ...] = ()

    @property
    def is_demo(self) -> bool:
        return self.base_url is None


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a server does with our requests. `token_parameter` limits the length of a reply and
    is None when nothing came back; `accepted` and `refused` split the optional parameters,
    `refused` with the server's words; `model_known` and `tells_usage` are None when unknown."""

    reachable: bool
    works: bool
    words: str
    model_known: bool | None
    token_parameter: str | None
    limit_kept: bool | None
    accepted: tuple[str, ...]
    refused: dict[str, str]
    tells_usage: bool | None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use up at most: money in the currency of the prices, requests sent, seconds
    of work. None means no limit."""

    cost: float | None = None
    requests: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Totals of one derivation of a run; `rejected` and `dropped` count by reason."""

    kept: int = 0
    classification: int = 0
    instances: int = 0
    no_instance: int = 0
    pending: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """A run as stored; `settings` is the JSON form of generation.recipe.RunSettings."""

    id: int
    project_id: int
    seed_data_set_id: int
    prompt_set: str
    settings: dict[str, Any]
    endpoint: Endpoint
    concurrency: int
    budget: Budget
    worked_seconds: float
    state: RunState
    detail: str
    created_at: float
    started_at: float | None
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Derivation:
    """One reading of a run's responses; number 1 is the run's own, replays add further ones.

    `committed` responses of stage 1 are read, the last `fruitless` of them without a kept task.
    """

    id: int
    run_id: int
    number: int
    settings: dict[str, Any]
    committed: int
    kept: int
    fruitless: int
    digest: str | None
    created_at: float


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request as it will be, or was, sent; keyed by (run, stage, ordinal)."""

    stage: Stage
    ordinal: int
    prompt: Prompt
    parameters: dict[str, Any]
    context: tuple[int, ...] = ()
    """Ids of the tasks that the prompt shows."""
    source: tuple[int, int] | None = None
    """(ordinal, position) of the task that a request of a later stage is about."""
    instruction: str | None = None
    """The instruction of that task as it was asked about."""
    id: int | None = None
    """The row, once stored."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back for a request. `text` is None when the reply had none; token counts are
    None when the server did not tell; `latency` is in seconds."""

    raw: str
    text: str | None
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    latency: float


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of long work in the queue; `owner` holds it until `lease_until`.

    A job about a run has `run_id`; another one has a `subject`, the name of what it is about,
    and a `payload` that says how it is to be done. Of those, `done` and `total` count pieces of
    work, None before the first.
    """

    id: int
    run_id: int | None
    state: JobState
    wish: Wish
    owner: str | None
    lease_until: float | None
    claims: int
    error: str
    kind: JobKind = JobKind.GENERATE
    subject: str | None = None
    payload: dict[str, Any] | None = None
    done: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """What everything belongs to."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class DataSetKey:
    """Which data set: its scope and the number of the list, run or project. As text, "run-3"."""

    scope: DataSetScope
    number: int

    def __str__(self) -> str:
        return f"{self.scope}-{self.number}"


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set as lists show it."""

    key: DataSetKey
    name: str
    kind: DataSetKind
    project_id: int
    project: str
    tasks: int


@dataclass(frozen=True, slots=True)
class DataSetTask:
    """A task of a data set in the version that this fixes, with all its instances."""

    id: int
    version: int
    instruction: str
    is_classification: bool | None
    origin: Origin
    state: TaskState
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class Nearest:
    """The text that another resembles most, by the task that has it, with its ROUGE-L F; None
    and 0.0 where nothing is shared with any."""

    task_id: int | None
    score: float


@dataclass(frozen=True, slots=True)
class PoolTask:
    """A task as a member of a pool; `instance` is its first one, where it was looked up."""

    id: int
    instruction: str
    is_classification: bool | None
    source_id: str | None = None
    instance: Instance | None = None


@dataclass(frozen=True, slots=True)
class MachineTask:
    """A task that a derivation kept, with how far it has come."""

    id: int
    ordinal: int
    position: int
    instruction: str
    is_classification: bool | None
    state: TaskState
    instances: tuple[Instance, ...] = ()
