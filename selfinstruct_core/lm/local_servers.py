"""Model servers on this machine, on the ports that they usually take."""

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

USUAL_PORTS = {"Ollama": 11434, "LM Studio": 1234, "llama.cpp": 8080, "vLLM": 8000}
_SECONDS = 0.5
_LARGEST_LIST = 1_000_000


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answered: what usually runs there, its address and its models."""

    usually: str
    base_url: str
    models: tuple[str, ...]


def find_local_servers(ports: dict[str, int] | None = None) -> list[LocalServer]:
    """The OpenAI-compatible servers that answer on this machine (loopback only)."""
    asked = USUAL_PORTS if ports is None else ports
    with ThreadPoolExecutor(len(asked)) as threads:
        found = threads.map(lambda one: _look(*one), asked.items())
    return [server for server in found if server is not None]


def _look(usually: str, port: int) -> LocalServer | None:
    base_url = f"http://127.0.0.1:{port}/v1"
    # Without proxies: the question must not leave this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{base_url}/models", timeout=_SECONDS) as answer:
            rows = json.loads(answer.read(_LARGEST_LIST))["data"]
        return LocalServer(usually, base_url, tuple(str(row["id"]) for row in rows))
    except (OSError, ValueError, KeyError, TypeError):
        return None
