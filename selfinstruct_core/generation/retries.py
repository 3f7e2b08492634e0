"""When a request that failed is sent again, and when there is no hope."""

import random
from collections.abc import Sequence

from selfinstruct_core.lm.client import FINAL, Fault, FaultKind

MAX_ATTEMPTS = 6
PATIENT_ATTEMPTS = 12
"""For faults that cost nothing and pass: about five minutes, enough for a server to be started
again and to load its model."""
MAX_ATTEMPTS_WHEN_TOLD_TO_WAIT = 60
"""A server that says when to come back is asked more often: it works, and is only busy."""
PASSING = frozenset({FaultKind.CONNECTION, FaultKind.SERVER_ERROR, FaultKind.RATE_LIMITED})
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0

ADVICE = {
    FaultKind.QUOTA: "add credit or raise the limit at the provider, then resume",
    FaultKind.AUTHENTICATION: "put the endpoint's key right, then resume",
    FaultKind.REFUSED: "put the server right and resume, or start a run with another endpoint",
}
"""What a person can do about a fault; about one that only came too often, wait."""
WAIT_AND_RESUME = "resume when the server works again"


class Hopeless(Exception):
    """The run cannot go on; the text says why, in the server's words where there are some, and
    what to do."""


def wait_after(faults: Sequence[Fault]) -> float:
    """Seconds to wait after the last of a request's faults: as long as the server asks for, else
    growing with jitter. Raises Hopeless when the same would happen again, or too often."""
    last = faults[-1]
    if last.kind in FINAL:
        raise Hopeless(f"{last}; {ADVICE[last.kind]}")
    if len(faults) >= _most_attempts(last):
        raise Hopeless(f"{len(faults)} attempts failed, the last with {last}; {WAIT_AND_RESUME}")
    if last.retry_after is not None:
        return last.retry_after
    growing: float = FIRST_WAIT * 2 ** (len(faults) - 1)
    return min(LONGEST_WAIT, growing) * random.uniform(0.75, 1.25)


def _most_attempts(fault: Fault) -> int:
    if fault.retry_after is not None:
        return MAX_ATTEMPTS_WHEN_TOLD_TO_WAIT
    return PATIENT_ATTEMPTS if fault.kind in PASSING else MAX_ATTEMPTS
