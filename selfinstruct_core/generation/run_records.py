"""What a run holds, to page through: its candidates and its requests."""

from sqlalchemy import Connection

from selfinstruct_core.errors import NotFound
from selfinstruct_core.models import Derivation, Stage
from selfinstruct_core.storage import candidates as candidate_rows
from selfinstruct_core.storage import request_records
from selfinstruct_core.storage import runs as run_rows
from selfinstruct_core.storage.candidates import CandidateFilter, CandidateLine
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.request_records import RequestLine, RequestRecord


def newest_candidates(
    database: Database, run_id: int, wanted: CandidateFilter, limit: int = 8, offset: int = 0
) -> list[CandidateLine]:
    """The newest candidates of a run that pass the filter, newest first. Raises NotFound."""
    with database.read() as connection:
        derivation_id = _own_derivation(connection, run_id).id
        return candidate_rows.newest_candidates(connection, derivation_id, wanted, limit, offset)


def count_candidates(database: Database, run_id: int, wanted: CandidateFilter) -> int:
    """How many candidates of a run pass the filter. Raises NotFound."""
    with database.read() as connection:
        derivation_id = _own_derivation(connection, run_id).id
        return candidate_rows.count_candidates(connection, derivation_id, wanted)


def list_requests(
    database: Database, run_id: int, stage: Stage | None, limit: int, offset: int = 0
) -> list[RequestLine]:
    """The requests of a run, of one stage or of all, newest first."""
    with database.read() as connection:
        return request_records.newest_requests(connection, run_id, stage, limit, offset)


def count_requests(database: Database, run_id: int, stage: Stage | None) -> int:
    """How many requests a run planned, in one stage or in all."""
    with database.read() as connection:
        return request_records.count_requests(connection, run_id, stage)


def one_request(database: Database, run_id: int, stage: Stage, ordinal: int) -> RequestRecord:
    """The request of that key, whole. Raises NotFound."""
    with database.read() as connection:
        found = request_records.request_at(connection, run_id, stage, ordinal)
    if found is None:
        raise NotFound(f"Run {run_id} has no request {ordinal} of stage {stage}.")
    return found


def _own_derivation(connection: Connection, run_id: int) -> Derivation:
    run_rows.existing_run(connection, run_id)
    return run_rows.get_derivation(connection, run_id)


def list_derivations(database: Database, run_id: int) -> list[Derivation]:
    """The readings of a run's responses that are stored, its own first. Raises NotFound."""
    with database.read() as connection:
        run_rows.existing_run(connection, run_id)
        return run_rows.get_derivations(connection, run_id)
