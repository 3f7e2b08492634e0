"""What was measured of data sets: verbs and nouns of texts, nearest scores of tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from selfinstruct_core.models import DataSetKey, Nearest
from selfinstruct_core.storage.data_sets import members
from selfinstruct_core.storage.rows import one_of, put_many
from selfinstruct_core.storage.schema import other_scores, parsed_texts, seed_scores

TaskVersion = tuple[int, int]
"""The id of a task and a version of it."""
Words = tuple[str | None, str | None]
"""A verb and a noun."""


def parsed(
    connection: Connection, hashes: Sequence[str], parser: str, reading: str
) -> dict[str, Words]:
    """What that parser read in the texts, by hash; those it has not read are missing."""
    query = sa.select(parsed_texts.c.text_hash, parsed_texts.c.verb, parsed_texts.c.noun).where(
        one_of(connection, parsed_texts.c.text_hash, hashes),
        parsed_texts.c.parser == parser,
        parsed_texts.c.reading == reading,
    )
    return {hash_: (verb, noun) for hash_, verb, noun in connection.execute(query).all()}


def add_parsed(
    connection: Connection, parser: str, reading: str, words: Mapping[str, Words]
) -> None:
    """Store what was read, by hash; what is there already stays."""
    rows = [
        {"text_hash": hash_, "parser": parser, "reading": reading, "verb": verb, "noun": noun}
        for hash_, (verb, noun) in words.items()
    ]
    put_many(connection, parsed_texts, rows, replace=False)


def nearest_seeds(
    connection: Connection, seed_set_id: int, tokenizer: str, key: DataSetKey
) -> dict[TaskVersion, Nearest]:
    """The nearest seed of each task of a data set; those not measured yet are missing."""
    member = members(key)
    query = sa.select(
        seed_scores.c.task_id,
        seed_scores.c.version,
        seed_scores.c.nearest_task_id,
        seed_scores.c.score,
    ).join_from(
        member,
        seed_scores,
        sa.and_(
            seed_scores.c.seed_set_id == seed_set_id,
            seed_scores.c.tokenizer == tokenizer,
            seed_scores.c.task_id == member.c.task_id,
            seed_scores.c.version == member.c.version,
        ),
    )
    return {
        (id_, version): Nearest(nearest, score)
        for id_, version, nearest, score in connection.execute(query).all()
    }


def add_nearest_seeds(
    connection: Connection, seed_set_id: int, tokenizer: str, found: Mapping[TaskVersion, Nearest]
) -> None:
    """Store the nearest seeds of tasks; what is there already stays."""
    rows = [
        {
            "seed_set_id": seed_set_id,
            "tokenizer": tokenizer,
            "task_id": id_,
            "version": version,
            "nearest_task_id": one.task_id,
            "score": one.score,
        }
        for (id_, version), one in found.items()
    ]
    put_many(connection, seed_scores, rows, replace=False)


@dataclass(frozen=True, slots=True)
class Compared:
    """The nearest other task among the first `among` ones by id, the last of them `up_to`."""

    nearest: Nearest
    among: int
    up_to: int


def nearest_others(
    connection: Connection, key: DataSetKey, tokenizer: str
) -> dict[TaskVersion, Compared]:
    """The nearest other task of each task of a data set, as far as that was measured."""
    query = sa.select(
        other_scores.c.task_id,
        other_scores.c.version,
        other_scores.c.nearest_task_id,
        other_scores.c.score,
        other_scores.c.among,
        other_scores.c.up_to,
    ).where(other_scores.c.subject == str(key), other_scores.c.tokenizer == tokenizer)
    return {
        (id_, version): Compared(Nearest(nearest, score), among, up_to)
        for id_, version, nearest, score, among, up_to in connection.execute(query).all()
    }


def put_nearest_others(
    connection: Connection, key: DataSetKey, tokenizer: str, found: Mapping[TaskVersion, Compared]
) -> None:
    """Store the nearest other tasks, in place of what was stored of the same tasks."""
    rows = [
        {
            "subject": str(key),
            "tokenizer": tokenizer,
            "task_id": id_,
            "version": version,
            "nearest_task_id": one.nearest.task_id,
            "score": one.nearest.score,
            "among": one.among,
            "up_to": one.up_to,
        }
        for (id_, version), one in found.items()
    ]
    put_many(connection, other_scores, rows, replace=True)
