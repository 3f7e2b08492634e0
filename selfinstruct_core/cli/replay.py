"""`replay`: a new derivation from a run's stored responses."""

import argparse
from typing import Any

from selfinstruct_core.cli.output import print_counts, print_json
from selfinstruct_core.cli.types import positive, share
from selfinstruct_core.generation.replay import Replay, replay_run
from selfinstruct_core.models import Mode
from selfinstruct_core.storage.open import open_database


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "replay", parents=[common], help="read a run's stored responses again, sending nothing"
    )
    parser.set_defaults(run=run)
    parser.add_argument("run_id", type=positive, metavar="RUN")
    parser.add_argument("--mode", type=Mode, choices=list(Mode), help="default: the run's own")
    parser.add_argument("--threshold", type=share, help="default: the run's own")


def run(options: argparse.Namespace) -> int:
    """Replay and say what differs from the run's own derivation."""
    filters = {} if options.threshold is None else {"threshold": options.threshold}
    made = replay_run(open_database(options.database), options.run_id, options.mode, filters)
    if options.json:
        print_json(_summary(made))
    else:
        _print(made)
    return 0


def _summary(made: Replay) -> dict[str, Any]:
    return {
        "run": made.run_id,
        "derivation": made.number,
        "mode": made.settings.mode,
        "kept": made.counts.kept,
        "rejected": made.counts.rejected,
        "classification": made.counts.classification if made.settings.classifies else None,
        "instances": made.counts.instances,
        "no_instance": made.counts.no_instance,
        "added": list(made.difference.added),
        "removed": list(made.difference.removed),
        "changed": list(made.difference.changed),
        "digest": made.digest,
    }


def _print(made: Replay) -> None:
    print(f"Run {made.run_id}, derivation {made.number} ({made.settings.mode})")
    print(f"Kept: {made.counts.kept:,} tasks with {made.counts.instances:,} instances")
    print_counts("Rejected", made.counts.rejected)
    for title, sign, texts in (
        ("Kept here and not in the run", "+", made.difference.added),
        ("Kept in the run and not here", "-", made.difference.removed),
        ("Other class or instances", "~", made.difference.changed),
    ):
        print(f"{title}: {len(texts):,}")
        for text in texts:
            print(f"  {sign} {text}")
    print(f"Digest: {made.digest}")
