"""The fields of JSONPath: which there are, what they may hold, and what to say of the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from sfnb.errors import EvaluationError
from sfnb.query.expression import Expression
from sfnb.query.intrinsics.call import IntrinsicSyntaxError, compile_call
from sfnb.query.jsonpath.flow import DROP, JsonPathFlow, PathOrDrop
from sfnb.query.jsonpath.path import Path, PathNotFound, PathSyntaxError, compile_path
from sfnb.query.jsonpath.template import Filler, Template, compile_template, report_variables
from sfnb.query.reporting import Report
from sfnb.query.scope import Scope
from sfnb.values import Json, encode

TEXTUAL = ("Format", "JsonToString", "ArrayGetItem", "Base64Encode", "Base64Decode", "Hash", "UUID")
"""The functions that AWS lets ErrorPath and CausePath call."""


class PathExpression(msgspec.Struct, frozen=True):
    """A field that names its value by a path; `miss` says what its failure reads like on AWS."""

    field: str
    path: Path
    miss: str

    @property
    def text(self) -> str:
        return self.path.text

    @property
    def constant(self) -> bool:
        return False

    def evaluate(self, scope: Scope) -> Json:
        try:
            return self.path.find(scope.document(self.path.root))
        except PathNotFound as miss:
            raise self.error(self.miss.format(field=self.field, path=self.text, miss=miss)) from None

    def error(self, message: str) -> EvaluationError:
        return EvaluationError("States.Runtime", message)


class CallExpression(msgspec.Struct, frozen=True):
    """A field that is computed by an intrinsic function."""

    field: str
    text: str
    fill: Filler

    @property
    def constant(self) -> bool:
        return False

    def evaluate(self, scope: Scope) -> Json:
        return self.fill(scope)

    def error(self, message: str) -> EvaluationError:
        return EvaluationError("States.Runtime", message)


class JsonPathLanguage:
    """The query language every definition has unless it says otherwise."""

    name = "JSONPath"
    flow_fields = frozenset({"InputPath", "Parameters", "ResultSelector", "ResultPath", "OutputPath"})

    def flow(self, fields: Mapping[str, Json], report_on: Callable[[str], Report]) -> JsonPathFlow:
        """Compile what `fields` holds of the data flow; `report_on` gives the Report about one of them."""

        def path(field: str) -> PathOrDrop:
            return _flow_path(field, fields[field], report_on(field)) if field in fields else None

        def template(field: str) -> Template | None:
            return compile_template(field, fields[field], report_on(field)) if field in fields else None

        merged = "ResultPath" in fields
        return JsonPathFlow(
            input_path=path("InputPath"),
            parameters=template("Parameters"),
            result_selector=template("ResultSelector"),
            result_path=self.result_path(fields["ResultPath"], report_on("ResultPath")) if merged else None,
            output_path=path("OutputPath"),
        )

    def template(self, field: str, value: Json, report: Report) -> Expression | None:
        return compile_template(field, value, report)

    def path(
        self, field: str, value: Json, report: Report, *, miss: str | None = None, calls: bool = False
    ) -> Expression | None:
        """A `...Path` field. With `calls`, an intrinsic function will do as well."""
        if calls and isinstance(value, str) and value.startswith("States."):
            return _call(field, value, report)
        path = _path(field, value, report)
        if path is None:
            return None
        return PathExpression(field, path, miss or "Invalid path '{path}' : {miss}")

    def result_path(self, value: Json, report: Report) -> PathOrDrop:
        """A Reference Path into the raw input; None for `$`, DROP for null."""
        if value is None:
            return DROP
        path = _compiled("ResultPath", value, report)
        if path is None or path.text == "$":
            return None
        if path.root != "$" or not path.reference:
            report(
                "The value for the field 'ResultPath' must be a valid Reference Path",
                hint="it names one place, such as $.order.total: no wildcard, slice, filter or $$",
            )
            return None
        return path


def _flow_path(field: str, value: Json, report: Report) -> PathOrDrop:
    if value is None:
        return DROP
    path = _path(field, value, report)
    return None if path is None or path.text == "$" else path


def _path(field: str, value: Json, report: Report) -> Path | None:
    path = _compiled(field, value, report)
    if path is not None:
        report_variables([path], report)
    return path


def _compiled(field: str, value: Json, report: Report) -> Path | None:
    problem = f"The value for the field '{field}' must be a valid JSONPath"
    if not isinstance(value, str):
        report(problem, hint=f'found {encode(value)[:40]}, expected a string such as "$.order"')
        return None
    if not value.startswith("$"):
        report(problem, hint="a path begins with $, the input, or $$, the Context Object")
        return None
    try:
        return compile_path(value)
    except PathSyntaxError as fault:
        report(problem, hint=f"at character {fault.offset + 1}: {fault.message}")
        return None


def _call(field: str, value: str, report: Report) -> CallExpression | None:
    problem = f"The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"
    try:
        call = compile_call(value)
    except IntrinsicSyntaxError as fault:
        report(problem, hint=f"at character {fault.offset + 1}: {fault.message}")
        return None
    if call.name.removeprefix("States.") not in TEXTUAL:
        report(problem, hint=f"{call.name} does not return text; there are {', '.join(TEXTUAL)}")
    report_variables(call.paths, report)
    return CallExpression(field, value, call.evaluate)


JSONPATH = JsonPathLanguage()
