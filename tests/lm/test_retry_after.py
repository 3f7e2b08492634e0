"""How long a server asks to wait, in each form that the header Retry-After can have."""

import asyncio
import time
from email.utils import formatdate
from types import SimpleNamespace

import pytest

from selfinstruct_core.lm import client
from selfinstruct_core.lm.client import Fault, ModelClient
from selfinstruct_core.models import Api
from tests.support.scripted_server import ScriptedServer, error


def _asked(**headers: str) -> float | None:
    """The seconds that the client reads from a server's answer with these headers."""

    async def ask(base_url: str) -> None:
        model = ModelClient(base_url, None, Api.COMPLETIONS, 30)
        try:
            await model.ask("Say A.", {"model": "m"})
        finally:
            await model.close()

    with (
        ScriptedServer(lambda *_: error(429, "slow down", **headers)) as server,
        pytest.raises(Fault) as told,
    ):
        asyncio.run(ask(server.base_url))
    return told.value.retry_after


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0.25", 0.25),
        ("0", 0),
        ("-3", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("Sun, 41 Nov 1994 08:49:37 GMT", None),
    ],
)
def test_numbers_dates_and_rubbish(header: str, seconds: float | None) -> None:
    assert _asked(retry_after=header) == seconds


def test_no_header_asks_for_nothing() -> None:
    assert _asked() is None


def test_a_date_is_taken_by_the_servers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    later = formatdate(time.time() + 600, usegmt=True)
    asked = _asked(retry_after=later)
    assert asked is not None
    # Both dates are whole seconds.
    assert 590 < asked <= 601
    yesterday = SimpleNamespace(time=lambda: time.time() - 86_400, monotonic=time.monotonic)
    monkeypatch.setattr(client, "time", yesterday)
    assert _asked(retry_after=later) == pytest.approx(asked, abs=10)
