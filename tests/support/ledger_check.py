"""The ledger of a run held against what its server received."""

import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from selfinstruct_core.generation.run_overview import run_overview
from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.ledger import ANSWERED, CANCELLED, LOST
from tests.support.demo_script import body_key

CUT_OFF = (LOST, CANCELLED)
_ATTEMPTS = """
    SELECT p.text || r.tail AS prompt, r.parameters, r.answered, a.outcome
    FROM requests r JOIN prompt_prefixes p ON p.hash = r.prefix_hash
    JOIN attempts a ON a.request_id = r.id WHERE r.run_id = :run ORDER BY r.id, a.number"""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Calls that a run repeated: as its overview tells, as the server saw them, and those whose
    first sender was killed between writing them down and sending them."""

    told: int
    seen: int
    never_left: int


def check_ledger(
    database: Database, run_id: int, received: Sequence[dict[str, Any]]
) -> tuple[Repeats, Counter[str]]:
    """Assert that every call that the server received had been written down, and that nothing
    was sent again after it was recorded. Returns the repeated calls, and attempts by outcome."""
    attempts = _attempts(database, run_id)
    calls = Counter(body_key(body) for body in received)
    assert set(calls) <= set(attempts), "each call was written down before it was sent"
    seen = never_left = 0
    for key, outcomes in attempts.items():
        # After the answer that was recorded nothing was sent: it is the last and the only one.
        assert ANSWERED not in outcomes[:-1]
        cut_off = sum(outcome in CUT_OFF for outcome in outcomes)
        repeated = cut_off - (outcomes[-1] in CUT_OFF)
        refused = sum(outcome not in (ANSWERED, *CUT_OFF) for outcome in outcomes)
        seen_again = max(0, calls[key] - refused - 1)
        assert 0 <= repeated - seen_again <= len(outcomes) - calls[key]
        seen += seen_again
        never_left += repeated - seen_again
    told = run_overview(database, run_id).traffic.repeated
    assert told == seen + never_left
    return Repeats(told, seen, never_left), Counter(itertools.chain(*attempts.values()))


def _attempts(database: Database, run_id: int) -> dict[str, list[str]]:
    """The outcomes of each request's attempts, by the body that was to be sent."""
    with database.read() as connection:
        rows = connection.execute(sa.text(_ATTEMPTS), {"run": run_id}).all()
    found: dict[str, list[str]] = {}
    for row in rows:
        body = {"prompt": row.prompt, **json.loads(row.parameters)}
        found.setdefault(body_key(body), []).append(row.outcome)
    recorded = sum(outcomes[-1] == ANSWERED for outcomes in found.values())
    with database.read() as connection:
        stored = "SELECT count(*) FROM requests WHERE run_id = :run AND answered"
        assert connection.execute(sa.text(stored), {"run": run_id}).scalar_one() == recorded
    return found
