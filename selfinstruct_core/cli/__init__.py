"""The command line: every command calls the same use cases as the pages.

With --json a command ends with one JSON line on standard output (or prints one per input);
progress and errors go to standard error. Exit codes: 0 done, 1 not possible (the message says
what to do), 2 wrong use, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence

from selfinstruct_core.cli import (
    backup,
    demo_model,
    endpoint,
    generate,
    import_,
    novelty,
    parse,
    replay,
    verb_nouns,
)
from selfinstruct_core.errors import StudioError
from selfinstruct_core.settings import DATABASE_URL

COMMANDS = (
    generate,
    replay,
    parse,
    import_,
    novelty,
    verb_nouns,
    endpoint,
    backup,
    demo_model,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except StudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever reads the output has seen enough.
        sys.stderr.close()
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m selfinstruct_core", description="Self-Instruct Studio without a browser."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--database",
        metavar="URL",
        help=f"address of the database (default: {DATABASE_URL.name}, or {DATABASE_URL.default})",
    )
    common.add_argument("--json", action="store_true", help="print JSON on standard output")
    for command in COMMANDS:
        command.add_to(commands, common)
    return parser
