"""A data set as the analyses take it: tasks without where they are stored or come from."""

from dataclasses import dataclass

from selfinstruct_core.models import Instance


@dataclass(frozen=True, slots=True)
class AnalysedTask:
    """A task; `id` is the caller's own and only handed back, `is_classification` is None where
    nobody asked."""

    id: int
    instruction: str
    instances: tuple[Instance, ...]
    is_classification: bool | None


def words(text: str) -> int:
    """Words as the papers count them: what white space separates (Table 1, Figure 4)."""
    return len(text.split())


def is_blank(text: str) -> bool:
    """Whether a field counts as empty: nothing but white space in it, or nothing at all."""
    return not text or text.isspace()
