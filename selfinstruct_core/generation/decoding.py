"""How each stage asks the model to decode: as the reference codes do, and mended."""

from dataclasses import dataclass

from selfinstruct_core.models import Api, Mode, Recipe, Stage

MAX_STOPS_SENT = 4
"""OpenAI's servers accept four stop sequences; all of a request's are applied again on the text."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How one stage asks the model to decode. Probabilities and penalties as in the OpenAI API."""

    max_tokens: int
    temperature: float
    top_p: float
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    stop: tuple[str, ...] = ()


def paper_decoding() -> dict[Stage, Decoding]:
    """The reference code's decoding (paper Table 4 and the scripts; max_tokens per task, not
    per batch, because there a task's limit depends on its neighbours in the batch)."""
    instance_stops = ("Example 6", "Task:")
    return {
        Stage.INSTRUCTIONS: Decoding(
            1024, 0.7, 0.5, presence_penalty=2.0, stop=("\n\n", "\n16", "16.", "16 .")
        ),
        Stage.CLASSIFICATION: Decoding(3, 0.0, 0.0, stop=("\n", "Task")),
        Stage.INPUT_FIRST: Decoding(350, 0.0, 0.0, presence_penalty=1.5, stop=instance_stops),
        Stage.OUTPUT_FIRST: Decoding(300, 0.0, 0.0, presence_penalty=1.5, stop=instance_stops),
    }


def improved_decoding(api: Api) -> dict[Stage, Decoding]:
    """The paper's decoding with stop sequences that cannot hit inside a text, and a top_p that
    servers accept (at temperature 0 it has no effect).

    A chat model often separates list items by empty lines, so there only the number after the
    last wanted item ends the list; the parser cuts each item at an empty line by itself.
    """
    list_stops = ("\n16.",) if api is Api.CHAT else ("\n\n", "\n16.")
    instance_stops = ("\nExample 6", "\nTask:")
    return {
        Stage.INSTRUCTIONS: Decoding(1024, 0.7, 0.5, presence_penalty=2.0, stop=list_stops),
        Stage.CLASSIFICATION: Decoding(8, 0.0, 1.0, stop=("\nTask:",)),
        Stage.INPUT_FIRST: Decoding(350, 0.0, 1.0, presence_penalty=1.5, stop=instance_stops),
        Stage.OUTPUT_FIRST: Decoding(300, 0.0, 1.0, presence_penalty=1.5, stop=instance_stops),
    }


def alpaca_paper_decoding() -> dict[Stage, Decoding]:
    """The decoding of Alpaca's reference code, where a stop may hit inside "2020." or "$20.5".

    Left out is its logit_bias, -100 on the token of GPT-3's vocabulary that ends a text: the
    vocabularies of other models have other tokens at that number.
    """
    return {Stage.TASKS: Decoding(3072, 1.0, 1.0, stop=("\n20", "20.", "20."))}


def alpaca_improved_decoding(api: Api) -> dict[Stage, Decoding]:
    """Alpaca's decoding with stop sequences that hit only where a task beyond the last wanted
    one begins. Those of
    the reference end the list before the twentieth of the twenty tasks that it asks for.

    A chat model dresses the line in Markdown.
    """
    stops: tuple[str, ...] = ("\n21. Instruction:", "\n###\n21")
    if api is Api.CHAT:
        stops += ("\n### 21", "\n**21")
    return {Stage.TASKS: Decoding(3072, 1.0, 1.0, stop=stops)}


def default_decoding(recipe: Recipe, mode: Mode, api: Api) -> dict[Stage, Decoding]:
    """The decoding of a recipe's stages in a mode. The reference codes know completions only."""
    if recipe is Recipe.ALPACA:
        paper, improved = alpaca_paper_decoding, alpaca_improved_decoding
    else:
        paper, improved = paper_decoding, improved_decoding
    return paper() if mode is Mode.PAPER else improved(api)
