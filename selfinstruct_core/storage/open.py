"""Opening the database of this installation."""

from selfinstruct_core.errors import StudioError
from selfinstruct_core.settings import database_url
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.migrations import migrate


def open_database(url: str | None = None) -> Database:
    """The database at the address, by default the configured one, brought to the newest version.

    Raises BadInput when the address is none, StorageError when it cannot be used.
    """
    database = Database(url or database_url())
    try:
        migrate(database)
    except StudioError:
        # Who tries again until it works must not gather connections.
        database.dispose()
        raise
    return database
