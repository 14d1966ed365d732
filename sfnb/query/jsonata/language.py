"""The fields of JSONata: which there are, what they may hold, and what to say of the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from sfnb.query.assign import check_names
from sfnb.query.expression import Expression
from sfnb.query.jsonata.flow import JsonataExit, JsonataFlow, assignment, leaving, unchanged
from sfnb.query.jsonata.template import EVERYWHERE, Template, compile_template, is_expression
from sfnb.query.reporting import Report
from sfnb.query.scope import Scope
from sfnb.values import Json, Payload, encode

Fields = Mapping[str, Json]
ReportOn = Callable[[str], Report]
Answer = TypeVar("Answer")

AFTER_WORK = EVERYWHERE | {"result"}
AFTER_FAILURE = EVERYWHERE | {"errorOutput"}


class JsonataLanguage:
    """The query language of the strings `{% ... %}`."""

    name = "JSONata"
    only = frozenset({"Arguments", "Output", "Items", "Condition"})
    catcher_fields = ("Output", "Assign")
    rule_fields = ("Output", "Assign")

    def flow(self, fields: Fields, report_on: ReportOn, *, has_result: bool = True) -> JsonataFlow:
        """Compile what `fields` holds of the data flow; `report_on` gives the Report about one of them."""
        readable = AFTER_WORK if has_result else EVERYWHERE
        arguments = None
        if "Arguments" in fields:
            arguments = compile_template("Arguments", fields["Arguments"], report_on("Arguments"))
        output = self._output(fields, report_on, readable)
        return JsonataFlow(arguments, output, self._assign(fields, report_on, readable))

    def catcher(self, fields: Fields, report_on: ReportOn) -> JsonataExit:
        """`$states.errorOutput` is what was caught."""
        output = self._output(fields, report_on, AFTER_FAILURE)
        assign = assignment(self._assign(fields, report_on, AFTER_FAILURE))
        leave = unchanged if output is None else leaving(output)
        return JsonataExit(_catching(leave), None if assign is None else _catching(assign))

    def rule(self, fields: Fields, report_on: ReportOn) -> JsonataExit:
        output = self._output(fields, report_on, EVERYWHERE)
        assign = assignment(self._assign(fields, report_on, EVERYWHERE))
        return JsonataExit(unchanged if output is None else leaving(output), assign)

    def _output(self, fields: Fields, report_on: ReportOn, readable: Collection[str]) -> Template | None:
        if "Output" not in fields:
            return None
        return compile_template("Output", fields["Output"], report_on("Output"), readable)

    def _assign(self, fields: Fields, report_on: ReportOn, readable: Collection[str]) -> Template | None:
        if "Assign" not in fields:
            return None
        value, report = fields["Assign"], report_on("Assign")
        if not isinstance(value, dict):
            report("The value for the field 'Assign' must be an object", hint=f"found {encode(value)[:40]}")
            return None
        check_names(value, report)
        return compile_template("Assign", value, report, readable)

    def template(self, field: str, value: Json, report: Report) -> Expression | None:
        return compile_template(field, value, report)

    def query(
        self, field: str, value: Json, report: Report, *, miss: str | None = None, calls: bool = False
    ) -> Expression | None:
        return compile_template(field, value, report)

    def computes(self, value: Json) -> bool:
        return is_expression(value)


def _catching(stage: Callable[[Scope, Payload], Answer]) -> Callable[[Scope, Payload], Answer]:
    """The stage of a Catcher: what comes is the Error Output, and no result."""

    def caught(scope: Scope, output: Payload) -> Answer:
        scope.error_output = output.value
        return stage(scope, output)

    return caught


JSONATA = JsonataLanguage()
