"""`%asl on`, `off`, `triggers` and `try`: what starts executions."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sfnb.default import service
from sfnb.errors import SfnbError
from sfnb.notebook import display as look
from sfnb.notebook.options import Parser, Usage
from sfnb.notebook.things import Variables, machine_named
from sfnb.notebook.trigger_given import (
    cut_on,
    event_given,
    pattern_given,
    startable,
    template_given,
    trigger_key,
    value_given,
)

if TYPE_CHECKING:
    from sfnb.on import On, Trigger


class Way(NamedTuple):
    """A way to be started.

    shape: what a line says of it. takes: the options that are for it; their names are those of the method's
    parameters. make: called with what the line says and the options that it has.
    """

    shape: str
    takes: tuple[str, ...]
    make: Callable[[On, str, Mapping[str, Any], Variables, bool], Trigger]


# The verbs


def on(options: Namespace, variables: Variables) -> object:
    """Let something start a state machine, or a function; shows the Trigger.

    What starts it is written as it is, without quotes, and comes before the options:

      %asl on orders event {"source": ["shop"]} --input-path $.detail
      %asl on orders schedule cron(0 8 ? * MON-FRI *) --timezone Europe/Berlin --missed once
      %asl on orders http POST /orders --schema order
      %asl on orders iot SELECT * FROM 'orders/+' WHERE total > 100
      %asl on orders queue incoming --batch 5
      %asl on orders file incoming/*.csv --bucket shop
      %asl on orders status payments SUCCEEDED FAILED

    A pattern is also a Python variable, @file.json, or a cell of its own in JSON or YAML, as SQL may be:
    %%asl on orders event. Said again under the same name it is changed.
    """
    way = WAYS[options.kind]
    cell = getattr(options, "cell", None)
    what = " ".join(options.what)
    if cell is not None and what:
        raise Usage(f"%%asl on: the cell says what starts it, and so does the line: '{what}'")
    if cell is None and not what and options.kind != "file":
        raise Usage(f"%asl on {options.machine} {options.kind} {way.shape}: say what starts it")
    given = _given(options, way, variables)
    return way.make(
        startable(options.machine, variables).on,
        what if cell is None else cell,
        given,
        variables,
        cell is not None,
    )


def off(options: Namespace, variables: Variables) -> object:
    """Remove a trigger, or let it rest: with --disable it starts nothing until --enable."""
    from sfnb.on import Trigger

    found = Trigger(service(), trigger_key(" ".join(options.trigger), variables))
    if options.disable:
        return found.disable()
    if options.enable:
        return found.enable()
    name = f"{found.kind} {found.name}"
    found.remove()
    return look.note(f"removed: {name}")


def triggers(options: Namespace, variables: Variables) -> object:
    """List what starts executions, what has come of it, and when schedules fire next.

    `sfnb.list_triggers()` is the same as a DataFrame.
    """
    from sfnb.notebook.trigger_cards import triggers_table

    service().take_up_left()
    arn = None if options.machine is None else startable(options.machine, variables).arn
    return triggers_table(service(), arn)


def try_event(options: Namespace, variables: Variables) -> object:
    """Show which rules an event would match, field by field, and the input they would make; starts nothing.

    With NAME the rules of this state machine alone. EVENT is a Python variable, JSON or @file.json, or the
    cell: %%asl try NAME. What it leaves out of an event's fields is made up.
    """
    from sfnb.on.trying import try_event as tried

    cell = getattr(options, "cell", None)
    words = options.words if cell is None else [*options.words, cell]
    if not 1 <= len(words) <= 2:
        raise Usage("%asl try takes an event, and before it the name of a state machine if you like")
    *named, text = words
    arn = startable(named[0], variables).arn if named else None
    return tried(service(), event_given(text, variables, in_cell=cell is not None), arn)


# The ways


def _event(on: On, what: str, given: Mapping[str, Any], variables: Variables, in_cell: bool) -> Trigger:
    return on.event(pattern_given(what, variables, in_cell=in_cell), **given)


def _status(on: On, what: str, given: Mapping[str, Any], variables: Variables, in_cell: bool) -> Trigger:
    name, *statuses = what.split()
    other = name if name.startswith("arn:") else machine_named(name, variables).arn
    return on.status(other, [status.upper() for status in statuses] or "SUCCEEDED", **given)


def _schedule(on: On, what: str, given: Mapping[str, Any], variables: Variables, in_cell: bool) -> Trigger:
    return on.schedule(what.strip(), **given)


def _http(on: On, what: str, given: Mapping[str, Any], variables: Variables, in_cell: bool) -> Trigger:
    return on.http(what.strip(), **given)


def _iot(on: On, what: str, given: Mapping[str, Any], variables: Variables, in_cell: bool) -> Trigger:
    return on.iot(_text(what, variables).strip(), **given)


def _queue(on: On, what: str, given: Mapping[str, Any], variables: Variables, in_cell: bool) -> Trigger:
    return on.queue(_text(what, variables).strip(), **given)


def _file(on: On, what: str, given: Mapping[str, Any], variables: Variables, in_cell: bool) -> Trigger:
    if "bucket" not in given:
        raise Usage("%asl on NAME file FILES --bucket BUCKET: say in which bucket")
    return on.file(what.strip() or "*", **given)


def _text(what: str, variables: Variables) -> str:
    """What is written, or the text that a variable of this name holds."""
    found = variables.get(what)
    return found if isinstance(found, str) else what


INPUT = ("input", "input_path", "input_paths", "input_template")
OF_RULES = (*INPUT, "bus", "retries", "dead_letters")
WAYS: Mapping[str, Way] = {
    "event": Way("PATTERN", OF_RULES, _event),
    "schedule": Way(
        "EXPRESSION",
        ("input", "timezone", "start", "end", "window", "group", "missed", "overlap"),
        _schedule,
    ),
    "http": Way("METHOD /PATH", ("sync", "output", "schema", "cors", "api_keys", "stage"), _http),
    "iot": Way("SQL", ("broker", "prefix"), _iot),
    "queue": Way("QUEUE", ("batch", "window", "filter", "enrich", "template", "sync"), _queue),
    "file": Way("FILES", (*INPUT, "bucket", "missed"), _file),
    "status": Way("MACHINE [STATUS ...]", OF_RULES, _status),
}
"""How each is written, by the name of the method of `machine.on`."""
COMMON = ("name", "role")


# Their lines


def _date(text: str, variables: Variables) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise SfnbError(f"'{text}' is no moment such as 2027-01-01T00:00:00Z") from None


def _duration(text: str, variables: Variables) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})([smh])", text)
    if found is None:
        raise SfnbError(f"'{text}' is no duration such as 30s, 15m or 2h")
    return timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours"}[found[2]]: int(found[1])})


JSON = ("input", "input_paths", "schema")
READERS: Mapping[str, Callable[[str, Variables], object]] = {
    "filter": pattern_given,
    "start": _date,
    "end": _date,
    "window": _duration,
    "enrich": startable,
    "input_template": template_given,
    "template": template_given,
}
"""Options that are more than their text."""


def _given(options: Namespace, way: Way, variables: Variables) -> dict[str, Any]:
    """What the line says, by the parameters of the method; raises Usage for what is not for this kind."""
    told: dict[str, Any] = {}
    for name in OPTIONS:
        value = getattr(options, name)
        if value is None or value is False:
            continue
        if name not in (*COMMON, *way.takes):
            fits = [kind for kind, other in WAYS.items() if name in other.takes]
            raise Usage(f"%asl on: {_written(name)} is for {' and '.join(fits)}, not for {options.kind}")
        if name in JSON:
            value = value_given(value, variables, _written(name))
        told[name] = READERS[name](value, variables) if name in READERS else value
    return told


def _written(name: str) -> str:
    return "--" + {"api_keys": "api_key"}.get(name, name).replace("_", "-")


Option = tuple[str, str, dict[str, Any]]
_ALL: Sequence[Option] = (
    ("", "name", {"metavar": "N", "help": "the trigger's own name; give names to have several of a kind"}),
    ("", "role", {"metavar": "R", "help": "the role that is taken on; nothing is asked unless given"}),
    (
        "input",
        "input",
        {"metavar": "X", "help": "instead of what came: a Python variable, JSON or @file.json"},
    ),
    ("input", "input_path", {"metavar": "P", "help": "the part of the event that is given: $.detail"}),
    (
        "input",
        "input_paths",
        {"metavar": "X", "help": 'names for parts, for a template: {"id": "$.detail.id"}'},
    ),
    (
        "input",
        "input_template",
        {"metavar": "X", "help": 'JSON or text with <name> in it, {"order": <id>}, or a variable'},
    ),
    ("event, status", "bus", {"metavar": "B", "help": "an event bus; default unless told"}),
    ("event, status", "retries", {"metavar": "N", "type": int, "help": "how often to try again (185)"}),
    ("event, status", "dead_letters", {"metavar": "ARN", "help": "a queue for what cannot be delivered"}),
    ("schedule", "timezone", {"metavar": "Z", "help": "of cron and at: Europe/Berlin; UTC unless told"}),
    ("schedule", "start", {"metavar": "T", "help": "not before: 2027-01-01T00:00:00Z"}),
    ("schedule", "end", {"metavar": "T", "help": "not after"}),
    (
        "schedule",
        "window",
        {"metavar": "T", "help": "up to so much later: 15m, 2h (queues: wait so long for a batch)"},
    ),
    ("schedule", "group", {"metavar": "G", "help": "the schedule group"}),
    (
        "schedule",
        "missed",
        {"choices": ("skip", "once", "all"), "help": "runs due while nothing ran here (files: skip or all)"},
    ),
    ("schedule", "overlap", {"choices": ("allow", "skip"), "help": "a run while the one before goes on"}),
    (
        "http",
        "sync",
        {"action": "store_true", "help": "answer when the EXPRESS machine has ended (also queue)"},
    ),
    ("http", "output", {"action": "store_true", "help": "answer with the machine's output; with --sync"}),
    ("http", "schema", {"metavar": "X", "help": "a JSON Schema of the body: a variable, JSON or a file"}),
    (
        "http",
        "cors",
        {"metavar": "ORIGIN", "action": "append", "help": "whose pages may call; may be repeated"},
    ),
    (
        "http",
        "api_keys",
        {"metavar": "KEY", "action": "append", "help": "has to be in x-api-key; repeatable"},
    ),
    ("http", "stage", {"metavar": "S", "help": "the first part of the path"}),
    ("iot", "broker", {"metavar": "URL", "help": "an MQTT broker; one begins in this process unless given"}),
    ("iot", "prefix", {"metavar": "P", "help": "what names of executions begin with: ${topic(2)}-"}),
    ("queue", "batch", {"metavar": "N", "type": int, "help": "messages for one execution, at most (1)"}),
    ("queue", "filter", {"metavar": "X", "help": "an event pattern; other messages are deleted"}),
    ("queue", "enrich", {"metavar": "F", "help": "a function or EXPRESS machine that makes the input"}),
    (
        "queue",
        "template",
        {"metavar": "X", "help": 'what is given of each message: {"id": <$.body.id>}, or a variable'},
    ),
    ("file", "bucket", {"metavar": "B", "help": "the bucket"}),
)
OPTIONS = tuple(name for _, name, _ in _ALL)


def add_on_options(parser: Parser) -> None:
    parser.cut = cut_on
    parser.add_argument("machine", metavar="NAME", help="a state machine, or a function of @sfnb.function")
    parser.add_argument("kind", choices=tuple(WAYS), help="what starts it")
    parser.add_argument("what", nargs="*", metavar="WHAT", help="which of them: see above")
    groups: dict[str, Any] = {"": parser}
    for group, name, more in _ALL:
        if group not in groups:
            groups[group] = parser.add_argument_group(group)
        groups[group].add_argument(_written(name), dest=name, **more)


def add_off_options(parser: Parser) -> None:
    parser.add_argument("trigger", nargs="+", metavar="TRIGGER", help="its variable or its name")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--disable", action="store_true", help="keep it, and let it start nothing")
    either.add_argument("--enable", action="store_true", help="let it start executions again")


def add_triggers_options(parser: Parser) -> None:
    parser.add_argument("machine", nargs="?", metavar="NAME", help="of this state machine or function alone")


def add_try_options(parser: Parser) -> None:
    parser.add_argument("words", nargs="*", metavar="[NAME] EVENT", help="the state machine, and the event")


def tell_taken_up() -> None:
    """Show which triggers of an earlier session run again since the cell has defined what they start."""
    from sfnb.notebook.trigger_cards import taken_up

    known = service()
    known.take_up_left()
    adopted, known.taken_up = known.taken_up, []
    if adopted:
        look.show(taken_up(adopted, known))
