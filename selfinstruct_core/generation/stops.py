"""Stop sequences applied to a returned text, whatever the server did with them."""

from collections.abc import Sequence

from selfinstruct_core.models import Reply


def apply_stops(reply: Reply, stops: Sequence[str]) -> Reply:
    """The reply as if the server had stopped at the first of the sequences in its text.

    Servers take at most four stop sequences and some ignore them; a text cut here ended by a
    stop sequence, not by its length.
    """
    if reply.text is None:
        return reply
    places = [place for stop in stops if (place := reply.text.find(stop)) >= 0]
    return Reply(reply.text[: min(places)], "stop") if places else reply
