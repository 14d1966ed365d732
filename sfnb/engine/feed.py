"""The inputs of a map run's children, one at a time.

The state's own data is walked as it is wanted. What has to be read comes from a thread of its own,
a few hundred inputs ahead, so that a slow disk or network keeps no other execution waiting.
"""

from __future__ import annotations

import enum
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from sfnb.asl.commands import Item, RunChildren
from sfnb.engine.map_ports import Batch, ItemStream
from sfnb.errors import StatesError
from sfnb.values import Json, Payload

if TYPE_CHECKING:
    from sfnb.engine.run import Run

AHEAD = 512
"""How many inputs are read before they are wanted."""

STATE_DATA = "STATE_DATA"


class Signal(enum.Enum):
    """What a feed says instead of an input."""

    NOT_READY = "there is none yet"
    END = "there are no more"


NOT_READY: Final = Signal.NOT_READY
END: Final = Signal.END


class Feed(Protocol):
    """Inputs in their order.

    fingerprint: of what they are read from, known before the first input; None where nothing is read.
    """

    fingerprint: str | None

    def take(self) -> Batch | Signal:
        """The next input; raises StatesError where the items cannot be read or selected."""

    @property
    def left(self) -> int:
        """How many items were read and not taken; from any thread."""

    def close(self) -> None:
        """Stop."""


def feed_of(run: Run, command: RunChildren, more: Callable[[], None]) -> Feed:
    """The inputs that a command asks for; `more()` is called when a feed that was not ready is."""
    if command.reader is None:
        return DataFeed(inputs(run, command, state_items(command.items)), len(command.items))
    return ReadFeed(run, command, more)


def inputs(run: Run, command: RunChildren, items: Iterator[Item]) -> Iterator[Batch]:
    """Items selected and batched."""
    selected = (command.select(index, item) for index, item in enumerate(items))
    if command.batcher is None:
        return (Batch(Payload(value), 1) for value in selected)
    return run.map_data.batches(selected, command.batcher)


def state_items(items: list[Json] | dict[str, Json]) -> Iterator[Item]:
    """The state's own data: a list, or the pairs of an object."""
    if isinstance(items, dict):
        return (Item(value, key, STATE_DATA) for key, value in items.items())
    return (Item(value, None, STATE_DATA) for value in items)


class DataFeed:
    """Inputs made on the spot, from so many items."""

    fingerprint: str | None = None

    def __init__(self, batches: Iterator[Batch], count: int) -> None:
        self._batches = batches
        self.left = count

    def take(self) -> Batch | Signal:
        batch = next(self._batches, None)
        if batch is None:
            return END
        self.left -= batch.count
        return batch

    def close(self) -> None:
        """Nothing goes on."""


class ReadFeed:
    """Inputs made by a thread that reads."""

    def __init__(self, run: Run, command: RunChildren, more: Callable[[], None]) -> None:
        self.fingerprint: str | None = None
        self._more = more
        self._ready: deque[Batch | Signal | StatesError] = deque()
        self._room = threading.Semaphore(AHEAD)
        self._waited_for = False
        self._stopped = False
        threading.Thread(target=self._read, args=(run, command), name="sfnb-items", daemon=True).start()

    def take(self) -> Batch | Signal:
        if not self._ready:
            self._waited_for = True
            if not self._ready:  # nothing came in between
                return NOT_READY
        self._waited_for = False
        found = self._ready[0]
        if isinstance(found, StatesError):
            raise found
        if isinstance(found, Batch):
            self._ready.popleft()
            self._room.release()
        return found

    @property
    def left(self) -> int:
        ready = self._ready.copy()  # the thread may be adding to it
        return sum(found.count for found in ready if isinstance(found, Batch))

    def close(self) -> None:
        self._stopped = True
        self._room.release()

    def _read(self, run: Run, command: RunChildren) -> None:
        assert command.reader is not None
        stream: ItemStream | None = None
        try:
            stream = run.map_data.read(command.reader)
            self.fingerprint = stream.fingerprint
            for batch in inputs(run, command, iter(stream)):
                self._room.acquire()
                if self._stopped:
                    return
                self._put(batch)
            self._put(END)
        except StatesError as fault:
            self._put(fault)
        except Exception as fault:  # a bug of ours, or of a file format's library, must end the run
            self._put(StatesError("States.ItemReaderFailed", f"{type(fault).__name__}: {fault}"))
        finally:
            if stream is not None:
                stream.close()

    def _put(self, found: Batch | Signal | StatesError) -> None:
        self._ready.append(found)
        if self._waited_for:
            self._waited_for = False
            self._more()
