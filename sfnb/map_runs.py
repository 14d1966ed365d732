"""The map runs of this process, and the child executions in them."""

from __future__ import annotations

from sfnb.engine.children import Child
from sfnb.engine.map_run import MapRun
from sfnb.errors import SfnbError


class ResourceNotFound(SfnbError):
    """No map run has this ARN."""


class MapRuns:
    """Every map run since the process began, by ARN."""

    def __init__(self) -> None:
        self._runs: dict[str, MapRun] = {}
        self._by_machine: dict[str, list[MapRun]] = {}

    def opened(self, map_run: MapRun) -> None:
        self._runs[map_run.arn] = map_run
        self._by_machine.setdefault(_machine(map_run.arn), []).append(map_run)

    def describe(self, arn: str) -> MapRun:
        """Raises ResourceNotFound."""
        if arn not in self._runs:
            raise ResourceNotFound(f"Resource not found: '{arn}'")
        return self._runs[arn]

    def of_execution(self, execution_arn: str) -> list[MapRun]:
        """Those that one execution opened, newest first."""
        return [run for run in reversed(list(self._runs.values())) if run.run.arn == execution_arn]

    def child(self, execution_arn: str) -> tuple[MapRun, Child] | None:
        """The child execution of this ARN, and the map run it is in; None where there is none."""
        for map_run in self._by_machine.get(_machine(execution_arn), ()):
            child = map_run.children.get(execution_arn)
            if child is not None:
                return map_run, child
        return None


def _machine(arn: str) -> str:
    """`NAME/LABEL` of the ARN of a map run or of a child execution."""
    return arn.split(":", 7)[6]
