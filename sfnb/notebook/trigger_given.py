"""What a line or a cell of `%asl on` says: its words, an event pattern, an event, who is started."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sfnb.asl.source import read_text
from sfnb.asl.ways import did_you_mean
from sfnb.default import machines, service
from sfnb.errors import DefinitionError, Diagnostic, InvalidInput, SfnbError, Span
from sfnb.machine import StateMachine
from sfnb.notebook.inputs import file_text, read_input
from sfnb.notebook.options import Usage, cut
from sfnb.notebook.things import Variables, everything, no_such

if TYPE_CHECKING:
    from sfnb.on.function import Function
    from sfnb.values import Json

TEMPLATES = ("--input-template", "--template")
"""Options with holes, <name>, in what they are given."""

_head = re.compile(r"\s*([^\s-]\S*)\s+([^\s-]\S*)\s*").match
_option = re.compile(r"--[a-z]").match
_place = re.compile(r"\s+at \[Source: .*line: (\d+), column: (\d+)\]$", re.DOTALL)


def cut_on(line: str) -> list[str]:
    """The words of a line: NAME, KIND, all of what starts it as one word, then the options.

    So SQL, cron expressions and paths need no quotes; a pair of them around all of it is taken off.

    >>> cut_on("orders schedule rate(5 minutes) --missed once")
    ['orders', 'schedule', 'rate(5 minutes)', '--missed', 'once']
    >>> cut_on("hot iot SELECT * FROM 'sensors/+/temp' WHERE temp > 30")
    ['hot', 'iot', "SELECT * FROM 'sensors/+/temp' WHERE temp > 30"]
    >>> cut_on('orders queue incoming --template {"n": <$.body.n>}')
    ['orders', 'queue', 'incoming', '--template', '{"n": <$.body.n>}']
    >>> cut_on("orders event '{\\"source\\": [\\"shop\\"]}' --bus tea")
    ['orders', 'event', '{"source": ["shop"]}', '--bus', 'tea']
    """
    head = _head(line)
    if head is None:
        return cut(line)
    rest = line[head.end() :].rstrip()
    at = _first_option(rest)
    what = _bare(rest[:at].rstrip())
    return [*cut(head[1]), head[2], *([what] if what else []), *cut(rest[at:], TEMPLATES)]


def _first_option(text: str) -> int:
    """Where the options begin: outside of quotes, after a blank."""
    quote = ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif _option(text, at) and (at == 0 or text[at - 1].isspace()):
            return at
    return len(text)


def _bare(text: str) -> str:
    """Without the quotes around it, if these are all there are of their sort."""
    around = len(text) > 1 and text[0] in "'\"" and text[-1] == text[0] and text.count(text[0]) == 2
    return text[1:-1] if around else text


def startable(name: str, variables: Variables) -> StateMachine | Function:
    """The machine or the `@sfnb.function` of this name; raises Usage with a near miss."""
    from sfnb.on.function import Function

    found = variables.get(name)
    if isinstance(found, Function):
        return found
    known = everything(variables, StateMachine, machines())
    if name not in known:
        functions = [name for name, value in variables.items() if isinstance(value, Function)]
        raise no_such(name, "state machine or function", [*known, *functions])
    machine: StateMachine = known[name]
    return machine


def value_given(text: str, variables: Variables, what: str) -> Json:
    """What a variable, JSON or a file comes to; raises InvalidInput, which begins with `what`."""
    try:
        return read_input(text, variables).payload.value
    except InvalidInput as fault:
        words = str(fault).replace("--input: ", "").replace("--input ", "")
        raise InvalidInput(f"{what}: {words}") from None


def template_given(text: str, variables: Variables) -> object:
    """What a variable or a file holds, else the template itself; raises InvalidInput."""
    if text in variables:
        return variables[text]
    return file_text(text[1:], "a template") if text.startswith("@") else text


def pattern_given(text: str, variables: Variables, *, in_cell: bool = False) -> dict[str, Any]:
    """An event pattern: of a variable, a file, or of JSON or YAML text.

    in_cell: the lines of the text are those of a cell, below its first.
    Raises DefinitionError with the place in the text, InvalidInput, SfnbError.
    """
    from sfnb.triggers.patterns import InvalidEventPattern, read_pattern

    if not in_cell and (text in variables or text.startswith("@")):
        found = value_given(text, variables, "the pattern")
        if not isinstance(found, dict):
            raise SfnbError(f"{text} is no event pattern but {type(found).__name__}: a pattern is a dict")
        return found
    source = read_text("\n" + text if in_cell else text)
    if source.findings or source.tree is None:
        raise DefinitionError(source, source.findings)
    try:
        read_pattern(source.text if source.format == "json" else source.tree)
    except InvalidEventPattern as fault:
        place = _place.search(str(fault))
        if place is None or source.format != "json":
            raise SfnbError(_place.sub("", str(fault))) from None
        line, column = int(place[1]), int(place[2])
        finding = Diagnostic(
            message=_place.sub("", str(fault)), span=Span(line, column, line, column + 1), path=None
        )
        raise DefinitionError(source, [finding]) from None
    return source.tree


def event_given(text: str, variables: Variables, *, in_cell: bool = False) -> object:
    """An event: of a variable, a file, or JSON; in a cell JSON or YAML.

    Raises InvalidInput, DefinitionError.
    """
    if not in_cell:
        return value_given(text, variables, "the event")
    source = read_text("\n" + text)
    if source.findings or source.tree is None:
        raise DefinitionError(source, source.findings)
    return source.tree


def trigger_key(name: str, variables: Variables) -> str:
    """The key of the trigger that a variable holds, or that goes by a name or a key itself.

    Raises Usage where there is none, or where several have the name.
    """
    from sfnb.on import Trigger

    held = variables.get(name)
    if isinstance(held, Trigger):
        return held.key
    known = [seen.trigger for seen in service().triggers.all()]
    found = [trigger.key for trigger in known if name in (trigger.key, trigger.name)]
    if len(found) > 1:
        raise Usage(f"several triggers are called '{name}': say which, {' or '.join(found)}")
    if not found:
        near = did_you_mean(name, [trigger.name for trigger in known])
        raise Usage(f"there is no trigger '{name}'; {near or '%asl triggers shows what there is'}")
    return found[0]
