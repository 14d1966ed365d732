"""Query languages: the text of an expression to something that evaluates in a Scope.

A language owns the data flow around a state (InputPath to OutputPath, or Arguments to Output) and
the fields that steer it. States never ask which language is in force.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sfnb.query.expression import Expression
from sfnb.query.jsonata import JSONATA
from sfnb.query.jsonpath import JSONPATH
from sfnb.query.reporting import Report
from sfnb.query.stages import Assign, Enter, EnterSteps, Leave, LeaveSteps
from sfnb.values import Json


class Exit(Protocol):
    """What a result becomes on the way out: an output, and values of variables.

    leave: None where the result is the output; for a Choice rule or Catcher, where the state's own holds.
    assign: None where nothing is assigned.
    """

    leave: Leave | None
    assign: Assign | None

    def leaving(self) -> LeaveSteps:
        """The steps that `leave` takes at once, one by one."""


class Flow(Exit, Protocol):
    """The data flow around one state. A stage is None where it would change nothing."""

    enter: Enter | None

    def entering(self) -> EnterSteps:
        """The steps that `enter` takes at once, one by one."""


class Language(Protocol):
    """What a query language brings.

    only: the fields that no other language has.
    catcher_fields, rule_fields: those of the data flow that a Catcher and a Choice rule may have.
    """

    @property
    def name(self) -> str: ...
    @property
    def only(self) -> frozenset[str]: ...
    @property
    def catcher_fields(self) -> tuple[str, ...]: ...
    @property
    def rule_fields(self) -> tuple[str, ...]: ...

    def flow(
        self, fields: Mapping[str, Json], report_on: Callable[[str], Report], *, has_result: bool = True
    ) -> Flow:
        """Compile what `fields` holds of the data flow; `report_on` gives the Report about one of them.

        has_result: the state does work, so that Assign and Output may ask for its result.
        """

    def catcher(self, fields: Mapping[str, Json], report_on: Callable[[str], Report]) -> Exit: ...
    def rule(self, fields: Mapping[str, Json], report_on: Callable[[str], Report]) -> Exit: ...
    def template(self, field: str, value: Json, report: Report) -> Expression | None: ...
    def query(
        self, field: str, value: Json, report: Report, *, miss: str | None = None, calls: bool = False
    ) -> Expression | None:
        """A field that is computed: a `...Path` field, or a JSONata string. `calls`: by a function too.

        miss: what the failure of a path reads like; {field}, {path}, {miss} are filled in.
        """

    def computes(self, value: Json) -> bool:
        """Whether a field without `Path` is computed all the same: it holds `{% ... %}`."""


LANGUAGES: dict[str, Language] = {"JSONPath": JSONPATH, "JSONata": JSONATA}
