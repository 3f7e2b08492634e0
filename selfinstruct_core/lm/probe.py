"""Finding out what a model's server takes, by asking it a few tiny questions.

Servers refuse different things: newer models no stop sequences, penalties or temperatures, some
no seed, some want `max_completion_tokens`; others accept a limit and ignore it. Each optional
parameter is tried once, alone, with a value that runs use.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from selfinstruct_core.lm.client import Fault, FaultKind, ModelClient
from selfinstruct_core.models import Api, ProbeReport, Response

OPTIONAL: dict[str, Any] = {
    "stop": ["\n\n", "\n16."],
    "temperature": 0.7,
    "top_p": 0.5,
    "presence_penalty": 2.0,
    "frequency_penalty": 0.0,
    "seed": 7,
}
TOKEN_PARAMETERS = ("max_tokens", "max_completion_tokens")
_LIMIT = 8
_PROMPT = "Come up with a series of tasks:\n1. Name three rivers\n2."
_SLACK = 2
"""Tokens above the limit that still count as keeping it: servers count ends differently."""


async def probe(client: ModelClient, model: str, api: Api) -> ProbeReport:
    """Ask the server for its models, for one reply, and for each optional parameter."""
    models = await client.models()
    known = None if models is None else model in models
    base, response, fault = await _base_request(client, model, api)
    if response is None:
        return ProbeReport(
            reachable=models is not None or (fault is not None and _was_reached(fault)),
            works=False,
            words=str(fault),
            model_known=known,
            token_parameter=None,
            limit_kept=None,
            accepted=(),
            refused={},
            tells_usage=None,
        )
    refused = await _refusals(lambda more: client.ask(_PROMPT, base | more))
    return ProbeReport(
        reachable=True,
        works=True,
        words="",
        model_known=known,
        token_parameter=next(name for name in TOKEN_PARAMETERS if name in base),
        limit_kept=_limit_kept(response),
        accepted=tuple(name for name in OPTIONAL if name not in refused),
        refused=refused,
        tells_usage=response.completion_tokens is not None,
    )


def _was_reached(fault: Fault) -> bool:
    return fault.kind not in (FaultKind.CONNECTION, FaultKind.TIMEOUT)


async def _base_request(
    client: ModelClient, model: str, api: Api
) -> tuple[dict[str, Any], Response | None, Fault | None]:
    """The first request with a limit of tokens that works, and keeps to the limit if one does."""
    common: dict[str, Any] = {"model": model}
    if api is Api.CHAT:
        common["chat_request"] = "Continue the list with one task."
    names = TOKEN_PARAMETERS if api is Api.CHAT else TOKEN_PARAMETERS[:1]
    working: list[tuple[dict[str, Any], Response]] = []
    last: Fault | None = None
    for name in names:
        request = common | {name: _LIMIT}
        try:
            response = await client.ask(_PROMPT, request)
        except Fault as fault:
            last = last or fault
            continue
        if _limit_kept(response) is not False:
            return request, response, None
        working.append((request, response))
    if working:
        return *working[0], None
    return common, None, last


def _limit_kept(response: Response) -> bool | None:
    if response.completion_tokens is None:
        return None
    return response.completion_tokens <= _LIMIT + _SLACK


async def _refusals(ask: Callable[[dict[str, Any]], Awaitable[Response]]) -> dict[str, str]:
    async def words(name: str) -> str | None:
        try:
            await ask({name: OPTIONAL[name]})
        except Fault as fault:
            # A busy or broken server has not said no; runs retry such faults.
            return fault.words if fault.kind is FaultKind.REFUSED else None
        return None

    said = await asyncio.gather(*(words(name) for name in OPTIONAL))
    return {name: text for name, text in zip(OPTIONAL, said, strict=True) if text is not None}
