"""What a run left in the database, without ids and times, so that runs can be compared."""

from typing import Any

import sqlalchemy as sa

from selfinstruct_core.storage.database import Database

_QUERIES = {
    "candidates": """
        SELECT c.ordinal, c.position, c.instruction, c.reason, c.detail, c.nearest_score,
               n.ordinal, n.position, n.source_id
        FROM candidates c JOIN derivations d ON d.id = c.derivation_id
        LEFT JOIN tasks n ON n.id = c.nearest_task_id
        WHERE d.run_id = :run AND d.number = :number ORDER BY 1, 2""",
    "tasks": """
        SELECT t.ordinal, t.position, v.instruction, v.is_classification, v.state
        FROM tasks t JOIN task_versions v ON v.task_id = t.id
        JOIN derivations d ON d.id = t.derivation_id
        WHERE d.run_id = :run AND d.number = :number ORDER BY 1, 2""",
    "instances": """
        SELECT t.ordinal, t.position, i.position, i.input, i.output
        FROM tasks t JOIN instances i ON i.task_id = t.id
        JOIN derivations d ON d.id = t.derivation_id
        WHERE d.run_id = :run AND d.number = :number ORDER BY 1, 2, 3""",
    "dropped": """
        SELECT t.ordinal, t.position, i.position, i.input, i.output, i.reason
        FROM tasks t JOIN dropped_instances i ON i.task_id = t.id
        JOIN derivations d ON d.id = t.derivation_id
        WHERE d.run_id = :run AND d.number = :number ORDER BY 1, 2, 3""",
}


def run_rows(database: Database, run_id: int, number: int = 1) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a derivation by table, in the order of the run."""
    with database.read() as connection:
        return {
            name: [
                tuple(row)
                for row in connection.execute(sa.text(query), {"run": run_id, "number": number})
            ]
            for name, query in _QUERIES.items()
        }
