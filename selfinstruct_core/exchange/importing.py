"""A file of somebody's as a data set of a project."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct_core.errors import BadInput
from selfinstruct_core.exchange.reading import decode
from selfinstruct_core.exchange.task_file import read_tasks
from selfinstruct_core.models import ImportedTask
from selfinstruct_core.storage import imports, projects
from selfinstruct_core.storage.database import Database

KIND = "import"
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Import:
    """The data set that a file is now; `added` is False when its content was there already.
    `without_output` counts instances that were left out for having no output."""

    data_set_id: int
    name: str
    project: str
    tasks: int
    instances: int
    without_output: int
    added: bool


def import_tasks(database: Database, content: bytes, where: str, name: str, project: str) -> Import:
    """Store the tasks of a file as a data set; `where` names the file in errors.

    The same content in the same project gives the same data set, under its first name. Raises
    BadInput, with nothing stored, when any part of the file is not usable.
    """
    name, project = name.strip()[:LONGEST_NAME], project.strip()
    for what, value in (("data set", name), ("project", project)):
        if not value:
            raise BadInput(f"The {what}'s name is empty; write one.")
    tasks = read_tasks(decode(content, where), where)
    digest = tasks_digest(tasks)
    with database.write() as connection:
        owner = projects.obtain_project(connection, project)
        known = projects.find_data_set(connection, owner.id, KIND, digest)
        if known is None:
            ids = imports.add_imported_tasks(connection, owner.id, tasks)
            members = [(id_, 1) for id_ in ids]
            data_set = projects.add_data_set(connection, owner.id, name, KIND, digest, members)
        else:
            data_set, name = known, projects.data_set_name(connection, known)
    return Import(
        data_set_id=data_set,
        name=name,
        project=owner.name,
        tasks=len(tasks),
        instances=sum(len(task.reading.instances) for task in tasks),
        without_output=sum(len(task.reading.dropped) for task in tasks),
        added=known is None,
    )


def tasks_digest(tasks: Sequence[ImportedTask]) -> str:
    """SHA-256 over the tasks in order, whatever file they were written in."""
    hashed = hashlib.sha256()
    for task in tasks:
        row = [task.source_id, task.name, task.instruction, task.is_classification]
        kept = [[one.input, one.output] for one in task.reading.instances]
        dropped = [[one.input, one.output] for one in task.reading.dropped]
        hashed.update(json.dumps([*row, kept, dropped], ensure_ascii=True).encode() + b"\n")
    return hashed.hexdigest()
