"""`backup`: a copy of the database, while everything runs."""

import argparse
from pathlib import Path
from typing import Any

from selfinstruct_core.cli.output import print_json
from selfinstruct_core.storage.backup import backup
from selfinstruct_core.storage.open import open_database


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "backup", parents=[common], help="copy the database to a new file, while everything runs"
    )
    parser.set_defaults(run=run)
    parser.add_argument("path", type=Path, metavar="PATH")


def run(options: argparse.Namespace) -> int:
    """Write the backup and say how to use it."""
    backup(open_database(options.database), options.path)
    size = options.path.stat().st_size
    if options.json:
        print_json({"path": str(options.path), "bytes": size})
    else:
        print(f"{options.path}: {size:,} bytes. Open it with --database sqlite:///{options.path}")
    return 0
