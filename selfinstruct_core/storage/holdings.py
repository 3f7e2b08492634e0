"""What the studio holds, in numbers."""

from dataclasses import dataclass

import sqlalchemy as sa

from selfinstruct_core.models import Origin
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.schema import derivations, instances, runs, tasks


@dataclass(frozen=True, slots=True)
class Holdings:
    """Totals over all projects; machine-generated ones of the runs' own derivations only."""

    seed_tasks: int
    machine_tasks: int
    machine_instances: int
    runs: int


def holdings(database: Database) -> Holdings:
    """The totals as they are now."""
    seeds = sa.select(sa.func.count()).where(tasks.c.origin == Origin.SEED)
    machine = sa.select(sa.func.coalesce(sa.func.sum(derivations.c.kept), 0)).where(
        derivations.c.number == 1
    )
    of_machine = (
        sa.select(sa.func.count())
        .select_from(instances.join(tasks, tasks.c.id == instances.c.task_id))
        .join(derivations, derivations.c.id == tasks.c.derivation_id)
        .where(derivations.c.number == 1, instances.c.version == 1)
    )
    with database.read() as connection:
        return Holdings(
            seed_tasks=connection.scalar(seeds) or 0,
            machine_tasks=connection.scalar(machine) or 0,
            machine_instances=connection.scalar(of_machine) or 0,
            runs=connection.scalar(sa.select(sa.func.count()).select_from(runs)) or 0,
        )
