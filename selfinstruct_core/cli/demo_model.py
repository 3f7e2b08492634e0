"""`demo-model`: the demo model as a server of its own."""

import argparse
from typing import Any

from selfinstruct_core.lm.demo.server import serve


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "demo-model",
        parents=[common],
        help="serve the demo model, which replays written examples and is no language model",
    )
    parser.set_defaults(run=run)
    parser.add_argument("--port", type=int, default=8400, metavar="P", help="0: any free port")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--jitter", type=float, default=0.0, help="up to so many seconds more")


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    serve(options.port, latency=options.latency, jitter=options.jitter)
    return 0
