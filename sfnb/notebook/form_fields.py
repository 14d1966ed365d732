"""The controls of a form: one for each kind of field, with its label, its help and what is wrong with it.

A control shows a value and reads one. What it cannot show (a number where a text is asked for) it says so,
and it leaves the value alone until somebody types into it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from html import escape
from typing import Any, NamedTuple

import ipywidgets as widgets
from msgspec import UNSET, UnsetType

from sfnb.notebook.form_check import is_moment
from sfnb.notebook.form_schema import Field, Kind
from sfnb.values import Json, decode, encode

Value = Json | UnsetType
"""UNSET: there is nothing."""

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
MOST_DIGITS = 300
LONGEST_CHOICE = 80
NOT_SHOWN = "This field cannot show what the JSON holds here; typing into it replaces that."
NOTHING = -1
"""Among the choices, which are counted from 0."""


class Unreadable(Exception):
    """What was typed is no value of the field's; the message says what is."""


class Control(NamedTuple):
    """How a field is filled in.

    read: its value; raises Unreadable. put: show a value; False where it cannot be shown.
    """

    widget: Any
    read: Callable[[], Value]
    put: Callable[[Value], bool]


def text_of(value: Json) -> str:
    """A scalar as a person writes it: a text without its quotes."""
    return value if isinstance(value, str) else encode(value)


# One for each kind


def _text(field: Field) -> Control:
    options: dict[str, Any] = {"options": field.suggestions, "ensure_option": False}
    control = widgets.Combobox(**options) if field.suggestions else widgets.Text()
    return _textual(control, lambda text: text)


def _prose(field: Field) -> Control:
    return _textual(widgets.Textarea(rows=4), lambda text: text)


def _number(field: Field) -> Control:
    return _textual(
        widgets.Text(placeholder=field.bounds), lambda text: number_of(text, field.kind), _numeral
    )


def _json(field: Field) -> Control:
    return _textual(widgets.Textarea(rows=4, placeholder="JSON"), _decoded, pretty)


def _lines(field: Field) -> Control:
    def read(text: str) -> Json:
        lines = [line.strip() for line in text.split("\n")]
        return [_line(line, field) for line in lines if line]

    def shown(value: Json) -> str | None:
        if not isinstance(value, list) or not all(isinstance(each, (str, int, float)) for each in value):
            return None
        texts = [text_of(each) for each in value]
        plain = all(text and text == text.strip() and "\n" not in text for text in texts)
        return "\n".join(texts) if plain and read("\n".join(texts)) == value else None

    return _textual(widgets.Textarea(rows=3, placeholder="one a line"), read, _safely(shown))


def _textual(
    control: Any,
    value_of: Callable[[str], Json],
    shown: Callable[[Json], str | None] = lambda value: value if isinstance(value, str) else None,
) -> Control:
    """A control that holds text; blank is nothing."""

    def put(value: Value) -> bool:
        text = "" if isinstance(value, UnsetType) else shown(value)
        control.value = text or ""
        return text is not None

    def read() -> Value:
        return value_of(control.value) if control.value.strip() else UNSET

    return Control(control, read, put)


def _choice(field: Field) -> Control:
    first = "choose one" if field.required else "(none)"
    labels = [text_of(each)[:LONGEST_CHOICE] or '""' for each in field.choices]
    options = [(first, NOTHING), *((label, number) for number, label in enumerate(labels))]
    control = widgets.Dropdown(options=options, value=NOTHING)
    known = [encode(each) for each in field.choices]

    def put(value: Value) -> bool:
        wanted = None if isinstance(value, UnsetType) else encode(value)
        control.value = known.index(wanted) if wanted in known else NOTHING
        return wanted is None or wanted in known

    return Control(control, lambda: UNSET if control.value == NOTHING else field.choices[control.value], put)


def _tick(field: Field) -> Control:
    """A box to tick; three ways where it may be left out."""
    if not field.required and not isinstance(field.default, bool):
        return _choice(_with_choices(field))
    control = widgets.Checkbox(indent=False)

    def put(value: Value) -> bool:
        control.value = value is True
        return isinstance(value, (bool, UnsetType))

    return Control(control, lambda: bool(control.value), put)


def _with_choices(field: Field) -> Field:
    import msgspec

    return msgspec.structs.replace(field, choices=(True, False))


def _date(field: Field) -> Control:
    def shown(text: str) -> date:
        return date.fromisoformat(text)

    return _picked(widgets.DatePicker(), lambda value: str(value.isoformat()), shown)


def _moment(field: Field) -> Control:
    """A moment is picked in the browser's own time zone, and written in UTC."""

    def shown(text: str) -> datetime:
        if not is_moment(text):
            raise ValueError
        return datetime.fromisoformat(text.upper())

    def written(value: datetime) -> str:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return _picked(widgets.DatetimePicker(), written, shown)


def _picked(control: Any, written: Callable[[Any], str], shown: Callable[[str], Any]) -> Control:
    def put(value: Value) -> bool:
        try:
            control.value = shown(value) if isinstance(value, str) else None
        except (ValueError, OverflowError):
            control.value = None
        return isinstance(value, UnsetType) or control.value is not None

    return Control(control, lambda: UNSET if control.value is None else written(control.value), put)


CONTROLS: dict[Kind, Callable[[Field], Control]] = {
    "text": _text,
    "prose": _prose,
    "integer": _number,
    "number": _number,
    "boolean": _tick,
    "choice": _choice,
    "date": _date,
    "date-time": _moment,
    "lines": _lines,
    "json": _json,
}


# Texts and values


def number_of(text: str, kind: Kind) -> Json:
    """The number that a text is; raises Unreadable."""
    text = text.strip()
    if len(text) <= MOST_DIGITS and NUMBER.match(text):
        number: float = json.loads(text)
        if abs(number) != float("inf") and (kind == "number" or number == int(number)):
            return number
    raise Unreadable("a whole number is needed" if kind == "integer" else "a number is needed")


def _numeral(value: Json) -> str | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return encode(value) if is_number else None


def _line(line: str, field: Field) -> Json:
    if field.item == "choice":
        for each in field.choices:
            if text_of(each) == line:
                return each
        return line  # the schema says what is wrong with it
    if field.item == "boolean":
        if line not in ("true", "false"):
            raise Unreadable(f"'{line[:40]}': true or false is needed, one a line")
        return line == "true"
    return line if field.item == "text" else number_of(line, field.item)


def _safely(shown: Callable[[Json], str | None]) -> Callable[[Json], str | None]:
    def safe(value: Json) -> str | None:
        try:
            return shown(value)
        except Unreadable:
            return None

    return safe


def _decoded(text: str) -> Json:
    return parsed(text)


def parsed(text: str) -> Json:
    """The value of JSON text; raises Unreadable with the place where it is none."""
    try:
        return decode(text)
    except (ValueError, RecursionError):
        raise Unreadable(f"this is no JSON: {_fault(text)}") from None


def _fault(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as fault:
        return f"line {fault.lineno}, column {fault.colno}: {fault.msg}"
    except RecursionError:
        return "it is nested too deeply"
    except ValueError:
        return "it holds a number that is too long"
    return "it holds a number or a character that JSON has not"


def pretty(value: Json) -> str:
    """JSON text as a person reads it."""
    return json.dumps(value, indent=2, ensure_ascii=False)


# With label, help and fault


class Entry:
    """A field in the form.

    box: the widget to show. fault: why what was typed is no value; "" where it is one.
    """

    def __init__(self, field: Field, on_change: Callable[[Entry], None]) -> None:
        self.field = field
        self.fault = ""
        self.control = CONTROLS[field.kind](field)
        widget = self.control.widget
        widget.description = field.label
        widget.add_class("sfnb-form-control")
        if field.required:
            widget.add_class("sfnb-form-required")
        self._note = Note()
        self.box = widgets.VBox([widget, *help_of(field), self._note.widget])
        self.box.add_class("sfnb-form-field")
        widget.observe(lambda _: on_change(self), "value")

    def read(self) -> Value:
        """What it holds; UNSET, with a fault, where that is no value."""
        self.fault = ""
        try:
            value = self.control.read()
        except Unreadable as fault:
            self.fault = str(fault)
            return UNSET
        stands_for_null = self.field.nullable and (self.field.required or self.field.default is None)
        return None if isinstance(value, UnsetType) and stands_for_null else value

    def put(self, value: Value) -> None:
        """Show a value."""
        self.fault = ""
        value = UNSET if value is None and self.field.nullable else value
        self._is_shown = self.control.put(value)

    _is_shown = True

    def tell(self, text: str, *, softly: bool = False) -> None:
        """What is wrong with it; "" for nothing."""
        self._note.tell(text or ("" if self._is_shown else NOT_SHOWN), softly=softly or not text)

    def typed(self) -> None:
        """Somebody has typed into it."""
        self._is_shown = True


class Note:
    """A line of words that is there only where there is something to say."""

    def __init__(self) -> None:
        self.widget = widgets.HTML(layout=widgets.Layout(display="none"))
        self.widget.add_class("sfnb-form-note")
        self.text = ""

    def tell(self, text: str, *, softly: bool = False) -> None:
        self.text = text
        kind = "sfnb-form-soft" if softly else "sfnb-form-fault"
        words = escape(text).replace("\n", "<br>")
        self.widget.value = f'<div class="{kind} mathjax_ignore" role="status">{words}</div>' if text else ""
        self.widget.layout.display = "" if text else "none"


def help_of(field: Field) -> list[Any]:
    """A line of what the schema says of a field, if it says anything."""
    bounds = "" if field.kind in ("integer", "number") else field.bounds
    hidden = f"{field.hidden:,} more in the JSON" if field.hidden else ""
    words = ". ".join(each.removesuffix(".") for each in (field.description, bounds, hidden) if each)
    if not words:
        return []
    shown = widgets.HTML(f'<div class="mathjax_ignore">{escape(words)}</div>')
    shown.add_class("sfnb-form-help")
    return [shown]
