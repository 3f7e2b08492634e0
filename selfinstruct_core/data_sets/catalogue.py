"""Which data sets there are, and what is in them."""

from selfinstruct_core.collecting import collected_later
from selfinstruct_core.errors import NotFound
from selfinstruct_core.models import DataSet, DataSetKey, DataSetScope, DataSetTask
from selfinstruct_core.storage import data_sets as rows
from selfinstruct_core.storage.database import Database


def list_data_sets(database: Database) -> list[DataSet]:
    """Every data set: all tasks of each project, runs as they stand and fixed lists, the newest
    first. A list that has all tasks of its run is not named beside the run."""
    with database.read() as connection:
        return rows.all_data_sets(connection)


def find_data_set(database: Database, key: DataSetKey) -> DataSet:
    """The data set of that key. Raises NotFound."""
    with database.read() as connection:
        found = rows.get_data_set(connection, key)
    if found is None:
        raise NotFound(f"There is no data set {key}.")
    return found


def data_set_key(text: str) -> DataSetKey:
    """The key written as text, "run-3" say. Raises NotFound."""
    scope, _, number = text.partition("-")
    if scope in list(DataSetScope) and number.isascii() and number.isdigit() and len(number) < 19:
        return DataSetKey(DataSetScope(scope), int(number))
    raise NotFound("There is no data set of that name.")


def data_set_tasks_with_instances(database: Database, key: DataSetKey) -> list[DataSetTask]:
    """The tasks of a data set in its order, with all instances; none if there is no such data
    set. Two queries, whatever the size."""
    with collected_later(), database.read() as connection:
        return rows.data_set_tasks_with_instances(connection, key)
