"""Stage 2: ask whether a task is a classification task, and read the answer.

Paper section 2.2 "Classification task identification" and Table 6 (v2).
"""

import re

from selfinstruct_core.generation.marked_text import readable
from selfinstruct_core.generation.prompt_set import ClassificationPrompts
from selfinstruct_core.models import Mode, Prompt, Reply

QUESTION = "Is it classification?"
_QUESTION_AGAIN = re.compile(
    r"\A[\W\d_]*(?:is (?:it|this) (?:a )?classification(?: task)?[\W_]+)?(?:answer[\W_]+)?",
    re.IGNORECASE,
)


def render(instruction: str, texts: ClassificationPrompts) -> Prompt:
    """The prompt: all demonstrations with their answers, then the task and the question."""
    return Prompt(_fixed_part(texts), f" {instruction.strip()}\n{QUESTION}")


def _fixed_part(texts: ClassificationPrompts) -> str:
    if texts.template is not None:
        return texts.template
    shown = [
        f"Task: {demo.instruction}\n{QUESTION} {'Yes' if demo.is_classification else 'No'}\n\n"
        for demo in texts.demonstrations
    ]
    return f"{texts.header}\n\n{''.join(shown)}Task:"


def parse(reply: Reply, mode: Mode) -> bool:
    """Whether the answer says yes. Anything that does not is "no", as in the reference code.

    `paper` takes exactly Yes, yes or YES; `improved` takes yes as the first word in any case,
    whatever punctuation or emphasis stands around it, also after the question or "Answer:".
    """
    answer = reply.text or ""
    if mode is Mode.PAPER:
        return answer.strip() in ("Yes", "yes", "YES")
    first_word = re.search(r"[^\W\d_]+", _QUESTION_AGAIN.sub("", readable(answer), count=1))
    return first_word is not None and first_word[0].lower() == "yes"
