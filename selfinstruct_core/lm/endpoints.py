"""What people do with endpoints: name them, test them, choose them for runs."""

import asyncio
import dataclasses
import math
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from selfinstruct_core.errors import BadInput, NotFound
from selfinstruct_core.lm.keys import check_key_name, key_is_set, read_key
from selfinstruct_core.models import Endpoint, ProbeReport
from selfinstruct_core.storage import endpoints as endpoint_rows
from selfinstruct_core.storage.database import Database

DEMO = "demo"
"""The name of the built-in demo model, which needs no endpoint."""
MOST_CONCURRENT = 512
TEST_SECONDS = 20.0
_NAME = re.compile(r"[\w][\w .:-]{0,63}")


@dataclass(frozen=True, slots=True)
class KnownEndpoint:
    """An endpoint as lists show it: never the key, but whether its variable is set."""

    endpoint: Endpoint
    key_is_set: bool
    tested_at: float | None
    report: ProbeReport | None


def check_endpoint(endpoint: Endpoint) -> None:
    """Raise BadInput naming the first field with which nothing could be sent."""
    if endpoint.is_demo:
        return
    _check_address(str(endpoint.base_url))
    if not endpoint.model.strip():
        raise BadInput("Field model: is empty; write the model's name at that server.")
    if endpoint.key_env is not None:
        check_key_name(endpoint.key_env)
    for name in ("price_in", "price_out"):
        price = getattr(endpoint, name)
        if price is not None and not (price >= 0 and math.isfinite(price)):
            raise BadInput(f"Field {name}: is {price}; write a price per million tokens from 0.")
    if not 1 <= endpoint.concurrency <= MOST_CONCURRENT:
        raise BadInput(f"Field requests at once: write a number from 1 to {MOST_CONCURRENT}.")
    if not endpoint.timeout_seconds > 0:
        raise BadInput("Field timeout: write a number of seconds above 0.")
    if endpoint.requests_per_minute is not None and endpoint.requests_per_minute < 1:
        raise BadInput("Field requests per minute: write a number from 1, or nothing.")


def _check_address(base_url: str) -> None:
    address = urlsplit(base_url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise BadInput(
            f'Field address: "{base_url}" is none; write http://... or https://..., '
            "usually ending in /v1."
        )
    if address.username or address.password:
        raise BadInput("Field address: holds a user or password; keys come from a variable.")


def save_endpoint(database: Database, endpoint: Endpoint) -> None:
    """Store an endpoint under its name, in place of one of that name. Raises BadInput."""
    if endpoint.name == DEMO or not _NAME.fullmatch(endpoint.name):
        raise BadInput(
            f'Field name: "{endpoint.name}" cannot be used; write up to 64 letters, digits, '
            f'spaces or . : - _, and not "{DEMO}".'
        )
    check_endpoint(endpoint)
    with database.write() as connection:
        endpoint_rows.put_endpoint(connection, endpoint)


def remove_endpoint(database: Database, name: str) -> None:
    """Forget an endpoint; runs keep what they were started with. Raises NotFound."""
    with database.write() as connection:
        if not endpoint_rows.delete_endpoint(connection, name):
            raise NotFound(f'There is no endpoint "{name}".')


def list_endpoints(database: Database) -> list[KnownEndpoint]:
    """All named endpoints."""
    with database.read() as connection:
        stored = endpoint_rows.all_endpoints(connection)
    return [_known(one) for one in stored]


def find_endpoint(database: Database, name: str) -> KnownEndpoint:
    """The endpoint of that name. Raises NotFound."""
    with database.read() as connection:
        stored = endpoint_rows.get_endpoint(connection, name)
    if stored is None:
        raise NotFound(f'There is no endpoint "{name}"; add it, or write an address.')
    return _known(stored)


def test_endpoint(database: Database, name: str) -> ProbeReport:
    """Ask an endpoint's server what it takes, and use only that from now on.

    Sends about eight tiny requests. Raises NotFound, and BadInput when the key is not set.
    """
    endpoint = find_endpoint(database, name).endpoint
    report = asyncio.run(_probe(endpoint, read_key(endpoint.key_env)))
    taught = endpoint
    if report.works:
        taught = dataclasses.replace(
            endpoint,
            refused=tuple(sorted(report.refused)),
            token_parameter=report.token_parameter or endpoint.token_parameter,
        )
    with database.write() as connection:
        endpoint_rows.record_test(connection, taught, dataclasses.asdict(report))
    return report


async def _probe(endpoint: Endpoint, key: str | None) -> ProbeReport:
    # Here, because the SDK takes half a second to import, which the web process can do without.
    from selfinstruct_core.lm.client import ModelClient
    from selfinstruct_core.lm.probe import probe

    client = ModelClient(str(endpoint.base_url), key, endpoint.api, TEST_SECONDS)
    try:
        return await probe(client, endpoint.model, endpoint.api)
    finally:
        await client.close()


def _known(stored: endpoint_rows.StoredEndpoint) -> KnownEndpoint:
    report = None
    if stored.report is not None:
        accepted = tuple(stored.report["accepted"])
        report = ProbeReport(**{**stored.report, "accepted": accepted})
    key_env = stored.endpoint.key_env
    return KnownEndpoint(stored.endpoint, key_is_set(key_env), stored.tested_at, report)
