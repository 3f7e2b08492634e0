"""Step to version 2: measures of data sets, and jobs that are about something else than a run.

The tables are described here as that version has them: what `schema.py` says later must not
change what this step does.
"""

import sqlalchemy as sa
from sqlalchemy import JSON, Column, Connection, Double, ForeignKey, Integer, MetaData, Table, Text

from selfinstruct_core.storage.schema import RowId

_tables = MetaData()
# Of the tables that others refer to, the keys.
for _name in ("data_sets", "tasks", "runs"):
    Table(_name, _tables, Column("id", RowId, primary_key=True))


def _key(name: str, target: str) -> Column[int]:
    return Column(name, RowId, ForeignKey(target), primary_key=True)


_parsed_texts = Table(
    "parsed_texts",
    _tables,
    Column("text_hash", Text, primary_key=True),
    Column("parser", Text, primary_key=True),
    Column("reading", Text, primary_key=True),
    Column("verb", Text),
    Column("noun", Text),
)
_seed_scores = Table(
    "seed_scores",
    _tables,
    _key("seed_set_id", "data_sets.id"),
    Column("tokenizer", Text, primary_key=True),
    _key("task_id", "tasks.id"),
    Column("version", Integer, primary_key=True),
    Column("nearest_task_id", RowId, ForeignKey("tasks.id")),
    Column("score", Double, nullable=False),
)
_other_scores = Table(
    "other_scores",
    _tables,
    Column("subject", Text, primary_key=True),
    Column("tokenizer", Text, primary_key=True),
    _key("task_id", "tasks.id"),
    Column("version", Integer, primary_key=True),
    Column("nearest_task_id", RowId, ForeignKey("tasks.id")),
    Column("score", Double, nullable=False),
    Column("among", Integer, nullable=False),
    Column("up_to", RowId, nullable=False),
)
_jobs = Table(
    "jobs",
    _tables,
    Column("id", RowId, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("run_id", RowId, ForeignKey("runs.id"), index=True),
    Column("state", Text, nullable=False),
    Column("wish", Text, nullable=False),
    Column("owner", Text),
    Column("lease_until", Double),
    Column("claims", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("subject", Text, index=True),
    Column("payload", JSON),
    Column("done", Integer),
    Column("total", Integer),
)
_OLD = "id, kind, run_id, state, wish, owner, lease_until, claims, error, created_at, ended_at"


def add_measures(connection: Connection) -> None:
    """Add the tables of measures, and let jobs name what they are about."""
    _tables.create_all(connection, [_parsed_texts, _seed_scores, _other_scores], checkfirst=False)
    if connection.dialect.name == "sqlite":
        _rebuild_jobs(connection)
    else:
        _alter_jobs(connection)


def _rebuild_jobs(connection: Connection) -> None:
    # SQLite cannot let an existing column be NULL. Nothing refers to this table.
    connection.execute(sa.text("DROP INDEX ix_jobs_run_id"))
    connection.execute(sa.text("ALTER TABLE jobs RENAME TO jobs_of_version_1"))
    _jobs.create(connection, checkfirst=False)
    connection.execute(
        sa.text(f"INSERT INTO jobs ({_OLD}) SELECT {_OLD} FROM jobs_of_version_1 ORDER BY id")
    )
    connection.execute(sa.text("DROP TABLE jobs_of_version_1"))


def _alter_jobs(connection: Connection) -> None:
    for change in (
        "ALTER COLUMN run_id DROP NOT NULL",
        "ADD COLUMN subject TEXT",
        "ADD COLUMN payload JSON",
        "ADD COLUMN done INTEGER",
        "ADD COLUMN total INTEGER",
    ):
        connection.execute(sa.text(f"ALTER TABLE jobs {change}"))
    connection.execute(sa.text("CREATE INDEX ix_jobs_subject ON jobs (subject)"))
