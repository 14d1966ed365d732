"""Messages that rules have published themselves, known again when they come back: so that rounds end."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from sfnb.errors import SfnbError

MOST_TIMES = 10
"""How often a message may go on from rule to rule."""
MOST_KNOWN = 10_000
REMEMBERED = timedelta(minutes=1)


class Round(SfnbError):
    """A message that has gone round too often."""


class Republished:
    """How often a message has been published again to come to be; by its topic and payload.

    MQTT 3.1.1 has no room for a mark on the message itself.
    """

    def __init__(self) -> None:
        self._times: OrderedDict[bytes, tuple[int, datetime]] = OrderedDict()
        self._changing = threading.Lock()

    def times(self, topic: str, payload: bytes, now: datetime) -> int:
        times, since = self._times.get(_mark(topic, payload), (0, now))
        return times if now - since < REMEMBERED else 0

    def note(self, topic: str, payload: bytes, before: int, now: datetime) -> None:
        """It is going to be published; raises Round where what it follows from has been too often.

        before: how often that has been published again itself.
        """
        if before >= MOST_TIMES:
            raise Round(f"rules publish to each other's topics, {before} times in a row: it ends here")
        mark = _mark(topic, payload)
        with self._changing:
            self._times[mark] = max(before + 1, self.times(topic, payload, now)), now
            self._times.move_to_end(mark)
            if len(self._times) > MOST_KNOWN:
                self._times.popitem(last=False)


def _mark(topic: str, payload: bytes) -> bytes:
    return hashlib.sha256(topic.encode() + b"\0" + payload).digest()
