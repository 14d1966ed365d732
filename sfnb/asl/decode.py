"""From a tree of plain values to the records of the language, gathering every finding.

A record's annotations say what each field must be (`vocabulary.py`); no state parses itself. The
table of a record's fields is made once. A field that will not do is reported and left out, and a state
that will not do has a stand-in, so that one look shows all that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from sfnb.asl.fields import fields_of, truth_hint
from sfnb.asl.machine import Definition, check, did_you_mean
from sfnb.asl.reading import MAX_FINDINGS, TOO_DEEP, Container, one_level_in
from sfnb.asl.source import Source
from sfnb.asl.stand_in import stand_in
from sfnb.asl.state import State
from sfnb.asl.states import STATES
from sfnb.asl.timestamps import LONGEST_SECONDS
from sfnb.errors import DefinitionError, Diagnostic, PathStep
from sfnb.query import LANGUAGES, Language
from sfnb.query.reporting import NOT_YET, Report
from sfnb.values import Json, encode

Place = tuple[PathStep, ...]

QUERY_LANGUAGES = ("JSONPath", "JSONata")
MAX_NAME = 80
MAX_LEVELS = 150
"""A text may be read that is nested deeper; but to decode, draw and run it would take too much stack."""


def decode(source: Source) -> tuple[Definition | None, tuple[Diagnostic, ...]]:
    """The definition in `source` with all findings; None where there is an ERROR among them."""
    findings = list(source.findings)
    definition = None
    if isinstance(source.tree, dict) and not any(f.severity == "ERROR" and not f.path for f in findings):
        decoder = Decoder()
        definition = decoder.machine(source.tree)
        findings += decoder.findings
        if definition is not None:
            findings += islice(check(definition), MAX_FINDINGS)
    findings.sort(key=lambda finding: finding.severity)  # errors first, else as they were found
    del findings[MAX_FINDINGS:]
    return (None if _errors(findings) else definition), tuple(findings)


def load(source: Source) -> tuple[Definition, tuple[Diagnostic, ...]]:
    """The definition in `source` and its warnings; raises DefinitionError with every finding."""
    definition, findings = decode(source)
    if definition is None:
        raise DefinitionError(source, findings)
    return definition, findings


def _errors(findings: list[Diagnostic]) -> bool:
    return any(finding.severity == "ERROR" for finding in findings)


class Decoder:
    """Turns trees into records and keeps what it found on the way."""

    def __init__(self) -> None:
        self.findings: list[Diagnostic] = []
        self.language: Language = LANGUAGES["JSONPath"]

    # Findings

    def find(
        self,
        message: str,
        path: Place,
        *,
        hint: str | None = None,
        at_key: bool = False,
        code: str = "SCHEMA_VALIDATION_FAILED",
    ) -> None:
        self.findings.append(Diagnostic(message=message, path=path, hint=hint, at_key=at_key, code=code))

    def report_at(self, path: Place) -> Report:
        """A Report about the field at `path`, for the query language's compilers."""

        def report(
            message: str,
            *,
            within: tuple[PathStep, ...] = (),
            hint: str | None = None,
            at_key: bool = False,
            code: str = "SCHEMA_VALIDATION_FAILED",
        ) -> None:
            self.findings.append(
                Diagnostic(message=message, path=path, within=within, hint=hint, at_key=at_key, code=code)
            )

        return report

    def expected(self, what: str, found: Json, path: Place, *, hint: str | None = None) -> None:
        self.find(f"Expected {what}, found {shown(found)}", path, hint=hint)

    def missing(self, field: str, path: Place) -> None:
        self.find(f"The field '{field}' is required but was missing", path, at_key=True)

    def unsupported(self, field: str, path: Place, *, hint: str | None = None) -> None:
        self.findings.append(
            Diagnostic(
                message=f"Field '{field}' is not supported",
                path=path,
                within=(field,),
                at_key=True,
                hint=hint,
            )
        )

    def text(self, tree: dict[str, Json], field: str, path: Place, *, required: bool = False) -> str | None:
        """A string field of an object that has no record of its own."""
        if field not in tree:
            if required:
                self.missing(field, path)
            return None
        value = tree[field]
        if isinstance(value, str):
            return value
        self.expected("a string", value, (*path, field))
        return None

    # The machine

    def machine(self, tree: dict[str, Json]) -> Definition | None:
        """The outermost definition."""
        deep = _beyond(MAX_LEVELS, tree)
        if deep is not None:
            self.find(f"Nested deeper than {MAX_LEVELS} levels", deep, code=TOO_DEEP)
            return None
        language = tree.get("QueryLanguage", "JSONPath")
        if language == "JSONata":
            self.not_yet("JSONata", ("QueryLanguage",))
            return None
        missing = [field for field in ("States", "StartAt") if field not in tree]
        if missing:
            known = {"StartAt", "States", "Comment", "Version", "TimeoutSeconds", "QueryLanguage"}
            near = [hint for field in tree if field not in known and (hint := did_you_mean(field, missing))]
            self.find(
                f"These fields are required: [{', '.join(missing)}]", (), hint=near[0] if near else None
            )
        return self.definition(tree, (), {"Version": ("1.0",), "QueryLanguage": QUERY_LANGUAGES})

    def not_yet(self, feature: str, path: Place, *, at_key: bool = False) -> None:
        self.find(
            f"{feature} is not supported yet",
            path,
            code=NOT_YET,
            at_key=at_key,
            hint="AWS runs this; this version of sfnb does not",
        )

    def definition(self, tree: Json, path: Place, settings: dict[str, tuple[str, ...]]) -> Definition | None:
        """A machine, a branch or an ItemProcessor; `settings` are the further fields it may have."""
        if not isinstance(tree, dict):
            self.expected("an object with StartAt and States", tree, path)
            return None
        top = not path
        for field, value in tree.items():
            if field in settings:
                self.one_of(settings[field], value, (*path, field))
            elif field == "ProcessorConfig" and path and path[-1] in ("ItemProcessor", "Iterator"):
                self.processor_config(value, (*path, field))
            elif field not in ("StartAt", "States", "Comment") and not (top and field == "TimeoutSeconds"):
                known = ["StartAt", "States", "Comment", *(["TimeoutSeconds"] if top else []), *settings]
                self.unsupported(field, path, hint=did_you_mean(field, known))
        start_at = self.text(tree, "StartAt", path, required=not top)
        if start_at == "":
            self.find("Value cannot be empty", (*path, "StartAt"))
        comment = self.text(tree, "Comment", path)
        timeout = self.whole_seconds(tree, "TimeoutSeconds", path) if top else None
        states = self.states(tree, path)
        if states is None:
            return None
        return Definition(
            start_at=start_at or "", states=states, place=path, comment=comment, timeout_seconds=timeout
        )

    def one_of(self, allowed: tuple[str, ...], value: Json, path: Place) -> None:
        if value not in allowed:
            hint = did_you_mean(value, allowed) if isinstance(value, str) else None
            self.find(
                f"The field '{path[-1]}' should have one of these values: [{', '.join(allowed)}]",
                path,
                hint=hint,
            )

    def whole_seconds(self, tree: dict[str, Json], field: str, path: Place) -> int | None:
        value = tree.get(field)
        if field not in tree:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LONGEST_SECONDS:
            return value
        self.expected(f"a whole number of seconds from 1 to {LONGEST_SECONDS:,}", value, (*path, field))
        return None

    def processor_config(self, value: Json, path: Place) -> None:
        if not isinstance(value, dict):
            self.expected("an object", value, path)
            return
        for field in value:
            if field not in ("Mode", "ExecutionType"):
                self.unsupported(field, path, hint=did_you_mean(field, ["Mode", "ExecutionType"]))
        mode = value.get("Mode", "INLINE")
        if mode == "DISTRIBUTED":
            self.not_yet("Map in DISTRIBUTED mode", (*path, "Mode"))
        else:
            self.one_of(("INLINE", "DISTRIBUTED"), mode, (*path, "Mode"))

    # States

    def states(self, tree: dict[str, Json], path: Place) -> dict[str, State] | None:
        if "States" not in tree:
            if path:
                self.missing("States", path)
            return None
        value, here = tree["States"], (*path, "States")
        if not isinstance(value, dict):
            self.expected("an object with a state under each name", value, here)
            return None
        if not value:
            self.find("Value cannot be empty", here)
            return None
        return {name: self.state(name, state, (*here, name)) for name, state in value.items()}

    def state(self, name: str, tree: Json, path: Place) -> State:
        """One state; a stand-in, with findings, where it will not do."""
        before = len(self.findings)
        if not isinstance(tree, dict):
            self.expected("an object", tree, path)
            return stand_in(name, path, tree)
        if not 1 <= len(name) <= MAX_NAME:
            self.find(
                f"A state's name has 1 to {MAX_NAME} characters, this one {len(name)}", path, at_key=True
            )
        kind = self.state_type(tree, path) if self.speaks_jsonpath(tree, path) else None
        if kind is None:
            return stand_in(name, path, tree)
        values: dict[str, Any] = self.fields(kind, tree, path)
        flow = self.language.flow(
            {field: tree[field] for field in kind.stages["JSONPath"] if field in tree},
            lambda field: self.report_at((*path, field)),
        )
        self.check_transition(kind, tree, path)
        if _errors(self.findings[before:]):
            return stand_in(name, path, tree, _definitions(values))
        return kind(name=name, place=path, flow=flow, **values)

    def speaks_jsonpath(self, tree: dict[str, Json], path: Place) -> bool:
        language = tree.get("QueryLanguage", "JSONPath")
        if language == "JSONata":
            self.not_yet("JSONata", (*path, "QueryLanguage"))
            return False
        self.one_of(QUERY_LANGUAGES, language, (*path, "QueryLanguage"))
        return True

    def state_type(self, tree: dict[str, Json], path: Place) -> type[State] | None:
        if "Type" not in tree:
            near = next((hint for field in tree if (hint := did_you_mean(field, ["Type"]))), None)
            self.find("The field 'Type' is required but was missing", path, at_key=True, hint=near)
            return None
        kind = tree["Type"]
        if isinstance(kind, str) and kind in STATES:
            return STATES[kind]
        self.one_of(tuple(STATES), kind, (*path, "Type"))
        return None

    def check_transition(self, kind: type[State], tree: dict[str, Json], path: Place) -> None:
        """Next xor End, for the types that move on."""
        if not kind.transitions:
            return
        ends = tree.get("End")
        if "End" in tree and not isinstance(ends, bool):
            self.expected("true or false", ends, (*path, "End"), hint=truth_hint(ends))
        elif ("Next" in tree) == (ends is True):
            message = "A state takes exactly one of [Next, End]"
            hint = (
                "it has both" if ends is True else 'say where to go with Next, or stop here with "End": true'
            )
            self.find(message, path, at_key=True, hint=hint)

    def fields(self, kind: type[State], tree: dict[str, Json], path: Place) -> dict[str, object]:
        """The values of a state's own fields; those of the data flow are left to the language."""
        taken = {"Type", "QueryLanguage", *kind.stages["JSONPath"], *(("End",) if kind.transitions else ())}
        return self.values(kind, {k: v for k, v in tree.items() if k not in taken}, path, also=taken)

    def values(
        self, record: type, tree: dict[str, Json], path: Place, *, also: Iterable[str] = ()
    ) -> dict[str, object]:
        """Decode each field of `tree` as `record` says, and report what is missing or unknown.

        also: fields that the record has besides, and that somebody else takes care of.
        """
        table = fields_of(record)
        values: dict[str, object] = {}
        for name, value in tree.items():
            field = table.get(name)
            if field is None:
                self.unknown(name, [*table, *also], path, record)
                continue
            if field.attribute in values:
                hint = f"'{name}' is one too many"
                self.find(
                    f"The fields of '{field.name}' exclude each other", (*path, name), hint=hint, at_key=True
                )
            values[field.attribute] = field.decode(self, name, value, (*path, name))
        for field in table.values():
            if field.required and field.attribute not in values:
                self.missing(field.name, path)
        return values

    def unknown(self, name: str, known: Iterable[str], path: Place, record: type) -> None:
        """Say the most helpful thing about a field that has no business in a `record`."""
        later: Mapping[str, str] = getattr(record, "later", {})
        if name in later:
            self.not_yet(later[name], (*path, name), at_key=True)
        elif name in getattr(record, "only_jsonata", ()):
            self.find(
                f"The QueryLanguage is set to 'JSONPath', but field '{name}' is only supported for the "
                "'JSONata' QueryLanguage",
                (*path, name),
                at_key=True,
            )
        else:
            self.unsupported(name, path, hint=did_you_mean(name, known))


def _beyond(levels: int, tree: dict[str, Json]) -> Place | None:
    """A place that lies deeper than so many levels, if there is one."""
    level: list[Container] = [tree]
    outside: list[list[Container]] = []
    for _ in range(levels):
        outside.append(level)
        level = one_level_in(level)
        if not level:
            return None
    return tuple(_way_to(level[0], outside))


def _way_to(inner: Container, outside: list[list[Container]]) -> list[PathStep]:
    """The steps to `inner`, by the containers of each level outside it."""
    steps: list[PathStep] = []
    for level in reversed(outside):
        for outer in level:
            parts = outer.items() if isinstance(outer, dict) else enumerate(outer)
            found: list[PathStep] = [step for step, part in parts if part is inner]
            if found:
                steps.insert(0, found[0])
                inner = outer
                break
    return steps


def _definitions(values: dict[str, Any]) -> list[Definition]:
    """The branches, or the ItemProcessor, among a state's values."""
    found = [part for value in values.values() for part in (value if isinstance(value, tuple) else (value,))]
    return [part for part in found if isinstance(part, Definition)]


def shown(value: Json) -> str:
    """A value inside a message, cut to a readable length."""
    text = encode(value)
    return text if len(text) <= 40 else text[:39] + "…"
