"""From a tree of plain values to the records of the language, gathering every finding.

A record's annotations say what each field must be (`vocabulary.py`); no state parses itself. The
table of a record's fields is made once. A field that will not do is reported and left out, and a state
that will not do has a stand-in, so that one look shows all that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

from msgspec import Meta

from sfnb.asl.depth import beyond
from sfnb.asl.field_report import FieldReport
from sfnb.asl.fields import fields_of, number, truth_hint
from sfnb.asl.machine import Definition, MachineType, ProcessorConfig, check
from sfnb.asl.reading import MAX_FINDINGS, TOO_DEEP, CollectingLater
from sfnb.asl.scopes import check_scopes
from sfnb.asl.source import Source
from sfnb.asl.stand_in import stand_in
from sfnb.asl.state import State
from sfnb.asl.states import STATES
from sfnb.asl.static_paths import check_static
from sfnb.asl.timestamps import LONGEST_SECONDS
from sfnb.asl.ways import did_you_mean
from sfnb.errors import DefinitionError, Diagnostic, PathStep, Severity
from sfnb.query import LANGUAGES, Flow, Language
from sfnb.query.hash_map import hash_map_order
from sfnb.query.reporting import Report
from sfnb.values import Json, encode

Place = tuple[PathStep, ...]

MAX_NAME = 80
MAX_LEVELS = 150
"""A text may be read that is nested deeper; but to decode, draw and run it would take too much stack."""


@CollectingLater()
def decode(
    source: Source, kind: MachineType = "STANDARD"
) -> tuple[Definition | None, tuple[Diagnostic, ...]]:
    """The definition in `source` with all findings; None where there is an ERROR among them.

    kind: of the machine that it is for; an EXPRESS one may do less.
    """
    findings = list(source.findings)
    definition = None
    if isinstance(source.tree, dict) and not any(f.severity == "ERROR" and not f.path for f in findings):
        decoder = Decoder()
        definition = decoder.machine(source.tree)
        findings += decoder.findings
        if definition is not None:
            rules = chain(check(definition, kind), check_scopes(definition, decoder.reads))
            findings += islice(rules, MAX_FINDINGS)
    findings.sort(key=lambda finding: finding.severity)  # errors first, else as they were found
    del findings[MAX_FINDINGS:]
    return (None if _errors(findings) else definition), tuple(findings)


def load(source: Source, kind: MachineType = "STANDARD") -> tuple[Definition, tuple[Diagnostic, ...]]:
    """The definition in `source` and its warnings; raises DefinitionError with every finding."""
    definition, findings = decode(source, kind)
    if definition is None:
        raise DefinitionError(source, findings)
    return definition, findings


def _errors(findings: list[Diagnostic]) -> bool:
    return any(finding.severity == "ERROR" for finding in findings)


class Decoder:
    """Turns trees into records and keeps what it found on the way."""

    def __init__(self) -> None:
        self.findings: list[Diagnostic] = []
        self.machine_language: Language = LANGUAGES["JSONPath"]
        self.language: Language = self.machine_language
        self.variables: set[str] = set()
        self.reads: dict[tuple[Place, str], Place] = {}
        self.here: Place = ()

    # Findings

    def find(
        self,
        message: str,
        path: Place,
        *,
        hint: str | None = None,
        at_key: bool = False,
        code: str = "SCHEMA_VALIDATION_FAILED",
        within: Place = (),
        severity: Severity = "ERROR",
    ) -> None:
        self.findings.append(
            Diagnostic(
                message=message,
                path=path,
                within=within,
                hint=hint,
                at_key=at_key,
                code=code,
                severity=severity,
            )
        )

    def report_at(self, path: Place) -> Report:
        """A Report about the field at `path`, for the query language's compilers."""
        return FieldReport(self, path)

    def expected(self, what: str, found: Json, path: Place, *, hint: str | None = None) -> None:
        self.find(f"Expected {what}, found {shown(found)}", path, hint=hint)

    def missing(self, fields: Iterable[str], path: Place, *, hint: str | None = None) -> None:
        """AWS keeps the names in a HashMap (recordings: [States, StartAt])."""
        names = ", ".join(hash_map_order(fields))
        self.find(f"These fields are required: [{names}]", path, at_key=True, hint=hint)

    def unsupported(self, field: str, path: Place, *, hint: str | None = None) -> None:
        self.find(f"Field '{field}' is not supported", path, within=(field,), at_key=True, hint=hint)

    def text(self, tree: dict[str, Json], field: str, path: Place, *, required: bool = False) -> str | None:
        """A string field of an object that has no record of its own."""
        if field not in tree:
            if required:
                self.missing([field], path)
            return None
        value = tree[field]
        if isinstance(value, str):
            return value
        self.expected("a string", value, (*path, field))
        return None

    # The machine

    def machine(self, tree: dict[str, Json]) -> Definition | None:
        """The outermost definition."""
        deep = beyond(MAX_LEVELS, tree)
        if deep is not None:
            self.find(f"Nested deeper than {MAX_LEVELS} levels", deep, code=TOO_DEEP)
            return None
        language = tree.get("QueryLanguage")
        if isinstance(language, str) and language in LANGUAGES:
            self.machine_language = self.language = LANGUAGES[language]
        missing = [field for field in ("States", "StartAt") if field not in tree]
        if missing:
            known = {"StartAt", "States", "Comment", "Version", "TimeoutSeconds", "QueryLanguage"}
            near = [hint for field in tree if field not in known and (hint := did_you_mean(field, missing))]
            self.missing(missing, (), hint=near[0] if near else None)
        return self.definition(tree, (), {"Version": ("1.0",), "QueryLanguage": tuple(LANGUAGES)})

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
                continue
            elif field not in ("StartAt", "States", "Comment") and not (top and field == "TimeoutSeconds"):
                known = ["StartAt", "States", "Comment", *(["TimeoutSeconds"] if top else []), *settings]
                self.unsupported(field, path, hint=did_you_mean(field, known))
        missing = [field for field in ("StartAt", "States") if field not in tree]
        if missing and not top:
            self.missing(missing, path)
        start_at = self.text(tree, "StartAt", path)
        if start_at == "":
            self.find("Value cannot be empty", (*path, "StartAt"))
        comment = self.text(tree, "Comment", path)
        timeout = self.whole_seconds(tree, "TimeoutSeconds", path) if top else None
        states = self.states(tree, path)
        if states is None:
            return None
        return Definition(
            start_at=start_at or "",
            states=states,
            place=path,
            comment=comment,
            timeout_seconds=timeout,
            processor_config=self.processor_config(tree, path),
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
        return number(int, Meta(ge=1, le=LONGEST_SECONDS))(self, field, value, (*path, field))  # type: ignore[no-any-return]

    def processor_config(self, tree: dict[str, Json], path: Place) -> ProcessorConfig:
        value, here = tree.get("ProcessorConfig"), (*path, "ProcessorConfig")
        if "ProcessorConfig" not in tree:
            return ProcessorConfig()
        if not isinstance(value, dict):
            self.expected("an object", value, here)
            return ProcessorConfig()
        return ProcessorConfig(**self.values(ProcessorConfig, value, here))  # type: ignore[arg-type]

    # States

    def states(self, tree: dict[str, Json], path: Place) -> dict[str, State] | None:
        if "States" not in tree:
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
        around = self.language, self.variables, self.here
        self.language, self.variables, self.here = self.language_of(tree, path), set(), path
        try:
            kind = self.state_type(tree, path)
            if kind is None:
                return stand_in(name, path, tree, assigns=_assigned(tree))
            values: dict[str, Any] = self.fields(kind, tree, path)
            flow = self.flow(kind, tree, path)
            self.check_transition(kind, tree, path)
            if self.language.name == "JSONPath":
                self.findings += check_static(tree, path)
            if _errors(self.findings[before:]):
                return stand_in(name, path, tree, _definitions(values), assigns=_assigned(tree))
            reads = tuple(sorted(self.variables))
            return kind(
                name=name,
                place=path,
                flow=flow,
                language=self.language.name,
                reads=reads,
                assigns=_assigned(tree),
                **values,
            )
        finally:
            self.language, self.variables, self.here = around

    def flow(self, kind: type[State], tree: dict[str, Json], path: Place) -> Flow:
        fields = {field: tree[field] for field in kind.stages[self.language.name] if field in tree}
        return self.language.flow(
            fields, lambda field: self.report_at((*path, field)), has_result=kind.recovers
        )

    def language_of(self, tree: dict[str, Json], path: Place) -> Language:
        """A state's own language; a machine in JSONata has no state in another."""
        name = tree.get("QueryLanguage", self.machine_language.name)
        self.one_of(tuple(LANGUAGES), name, (*path, "QueryLanguage"))
        if name == "JSONPath" and self.machine_language.name == "JSONata":
            self.find(
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                path,
                within=("QueryLanguage",),
                hint="leave it out here, or let the machine be JSONPath and its states choose JSONata",
            )
        return LANGUAGES[name] if isinstance(name, str) and name in LANGUAGES else self.machine_language

    def state_type(self, tree: dict[str, Json], path: Place) -> type[State] | None:
        if "Type" not in tree:
            near = next((hint for field in tree if (hint := did_you_mean(field, ["Type"]))), None)
            self.missing(["Type"], path, hint=near)
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
        stages = kind.stages[self.language.name]
        taken = {"Type", "QueryLanguage", *stages, *(("End",) if kind.transitions else ())}
        return self.values(kind, {k: v for k, v in tree.items() if k not in taken}, path, also=taken)

    def values(
        self, record: type, tree: dict[str, Json], path: Place, *, also: Iterable[str] = ()
    ) -> dict[str, object]:
        """Decode each field of `tree` as `record` says, and report what is missing or unknown.

        also: fields that the record has besides, and that somebody else takes care of.
        """
        table = fields_of(record, self.language.name)
        values: dict[str, object] = {}
        for name, value in tree.items():
            field = table.get(name)
            if field is None:
                self.unknown(name, [*table, *also], path)
                continue
            if field.attribute in values:
                hint = f"'{name}' is one too many"
                self.find(
                    f"The fields of '{field.name}' exclude each other", (*path, name), hint=hint, at_key=True
                )
            values[field.attribute] = field.decode(self, name, value, (*path, name))
        missing = [f.name for f in table.values() if f.required and f.attribute not in values]
        if missing:
            self.missing(missing, path)
        return values

    def unknown(self, name: str, known: Iterable[str], path: Place) -> None:
        """Say the most helpful thing about a field that has no business in a `record`."""
        for language in LANGUAGES.values():
            if language is not self.language and name in language.only:
                self.find(
                    f"The QueryLanguage is set to '{self.language.name}', but field '{name}' is only "
                    f"supported for the '{language.name}' QueryLanguage",
                    path,
                    within=(name,),
                    at_key=True,
                )
                return
        self.unsupported(name, path, hint=did_you_mean(name, known))


def _assigned(tree: dict[str, Json]) -> frozenset[str]:
    """The variables that a state, its rules and its Catchers assign."""
    rules = [rule for field in ("Choices", "Catch") for rule in _rules(tree.get(field))]
    assigns = [part.get("Assign") for part in (tree, *rules)]
    return frozenset(
        name.removesuffix(".$") for assign in assigns if isinstance(assign, dict) for name in assign
    )


def _rules(value: Json) -> list[dict[str, Json]]:
    return [rule for rule in value if isinstance(rule, dict)] if isinstance(value, list) else []


def _definitions(values: dict[str, Any]) -> list[Definition]:
    """The branches, or the ItemProcessor, among a state's values."""
    found = [part for value in values.values() for part in (value if isinstance(value, tuple) else (value,))]
    return [part for part in found if isinstance(part, Definition)]


def shown(value: Json) -> str:
    """A value inside a message, cut to a readable length."""
    text = encode(value)
    return text if len(text) <= 40 else text[:39] + "…"
