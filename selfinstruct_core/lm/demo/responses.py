"""The JSON of the OpenAI interface, with the demo's own marks."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from selfinstruct_core.lm.demo.replies import Reply
from selfinstruct_core.lm.demo.requests import MODELS, ModelRequest

DEMO_HEADERS = {"x-demo-model": "replays written examples; no language model"}
SYSTEM_FINGERPRINT = "demo-replays-written-examples"


def completion_response(request: ModelRequest, reply: Reply) -> JSONResponse:
    """The answer of /v1/completions."""
    choice = {
        "index": 0,
        "text": reply.text,
        "logprobs": None,
        "finish_reason": reply.finish_reason,
    }
    return _answer("text_completion", "cmpl", request, reply, choice)


def chat_response(request: ModelRequest, reply: Reply) -> JSONResponse:
    """The answer of /v1/chat/completions."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": reply.text, "refusal": None},
        "logprobs": None,
        "finish_reason": reply.finish_reason,
    }
    return _answer("chat.completion", "chatcmpl", request, reply, choice)


def models_response() -> JSONResponse:
    """The answer of /v1/models."""
    models = [
        {"id": name, "object": "model", "created": 0, "owned_by": SYSTEM_FINGERPRINT}
        for name in MODELS
    ]
    return _json({"object": "list", "data": models})


def error_response(
    message: str, *, status: int, param: str | None = None, code: str | None = None
) -> JSONResponse:
    """An error in the interface's shape."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return _json({"error": error}, status)


def _answer(
    kind: str, prefix: str, request: ModelRequest, reply: Reply, choice: Mapping[str, Any]
) -> JSONResponse:
    return _json(
        {
            "id": f"{prefix}-demo-{_digest(request)}",
            "object": kind,
            "created": 0,
            "model": request.model,
            "choices": [choice],
            "usage": {
                "prompt_tokens": reply.prompt_tokens,
                "completion_tokens": reply.completion_tokens,
                "total_tokens": reply.prompt_tokens + reply.completion_tokens,
            },
            "system_fingerprint": SYSTEM_FINGERPRINT,
        }
    )


def _digest(request: ModelRequest) -> str:
    parts = [request.prompt, request.seed, request.max_tokens, request.stop]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def _json(content: Mapping[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(content, status_code=status, headers=DEMO_HEADERS)
