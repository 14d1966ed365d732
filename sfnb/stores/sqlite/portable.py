"""A store's executions as JSON Lines, to be carried to another store.

The first line is {"sfnb": 1}. {"definition": KEY, "text": TEXT} is a definition. {"execution": ARN,
"events": N} is followed by that execution's N records, facts included, one a line.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar, Union

import msgspec

from sfnb.engine.events import Event
from sfnb.engine.facts import ExecutionPlanned
from sfnb.engine.records import ExecutionRecord, recorded
from sfnb.errors import SfnbError
from sfnb.stores.sqlite import catalogue, references
from sfnb.stores.sqlite.chunks import Chunk, chunks, event_classes
from sfnb.stores.sqlite.owners import NOBODY
from sfnb.stores.sqlite.schema import place
from sfnb.stores.sqlite.store import SqliteStore

VERSION = 1
READ_AT_A_TIME = 2_000
"""Records."""
NAMING = references.REFERRING | {ExecutionPlanned}
"""The records that name map runs or definitions."""

Answer = TypeVar("Answer")

_EXECUTION = b'{"execution":'


class _Begun(msgspec.Struct, frozen=True):
    """The heading of an execution."""

    execution: str
    events: int


class _Definition(msgspec.Struct, frozen=True):
    definition: str
    text: str


_OBJECT = msgspec.json.Decoder(dict[str, Any])
_BEGUN = msgspec.json.Decoder(_Begun)
_DEFINITION = msgspec.json.Decoder(_Definition)


@cache
def _records() -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(Union[event_classes()])  # noqa: UP007


def export(store: SqliteStore, executions: Sequence[str] | None = None) -> Iterator[bytes]:
    """The lines of these executions and of their map runs' children, or of all there are; oldest first.

    Of one that is still running, what it has so far. Raises SfnbError where there is no such execution.
    """
    yield _line({"sfnb": VERSION})
    known: set[str] = set()
    for arn in _with_children(store, store.executions() if executions is None else executions):
        record = store.find(arn)
        if record is None:
            continue  # deleted in the meantime
        for key, text in store.ask(partial(references.definitions_of, arn=arn)):
            if key not in known:
                known.add(key)
                yield _line(_Definition(key, text))
        yield _line(_Begun(arn, record.events))
        yield from map(_line, islice(store.read(arn), record.events))


def _with_children(store: SqliteStore, executions: Sequence[str]) -> list[str]:
    def ask(connection: sqlite3.Connection) -> list[str]:
        found: dict[int, str] = {}
        for arn in executions:
            held = catalogue.held(connection, arn)
            if held is None:
                raise SfnbError(f"there is no execution {arn}")
            found.update(references.family(connection, held.number))
        return [found[number] for number in sorted(found)]

    return store.ask(ask)


def _line(value: object) -> bytes:
    try:
        return msgspec.json.encode(value) + b"\n"
    except UnicodeEncodeError:  # a text with a lone surrogate: JSON can say it by an escape alone
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode() + b"\n"


def import_file(store: SqliteStore, path: Path) -> int:
    """Take up the executions of an export, each wholly or not at all; answers with how many.

    Those without an end are nobody's: they can be resumed. Raises SfnbError where the file cannot be read;
    where any of them is there already, then nothing is taken up; at a line that is not what it has to be,
    which it numbers: then what stands before it has been taken up.
    """
    try:
        with path.open("rb") as file:
            _check_new(store, _Lines(file))
        with path.open("rb") as file:
            return _take_up_all(store, _Lines(file))
    except OSError as fault:
        raise SfnbError(f"cannot read '{path}': {fault.strerror or fault}") from None


class _Lines:
    """The lines of a file, numbered from 1 for messages."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._number = 0

    def next(self) -> bytes:
        """The next line; b"" at the end."""
        self._number += 1
        return self._file.readline()

    def decode(self, line: bytes, decoder: msgspec.json.Decoder[Answer]) -> Answer:
        """What the line that was read last says; raises SfnbError."""
        try:
            return decoder.decode(line)
        except msgspec.DecodeError as fault:
            try:  # as `_line` may have written it
                return msgspec.convert(json.loads(line), decoder.type)
            except ValueError:
                raise SfnbError(f"line {self._number}: {fault}") from None


def _check_new(store: SqliteStore, lines: _Lines) -> None:
    first = lines.next()
    if lines.decode(first, _OBJECT) != {"sfnb": VERSION}:
        raise SfnbError(f'line 1 has to be {{"sfnb":{VERSION}}}: this is no export, or one of a later sfnb')
    known = []
    while line := lines.next():
        if line.startswith(_EXECUTION):
            arn = lines.decode(line, _BEGUN).execution
            if store.find(arn) is not None:
                known.append(arn)
    if known:
        raise SfnbError(f"already in the store, so nothing is imported: {', '.join(known)}")


def _take_up_all(store: SqliteStore, lines: _Lines) -> int:
    lines.next()
    count = 0
    while line := lines.next():
        if line.startswith(_EXECUTION):
            _take_up(store, lines.decode(line, _BEGUN), lines)
            count += 1
        else:
            _keep(store, lines.decode(line, _DEFINITION))
    return count


def _keep(store: SqliteStore, definition: _Definition) -> None:
    if store.keep_definition(definition.text) != definition.definition:
        raise SfnbError(f"the definition {definition.definition} has another text than when it was stored")


def _take_up(store: SqliteStore, begun: _Begun, lines: _Lines) -> None:
    """One execution: made ready before others have to wait for it."""
    record: ExecutionRecord | None = None
    kept: list[Chunk] = []
    referring: list[Event] = []
    remaining = begun.events
    while remaining:
        events = [_record(begun, lines) for _ in range(min(remaining, READ_AT_A_TIME))]
        record = recorded(begun.execution, record, events)
        kept += chunks(events)
        referring += [event for event in events if type(event) in NAMING]
        remaining -= len(events)
    if record is None:
        raise SfnbError(f"{begun.execution} has no records")
    taken = record

    def work(connection: sqlite3.Connection) -> None:
        if catalogue.held(connection, begun.execution) is not None:
            raise SfnbError(f"already in the store: {begun.execution}")
        number = catalogue.insert(connection, taken, NOBODY)
        catalogue.add_chunks(connection, place(number, 0), kept)
        references.add_references(connection, number, referring)

    store.write(work)


def _record(begun: _Begun, lines: _Lines) -> Event:
    line = lines.next()
    if not line:
        raise SfnbError(f"the file ends in the middle of {begun.execution}, which is left out")
    return lines.decode(line, _records())
