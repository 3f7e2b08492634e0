"""Named endpoints, and finding out what their servers take."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from selfinstruct_core.errors import BadInput, NotFound
from selfinstruct_core.generation import execution
from selfinstruct_core.generation.recipe import default_settings, with_changes
from selfinstruct_core.generation.runs import NewRun, start_run_here
from selfinstruct_core.lm.demo.server import DemoServer
from selfinstruct_core.lm.endpoints import (
    find_endpoint,
    list_endpoints,
    remove_endpoint,
    save_endpoint,
    test_endpoint,
)
from selfinstruct_core.lm.local_servers import LocalServer, find_local_servers
from selfinstruct_core.models import Api, Endpoint, RunState
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database
from tests.support.scripted_server import Answer, ScriptedServer, completion, error

probe_endpoint = test_endpoint
test_endpoint.__test__ = False  # type: ignore[attr-defined] # a use case, not a test


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("STUDIO_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.delenv("STUDIO_KEY_LAB", raising=False)
    database = open_database(f"sqlite:///{tmp_path / 'studio.db'}")
    yield database
    database.dispose()


def _endpoint(base_url: str, **more: Any) -> Endpoint:
    return Endpoint(**{"model": "m", "base_url": base_url, "name": "lab", **more})


def test_the_demo_model_takes_everything(database: Database) -> None:
    with DemoServer() as server:
        save_endpoint(database, _endpoint(server.base_url, model="demo"))
        report = probe_endpoint(database, "lab")
    assert (report.reachable, report.works, report.model_known) == (True, True, True)
    assert report.token_parameter == "max_tokens"
    assert report.limit_kept is True
    assert report.refused == {}
    assert report.accepted == (
        *("stop", "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed"),
    )
    known = find_endpoint(database, "lab")
    assert known.report == report
    assert known.endpoint.refused == ()


def _picky(_: int, body: dict[str, Any]) -> Answer:
    """Like newer chat models: no stop, no penalties, another name for the limit."""
    for name in ("stop", "presence_penalty", "frequency_penalty", "max_tokens"):
        if name in body:
            return error(400, f"Unsupported parameter: {name}")
    message = {
        "role": "assistant",
        "content": "9. Name a river in Asia\n10. Count the vowels in it",
    }
    usage = {"prompt_tokens": 3, "completion_tokens": 4}
    return Answer({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage})


def test_what_is_refused_is_not_sent_afterwards(database: Database) -> None:
    with ScriptedServer(_picky) as server:
        save_endpoint(database, _endpoint(server.base_url, api=Api.CHAT))
        report = probe_endpoint(database, "lab")
        assert report.works
        assert report.model_known is None
        assert report.token_parameter == "max_completion_tokens"
        assert sorted(report.refused) == ["frequency_penalty", "presence_penalty", "stop"]
        assert report.refused["stop"] == "400: Unsupported parameter: stop"

        server.requests.clear()
        endpoint = find_endpoint(database, "lab").endpoint
        settings = with_changes(default_settings(api=Api.CHAT), {"target": 2})
        job = start_run_here(database, NewRun(endpoint=endpoint, settings=settings), "test")
        state = execution.execute(database, job)
    assert state is RunState.FINISHED
    for body in server.requests:
        assert set(body) == {
            "model", "messages", "max_completion_tokens", "temperature", "top_p", "seed",
        }  # fmt: skip


def test_a_limit_that_is_ignored_is_told(database: Database) -> None:
    endless = completion("and so on", tokens=(3, 1743))
    with ScriptedServer(lambda *_: endless) as server:
        save_endpoint(database, _endpoint(server.base_url))
        report = probe_endpoint(database, "lab")
    assert (report.works, report.limit_kept) == (True, False)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error(401, "no such key"), "authentication: 401: no such key"),
        (error(404, "no model m"), "refused: 404: no model m"),
    ],
)
def test_what_does_not_work_is_told_in_the_servers_words(
    database: Database, answer: Answer, words: str
) -> None:
    with ScriptedServer(lambda *_: answer) as server:
        save_endpoint(database, _endpoint(server.base_url))
        report = probe_endpoint(database, "lab")
    assert (report.reachable, report.works, report.words) == (True, False, words)


def test_nobody_there(database: Database) -> None:
    with ScriptedServer(_picky) as server:
        address = server.base_url
    save_endpoint(database, _endpoint(address))
    report = probe_endpoint(database, "lab")
    assert (report.reachable, report.works) == (False, False)
    assert address in report.words


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": "demo"}, "Field name"),
        ({"name": ""}, "Field name"),
        ({"base_url": "file:///etc/passwd"}, "Field address"),
        ({"base_url": "http://user:secret@host/v1"}, "Field address: holds a user"),
        ({"model": " "}, "Field model"),
        ({"key_env": "PATH"}, "PATH cannot be used as a key's variable"),
        ({"price_in": -1.0}, "Field price_in"),
        ({"price_out": float("nan")}, "Field price_out"),
        ({"concurrency": 0}, "Field requests at once"),
        ({"requests_per_minute": 0}, "Field requests per minute"),
        ({"timeout_seconds": 0.0}, "Field timeout"),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_stored(
    database: Database, wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        save_endpoint(database, _endpoint(**{"base_url": "http://localhost:1/v1", **wrong}))
    assert list_endpoints(database) == []


def test_keys_are_told_as_set_or_not_and_read_from_a_private_file(
    database: Database, tmp_path: Path
) -> None:
    save_endpoint(database, _endpoint("http://localhost:1/v1", key_env="STUDIO_KEY_LAB"))
    assert not find_endpoint(database, "lab").key_is_set
    env = tmp_path / ".env"
    env.write_text("STUDIO_KEY_LAB=sk-1234\n")
    env.chmod(0o644)
    with pytest.raises(BadInput, match="can be read by other users; run: chmod 600"):
        probe_endpoint(database, "lab")
    env.chmod(0o600)
    known = find_endpoint(database, "lab")
    assert known.key_is_set
    assert "sk-1234" not in repr(known)


def test_replace_and_remove(database: Database) -> None:
    save_endpoint(database, _endpoint("http://localhost:1/v1"))
    save_endpoint(database, _endpoint("http://localhost:2/v1", price_in=0.5, price_out=1.5))
    (known,) = list_endpoints(database)
    assert known.endpoint.base_url == "http://localhost:2/v1"
    assert (known.endpoint.price_in, known.endpoint.price_out) == (0.5, 1.5)
    remove_endpoint(database, "lab")
    assert list_endpoints(database) == []
    for use in (remove_endpoint, find_endpoint, probe_endpoint):
        with pytest.raises(NotFound, match='There is no endpoint "lab"'):
            use(database, "lab")


def test_local_servers_are_found_on_their_ports() -> None:
    class Models(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps({"data": [{"id": "tiny"}, {"id": "small"}]}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing on the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Models)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_port
    try:
        found = find_local_servers({"Ollama": port, "vLLM": 1})
    finally:
        server.shutdown()
        server.server_close()
    assert found == [LocalServer("Ollama", f"http://127.0.0.1:{port}/v1", ("tiny", "small"))]
