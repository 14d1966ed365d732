"""What routes need of the rest: someone who starts executions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeAlias

from sfnb.triggers.http.route import Route
from sfnb.triggers.ports import Refused

Action: TypeAlias = Literal["StartExecution", "StartSyncExecution", "StopExecution", "DescribeExecution"]


class StartRefused(Refused):
    """The action was not done. code: AWS's name for why. status: what AWS's service answers with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message, status=status)


class Start(Protocol):
    """Performs an action of Step Functions' API for a route; from any thread, for as long as it takes."""

    def __call__(self, route: Route, action: Action, parameters: dict[str, str]) -> Mapping[str, Any]:
        """parameters: as the API calls them: {"stateMachineArn": ..., "input": ...}.

        Answers as the API does; moments are datetimes or seconds. Raises Refused (or StartRefused).
        """


class Told(Protocol):
    """Hears what becomes of requests."""

    def matched(self, route: Route) -> None:
        """A request is for this route."""

    def dropped(self, route: Route, why: str) -> None:
        """It started nothing."""
