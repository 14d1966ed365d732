"""Records as they lie in the file: a *chunk* is what one append added to one execution, as one blob.

Theory of operation. A row for each event would cost more than the event itself. A chunk is a MessagePack list
of events, each an object with the name of its class and those fields that differ from their default: so a
new field with a default, or a new class, leaves old chunks readable. Names and small texts repeat, so the
list is deflated at the quickest level. Large texts are taken out first (see `texts`), and each place where
one stood is noted.

The first byte says what follows: "p" the list as it is, "z" the list deflated, "t" a MessagePack array of the
list (itself "p" or "z"), the places and the texts (again "p" or "z").
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Union, get_args

import msgspec
from msgspec import structs

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.stores.sqlite.texts import Kept, TextPool, rebuilt

LARGE = 1_024
"""Characters from which on a text is taken out of its event."""
MOST_RECORDS = 4_096
MOST_CHARACTERS = 4_194_304
"""A longer append becomes several chunks, so that a reader never holds more than about this at a time."""
DEFLATED_FROM = 2_048
"""Bytes below which deflating takes longer than it saves: it costs as much as the commit itself."""
TEXTS_DEFLATED_TO = 65_536
"""Bytes of large texts beyond which deflating them takes longer than writing them."""

PAYLOADS = ("input", "output", "parameters", "cause", "text", "assigned_variables")
"""The fields that may hold a large text."""


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """Consecutive records of one execution.

    count: how many. last_id: of the last AWS event among them; 0: there are facts alone.
    """

    count: int
    last_id: int
    data: bytes


class _Place(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a large text stands: in which record (from 0), in which field, under which key of it."""

    record: int
    field: str
    text: int
    key: str | None = None


class _WithTexts(msgspec.Struct, frozen=True, array_like=True):
    records: bytes
    places: list[_Place]
    texts: bytes


def event_classes() -> tuple[type[ev.Event], ...]:
    """Every class that a record may have, in the order of the modules."""
    named = [*vars(ev).values(), *vars(facts).values()]
    return tuple(
        dict.fromkeys(
            each
            for each in named
            if isinstance(each, type) and issubclass(each, ev.Event) and not each.__name__.startswith("_")
        )
    )


_encode = msgspec.msgpack.Encoder().encode
_decode_places = msgspec.msgpack.Decoder(_WithTexts).decode
_decode_texts = msgspec.msgpack.Decoder(list[Kept]).decode


@cache
def _decoder() -> msgspec.msgpack.Decoder[list[ev.Event]]:
    return msgspec.msgpack.Decoder(list[Union[event_classes()]])  # type: ignore[misc]  # noqa: UP007


@cache
def _payloads(kind: type[ev.Event]) -> tuple[str, ...]:
    """The fields of a class that may hold a large text."""
    return tuple(name for name in kind.__struct_fields__ if name in PAYLOADS)


@cache
def _text_fields(kind: type[ev.Event]) -> tuple[str, ...]:
    """The fields of a class that may hold any text."""
    texts = {str, dict[str, str]}
    return tuple(each.name for each in structs.fields(kind) if texts & {each.type, *get_args(each.type)})


def chunks(events: Sequence[ev.Event]) -> Iterator[Chunk]:
    """The chunks that an append of `events` becomes: one, unless it is very long."""
    remaining = iter(events)
    while batch := list(islice(remaining, MOST_RECORDS)):
        while batch:
            taken, chunk = _chunk(batch)
            yield chunk
            batch = batch[taken:]


def _chunk(events: list[ev.Event]) -> tuple[int, Chunk]:
    """The chunk of the first of `events`, and how many those are."""
    pool = TextPool()
    places: list[_Place] = []
    taken = len(events)
    lighter: dict[int, ev.Event] = {}
    for at, event in enumerate(events):
        for field in _payloads(type(event)):
            value = getattr(event, field)
            if value is not None and (type(value) is dict or len(value) >= LARGE):
                lighter[at] = _without(lighter.get(at, event), field, at, pool, places)
        if pool.characters > MOST_CHARACTERS:
            taken = at + 1
            break
    written = events[:taken]
    kept = [lighter.get(at, event) for at, event in enumerate(written)] if lighter else written
    try:
        records = _deflated(_encode(kept))
    except UnicodeEncodeError:
        kept = [_without_surrogates(event, at, pool, places) for at, event in enumerate(kept)]
        records = _deflated(_encode(kept))
    last_id = next((event.id for event in reversed(written) if event.id), 0)
    return taken, Chunk(taken, last_id, _with_texts(records, places, pool))


def _with_texts(records: bytes, places: list[_Place], pool: TextPool) -> bytes:
    if not places:
        return records
    texts = _encode(pool.kept)
    texts = _deflated(texts) if len(texts) <= TEXTS_DEFLATED_TO else b"p" + texts
    return b"t" + _encode(_WithTexts(records, places, texts))


def _without(
    event: ev.Event, field: str, at: int, pool: TextPool, places: list[_Place], *, large: int = LARGE
) -> ev.Event:
    """`event` without the large texts of one field, which go to the pool."""
    value = getattr(event, field)
    if isinstance(value, str):
        places.append(_Place(at, field, pool.place(value)))
        return structs.replace(event, **{field: ""})
    lighter = dict(value)
    for key, text in value.items():
        if len(text) >= large:
            places.append(_Place(at, field, pool.place(text), key))
            lighter[key] = ""
    return structs.replace(event, **{field: lighter})


def _without_surrogates(event: ev.Event, at: int, pool: TextPool, places: list[_Place]) -> ev.Event:
    """`event` without any text that is not Unicode's, such as what a task printed of a broken file name."""
    try:
        _encode(event)
    except UnicodeEncodeError:
        for field in _text_fields(type(event)):
            value = getattr(event, field)
            if isinstance(value, dict) or (value and not _is_unicode(value)):
                event = _without(event, field, at, pool, places, large=1)
    return event


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _deflated(data: bytes) -> bytes:
    return b"z" + zlib.compress(data, 1) if len(data) >= DEFLATED_FROM else b"p" + data


def _inflated(data: bytes) -> bytes | memoryview:
    if data[:1] == b"z":
        return zlib.decompress(memoryview(data)[1:])
    if data[:1] == b"p":
        return memoryview(data)[1:]
    raise ValueError("it begins with none of the letters that a chunk begins with")


def decoded(data: bytes) -> list[ev.Event]:
    """The records of a chunk.

    Raises ValueError where they cannot be read: they are damaged, or of a later version.
    """
    try:
        if data[:1] != b"t":
            return _decoder().decode(_inflated(data))
        parts = _decode_places(memoryview(data)[1:])
        records = _decoder().decode(_inflated(parts.records))
        texts = rebuilt(_decode_texts(_inflated(parts.texts)))
        for place in parts.places:
            _put_back(records[place.record], place, texts[place.text])
    except (zlib.error, IndexError, KeyError, AttributeError) as fault:
        raise ValueError(str(fault)) from fault
    return records


def _put_back(event: ev.Event, place: _Place, text: str) -> None:
    """Only here is a record changed: nobody has seen it yet."""
    if place.key is None:
        structs.force_setattr(event, place.field, text)
    else:
        getattr(event, place.field)[place.key] = text
