"""Query languages: the text of an expression to something that evaluates in a Scope.

A language owns the data flow around a state (InputPath to OutputPath, or Arguments to Output) and
the fields that steer it. States never ask which language is in force.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sfnb.query.expression import Expression
from sfnb.query.jsonpath import JSONPATH
from sfnb.query.reporting import Report
from sfnb.query.scope import Scope
from sfnb.values import Json, Payload


class Flow(Protocol):
    """The data flow around one state. Both stages are None where they would change nothing."""

    enter: EnterStage | None
    leave: LeaveStage | None

    def error_output(self, scope: Scope, result_path: object, output: Json) -> Payload:
        """What a Catcher hands to the next state."""


class EnterStage(Protocol):
    def __call__(self, scope: Scope) -> Payload: ...


class LeaveStage(Protocol):
    def __call__(self, scope: Scope, result: Payload) -> Payload: ...


class Language(Protocol):
    """What a query language brings.

    flow_fields: every field of the data flow that any state may have in this language.
    """

    name: str
    flow_fields: frozenset[str]

    def flow(self, fields: Mapping[str, Json], report_on: Callable[[str], Report]) -> Flow: ...
    def template(self, field: str, value: Json, report: Report) -> Expression | None: ...
    def path(
        self, field: str, value: Json, report: Report, *, miss: str | None = None, calls: bool = False
    ) -> Expression | None: ...
    def result_path(self, value: Json, report: Report) -> object: ...


LANGUAGES: dict[str, Language] = {"JSONPath": JSONPATH}
