"""What Tab offers inside a `%%asl` cell, and on the lines of `%%asl` and `%asl`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from sfnb.default import machines, service
from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.machine import StateMachine
from sfnb.notebook import verbs
from sfnb.notebook.aws import PLACES
from sfnb.notebook.draft import Spot, find_spot
from sfnb.notebook.mocks import mock_names
from sfnb.notebook.options import CELL_PARSER, STATUSES, Parser
from sfnb.notebook.places import WORDS, keys_at, values_at
from sfnb.notebook.things import everything, execution_named, execution_names, machine_named
from sfnb.notebook.trigger_offers import OF_TRIGGERS, offered

HEADER = re.compile(r"(?:[ \t]*(?:#.*)?\n)*%%asl(?=\s|$)(?P<line>[^\n]*)(?:\n|$)")
"""A `%%asl` line, with what may stand above it."""
_line_magic = re.compile(r"(?:^|.*=)\s*%asl\s(?P<line>.*)$")


def make_matcher(shell: Any) -> Any:
    """What a shell's completer is to ask."""
    completion = Completion(shell.user_ns)

    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        lines = context.full_text.split("\n")
        offset = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
        fragment, offers, kind = completion.offers(context.full_text, offset)
        return {
            "completions": [SimpleCompletion(offer, type=kind) for offer in offers],
            "matched_fragment": fragment,
            "suppress": bool(offers),
            "ordered": True,
        }

    return context_matcher(identifier="sfnb.asl")(matcher)


class Completion:
    """Knows what may be written where, given the user's variables."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables

    def offers(self, text: str, offset: int) -> tuple[str, list[str], str]:
        """(fragment, what may replace it, the kind of that) at `offset` in a cell."""
        header = HEADER.match(text)
        if header is None:
            line = _line_magic.match(text[text.rfind("\n", 0, offset) + 1 : offset])
            return (*self._on_line(line["line"]), "magic") if line else ("", [], "")
        if offset <= header.end("line"):
            if offset < header.start("line"):
                return "", [], ""
            return (*self._on_header(text[header.start("line") : offset]), "magic")
        if verbs.begins_verb(header["line"]):
            return "", [""], ""
        spot = find_spot(text[header.end() :], offset - header.end())
        return self._in_cell(spot) if spot is not None else ("", [""], "")

    def _in_cell(self, spot: Spot) -> tuple[str, list[str], str]:
        """What is there already is offered where nothing else is: an empty list would let IPython offer
        files and Python's names."""
        if spot.key is None:
            written = [_as_key(name, spot) for name in fitting(spot.fragment, keys_at(spot))]
            return spot.fragment, written or [spot.fragment], "property"
        exceptions = [name for name, value in self._variables.items() if _is_exception(value)]
        values = fitting(spot.fragment, values_at(spot, _tasks(), exceptions))
        return spot.fragment, [_as_value(value, spot) for value in values] or [spot.fragment], "value"

    # Lines

    def _on_header(self, line: str) -> tuple[str, list[str]]:
        if verbs.begins_verb(line.rpartition(" ")[0]):
            return self._on_line(line)
        *before, word = re.split(r"\s+", line)
        names = [name for name, value in self._variables.items() if isinstance(value, StateMachine)]
        return self._on_words(before, word, CELL_PARSER, names if not any(before) else [])

    def _on_line(self, line: str) -> tuple[str, list[str]]:
        first, *rest = re.split(r"\s+", line.lstrip())
        if not rest:
            return first, fitting(first, verbs.VERBS)
        if first not in verbs.VERBS:
            return "", []
        *before, word = rest
        return self._on_words(before, word, verbs.parser_of(first), self._things(first, before))

    def _things(self, verb: str, before: list[str]) -> list[str]:
        """What may be named next; before: the words of the line so far."""
        given = [word for word in before if not word.startswith("-")]
        if verb in ("fork", "at", "test") and given:
            return self._states(verb, given[0]) if len(given) == 1 else []
        if verb == "help":
            return list(verbs.VERBS)
        if verb in ("on", "off", "triggers", "try"):
            return offered(verb, given, self._variables)
        if verb == "store":
            return ["delete", "list"]
        if verb == "aws":
            return [] if given else list(PLACES)
        if verb == "role" and given:
            return execution_names(self._variables)
        names: list[str] = []
        if verb in ("run", "form", "export", "validate", "show", "test", "role"):
            names += everything(self._variables, StateMachine, machines())
        if verb == "resume":
            names += [record.name for record in service().interrupted_executions()]
        if verb in ("show", "history", "stop", "maps", "redrive", "fork", "at", "diff"):
            names += execution_names(self._variables)
        return names

    def _states(self, verb: str, name: str) -> list[str]:
        """The states of what was named."""
        try:
            if verb == "test":
                machine = machine_named(name, dict(self._variables))
            else:
                machine = execution_named(name, dict(self._variables)).machine
        except SfnbError:
            return []
        return [state if state.isidentifier() else f'"{state}"' for state in machine.states]

    def _on_words(
        self, before: list[str], word: str, parser: Parser, names: Iterable[str]
    ) -> tuple[str, list[str]]:
        options = parser._option_string_actions
        last = before[-1] if before else ""
        if last in ("-i", "--input"):
            return word, fitting(word, _data(self._variables))
        if last in ("-m", "--mock"):
            return word, fitting(word, ["auto", *mock_names(self._variables), *_files(word, ".json")])
        if last == "--schema":
            return word, fitting(word, [*mock_names(self._variables), *_files(word, ".json")])
        if last in OF_TRIGGERS:
            return word, fitting(word, OF_TRIGGERS[last]())
        if last in ("--definition", "--seed"):
            return word, fitting(word, everything(self._variables, StateMachine, machines()))
        if last == "--expect":
            return word, fitting(word, STATUSES)
        action = options.get(last)
        if action is not None and action.choices:
            return word, fitting(word, map(str, action.choices))
        if parser.prog == "%asl buckets" and not word.startswith("-"):
            return word, fitting(word, _folders(word))
        if word.startswith("-"):
            return word, fitting(word, [name for name in options if name.startswith("--")])
        return word, fitting(word, names)


def _beside(word: str) -> Iterator[Path]:
    """What is in the folder that a half-written path is in."""
    folder = Path(word if word.endswith("/") else Path(word).parent)
    try:
        yield from sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return


def _files(word: str, suffix: str) -> list[str]:
    return [str(path) for path in _beside(word) if path.suffix == suffix]


def _folders(word: str) -> list[str]:
    return [f"{path}/" for path in _beside(word) if path.is_dir()]


def fitting(fragment: str, names: Iterable[str]) -> list[str]:
    """The names that begin with `fragment` in whatever case; else those that hold it."""
    names = list(dict.fromkeys(names))
    small = fragment.lower()
    beginning = [name for name in names if name.lower().startswith(small)]
    return beginning or [name for name in names if small in name.lower()]


def _as_key(name: str, spot: Spot) -> str:
    if spot.is_yaml:
        return name if spot.quote else f"{name}: "
    if spot.closed:
        return name
    return f'{name}": ' if spot.quote else f'"{name}": '


def _as_value(value: str, spot: Spot) -> str:
    if spot.is_yaml or spot.closed or spot.key in WORDS:
        return value
    end = "" if value.endswith("(") else '"'
    return f"{value}{end}" if spot.quote else f'"{value}{end}'


def _tasks() -> list[str]:
    """Every name under which a function is registered."""
    own = [name for machine in machines() for name in machine.tasks]
    return list(dict.fromkeys([*service().registry.functions, *own]))


def _is_exception(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Exception)


def _data(variables: Mapping[str, Any]) -> list[str]:
    """The names of variables that may be an input."""
    return [
        name
        for name, value in variables.items()
        if not name.startswith("_")
        and name not in ("In", "Out")
        and not isinstance(value, (ModuleType, type, StateMachine, Execution))
        and not callable(value)
    ]
