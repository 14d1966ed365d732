"""The fields of JSONPath: which there are, what they may hold, and what to say of the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from sfnb.errors import EvaluationError
from sfnb.query.assign import check_names
from sfnb.query.expression import Expression
from sfnb.query.intrinsics.call import IntrinsicSyntaxError, compile_call
from sfnb.query.jsonpath.flow import DROP, JsonPathExit, JsonPathFlow, PathOrDrop, assignment, merging
from sfnb.query.jsonpath.path import Path, PathNotFound, PathSyntaxError, compile_path
from sfnb.query.jsonpath.template import Filler, Template, compile_template, note_variables
from sfnb.query.reporting import Report
from sfnb.query.scope import Scope
from sfnb.values import Json, encode

ONLY = frozenset(
    {
        "InputPath",
        "OutputPath",
        "ResultPath",
        "Parameters",
        "ResultSelector",
        "ItemsPath",
        "Result",
        "Variable",
        "SecondsPath",
        "TimestampPath",
        "TimeoutSecondsPath",
        "HeartbeatSecondsPath",
        "MaxConcurrencyPath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
        "ErrorPath",
        "CausePath",
        "MaxItemsPath",
        "MaxItemsPerBatchPath",
        "MaxInputBytesPerBatchPath",
    }
)
"""The fields that no other query language has."""

NO_PATH = "Value must be a valid JSONPath."
NO_REFERENCE = "Value is not a Reference Path"

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

    def error(self, message: str, *, query: str | None = None) -> EvaluationError:
        return EvaluationError("States.Runtime", message)

    def unexpected(self, expected: str, value: Json, message: str) -> EvaluationError:
        return self.error(message)


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

    def error(self, message: str, *, query: str | None = None) -> EvaluationError:
        return EvaluationError("States.Runtime", message)

    def unexpected(self, expected: str, value: Json, message: str) -> EvaluationError:
        return self.error(message)


class JsonPathLanguage:
    """The query language every definition has unless it says otherwise."""

    name = "JSONPath"
    only = ONLY
    catcher_fields = ("ResultPath", "Assign")
    rule_fields = ("Assign",)

    def flow(
        self, fields: Mapping[str, Json], report_on: Callable[[str], Report], *, has_result: bool = True
    ) -> JsonPathFlow:
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
            assign=_assign(fields, report_on),
        )

    def catcher(self, fields: Mapping[str, Json], report_on: Callable[[str], Report]) -> JsonPathExit:
        path = None
        if "ResultPath" in fields:
            path = self.result_path(fields["ResultPath"], report_on("ResultPath"))
        return JsonPathExit(merging(path), assignment(_assign(fields, report_on)))

    def rule(self, fields: Mapping[str, Json], report_on: Callable[[str], Report]) -> JsonPathExit:
        return JsonPathExit(None, assignment(_assign(fields, report_on)))

    def template(self, field: str, value: Json, report: Report) -> Expression | None:
        return compile_template(field, value, report)

    def computes(self, value: Json) -> bool:
        return False

    def query(
        self, field: str, value: Json, report: Report, *, miss: str | None = None, calls: bool = False
    ) -> Expression | None:
        """A `...Path` field. With `calls`, an intrinsic function will do as well."""
        if calls and isinstance(value, str) and not value.startswith("$"):
            return _call(field, value, report)
        path = _compiled(field, value, report)
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
                f"{NO_REFERENCE}: it names more than one place in the input",
                hint="it names one place, such as $.order.total: no wildcard, slice, filter or $$",
            )
            return None
        return path


def _assign(fields: Mapping[str, Json], report_on: Callable[[str], Report]) -> Template | None:
    if "Assign" not in fields:
        return None
    report = report_on("Assign")
    check_names(fields["Assign"], report)
    return compile_template("Assign", fields["Assign"], report)


def _flow_path(field: str, value: Json, report: Report) -> PathOrDrop:
    if value is None:
        return DROP
    path = _compiled(field, value, report)
    return None if path is None or path.text == "$" else path


def _compiled(field: str, value: Json, report: Report) -> Path | None:
    """A path; InputPath and OutputPath take any, the rest a Reference Path.

    Source: AWS's answers to definitions with other text in these fields.
    """
    whole = field in ("InputPath", "OutputPath")
    if not isinstance(value, str) or not value.startswith("$"):
        report(
            NO_PATH if whole else f"{NO_REFERENCE}: Reference path didn't start with '$'",
            hint="a path begins with $, the input, $$, the Context Object, or a variable's name"
            if isinstance(value, str)
            else f'found {encode(value)[:40]}, expected a string such as "$.order"',
        )
        return None
    try:
        path = compile_path(value)
        note_variables([path], report)
        return path
    except PathSyntaxError as fault:
        at = f"at character {fault.offset + 1}: {fault.message}"
        report(NO_PATH if whole else f"{NO_REFERENCE}: {fault.message}", hint=at)
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
    note_variables(call.paths, report)
    return CallExpression(field, value, call.evaluate)


JSONPATH = JsonPathLanguage()
