"""`endpoint`: named endpoints, and what their servers take."""

import argparse
import dataclasses
from typing import Any

from selfinstruct_core.cli.output import print_json
from selfinstruct_core.cli.types import positive, price
from selfinstruct_core.errors import BadInput
from selfinstruct_core.lm.endpoints import (
    list_endpoints,
    remove_endpoint,
    save_endpoint,
    test_endpoint,
)
from selfinstruct_core.models import Api, Endpoint, ProbeReport
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database

ACTIONS = ("add", "list", "test", "remove")


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "endpoint", parents=[common], help="add, list, test or remove named endpoints"
    )
    parser.set_defaults(run=run)
    add = parser.add_argument
    add("action", choices=ACTIONS)
    add("name", nargs="?", help="the endpoint's name")
    add("--address", metavar="URL", help="for add: the server, usually ending in /v1")
    add("--model", metavar="M", default="", help="for add: the model's name at that server")
    add("--api", type=Api, choices=list(Api), default=Api.CHAT)
    add("--key-env", metavar="NAME", help="variable with the key: OPENAI_API_KEY or STUDIO_KEY_...")
    add("--price-in", type=price, metavar="P", help="price per million tokens of prompts")
    add("--price-out", type=price, metavar="P", help="price per million tokens of replies")
    add("--timeout", type=positive, default=120, metavar="S", help="seconds to wait for a reply")
    add("--concurrency", type=positive, default=16, help="requests at once")
    add("--per-minute", type=positive, metavar="N", help="requests per minute")


def run(options: argparse.Namespace) -> int:
    """Do what was asked for. Exit code 1 when a tested endpoint does not work."""
    database = open_database(options.database)
    if options.action == "list":
        return _list(database, options.json)
    if not options.name:
        raise BadInput(f"Name the endpoint: endpoint {options.action} NAME")
    if options.action == "test":
        return _test(database, options.name, options.json)
    if options.action == "add":
        save_endpoint(database, _endpoint(options))
    else:
        remove_endpoint(database, options.name)
    done = "added" if options.action == "add" else "removed"
    if options.json:
        print_json({"endpoint": options.name, "status": done})
    else:
        print(f"Endpoint {options.name} {done}.")
    return 0


def _endpoint(options: argparse.Namespace) -> Endpoint:
    if not options.address:
        raise BadInput("Write the server's address: endpoint add NAME --address URL --model M")
    return Endpoint(
        model=options.model,
        api=options.api,
        base_url=options.address,
        key_env=options.key_env,
        name=options.name,
        price_in=options.price_in,
        price_out=options.price_out,
        concurrency=options.concurrency,
        requests_per_minute=options.per_minute,
        timeout_seconds=options.timeout,
    )


def _list(database: Database, as_json: bool) -> int:
    for known in list_endpoints(database):
        endpoint = known.endpoint
        if as_json:
            print_json(dataclasses.asdict(endpoint) | {"key_is_set": known.key_is_set})
            continue
        key = f", key {endpoint.key_env} {'set' if known.key_is_set else 'NOT set'}"
        tested = "not tested" if known.report is None else "tested"
        print(
            f"{endpoint.name}: {endpoint.model} at {endpoint.base_url} ({endpoint.api})"
            f"{key if endpoint.key_env else ''}, {tested}"
        )
    return 0


def _test(database: Database, name: str, as_json: bool) -> int:
    report = test_endpoint(database, name)
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        _print(report)
    return 0 if report.works else 1


def _print(report: ProbeReport) -> None:
    print(f"Reachable: {'yes' if report.reachable else 'no'}")
    known = {True: "yes", False: "not in the server's list", None: "the server does not tell"}
    print(f"Model known: {known[report.model_known]}")
    if not report.works:
        print(f"Does not work: {report.words}")
        return
    print(f"Limit of tokens: {report.token_parameter}" + _kept(report))
    print(f"Tells usage: {'yes' if report.tells_usage else 'no; cost will be unknown'}")
    print(f"Accepted: {', '.join(report.accepted) or 'none of the optional parameters'}")
    for parameter, words in report.refused.items():
        print(f"Refused, and not sent from now on: {parameter} ({words})")


def _kept(report: ProbeReport) -> str:
    return ", which it does not keep to" if report.limit_kept is False else ""
