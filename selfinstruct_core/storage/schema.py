"""The tables, as they are at the newest version. `migrations.py` brings older databases here.

Times are seconds since 1970 in UTC. Machine-made tasks are ordered by (ordinal, position):
the number of the response they were found in and their place in it.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy import Text as DatabaseText

from selfinstruct_core.plain_text import storable

metadata = MetaData()


class Text(TypeDecorator[str]):
    """Text that is made storable on its way in: whatever a server or a person sent, a run that
    fails must still be able to say why."""

    impl = DatabaseText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        """The text as it is written, or compared with."""
        return None if value is None else storable(value)


# SQLite numbers rows by itself only for a column of exactly type INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Column[int]:
    return Column("id", RowId, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, **options: bool) -> Column[int]:
    return Column(name, RowId, ForeignKey(target), **options)  # type: ignore[arg-type] # bools only


schema_migrations = Table(
    "schema_migrations",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Double, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    Column("archived_at", Double),
)

# Tasks and what is known of them -----------------------------------------------------------

tasks = Table(
    "tasks",
    metadata,
    _id(),
    _ref("project_id", "projects.id", nullable=False),
    Column("origin", Text, nullable=False),
    _ref("derivation_id", "derivations.id"),
    Column("ordinal", Integer),
    Column("position", Integer),
    Column("source_id", Text),
    Column("name", Text),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("derivation_id", "ordinal", "position"),
)
Index("tasks_of_project", tasks.c.project_id, tasks.c.origin)

task_versions = Table(
    "task_versions",
    metadata,
    _ref("task_id", "tasks.id", primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("instruction", Text, nullable=False),
    Column("is_classification", Boolean),
    Column("state", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

instances = Table(
    "instances",
    metadata,
    Column("task_id", RowId, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("input", Text, nullable=False),
    Column("output", Text, nullable=False),
)

dropped_instances = Table(
    "dropped_instances",
    metadata,
    _ref("task_id", "tasks.id", primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("input", Text, nullable=False),
    Column("output", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

task_events = Table(
    "task_events",
    metadata,
    _id(),
    _ref("task_id", "tasks.id", nullable=False, index=True),
    Column("version", Integer),
    Column("kind", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("person", Text),
    Column("at", Double, nullable=False),
)

data_sets = Table(
    "data_sets",
    metadata,
    _id(),
    _ref("project_id", "projects.id", nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    _ref("derivation_id", "derivations.id"),
    Column("digest", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

data_set_items = Table(
    "data_set_items",
    metadata,
    _ref("data_set_id", "data_sets.id", primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _ref("task_id", "tasks.id", nullable=False),
    Column("version", Integer, nullable=False),
)

# Runs, and the ledger of requests ------------------------------------------------------------

prompt_sets = Table(
    "prompt_sets",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    _id(),
    _ref("project_id", "projects.id", nullable=False),
    _ref("seed_data_set_id", "data_sets.id", nullable=False),
    Column("prompt_set", Text, ForeignKey("prompt_sets.hash"), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("endpoint", JSON, nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("budget", JSON, nullable=False),
    Column("worked_seconds", Double, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
)

run_events = Table(
    "run_events",
    metadata,
    _id(),
    _ref("run_id", "runs.id", nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("at", Double, nullable=False),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("name", Text, primary_key=True),
    Column("settings", JSON, nullable=False),
    Column("tested_at", Double),
    # None is NULL here too: a backup must not make it the JSON text "null".
    Column("report", JSON(none_as_null=True)),
)

# One reading of a run's responses: number 1 is the run's own, replays add further ones.
derivations = Table(
    "derivations",
    metadata,
    _id(),
    _ref("run_id", "runs.id", nullable=False),
    Column("number", Integer, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("committed", Integer, nullable=False),
    Column("kept", Integer, nullable=False),
    Column("fruitless", Integer, nullable=False),
    Column("digest", Text),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("run_id", "number"),
)

# The fixed parts of prompts, which thousands of requests share.
prompt_prefixes = Table(
    "prompt_prefixes",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    _id(),
    _ref("run_id", "runs.id", nullable=False),
    Column("stage", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("source_ordinal", Integer),
    Column("source_position", Integer),
    Column("instruction", Text),
    Column("context", JSON, nullable=False),
    Column("prefix_hash", Text, ForeignKey("prompt_prefixes.hash"), nullable=False),
    Column("tail", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("planned_at", Double, nullable=False),
    Column("answered", Boolean, nullable=False),
    UniqueConstraint("run_id", "stage", "ordinal"),
)
Index("requests_open", requests.c.run_id, requests.c.answered)

attempts = Table(
    "attempts",
    metadata,
    _ref("request_id", "requests.id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sent_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

responses = Table(
    "responses",
    metadata,
    _ref("request_id", "requests.id", primary_key=True),
    Column("raw", Text, nullable=False),
    Column("text", Text),
    Column("finish_reason", Text),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("latency", Double, nullable=False),
    Column("received_at", Double, nullable=False),
)

candidates = Table(
    "candidates",
    metadata,
    _ref("derivation_id", "derivations.id", primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("instruction", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text, nullable=False),
    _ref("nearest_task_id", "tasks.id"),
    Column("nearest_score", Double),
)
Index("candidates_by_reason", candidates.c.derivation_id, candidates.c.reason)

# Measures ------------------------------------------------------------------------------------

# What a parser read in a text, whatever tasks have it: nothing is parsed twice.
parsed_texts = Table(
    "parsed_texts",
    metadata,
    Column("text_hash", Text, primary_key=True),
    Column("parser", Text, primary_key=True),
    Column("reading", Text, primary_key=True),
    Column("verb", Text),
    Column("noun", Text),
)

# The seed that a task resembles most, the same in every data set that the task is in.
seed_scores = Table(
    "seed_scores",
    metadata,
    _ref("seed_set_id", "data_sets.id", primary_key=True),
    Column("tokenizer", Text, primary_key=True),
    _ref("task_id", "tasks.id", primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _ref("nearest_task_id", "tasks.id"),
    Column("score", Double, nullable=False),
)

# The other task of a data set that a task resembles most, among the first `among` tasks by id,
# the last of which is `up_to`: a data set that grows is compared with what is new only.
other_scores = Table(
    "other_scores",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("tokenizer", Text, primary_key=True),
    _ref("task_id", "tasks.id", primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _ref("nearest_task_id", "tasks.id"),
    Column("score", Double, nullable=False),
    Column("among", Integer, nullable=False),
    Column("up_to", RowId, nullable=False),
)

# The queue -----------------------------------------------------------------------------------

jobs = Table(
    "jobs",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    _ref("run_id", "runs.id", index=True),
    Column("state", Text, nullable=False),
    Column("wish", Text, nullable=False),
    Column("owner", Text),
    Column("lease_until", Double),
    Column("claims", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("subject", Text, index=True),
    Column("payload", JSON(none_as_null=True)),
    Column("done", Integer),
    Column("total", Integer),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("heartbeat_at", Double, nullable=False),
)


def create_tables(connection: Connection) -> None:
    """Create all tables in a database that has none.

    From a copy of their description: where tables refer to each other, creating them on
    PostgreSQL marks the description, and SQLite would get no foreign keys from it afterwards.
    """
    copy = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(copy)
    copy.create_all(connection)
