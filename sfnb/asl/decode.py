"""From a tree of plain values to the records of the language, gathering every finding.

A record's annotations say what each field must be (`vocabulary.py`); no state parses itself. The
table of a record's fields is made once. A field that will not do is reported and left out, so that
one look shows all that is wrong.
"""

from __future__ import annotations

from typing import Any

from sfnb.asl.fields import Field, fields_of, truth_hint
from sfnb.asl.machine import Definition, check, did_you_mean, missing_target, missing_targets
from sfnb.asl.source import Source
from sfnb.asl.state import State
from sfnb.asl.states import STATES
from sfnb.asl.timestamps import LONGEST_SECONDS
from sfnb.errors import DefinitionError, Diagnostic, PathStep
from sfnb.query import LANGUAGES, Language
from sfnb.query.reporting import Report
from sfnb.values import Json, encode

Place = tuple[PathStep, ...]

NOT_YET = "NOT_YET_SUPPORTED"
ONLY_JSONATA = ("Arguments", "Output", "Items", "Condition")
MAX_NAME = 80


def decode(source: Source) -> tuple[Definition | None, tuple[Diagnostic, ...]]:
    """The definition in `source` with all findings; None where there is an ERROR among them."""
    findings = list(source.findings)
    definition = None
    if isinstance(source.tree, dict) and not any(f.severity == "ERROR" and not f.path for f in findings):
        decoder = Decoder()
        definition = decoder.machine(source.tree)
        findings += decoder.findings
        if definition is not None and not _errors(findings):
            findings += check(definition)
    findings = _in_order(source, findings)
    return (None if _errors(findings) else definition), tuple(findings)


def load(source: Source) -> tuple[Definition, tuple[Diagnostic, ...]]:
    """The definition in `source` and its warnings; raises DefinitionError with every finding."""
    definition, findings = decode(source)
    if definition is None:
        raise DefinitionError(source, findings)
    return definition, findings


def _errors(findings: list[Diagnostic]) -> bool:
    return any(finding.severity == "ERROR" for finding in findings)


def _in_order(source: Source, findings: list[Diagnostic]) -> list[Diagnostic]:
    """Errors before warnings; otherwise as they were found."""
    return sorted(findings, key=lambda finding: finding.severity)


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
            return None
        return self.definition(tree, (), {"Version": ("1.0",), "QueryLanguage": ("JSONPath",)})

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
                hint = did_you_mean(field, ["StartAt", "States", "Comment", *settings])
                self.unsupported(field, path, hint=hint)
        start_at = self.text(tree, "StartAt", path, required=True)
        comment = self.text(tree, "Comment", path)
        timeout = self.whole_seconds(tree, "TimeoutSeconds", path) if top else None
        states = self.states(tree, path)
        names = tree.get("States")
        if start_at is not None and isinstance(names, dict) and start_at not in names:
            self.findings.append(missing_target("StartAt", start_at, (*path, "StartAt"), names))
        if start_at is None or states is None:
            return None
        return Definition(
            start_at=start_at, states=states, place=path, comment=comment, timeout_seconds=timeout
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
            self.missing("States", path)
            return None
        value, here = tree["States"], (*path, "States")
        if not isinstance(value, dict):
            self.expected("an object with a state under each name", value, here)
            return None
        if not value:
            self.find("Value cannot be empty", here)
            return None
        decoded = {name: self.state(name, state, (*here, name)) for name, state in value.items()}
        ready = {name: state for name, state in decoded.items() if state is not None}
        self.findings += missing_targets(ready.values(), decoded)
        return ready if len(ready) == len(decoded) else None

    def state(self, name: str, tree: Json, path: Place) -> State | None:
        """One state; None, with findings, where it will not do."""
        if not isinstance(tree, dict):
            self.expected("an object", tree, path)
            return None
        if not 1 <= len(name) <= MAX_NAME:
            self.find(
                f"A state's name has 1 to {MAX_NAME} characters, this one {len(name)}", path, at_key=True
            )
        if tree.get("QueryLanguage", "JSONPath") == "JSONata":
            self.not_yet("JSONata", (*path, "QueryLanguage"))
            return None
        kind = self.state_type(tree, path)
        if kind is None:
            return None
        before = len(self.findings)
        values: dict[str, Any] = self.fields(kind, tree, path)
        flow = self.language.flow(
            {field: tree[field] for field in kind.stages["JSONPath"] if field in tree}, self.report_at(path)
        )
        self.check_transition(kind, tree, path)
        if len(self.findings) > before and _errors(self.findings[before:]):
            return None
        return kind(name=name, place=path, flow=flow, **values)

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
        table = fields_of(kind)
        taken = {"Type", "QueryLanguage", *kind.stages["JSONPath"], *(("End",) if kind.transitions else ())}
        return self.values(table, {k: v for k, v in tree.items() if k not in taken}, path, state=kind)

    def values(
        self, table: dict[str, Field], tree: dict[str, Json], path: Place, *, state: type[State] | None = None
    ) -> dict[str, object]:
        """Decode each field of `tree` by its row in `table`, and report what is missing or unknown."""
        values: dict[str, object] = {}
        for name, value in tree.items():
            field = table.get(name)
            if field is None:
                self.unknown(name, table, path, state)
                continue
            if field.attribute in values:
                self.find(
                    f"The fields of '{field.name}' exclude each other", path, hint=f"'{name}' is one too many"
                )
            values[field.attribute] = field.decode(self, name, value, (*path, name))
        for field in table.values():
            if field.required and field.attribute not in values:
                self.missing(field.name, path)
        return values

    def unknown(self, name: str, table: dict[str, Field], path: Place, state: type[State] | None) -> None:
        """Say the most helpful thing about a field that has no business here."""
        if state is not None and name == "Assign":
            self.not_yet("Assign (workflow variables)", (*path, name), at_key=True)
        elif state is not None and name in state.later:
            self.not_yet(f"{name} (Map in DISTRIBUTED mode)", (*path, name), at_key=True)
        elif state is not None and name in ONLY_JSONATA:
            self.find(
                f"The QueryLanguage is set to 'JSONPath', but field '{name}' is only supported for the "
                "'JSONata' QueryLanguage",
                (*path, name),
                at_key=True,
            )
        else:
            known = [*table, *(("Type", "End", *state.stages["JSONPath"]) if state else ())]
            self.unsupported(name, path, hint=did_you_mean(name, known))


def shown(value: Json) -> str:
    """A value inside a message, cut to a readable length."""
    text = encode(value)
    return text if len(text) <= 40 else text[:39] + "…"
