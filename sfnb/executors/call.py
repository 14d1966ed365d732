"""How a Python function is called with a JSON payload, and how its outcome is told.

What a function's parameters say:

    def f():                   called without the payload
    def f(order):              the whole payload, whatever it is
    def f(event, context):     a Lambda handler; also (event, _context) and (event, _)
    def f(sku, qty=1, **rest)  the payload's keys, by name; a key too few or too many is a TypeError
    def f(*args), or unknown   the whole payload
    a class, a method, a partial, an object with __call__: as its signature says; what a partial has
    filled in already is no parameter any more

A signature is read once and kept as a `Plan` as long as the function lives.
"""

from __future__ import annotations

import functools
import inspect
import os
import re
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from inspect import Parameter
from typing import Any, TypeAlias, TypeGuard
from weakref import WeakKeyDictionary

import msgspec

from sfnb import jsonable
from sfnb.engine.ports import Call
from sfnb.errors import TaskError
from sfnb.executors.context import CURRENT, Running
from sfnb.executors.output import Printing
from sfnb.jsonable import NotJson, to_payload
from sfnb.values import Json, Payload, decode, encode

Arguments: TypeAlias = tuple[tuple[object, ...], dict[str, Any]]
Function: TypeAlias = Callable[..., Any]
Context: TypeAlias = Callable[[], object]


def bind(function: Function, payload: Json, context: Context = lambda: None) -> Arguments:
    """The arguments with which `function` is to be called.

    payload: becomes the function's own; a fresh copy is the caller's duty.
    context: makes the `context` of a Lambda handler.
    Raises TypeError where the payload does not fit.

    >>> bind(lambda sku, qty=1: ..., {"sku": "A7"})
    ((), {'sku': 'A7'})
    >>> bind(lambda order: ..., {"sku": "A7"})
    (({'sku': 'A7'},), {})
    """
    return plan_of(function).bind(payload, context)


class Plan(msgspec.Struct, frozen=True):
    """What a function's signature means; does not hold the function, so that it can die."""

    is_async: bool
    bind: Callable[[Json, Context], Arguments]


_PLANS: WeakKeyDictionary[Function, Plan] = WeakKeyDictionary()  # a memo


def plan_of(function: Function) -> Plan:
    try:
        plan = _PLANS.get(function)
    except TypeError:  # an object that cannot be hashed or weakly held: read it anew each time
        return _read(function)
    if plan is None:
        plan = _PLANS[function] = _read(function)
    return plan


def _read(function: Function) -> Plan:
    inner = function
    filled: set[str] = set()
    while isinstance(inner, functools.partial):
        filled |= inner.keywords.keys()
        inner = inner.func
    named = inspect.isclass(inner) or inspect.isroutine(inner)
    is_async = inspect.iscoroutinefunction(inner if named else type(inner).__call__)
    name = getattr(inner, "__name__", None) or type(inner).__name__
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # a builtin that does not tell, or nothing that can be called
        return Plan(is_async, _whole)
    return Plan(is_async, _binder(name, [p for p in parameters if p.name not in filled]))


def _binder(name: str, parameters: Sequence[Parameter]) -> Callable[[Json, Context], Arguments]:
    positional = [
        p for p in parameters if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    ]
    keyword = [p for p in parameters if p.kind is Parameter.KEYWORD_ONLY]
    takes_rest = any(p.kind is Parameter.VAR_KEYWORD for p in parameters)
    required = [p.name for p in (*positional, *keyword) if p.default is Parameter.empty]
    if _is_handler(positional, required):
        return _handler
    if not positional and not required and any(p.kind is Parameter.VAR_POSITIONAL for p in parameters):
        return _whole
    if not parameters:
        return _nothing
    if len(positional) + len(keyword) == 1 and not takes_rest:
        return _whole if positional else functools.partial(_whole_as, keyword[0].name)
    return _Keys(name, positional, keyword, takes_rest).bind


def _is_handler(positional: Sequence[Parameter], required: Iterable[str]) -> bool:
    event, context = [p.name for p in positional[:2]] if len(positional) > 1 else ("", "")
    return event == "event" and context.lstrip("_") in ("context", "") and set(required) <= {event, context}


def _whole(payload: Json, _: Context) -> Arguments:
    return (payload,), {}


def _whole_as(name: str, payload: Json, _: Context) -> Arguments:
    return (), {name: payload}


def _handler(payload: Json, context: Context) -> Arguments:
    return (payload, context()), {}


def _nothing(_: Json, __: Context) -> Arguments:
    return (), {}


class _Keys:
    """Fills several parameters from the payload's keys."""

    def __init__(
        self, name: str, positional: Sequence[Parameter], keyword: Sequence[Parameter], takes_rest: bool
    ) -> None:
        every = {p.name: p for p in (*positional, *keyword)}
        self.name = name
        self.names = every.keys()
        self.required = {p.name for p in every.values() if p.default is Parameter.empty}
        self.takes_rest = takes_rest
        self.positional_only = [p for p in positional if p.kind is Parameter.POSITIONAL_ONLY]

    def bind(self, payload: Json, _: Context) -> Arguments:
        if not isinstance(payload, dict):
            needs = [name for name in self.names if name in self.required] or list(self.names)
            wanted = f"an object with {_list(needs)}" if needs else "an object"
            raise TypeError(f"{self.name}() needs {wanted}; the payload is {_describe(payload)}")
        keys = payload.keys()
        if not (self.required <= keys and (self.takes_rest or keys <= self.names)):
            raise TypeError(self._mismatch(list(keys)))
        if not self.positional_only:
            return (), payload
        return tuple(payload.pop(p.name, p.default) for p in self.positional_only), payload

    def _mismatch(self, keys: Sequence[str]) -> str:
        missing = [name for name in self.names if name in self.required and name not in keys]
        surplus = [] if self.takes_rest else [key for key in keys if key not in self.names]
        if missing:
            has = f"the payload has {_list(keys)}" if keys else "the payload is empty"
            meant = _nearest(missing, [key for key in keys if key not in self.names])
            hint = f": is {meant!r} meant?" if meant else ""
            return f"{self.name}() needs {_list(missing)}; {has}{hint}"
        meant = _nearest(surplus, list(self.names))
        hint = f": is {meant!r} meant?" if meant else ""
        return f"{self.name}() does not take {_list(surplus)}; it takes {_list(self.names)}{hint}"


def _list(names: Iterable[str]) -> str:
    shown = [repr(name) for name in names]
    return ", ".join(shown if len(shown) <= 10 else [*shown[:10], f"and {len(shown) - 10} more"])


def _nearest(wanted: Sequence[str], offered: Sequence[str]) -> str | None:
    """The name on offer that looks most like one that is wanted: `orderId` for `order_id`."""
    plain = {re.sub(r"[\W_]", "", name).lower(): name for name in offered}
    for name in wanted:
        for match in get_close_matches(re.sub(r"[\W_]", "", name).lower(), plain, n=1, cutoff=0.7):
            return plain[match]
    return None


def _describe(payload: Json) -> str:
    kind = {bool: "", type(None): "", str: "the text ", list: "an array: "}.get(type(payload), "the number ")
    text = encode(payload)
    return kind + (text if len(text) <= 60 else text[:60] + "…")


class LambdaContext:
    """What AWS Lambda hands to `handler(event, context)`, as far as there is such a thing here.

    Source: awslambdaric, lambda_context.py; memory_limit_in_mb is text there, too.
    """

    memory_limit_in_mb = "128"
    client_context = None
    identity = None

    def __init__(self, call: Call) -> None:
        timeout_seconds = 900 if call.timeout_seconds is None else call.timeout_seconds  # Lambda's own limit
        self._call = call
        self._started = call.now()
        self._deadline = self._started + timedelta(seconds=timeout_seconds)
        arn = call.resource if ":function:" in call.resource else None
        name, _, version = arn.partition(":function:")[2].partition(":") if arn else (call.name, "", "")
        self.function_name = name
        self.function_version = version or "$LATEST"
        self.invoked_function_arn = arn or f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        self.log_group_name = f"/aws/lambda/{name}"

    @cached_property
    def aws_request_id(self) -> str:
        """The same when the call is repeated after a crash."""
        from uuid import NAMESPACE_URL, uuid5

        return str(uuid5(NAMESPACE_URL, self._call.key))

    @property
    def log_stream_name(self) -> str:
        return f"{self._started:%Y/%m/%d}/[{self.function_version}]{self.aws_request_id.replace('-', '')}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, (self._deadline - self._call.now()) // timedelta(milliseconds=1))


def perform(running: Running, plan: Plan) -> None:
    """Call the function and report its outcome; whatever it raises is the task's failure.

    A KeyboardInterrupt on the main thread is a person's: it is reported, and goes on its way.
    """
    CURRENT.set(running)
    with Printing(running.report.printed):
        try:
            args, kwargs = arguments_of(running.call, plan)
            outcome: Payload | BaseException = to_payload(running.call.function(*args, **kwargs))
        except BaseException as error:
            outcome = error
    tell(running, outcome)
    if is_interrupt(outcome):
        raise outcome


def arguments_of(call: Call, plan: Plan) -> Arguments:
    # Decoded anew: what the function does to its argument must not reach the engine's.
    return plan.bind(decode(call.argument.text), lambda: LambdaContext(call))


def is_interrupt(outcome: object) -> TypeGuard[KeyboardInterrupt]:
    return isinstance(outcome, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def tell(running: Running, outcome: Payload | BaseException) -> None:
    report = running.report
    running.answered = True
    match outcome:
        case Payload():
            report.succeeded(outcome)
        case TaskError():
            report.refused(str(outcome.error), None if outcome.cause is None else str(outcome.cause))
        case NotJson():
            # Lambda's own name and words, so that a Catch made here works there.
            # Source: awslambdaric, lambda_runtime_marshaller.py.
            report.failed("Runtime.MarshalError", f"Unable to marshal response: {outcome}", [])
        case _:
            report.failed(type(outcome).__name__, _text(outcome), trace(outcome))


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # user code: an exception's __str__
        return f"<no text: its __str__ raised {type(broken).__name__}>"


_OURS = (os.path.dirname(__file__) + os.sep, jsonable.__file__)
_CELL = re.compile(r".*[\\/]ipykernel_\d+[\\/](\d+)\.py")
_FRAMES = 50


def trace(error: BaseException) -> list[str]:
    """The stack of the user's own frames, as Lambda's `stackTrace`; of a long one the two ends.

    A cell is named by the hash of its text: the path that ipykernel gives it holds a process id.
    """
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        if not frame.filename.startswith(_OURS):
            file = _CELL.sub(r"<cell \1>", frame.filename)
            code = f"    {frame.line}\n" if frame.line else ""
            lines.append(f'  File "{file}", line {frame.lineno}, in {frame.name}\n{code}')
    if len(lines) > _FRAMES:
        half = _FRAMES // 2
        lines[half:-half] = [f"  [{len(lines) - _FRAMES} more frames]\n"]
    return lines
