"""Reading requests of the OpenAI interface, refusing what this server cannot do."""

import json
from dataclasses import dataclass
from typing import cast

from selfinstruct_core.lm.demo.systems import SYSTEMS

MODEL_ID = "demo"
MODELS = (MODEL_ID, *SYSTEMS)

_MOST_STOPS = 4
# The interface's own default for /v1/completions: short answers are the caller's to notice.
_DEFAULT_COMPLETION_TOKENS = 16
_RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}

_Body = dict[str, object]


class RequestError(Exception):
    """A request that is answered with an error; `param` names the field at fault."""

    def __init__(
        self, message: str, *, param: str | None = None, status: int = 400, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What of a request bears on the answer."""

    model: str
    prompt: str
    seed: int | None
    max_tokens: int | None
    stop: tuple[str, ...]


def parse_completion(raw: bytes) -> ModelRequest:
    """Reads the body of POST /v1/completions."""
    body = _checked_body(raw)
    _only_value(body, "best_of", 1)
    _only_value(body, "echo", False)
    max_tokens = _whole_number(body, "max_tokens", least=1)
    return ModelRequest(
        model=str(body["model"]),
        prompt=_prompt(body),
        seed=_whole_number(body, "seed"),
        max_tokens=_DEFAULT_COMPLETION_TOKENS if max_tokens is None else max_tokens,
        stop=_stop(body),
    )


def parse_chat(raw: bytes) -> ModelRequest:
    """Reads the body of POST /v1/chat/completions."""
    body = _checked_body(raw)
    deprecated = _whole_number(body, "max_tokens", least=1)
    max_tokens = _whole_number(body, "max_completion_tokens", least=1)
    return ModelRequest(
        model=str(body["model"]),
        prompt=_last_user_message(body),
        seed=_whole_number(body, "seed"),
        max_tokens=deprecated if max_tokens is None else max_tokens,
        stop=_stop(body),
    )


def _checked_body(raw: bytes) -> _Body:
    body = _json_object(raw)
    _check_model(body)
    _only_value(body, "stream", False)
    _only_value(body, "n", 1)
    for name, (low, high) in _RANGES.items():
        _check_range(body, name, low, high)
    return body


def _json_object(raw: bytes) -> _Body:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise RequestError("The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise RequestError("The body must be a JSON object.")
    return cast(_Body, body)  # keys of a JSON object are always strings


def _check_model(body: _Body) -> None:
    model = _required(body, "model")
    if not isinstance(model, str):
        raise _wrong("model", "a text")
    if model not in MODELS:
        raise RequestError(
            f"The model {model!r} does not exist; this server has {', '.join(MODELS)}.",
            param="model",
            status=404,
            code="model_not_found",
        )


def _prompt(body: _Body) -> str:
    prompt = _required(body, "prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise _wrong("prompt", "a text or a list of one text")
    return prompt


def _last_user_message(body: _Body) -> str:
    messages = _required(body, "messages")
    if not isinstance(messages, list) or not all(_is_message(each) for each in messages):
        raise _wrong("messages", "a list of objects with a role")
    from_user = [message for message in messages if message["role"] == "user"]
    if not from_user:
        raise RequestError("The parameter 'messages' has no message of a user.", param="messages")
    return _content(from_user[-1].get("content"))


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str)


def _content(content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(_is_text_part(part) for part in content):
        raise _wrong("messages", "messages whose content is a text or a list of text parts")
    return "".join(part["text"] for part in content)


def _is_text_part(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.get("type") == "text"
        and isinstance(value.get("text"), str)
    )


def _stop(body: _Body) -> tuple[str, ...]:
    stop = body.get("stop")
    sequences = [] if stop is None else stop if isinstance(stop, list) else [stop]
    if not all(isinstance(sequence, str) and sequence for sequence in sequences):
        raise _wrong("stop", "a text or a list of texts, none of them empty")
    if len(sequences) > _MOST_STOPS:
        raise _wrong("stop", f"at most {_MOST_STOPS} texts, not {len(sequences)}")
    return tuple(sequences)


def _whole_number(body: _Body, name: str, least: int | None = None) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    # bool is a kind of int in Python, but not in JSON.
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(name, "a whole number")
    if least is not None and value < least:
        raise _wrong(name, f"at least {least}")
    return value


def _check_range(body: _Body, name: str, low: float, high: float) -> None:
    value = body.get(name)
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong(name, "a number")
    if not low <= value <= high:
        raise _wrong(name, f"between {low} and {high}")


def _only_value(body: _Body, name: str, supported: int) -> None:
    """Refuses a field that would change the answer in a way this server cannot follow."""
    value = body.get(name)
    if value is None:
        return
    if type(value) is not type(supported):
        raise _wrong(name, "true or false" if isinstance(supported, bool) else "a whole number")
    if value != supported:
        raise RequestError(
            f"The demo model does not support {name}={json.dumps(value)}.", param=name
        )


def _required(body: _Body, name: str) -> object:
    if body.get(name) is None:
        raise RequestError(f"The parameter {name!r} is missing.", param=name)
    return body[name]


def _wrong(name: str, expected: str) -> RequestError:
    return RequestError(f"The parameter {name!r} must be {expected}.", param=name)
