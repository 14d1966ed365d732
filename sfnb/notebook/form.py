"""A form in the notebook that starts executions of a machine.

There is one truth: the input, a JSON value. A field sets the member that it stands for; the JSON beside the
fields sets all of it. Whatever has not been touched is only shown, so that what a schema does not know is
kept. All of it happens in the kernel: what is typed while a cell runs is looked at when that has ended.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from msgspec import UnsetType

from sfnb.errors import SfnbError
from sfnb.machine import StateMachine
from sfnb.notebook.form_check import Checker, Finding
from sfnb.notebook.form_fields import Entry, Note, Unreadable, help_of, parsed, pretty
from sfnb.notebook.form_infer import Asked, asked_of
from sfnb.notebook.form_schema import Field, fields_of, leaves, start_value
from sfnb.notebook.form_starts import Starts
from sfnb.notebook.form_value import field_at, value_at, with_value
from sfnb.values import Json, encode

STYLE = Path(__file__).parent / "static" / "form" / "form.css"
TWICE_SECONDS = 0.5
"""A second click within that time was meant as one."""
LONGEST_EXAMPLE = 200
MOST_TOLD = 5


def form_of(machine: StateMachine, schema: object, inputs: Sequence[object] | None) -> Form:
    """The form of `StateMachine.form`; raises as `asked_of` and `Checker` do."""
    asked = asked_of(machine, schema, inputs)
    return Form(machine, asked, Checker(asked.schema))


class Form(widgets.VBox):  # type: ignore[misc]
    """Asks for the input of a machine, and starts it; below, what became of that."""

    def __init__(self, machine: StateMachine, asked: Asked, checker: Checker) -> None:
        self._machine = machine
        self._asked = asked
        self._checker = checker
        self._root = fields_of(asked.schema)
        self._entries: dict[tuple[str, ...], Entry] = {}
        self._groups: dict[tuple[str, ...], Field] = {}
        self._notes: dict[tuple[str, ...], Note] = {}
        first = start_value(self._root)
        self._value: Json = {} if isinstance(first, UnsetType) else first
        self._fault = ""
        self._is_quiet = False
        self._started_at = -TWICE_SECONDS
        self._parts()
        super().__init__([self._card(), self._starts.widget])
        self.add_class("sfnb-form")
        self._show_fields()
        self._show_json()
        self._check()

    # What it is made of

    def _parts(self) -> None:
        self._json = widgets.Textarea(description="Input as JSON", rows=8)
        self._json.add_class("sfnb-form-control")
        self._json.add_class("sfnb-form-code")
        self._json.observe(lambda _: self._json_changed(), "value")
        self._json_note = Note()
        self._start = widgets.Button(description="Start", tooltip=f"Start {self._machine.name}")
        self._start.add_class("sfnb-form-start")
        self._start.on_click(lambda _: self._begin())
        self._name = widgets.Text(
            description="Execution's name",
            placeholder="drawn, unless given",
            layout=widgets.Layout(display="none"),
        )
        self._name.add_class("sfnb-form-control")
        self._fold = widgets.ToggleButton(description="Name…", tooltip="Give the execution a name")
        self._fold.observe(lambda change: self._unfold(change["new"]), "value")
        self._note = Note()
        self._starts = Starts(self._fill_in, lambda: self.comm is not None)

    def _card(self) -> Any:
        head = widgets.HTML(f"<style>{STYLE.read_text(encoding='utf-8')}</style>{self._title()}")
        head.add_class("sfnb-form-head")
        known = self._root.kind != "json"
        json_part = _box("sfnb-form-json", self._json, self._json_note.widget)
        fields = [_box("sfnb-form-fields", *self._boxes(self._root))] if known else []
        body = widgets.Box([*fields, json_part])
        body.add_class("sfnb-form-body")
        if not known:
            body.add_class("sfnb-form-alone")
        foot = _box("sfnb-form-foot", self._start, self._fold, self._name, self._note.widget)
        return _box("sfnb-form-card", head, body, foot)

    def _title(self) -> str:
        title = self._root.label if self._asked.sure and self._root.label != "input" else ""
        words = [title, f"fields from {self._asked.origin}" if self._asked.origin else ""]
        if any(field.required for field in leaves(self._root)) and self._root.kind == "group":
            words.append("* is needed")
        said = escape(" · ".join(filter(None, words)))
        name = escape(self._machine.name)
        return f'<div class="mathjax_ignore"><strong>{name}</strong> <span>{said}</span></div>'

    def _boxes(self, field: Field) -> Iterator[Any]:
        """The widgets of a field, or of what a group has in it."""
        if field.kind != "group":
            entry = self._entries[field.path] = Entry(field, self._field_changed)
            if field.kind == "json":
                entry.control.widget.add_class("sfnb-form-code")
            yield entry.box
            return
        self._groups[field.path] = field
        inner = [box for each in field.fields for box in self._boxes(each)]
        if not field.path:
            yield from help_of(field)
            yield from inner
            return
        note = self._notes[field.path] = Note()
        mark = " <b>*</b>" if field.required else ""
        title = widgets.HTML(f'<div class="sfnb-form-title mathjax_ignore">{escape(field.label)}{mark}</div>')
        yield _box("sfnb-form-group", title, *help_of(field), *inner, note.widget)

    # The value, from both sides

    @property
    def input(self) -> Json:
        """The input as it stands."""
        return self._value

    def _field_changed(self, entry: Entry) -> None:
        if self._is_quiet:
            return
        entry.typed()
        self._value = with_value(self._value, entry.field.path, entry.read(), self._groups)
        self._fault = ""
        self._show_json()
        self._check()

    def _json_changed(self) -> None:
        if self._is_quiet:
            return
        try:
            self._value = parsed(self._json.value) if self._json.value.strip() else {}
            self._fault = ""
        except Unreadable as fault:
            self._fault = str(fault)
        else:
            self._show_fields()
        self._check()

    def _fill_in(self, value: Json) -> None:
        """Take over a whole input."""
        self._value, self._fault = value, ""
        self._show_fields()
        self._show_json()
        self._check()

    def _show_fields(self) -> None:
        with self._quietly():
            for path, entry in self._entries.items():
                entry.put(value_at(self._value, path))

    def _show_json(self) -> None:
        with self._quietly():
            self._json.value = pretty(self._value)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Changes in here are our own."""
        before, self._is_quiet = self._is_quiet, True
        try:
            yield
        finally:
            self._is_quiet = before

    # What is wrong

    def _check(self) -> None:
        """Say what is wrong, where it is; the button waits until it is right."""
        findings = [] if self._fault else self._checker.findings(self._value)
        placed = self._placed(findings)
        nothing = ("", True)
        for path, entry in self._entries.items():
            text, softly = placed.get(path, nothing)
            entry.tell(entry.fault or text, softly=softly and not entry.fault)
        for path, note in self._notes.items():
            text, softly = placed.get(path, nothing)
            note.tell(text, softly=softly)
        text, softly = placed.get((), nothing) if () not in self._entries else nothing
        self._json_note.tell(self._fault or text, softly=softly and not self._fault)
        typed = [entry.field for entry in self._entries.values() if entry.fault]
        self._start.disabled = bool(self._fault or typed or (findings and self._asked.sure))
        self._note.tell(self._why(placed, typed) if self._start.disabled else "", softly=True)

    def _placed(self, findings: Sequence[Finding]) -> dict[tuple[str, ...], tuple[str, bool]]:
        """What is told beside each field, and whether softly: what is only missing, or unlike before."""
        known = {**self._entries, **self._groups}
        placed: dict[tuple[str, ...], tuple[str, bool]] = {}
        for finding in findings:
            path, rest = field_at(finding.path, known)
            inside = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)
            text = f"{inside.lstrip('.')}: {finding.text}" if inside else finding.text
            if not self._asked.sure:
                text = f"unlike {self._asked.origin}: {text}"
            before, soft = placed.get(path, ("", True))
            softly = soft and (not self._asked.sure or finding.text == "is needed")
            placed[path] = (f"{before}\n{text}" if before else text, softly)
        return placed

    def _why(self, placed: dict[tuple[str, ...], tuple[str, bool]], typed: Sequence[Field]) -> str:
        """Why the button waits."""
        if self._fault:
            return "The JSON cannot be read yet."
        paths = dict.fromkeys([*(field.path for field in typed), *placed])
        names = [self._label(path) for path in paths]
        more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
        return f"Not right yet: {', '.join(names[:MOST_TOLD])}{more}"

    def _label(self, path: tuple[str, ...]) -> str:
        if not path:
            return "the input"
        field = self._entries[path].field if path in self._entries else self._groups[path]
        return field.label

    # Starting

    def _unfold(self, shown: bool) -> None:
        self._name.layout.display = "" if shown else "none"

    def _begin(self) -> None:
        """What the button does."""
        if self._start.disabled or time.monotonic() - self._started_at < TWICE_SECONDS:
            return
        self._started_at = time.monotonic()
        printed: list[str] = []
        try:
            name = self._name.value.strip() or None
            execution = self._machine.start(self._value, name=name, on_output=printed.append)
        except SfnbError as fault:
            self._note.tell(str(fault))
            return
        self._note.tell("")
        self._name.value = ""
        self._starts.add(execution, self._value, printed)

    def close(self) -> None:
        """Follow nothing any more."""
        self._starts.close()
        super().close()

    # Where there are no widgets

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options) or {}
        return {**bundle, "text/plain": repr(self)}

    def __repr__(self) -> str:
        example = encode(self._value)
        if len(example) > LONGEST_EXAMPLE:
            example = "{...}"
        name = self._machine.name if self._machine.name.isidentifier() else "machine"
        return f"A form that starts {self._machine.name}, for notebooks. Elsewhere: {name}.run({example})"


def _box(name: str, *children: Any) -> Any:
    box = widgets.VBox(list(children))
    box.add_class(name)
    return box
