"""The form that starts executions, as far as it can be told without a browser."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest

from sfnb.errors import SfnbError
from sfnb.machine import StateMachine, load_machine
from sfnb.notebook import form as module
from sfnb.notebook.form import Form
from sfnb.notebook.form_fields import NOT_SHOWN, Entry
from sfnb.notebook.form_starts import MOST_STARTS, Started
from sfnb.service import StepFunctions
from tests.sessions import until

WIDGET = "application/vnd.jupyter.widget-view+json"
ECHO = {"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": True}}}
ASK = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "ask", "End": True}}}
ORDER: dict[str, Any] = {
    "type": "object",
    "title": "An order",
    "required": ["id", "to"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer", "title": "Number", "minimum": 1},
        "size": {"enum": ["S", "M", 42]},
        "gift": {"type": "boolean"},
        "note": {"type": ["string", "null"]},
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "counts": {"type": "array", "items": {"type": "integer"}},
        "payment": {"anyOf": [{"type": "string"}, {"type": "object"}]},
        "to": {"type": "object", "required": ["street"], "properties": {"street": {"type": "string"}}},
        "by": {"type": "object", "properties": {"name": {"type": "string"}, "fast": {"type": "boolean"}}},
    },
}
FREE = {key: value for key, value in ORDER.items() if key != "additionalProperties"}
"""The same, where other members are right too."""


@pytest.fixture
def machine(service: StepFunctions) -> Iterator[StateMachine]:
    yield load_machine(service, ECHO, name="orders")
    ipywidgets.Widget.close_all()


class Hand:
    """What a person does to a form, and sees of it."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def entry(self, path: str) -> Entry:
        return self.form._entries[tuple(path.split(".")) if path else ()]

    def type(self, path: str, value: object) -> None:
        self.entry(path).control.widget.value = value

    def shown(self, path: str) -> Any:
        return self.entry(path).control.widget.value

    def said(self, path: str) -> str:
        return self.entry(path)._note.text

    @property
    def json(self) -> Any:
        return json.loads(self.form._json.value)

    def write(self, text: str) -> None:
        self.form._json.value = text

    @property
    def waits(self) -> bool:
        return bool(self.form._start.disabled)

    def start(self) -> None:
        self.form._started_at = 0.0  # the last click is long ago
        self.form._start.click()

    @property
    def started(self) -> list[Started]:
        return self.form._starts._started


@pytest.fixture
def hand(machine: StateMachine) -> Hand:
    return Hand(machine.form(FREE))


# Fields and JSON


def test_a_field_sets_its_member_and_the_json_shows_it(hand: Hand) -> None:
    hand.type("to.street", "Main Street")
    hand.type("id", "7")

    assert hand.json == {"id": 7, "to": {"street": "Main Street"}}
    assert list(hand.json) == ["id", "to"]
    assert hand.form.input == hand.json


@pytest.mark.parametrize(
    ("path", "typed", "value"),
    [
        ("size", 2, 42),
        ("gift", 1, False),
        ("note", "x", "x"),
        ("tags", "a\n\n b \n", ["a", "b"]),
        ("counts", "1\n2", [1, 2]),
        ("payment", '{"card": 1}', {"card": 1}),
    ],
)
def test_each_control_reads_its_value_and_shows_it_again(
    hand: Hand, path: str, typed: object, value: object
) -> None:
    hand.type(path, typed)
    assert hand.json[path] == value
    hand.write(json.dumps({path: value}))

    assert hand.entry(path).read() == value
    assert hand.said(path) == ""


@pytest.mark.parametrize(("path", "text"), [("day", "2026-01-31"), ("at", "2026-01-31T09:30:00Z")])
def test_days_and_moments_are_picked(hand: Hand, path: str, text: str) -> None:
    hand.write(json.dumps({path: text}))
    picked = hand.shown(path)
    hand.write("{}")
    assert hand.shown(path) is None

    hand.type(path, picked)
    assert hand.json == {path: text}


def test_what_is_emptied_is_left_out_and_so_is_a_group_that_holds_nothing(hand: Hand) -> None:
    hand.write('{"id": 1, "to": {"street": "x"}, "by": {"name": "y"}}')
    hand.type("by.name", "")
    hand.type("to.street", "")

    assert hand.json == {"id": 1, "to": {}}


def test_what_is_needed_and_may_be_null_is_null_where_it_is_empty(machine: StateMachine) -> None:
    nullable = {"type": ["string", "null"]}
    schema = {"type": "object", "required": ["a"], "properties": {"a": nullable, "b": nullable}}
    hand = Hand(machine.form(schema))
    hand.type("a", "x")
    hand.type("b", "x")
    hand.type("a", "")
    hand.type("b", "")

    assert hand.json == {"a": None}
    assert not hand.waits


def test_the_json_sets_the_fields_and_what_has_no_field_is_kept(hand: Hand) -> None:
    hand.write('{"id": 3, "more": [1], "to": {"street": "There", "floor": 2}}')
    assert (hand.shown("id"), hand.shown("to.street")) == ("3", "There")

    hand.type("id", "4")
    assert hand.json == {"id": 4, "more": [1], "to": {"street": "There", "floor": 2}}


def test_a_value_that_a_field_cannot_show_is_kept_until_somebody_types(hand: Hand) -> None:
    hand.write('{"id": 1, "note": "x", "tags": ["two\\nlines"], "size": "M", "to": 5}')
    assert hand.shown("tags") == ""
    assert hand.said("tags") == NOT_SHOWN
    hand.type("id", "2")
    assert hand.json["tags"] == ["two\nlines"]

    hand.type("tags", "one")
    assert hand.json["tags"] == ["one"]
    assert hand.said("tags") == ""
    hand.type("to.street", "Here")
    assert hand.json["to"] == {"street": "Here"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"id": 1,', "line 1, column 10"),
        ("{'id': 1}", "line 1, column 2"),
        ('{"id": 1}\n}', "line 2, column 1"),
        ('{"id": NaN}', "a number or a character that JSON has not"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_json_that_is_none_says_where_and_changes_nothing(hand: Hand, text: str, place: str) -> None:
    hand.write('{"id": 1, "to": {"street": "x"}}')
    assert not hand.waits
    hand.write(text)

    assert place in hand.form._json_note.text
    assert hand.waits
    assert hand.form.input == {"id": 1, "to": {"street": "x"}}
    hand.type("id", "2")
    assert hand.json["id"] == 2
    assert not hand.waits


# What is wrong


def test_the_button_waits_and_each_field_says_what_is_wrong(hand: Hand) -> None:
    assert hand.waits
    assert hand.said("id") == "is needed"
    assert hand.form._note.text == "Not right yet: Number, street"

    hand.type("id", "0")
    hand.type("to.street", "x")
    assert hand.said("id") == "at least 1 is needed"
    hand.type("id", "1")
    assert hand.said("id") == ""
    assert not hand.waits


@pytest.mark.parametrize("typed", ["x", "1.5", "1e999", "0x10", "--1", "9" * 1_000, "٣", "1_000"])
def test_what_is_no_whole_number_is_none(hand: Hand, typed: str) -> None:
    hand.type("to.street", "x")
    hand.type("id", typed)

    assert hand.said("id") == "a whole number is needed"
    assert "id" not in hand.json
    assert hand.waits


def test_a_line_that_is_no_number_is_said(hand: Hand) -> None:
    hand.type("counts", "1\ntwo")

    assert hand.said("counts") == "a whole number is needed"


def test_what_is_wrong_inside_of_a_field_says_where(hand: Hand) -> None:
    hand.write('{"id": 1, "to": {"street": "x"}, "tags": ["a", 1]}')

    assert hand.said("tags") == "[1]: a text is needed"


def test_what_no_field_stands_for_is_said_at_the_json(machine: StateMachine) -> None:
    hand = Hand(machine.form(ORDER))
    hand.write('{"id": 1, "to": {"street": "x"}, "more": 1}')

    assert hand.form._json_note.text == "there is no 'more' here"
    assert hand.form._note.text == "Not right yet: the input"


def inside(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


def test_words_of_the_schema_are_never_html(machine: StateMachine) -> None:
    evil = "<img src=x onerror=alert(1)>"
    schema = {
        "type": "object",
        "title": evil,
        "properties": {"x": {"type": "object", "title": evil, "description": evil, "properties": {"y": {}}}},
    }
    form = machine.form(schema)

    held = [each.value for each in inside(form) if isinstance(each, ipywidgets.HTML)]
    assert any("&lt;img" in each for each in held)
    assert not any("<img" in each for each in held)
    form.close()


# Starting


def test_a_start_begins_an_execution_and_follows_it_to_its_end(hand: Hand, machine: StateMachine) -> None:
    hand.write('{"id": 1, "to": {"street": "x"}}')
    hand.form._name.value = "first"
    hand.start()

    [execution] = machine.executions
    assert execution.wait(20)
    assert (execution.name, execution.describe().input) == ("first", '{"id":1,"to":{"street":"x"}}')
    [started] = hand.started
    until(lambda: "SUCCEEDED" in started.summary.value, "the summary")
    assert "SUCCEEDED" in started.line.value
    assert hand.form._name.value == ""


def test_nothing_begins_while_the_button_waits(hand: Hand, machine: StateMachine) -> None:
    hand.start()

    assert machine.executions == []


def test_a_double_click_is_one_start(hand: Hand, machine: StateMachine) -> None:
    hand.write('{"id": 1, "to": {"street": "x"}}')
    hand.start()
    hand.form._start.click()

    assert len(machine.executions) == 1


def test_a_refusal_stands_beside_the_button(hand: Hand) -> None:
    hand.write('{"id": 1, "to": {"street": "x"}}')
    for number in (1, 2):
        hand.form._name.value = "same"
        hand.write(json.dumps({"id": number, "to": {"street": "x"}}))
        hand.start()

    assert "Already" in hand.form._note.text
    assert len(hand.started) == 1
    assert hand.form._name.value == "same"


def test_what_tasks_print_is_shown_and_a_failure_with_its_reason(service: StepFunctions) -> None:
    go_on = threading.Event()

    def ask(payload: Any) -> None:
        print("<b>asking</b>")
        go_on.wait(20)
        raise ValueError("no <answer>")

    service.registry.functions["ask"] = ask
    hand = Hand(load_machine(service, ASK, name="ask").form({"type": "object"}))
    hand.start()
    [started] = hand.started

    until(lambda: "&lt;b&gt;asking" in started.output.value, "what is printed")
    assert "RUNNING" in started.line.value
    go_on.set()
    until(lambda: "no &lt;answer&gt;" in started.summary.value, "the failure")
    assert "FAILED" in started.line.value
    hand.form.close()


def test_earlier_starts_are_listed_shown_and_used_again(hand: Hand, machine: StateMachine) -> None:
    for number in range(1, MOST_STARTS + 3):
        hand.write(json.dumps({"id": number, "to": {"street": "x"}}))
        hand.start()
    lines = hand.form._starts._lines.children
    assert len(lines) == MOST_STARTS

    text, show, again = lines[-1].children
    assert "{&quot;id&quot;:3," in text.value
    view = hand.form._starts._view
    show.click()
    assert hand.form._starts._view is not view
    assert view.comm is None
    again.click()
    assert (hand.json["id"], hand.shown("id")) == (3, "3")


def test_a_closed_form_follows_nothing(service: StepFunctions) -> None:
    go_on = threading.Event()
    service.registry.functions["ask"] = lambda payload: go_on.wait(20)
    machine = load_machine(service, ASK, name="ask")
    hand = Hand(machine.form({"type": "object"}))
    hand.start()
    [execution] = machine.executions
    name = f"sfnb form of {execution.name}"
    [follower] = [thread for thread in threading.enumerate() if thread.name == name]

    hand.form.close()
    follower.join(10)
    assert not follower.is_alive()
    go_on.set()


def test_an_input_that_is_no_object_has_one_field(machine: StateMachine) -> None:
    hand = Hand(machine.form({"type": "array", "items": {"type": "integer"}, "minItems": 1, "default": [1]}))
    hand.type("", "1\n2")
    assert hand.json == [1, 2]
    assert not hand.waits

    hand.write("[]")
    assert hand.said("") == "at least 1 item needed"
    assert hand.waits


# Without a schema


def test_a_guess_does_not_keep_anybody_from_starting(machine: StateMachine) -> None:
    machine.run({"id": 7, "size": "S"})
    hand = Hand(machine.form())
    assert hand.json == {"id": 7, "size": "S"}

    hand.write('{"id": "seven"}')
    assert hand.said("id") == "unlike the last input: a whole number is needed"
    assert not hand.waits
    hand.type("id", "x")
    assert hand.waits


def test_a_machine_that_reads_nothing_has_json_alone(machine: StateMachine) -> None:
    hand = Hand(machine.form())

    assert hand.json == {}
    assert not hand.waits
    hand.write("[1, 2]")
    hand.start()
    [execution] = machine.executions
    assert execution.describe().input == "[1,2]"


# Where there is no notebook


def test_who_knows_no_widgets_is_told_what_to_do_instead(hand: Hand, machine: StateMachine) -> None:
    hand.write('{"id": 1}')
    words = 'A form that starts orders, for notebooks. Elsewhere: orders.run({"id":1})'

    assert hand.form._repr_mimebundle_()["text/plain"] == words
    assert WIDGET in hand.form._repr_mimebundle_()
    assert repr(hand.form) == words


def test_the_style_asks_nobody_else() -> None:
    style = module.STYLE.read_text(encoding="utf-8")

    assert "http" not in style
    assert "url(" not in style


def test_what_is_no_schema_is_refused(machine: StateMachine) -> None:
    with pytest.raises(SfnbError, match="this is no JSON Schema: at properties/id/type"):
        machine.form({"properties": {"id": {"type": "int"}}})
    with pytest.raises(SfnbError, match="leave one of the two out"):
        machine.form({}, inputs=[{}])
