"""The demo model's replies as a script for a server."""

import json
from typing import Any

from selfinstruct_core.lm.demo.examples import load_examples
from selfinstruct_core.lm.demo.replies import reply
from tests.support.scripted_server import Answer, completion

_EXAMPLES = load_examples()


def demo_answer(_: int, body: dict[str, Any]) -> Answer:
    """What the demo model answers: the same to the same body."""
    said = reply(body["prompt"], body["seed"], body["max_tokens"], body["stop"], _EXAMPLES)
    return completion(said.text, said.finish_reason, (said.prompt_tokens, said.completion_tokens))


def body_key(body: dict[str, Any]) -> str:
    """A text that is the same for equal bodies; each request of a run has another."""
    return json.dumps(body, sort_keys=True)
