"""`import`: a file of instruction data as a data set."""

import argparse
from pathlib import Path
from typing import Any

from selfinstruct_core.cli.output import print_json
from selfinstruct_core.exchange.importing import import_tasks
from selfinstruct_core.exchange.reading import read_bytes
from selfinstruct_core.generation.runs import DEFAULT_PROJECT
from selfinstruct_core.storage.open import open_database


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "import", parents=[common], help="store a file of instruction data as a data set"
    )
    parser.set_defaults(run=run)
    parser.add_argument("file", type=Path, metavar="FILE", help="JSON or JSONL, see README")
    parser.add_argument("--name", help="of the data set (default: that of the file)")
    parser.add_argument(
        "--project", default=DEFAULT_PROJECT, help='where it belongs (default: "%(default)s")'
    )


def run(options: argparse.Namespace) -> int:
    """Import the whole file and say what it is now."""
    content = read_bytes(options.file)
    name = options.file.stem if options.name is None else options.name
    database = open_database(options.database)
    made = import_tasks(database, content, str(options.file), name, options.project)
    if options.json:
        print_json(
            {
                "data_set": made.data_set_id,
                "name": made.name,
                "project": made.project,
                "tasks": made.tasks,
                "instances": made.instances,
                "without_output": made.without_output,
                "added": made.added,
            }
        )
        return 0
    print(f'Data set {made.data_set_id}: "{made.name}" in {made.project}')
    print(f"{made.tasks:,} tasks with {made.instances:,} instances")
    if made.without_output:
        print(f"Instances without an output, left out: {made.without_output:,}")
    if not made.added:
        print("It was there already; nothing was changed.")
    return 0
