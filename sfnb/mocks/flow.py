"""Where a value comes from, as far as a definition tells without being run.

A `Ref` leads to a place in a document that is not known (a task's result, the input); reading it makes
the document's `Want` grow. The others are built by the definition itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from sfnb.mocks.want import Option, Want
from sfnb.values import Json, encode

Path = tuple[str | int | None, ...]
"""Names, indices, and None for any element."""


class Ref(msgspec.Struct, frozen=True):
    """A place in a document. Nothing is wanted of it until it is read."""

    root: Want
    path: Path = ()

    def want(self) -> Want:
        want = self.root
        for step in self.path:
            want = want.member(step) if isinstance(step, str) else want.item(step)
        return want


class Const(msgspec.Struct, frozen=True):
    value: Json


class Build(msgspec.Struct, frozen=True):
    """An object: these members, and those of `base`."""

    members: dict[str, Flow]
    base: Flow | None = None


class Seq(msgspec.Struct, frozen=True):
    """An array of known elements: the results of a Parallel state."""

    items: tuple[Flow, ...]


class ListOf(msgspec.Struct, frozen=True):
    element: Flow


class Text(msgspec.Struct, frozen=True):
    """The JSON text of something."""

    content: Flow


class Either(msgspec.Struct, frozen=True):
    """One of these, depending on the way that was taken."""

    options: tuple[Flow, ...]


Flow: TypeAlias = Ref | Const | Build | Seq | ListOf | Text | Either
NOTHING = Const(None)
MOST = 8
"""So many ways are followed, of a value and through a state."""


def either(flows: Iterable[Flow]) -> Flow:
    found: dict[str, Flow] = {}
    for flow in flows:
        for option in flow.options if isinstance(flow, Either) else (flow,):
            if len(found) < MOST:
                found.setdefault(signature(option), option)
    options = tuple(flow for flow in found.values() if flow != NOTHING) or (NOTHING,)
    return options[0] if len(options) == 1 else Either(options)


def member(flow: Flow, name: str) -> Flow:
    match flow:
        case Ref(root, path):
            return Ref(root, (*path, name))
        case Const(value):
            return Const(value[name]) if isinstance(value, dict) and name in value else NOTHING
        case Build(members, base):
            return members[name] if name in members else NOTHING if base is None else member(base, name)
        case ListOf(inner):
            return ListOf(member(inner, name))
        case Either(options):
            return either(member(option, name) for option in options)
    return NOTHING


def element(flow: Flow, index: int | None) -> Flow:
    match flow:
        case Ref(root, path):
            return Ref(root, (*path, index))
        case Const(value):
            return (
                Const(value[index or 0])
                if isinstance(value, list) and -1 <= (index or 0) < len(value)
                else NOTHING
            )
        case Seq(items):
            return items[index] if index is not None and -1 <= index < len(items) else either(items)
        case ListOf(inner):
            return inner
        case Either(options):
            return either(element(option, index) for option in options)
    return NOTHING


def read(flow: Flow, path: Path) -> Flow:
    """What is at `path`; whatever document it lies in has to have it from now on."""
    for position, step in enumerate(path):
        if step is None:
            return ListOf(read(element(flow, None), path[position + 1 :]))
        flow = member(flow, step) if isinstance(step, str) else element(flow, step)
    wants(flow)
    return flow


def wants(flow: Flow) -> list[Want]:
    """The places in documents that it may be; each is wanted from now on."""
    match flow:
        case Ref():
            return [flow.want()]
        case Either(options):
            return [want for option in options for want in wants(option)]
    return []


def need(flow: Flow, kind: str) -> Flow:
    for want in wants(flow):
        want.kinds.add(kind)
    return flow


def offer(flow: Flow, options: Iterable[Option]) -> None:
    options = list(options)
    for want in wants(flow):
        for option in options:
            want.offer(option)


def parse(flow: Flow) -> Flow:
    """What a text holds as JSON."""
    match flow:
        case Ref():
            return Ref(flow.want().content())
        case Text(content):
            return content
        case Either(options):
            return either(parse(option) for option in options)
    return NOTHING


def place(base: Flow, path: Sequence[str], value: Flow) -> Flow:
    """`base` with `value` at `path`, as ResultPath does it."""
    if not path:
        return value
    return Build({path[0]: place(member(base, path[0]), path[1:], value)}, base)


def signature(flow: Flow, depth: int = 6) -> str:
    """Equal for what is the same way; ways that differ only far inside count as the same."""
    if depth == 0:
        return "…"
    match flow:
        case Ref(root, path):
            return f"@{id(root)}{path}"
        case Const(value):
            return encode(value)[:200]
        case Build(members, base):
            inner = ",".join(
                f"{name}:{signature(value, depth - 1)}" for name, value in sorted(members.items())
            )
            return f"{{{inner}}}{'' if base is None else signature(base, depth - 1)}"
        case ListOf(inner_flow):
            return f"[{signature(inner_flow, depth - 1)}]"
        case Text(content):
            return f"'{signature(content, depth - 1)}'"
        case Seq(items) | Either(items):
            return "|".join(signature(item, depth - 1) for item in items)
