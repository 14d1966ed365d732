"""YAML text to a value, and where in the text a value stands.

libyaml tells of the text as a stream of events, and a stack puts them together: nothing recurses, so
nothing overflows, and the reading stops at the first level too deep. (PyYAML's own composer recurses
in C; libyaml alone takes 20 s for 100,000 open brackets.) An alias shares the value it names. What
aliases would weigh in JSON is added up on the way, so that a document which is small as YAML and vast
as JSON is refused before anybody walks it.

`<<` is refused: it is no part of YAML 1.2. What scalars mean is in `yaml_scalars`.
"""

from __future__ import annotations

import re

import msgspec
import yaml
from yaml import events

from sfnb.asl.reading import (
    MAX_DEPTH,
    MAX_FINDINGS,
    MAX_SIZE_BYTES,
    SYNTAX,
    Place,
    Reading,
    describe_root,
    duplicate_key,
    not_an_object,
    shown,
    span_of,
    syntax_error,
    too_deep,
)
from sfnb.asl.yaml_scalars import NotJson, function_of, is_known, plain_value, spelled, tagged_value
from sfnb.asl.yaml_words import explain
from sfnb.errors import Diagnostic, PathStep, Severity
from sfnb.values import Json

# What libyaml takes (YAML 1.2, production [1] c-printable).
_unprintable = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]").search
_leading_zero = re.compile(r"[-+]?0[0-9]+").fullmatch
# An intrinsic function whose last parenthesis is missing.
_open_call = re.compile(r"States\.\w+\([^()]*$").match
# What reads as text that was meant: in DynamoDB #name stands for an attribute. A remark has a space.
_glued_comment = re.compile(r"(?:[ \t]*\r?\n)?[ \t]+(#\w[^\r\n]*)").match

_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")


def read(text: str) -> Reading:
    """Read YAML `text` that is not blank."""
    if found := _unprintable(text):
        message = f"The character U+{ord(found[0]):04X} cannot stand in YAML"
        hint = 'inside double quotes it may be written as an escape such as "\\x07"'
        return Reading(findings=(syntax_error(text, found.start(), found.end(), message, hint),))
    composer = _Composer(text)
    try:
        composer.run()
    except _Refused as refused:
        return Reading(findings=(*composer.findings, refused.finding))
    except yaml.MarkedYAMLError as error:
        return Reading(findings=(*composer.findings, explain(text, error, composer.opened)))
    return _judge(composer)


def _judge(composer: _Composer) -> Reading:
    """The reading of a text that YAML has no quarrel with."""
    findings = tuple(composer.findings)
    tree = composer.value
    if composer.root is None:
        return Reading(findings=(*findings, not_an_object("found only comments")))
    if not isinstance(tree, dict):
        return Reading(findings=(*findings, not_an_object(describe_root(tree))))
    if not composer.trusted:
        return Reading(findings=findings, root=composer.root)
    return Reading(tree=tree, findings=findings, root=composer.root)


class _Refused(Exception):
    """The reading ends here."""

    def __init__(self, finding: Diagnostic) -> None:
        super().__init__(finding.message)
        self.finding = finding


class _Node(msgspec.Struct):
    """A value that is complete.

    text: of a scalar as it is written, which is what counts in a key.
    weight: bytes it will take in JSON, at least.
    levels: how deep arrays and objects go in it.
    """

    value: Json
    place: Place
    text: str | None
    weight: int
    levels: int


class _Open(msgspec.Struct):
    """An array or object not yet closed.

    inner: the places of what it holds.
    key: the key that waits for its value; always None in an array.
    first_keys: where keys that came twice stood first.
    weight: of all that came before it.
    levels: how deep what it holds goes so far, itself included.
    """

    value: list[Json] | dict[str, Json]
    inner: dict[PathStep, Place]
    start: int
    end: int
    tag: str | None
    anchor: str | None
    weight: int
    levels: int
    key: str | None = None
    key_place: tuple[int, int] = (0, 0)
    first_keys: dict[str, int] = {}


class _Composer:
    """Puts the events of one text together."""

    def __init__(self, text: str) -> None:
        self.value: Json = None
        self.root: Place | None = None
        self.findings: list[Diagnostic] = []
        self.trusted = True
        self._text = text
        self._open: list[_Open] = []
        self._depth = 0
        self._named: dict[str, _Node] = {}
        self._weight = 0
        self._expanded = 0

    @property
    def opened(self) -> int:
        """Where the innermost open array or object begins; 0 where none is open."""
        return self._open[-1].start if self._open else 0

    def run(self) -> None:
        for event in yaml.parse(self._text, Loader=yaml.CSafeLoader):
            match event:
                case events.ScalarEvent():
                    self._scalar(event)
                case events.CollectionStartEvent():
                    self._start(event)
                case events.CollectionEndEvent():
                    self._end(event)
                case events.AliasEvent():
                    self._alias(event)
                case events.DocumentStartEvent() if self.root is not None:
                    hint = "only the first is read; write one definition in a text"
                    self.findings.append(self._error(*_offsets(event), "A second document begins here", hint))
                    return

    def _scalar(self, event: events.ScalarEvent) -> None:
        start, end = _offsets(event)
        if event.style in ("|", ">"):
            end = start + len(self._text[start:end].rstrip())
        place = Place(start, end)
        text = event.value
        weight = len(text) + 1
        if self._wants_key():
            node = _Node(text, place, text, weight, 0)
            self._take_key(node, event)
        else:
            value = self._value_of(event, start, end)
            if not event.style:
                self._warn_if_cut(text, value, end)
            node = self._tagged(_Node(value, place, text, weight, 0), event.tag)
            self._put(node)
        self._weight += weight
        if event.anchor is not None:
            self._named[event.anchor] = node

    def _value_of(self, event: events.ScalarEvent, start: int, end: int) -> Json:
        """The value of a scalar before its tag is looked at."""
        text = event.value
        if event.tag is not None or not event.implicit[0]:
            return text
        try:
            value = plain_value(text)
        except NotJson as error:
            self._distrust(str(error), start, end, hint="write null, or put the text in quotes")
            return None
        if type(value) is int and _leading_zero(text):
            hint = "YAML 1.1 reads it otherwise; put it in quotes if it is text"
            message = f"{shown(text)} is read as the number {value}"
            self._find(message, start, end, hint=hint, severity="WARNING")
        return value

    def _warn_if_cut(self, text: str, value: Json, end: int) -> None:
        """Say that a text without quotes ends where its author may not have ended it.

        text: as it was read, up to `end`.
        """
        found = _glued_comment(self._text, end)
        if found and (isinstance(value, str) or not text) and self._is_beside(found, text):
            hint = "put the text in quotes if # belongs to it"
            self._find("The rest of the line is a comment", *found.span(1), hint=hint, severity="WARNING")
        if _open_call(text) and self._text.startswith(",", end):
            hint = "put it in quotes"
            self._find("A text in { } or [ ] ends at this comma", end, end + 1, hint=hint, severity="WARNING")

    def _is_beside(self, comment: re.Match[str], text: str) -> bool:
        """Whether `comment` is in the line of `text` or, where there is no text, what its key would hold."""
        if "\n" not in comment[0]:
            return True
        opened = self._open[-1] if self._open else None
        if text or opened is None or opened.key is None:
            return False
        return _column(self._text, comment.start(1)) > _column(self._text, opened.key_place[0])

    def _tagged(self, node: _Node, tag: str | None) -> _Node:
        """`node` under its tag; a CloudFormation tag makes an object around it."""
        place = node.place
        if tag is None or tag == "!":
            return node
        if not is_known(tag):
            hint = "known are the standard ones (!!str) and CloudFormation's (!Ref, !GetAtt, !Sub, …)"
            self._find(f"Unknown tag {spelled(tag)}", place.start, place.end, hint=hint)
            return node
        try:
            value = tagged_value(tag, node.value)
        except NotJson as error:
            self._distrust(str(error), place.start, place.end)
            return node
        function = function_of(tag)
        if function is None:
            return _Node(value, place, node.text, node.weight, node.levels)
        outer = Place(place.start, place.end, inner={function: place})
        return _Node(value, outer, None, node.weight + len(function), node.levels + 1)

    def _start(self, event: events.CollectionStartEvent) -> None:
        start, end = _offsets(event)
        if self._wants_key():
            raise _complex_key(self._text, start, end)
        self._depth += 2 if function_of(event.tag) else 1
        if self._depth > MAX_DEPTH:
            raise _Refused(too_deep(self._text, start))
        value: list[Json] | dict[str, Json] = {} if isinstance(event, events.MappingStartEvent) else []
        self._open.append(_Open(value, {}, start, end, event.tag, event.anchor, self._weight, 1))
        self._weight += 2

    def _end(self, event: events.CollectionEndEvent) -> None:
        opened = self._open.pop()
        self._depth -= 2 if function_of(opened.tag) else 1
        start, end = _offsets(event)
        if end > start:  # a closing bracket; what has none ends where the last thing in it ends
            opened.end = end
        place = Place(opened.start, opened.end, inner=opened.inner)
        weight = self._weight - opened.weight
        node = self._tagged(_Node(opened.value, place, None, weight, opened.levels), opened.tag)
        if opened.anchor is not None:
            self._named[opened.anchor] = node
        self._put(node)

    def _alias(self, event: events.AliasEvent) -> None:
        start, end = _offsets(event)
        node = self._named.get(event.anchor or "")
        name = shown(event.anchor or "")
        if any(opened.anchor == event.anchor for opened in self._open):
            raise _Refused(self._error(start, end, f"*{name} stands inside the value it names"))
        if node is None:
            hint = "a text that begins with * must stand in quotes"
            raise _Refused(self._error(start, end, f"Nothing above is anchored as &{name}", hint))
        self._expanded += node.weight
        self._weight += node.weight
        if self._expanded > MAX_SIZE_BYTES:
            message = f"Aliases make the definition larger than {MAX_SIZE_BYTES:,} bytes"
            raise _Refused(self._error(start, end, message))
        if self._depth + node.levels > MAX_DEPTH:
            raise _Refused(too_deep(self._text, start))
        alias = _Node(
            node.value, Place(start, end, inner=node.place.inner), node.text, node.weight, node.levels
        )
        if self._wants_key():
            self._take_key(alias, None)
        else:
            self._put(alias)

    def _wants_key(self) -> bool:
        return bool(self._open) and self._open[-1].key is None and isinstance(self._open[-1].value, dict)

    def _take_key(self, node: _Node, event: events.ScalarEvent | None) -> None:
        """A key is its source text: 1, true and null are names like others."""
        start, end = node.place.start, node.place.end
        key = node.text
        if key is None or (event is not None and event.tag not in _TEXT_TAGS):
            raise _complex_key(self._text, start, end)
        opened = self._open[-1]
        opened.key, opened.key_place = key, (start, end)
        if key in opened.inner:
            earlier = opened.inner[key].key or (0, 0)
            first = opened.first_keys.setdefault(key, earlier[0])
            if len(self.findings) < MAX_FINDINGS:
                self.findings.append(duplicate_key(self._text, self._path(), first, start, end))
        elif key == "<<" and event is not None and event.implicit[0]:
            hint = "write the fields out, or anchor a whole value (Retry: &retry … Retry: *retry)"
            self._distrust('"<<" (merge) is no part of YAML 1.2', start, end, hint=hint)

    def _put(self, node: _Node) -> None:
        """`node` into the array or object that is being read."""
        if not self._open:
            self.value, self.root = node.value, node.place
            return
        opened = self._open[-1]
        opened.end = node.place.end
        opened.levels = max(opened.levels, node.levels + 1)
        if isinstance(opened.value, list):
            opened.inner[len(opened.value)] = node.place
            opened.value.append(node.value)
        elif opened.key is not None:
            opened.value[opened.key] = node.value
            opened.inner[opened.key] = node.place
            node.place.key = opened.key_place
            opened.key = None

    def _path(self) -> tuple[PathStep, ...]:
        """Where the value or key being read stands."""
        steps = (len(o.value) if isinstance(o.value, list) else o.key for o in self._open)
        return tuple(step for step in steps if step is not None)

    def _error(self, start: int, end: int, message: str, hint: str | None = None) -> Diagnostic:
        return syntax_error(self._text, start, end, message, hint)

    def _distrust(self, message: str, start: int, end: int, *, hint: str | None = None) -> None:
        """A finding that leaves no value to go on with."""
        self._find(message, start, end, hint=hint)
        self.trusted = False

    def _find(
        self, message: str, start: int, end: int, *, hint: str | None = None, severity: Severity = "ERROR"
    ) -> None:
        if len(self.findings) < MAX_FINDINGS:
            span = span_of(self._text, start, end)
            self.findings.append(
                Diagnostic(
                    message=message, code=SYNTAX, path=self._path(), span=span, hint=hint, severity=severity
                )
            )


def _complex_key(text: str, start: int, end: int) -> _Refused:
    hint = "put a text that begins with {, [ or ! in quotes"
    return _Refused(syntax_error(text, start, end, "A key is a single text", hint))


def _column(text: str, offset: int) -> int:
    return offset - text.rfind("\n", 0, offset)


def _offsets(event: events.Event) -> tuple[int, int]:
    """Where the event begins and ends; libyaml counts in characters."""
    return event.start_mark.index, event.end_mark.index  # type: ignore[union-attr]
