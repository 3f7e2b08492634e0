"""`parse`: saved responses read by the parsers of a stage."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selfinstruct_core.cli.output import print_json
from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.reading import read_json_lines
from selfinstruct_core.exchange.seed_file import load_seed_file
from selfinstruct_core.generation import classification, instances
from selfinstruct_core.generation.first_stage import first_stage
from selfinstruct_core.generation.instance_filters import filter_instances
from selfinstruct_core.generation.pool import JudgedCandidate, Pool
from selfinstruct_core.generation.recipe import default_settings
from selfinstruct_core.models import InstanceReading, Mode, Recipe, Reply, Stage

RECIPES = {first_stage(recipe).stage: recipe for recipe in Recipe}


def add_to(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "parse", parents=[common], help="read saved responses; prints one JSON line for each"
    )
    parser.set_defaults(run=run)
    parser.add_argument("file", type=Path, metavar="FILE", help="JSONL: text, finish_reason")
    parser.add_argument("--stage", type=Stage, choices=list(Stage), required=True)
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.IMPROVED)
    parser.add_argument(
        "--pool", type=Path, metavar="FILE", help="seed file: also judge novelty, in file order"
    )


def run(options: argparse.Namespace) -> int:
    """Read each response as it stands (stop sequences are not applied again)."""
    seeds = None if options.pool is None else load_seed_file(options.pool)
    texts = None if seeds is None else [seed.instruction for seed in seeds]
    rows = read_json_lines(options.file)
    if options.stage in RECIPES:
        replies = [_reply(row, where) for where, row in rows]
        readings = _candidates(replies, RECIPES[options.stage], options.mode, texts)
    else:
        readings = (_of_task(where, row, options.stage, options.mode) for where, row in rows)
    for reading in list(readings):
        print_json(reading)
    return 0


def _candidates(
    replies: list[Reply], recipe: Recipe, mode: Mode, seeds: list[str] | None
) -> Iterator[dict[str, Any]]:
    settings, first = default_settings(mode, recipe=recipe), first_stage(recipe)
    pool = Pool(seeds or [], settings.filters, mode, novelty=seeds is not None)
    for reply in replies:
        judged = pool.commit(first.parse(reply, mode, settings.context_tasks + 1))
        yield {"candidates": [_candidate(one, pool, seeds is not None) for one in judged]}


def _candidate(judged: JudgedCandidate, pool: Pool, with_novelty: bool) -> dict[str, Any]:
    content: dict[str, Any] = {
        "instruction": judged.instruction,
        "kept": judged.verdict.kept,
        "reason": judged.verdict.reason,
        "detail": judged.verdict.detail,
    }
    if with_novelty:
        nearest = judged.nearest
        content["nearest"] = pool.text(nearest.index) if nearest else None
        content["score"] = nearest.score if nearest else None
    if judged.instance is not None:
        content |= _instances(filter_instances(InstanceReading((judged.instance,)), 1, ""))
    return content


def _of_task(where: str, row: dict[str, Any], stage: Stage, mode: Mode) -> dict[str, Any]:
    reply = _reply(row, where)
    if stage is Stage.CLASSIFICATION:
        return {"is_classification": classification.parse(reply, mode)}
    instruction = row.get("instruction", "")
    if not isinstance(instruction, str):
        raise BadInput(f"{where}, field instruction: is of another type; write a text.")
    return _instances(instances.parse(reply, stage, mode, sample_key=instruction))


def _instances(reading: InstanceReading) -> dict[str, Any]:
    return {
        "instances": [{"input": one.input, "output": one.output} for one in reading.instances],
        "dropped": [
            {"input": one.input, "output": one.output, "reason": one.reason}
            for one in reading.dropped
        ],
    }


def _reply(row: dict[str, Any], where: str) -> Reply:
    if "text" not in row:
        raise BadInput(f"{where}, field text: missing; write the response's text, or null.")
    text, finish_reason = row["text"], row.get("finish_reason")
    for field, value in (("text", text), ("finish_reason", finish_reason)):
        if not isinstance(value, str | None):
            raise BadInput(f"{where}, field {field}: is of another type; write a text or null.")
    return Reply(text, finish_reason)
