"""What the children of a map run put out: it goes to the result writer, or is kept for the state's result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfnb.engine.children import Child
from sfnb.engine.interpreter import too_large
from sfnb.values import Payload, size_bytes

if TYPE_CHECKING:
    from sfnb.engine.map_run import MapRun


class Results:
    """The results of a map run so far. Methods raise StatesError (States.ResultWriterFailed)."""

    def __init__(self, map_run: MapRun) -> None:
        self._map_run = map_run
        self._outputs: dict[int, Child] = {}
        self._bytes = 0
        self._most = 2 * map_run.run.limits.payload_bytes  # white space may go when they are put together
        writer = map_run.asked.writer
        self.sink = None
        if writer is not None:
            self.sink = map_run.run.map_data.writer(writer, map_run.arn, map_run.id)

    def add(self, child: Child) -> None:
        """A child has ended."""
        map_run = self._map_run
        if self.sink is not None:
            self.sink.add(child.result(map_run.machine_arn))
            map_run.item_counts.results_written += child.item_count
            map_run.executions.results_written += 1
            return
        self._bytes += size_bytes(child.output or "")
        if self._bytes <= self._most:
            self._outputs[child.index] = child
        else:
            self._outputs.clear()  # it is too large to be a result, whatever else comes

    def finish(self, count: int) -> Payload:
        """The state's result, after so many children; raises StatesError where it is too large."""
        map_run = self._map_run
        if self.sink is not None:
            return Payload(self.sink.close())
        if len(self._outputs) < count:
            raise too_large(map_run.state)
        results = [self._outputs[index].result(map_run.machine_arn) for index in range(count)]
        result = Payload(map_run.run.map_data.result(results, map_run.asked.transformation))
        if size_bytes(result.text) > map_run.run.limits.payload_bytes:
            raise too_large(map_run.state)
        return result

    def discard(self) -> None:
        """Forget what the writer has not finished."""
        if self.sink is not None:
            self.sink.discard()
