"""How fast a run may send, and how much it may use up."""

import asyncio
import time
from collections.abc import Callable

from selfinstruct_core.models import Budget, Endpoint, Response

MILLION = 1_000_000
LOOK_SECONDS = 0.5


class Pace:
    """When the next request may be sent: so many a minute, and not while the server asked all
    to wait. Waits can be cancelled at any moment."""

    def __init__(self, requests_per_minute: int | None) -> None:
        self._gap = 60 / requests_per_minute if requests_per_minute else 0.0
        self._next = 0.0

    def hold(self, seconds: float) -> None:
        """Let nobody send for so long."""
        self._next = max(self._next, time.monotonic() + seconds)

    def take_turn(self) -> bool:
        """Whether a request may be sent right now; if so, its turn is used up."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._gap
        return True

    async def turn(self, give_up: Callable[[], bool]) -> bool:
        """Wait for a turn and use it up. Returns False when given up before."""
        while not give_up():
            if self.take_turn():
                return True
            await rest(min(LOOK_SECONDS, self._next - time.monotonic()), give_up)
        return False


async def rest(seconds: float, give_up: Callable[[], bool]) -> None:
    """Wait for so long, or until given up; looks twice a second."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not give_up():
        await asyncio.sleep(min(LOOK_SECONDS, left))


def cost_of(
    endpoint: Endpoint, prompt_tokens: int | None, completion_tokens: int | None
) -> float | None:
    """What so many tokens cost; None when the prices or the tokens are unknown. The demo model
    costs nothing."""
    if endpoint.is_demo:
        return 0.0
    if endpoint.price_in is None or endpoint.price_out is None:
        return None
    if prompt_tokens is None and completion_tokens is None:
        return None
    total = (prompt_tokens or 0) * endpoint.price_in + (completion_tokens or 0) * endpoint.price_out
    return total / MILLION


class Spending:
    """What a run has used up, held against its budget before each request.

    Money counts what is under way at the average so far, so that a run ends before its budget
    and not after it. Seconds count work only, not pauses.
    """

    def __init__(
        self, budget: Budget, endpoint: Endpoint, *, sent: int, cost: float | None, priced: int,
        worked: float
    ) -> None:  # fmt: skip
        self._budget = budget
        self._endpoint = endpoint
        self._sent = sent
        self._cost = cost or 0.0
        self._priced = priced
        self._started = time.monotonic() - worked
        self._unpriced = False

    def sending(self) -> None:
        """A request is about to be sent, for the first time or again."""
        self._sent += 1

    def received(self, response: Response) -> None:
        """A response came back."""
        cost = cost_of(self._endpoint, response.prompt_tokens, response.completion_tokens)
        if cost is None:
            self._unpriced = True
        else:
            self._cost += cost
            self._priced += 1

    def end(self, under_way: int) -> str | None:
        """Why nothing more may be sent with so many requests under way; None when it may."""
        budget = self._budget
        if (used_up := self.requests_are_up()) or budget.cost is None:
            return used_up or self.time_is_up()
        if self._unpriced:
            return (
                "the cost is unknown, because the server told no tokens or the endpoint has no "
                "prices; set the prices, or a budget of requests instead of money"
            )
        if under_way and not self._priced:
            return "the first price is not known yet"
        average = self._cost / self._priced if self._priced else 0.0
        if self._cost + average * (under_way + 1) > budget.cost:
            return f"the next request could pass the budget of {budget.cost:,.2f}"
        return self.time_is_up()

    def requests_are_up(self) -> str | None:
        """That the requests are used up, None while they are not."""
        allowed = self._budget.requests
        if allowed is None or self._sent < allowed:
            return None
        return f"the budget of {allowed:,} requests is used up"

    def time_is_up(self) -> str | None:
        """That the seconds are used up, None while they are not."""
        seconds = self._budget.seconds
        if seconds is None or time.monotonic() - self._started < seconds:
            return None
        return f"the budget of {seconds:,.0f} seconds is used up"
