"""Binding a payload to parameters, and Lambda's context."""

from __future__ import annotations

import copy
import functools
import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from told import HandClock, MakeCall

from sfnb.executors.call import LambdaContext, bind, plan_of
from sfnb.values import Json

ORDER: dict[str, Json] = {"sku": "A7", "qty": 2}


def call(function: Callable[..., Any], payload: Json) -> Any:
    args, kwargs = bind(function, copy.deepcopy(payload), lambda: "context")
    return function(*args, **kwargs)


@dataclass
class Line:
    sku: str
    qty: int = 1


class Shop:
    def price(self, sku: str, qty: int) -> tuple[object, ...]:
        return sku, qty

    def whole(self, order: Json) -> Json:
        return order

    @classmethod
    def of_class(cls, sku: str, qty: int) -> tuple[object, ...]:
        return cls.__name__, sku, qty

    @staticmethod
    def of_none(sku: str, qty: int) -> tuple[object, ...]:
        return sku, qty

    def __call__(self, sku: str, qty: int) -> tuple[object, ...]:
        return sku, qty


class Slotted:
    """Cannot be held weakly."""

    __slots__ = ()

    def __call__(self, order: Json) -> Json:
        return order


@dataclass
class Unhashable:
    factor: int

    def __call__(self, order: Json) -> Json:
        return order


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: object, **kwargs: object) -> Any:
        return function(*args, **kwargs)

    return wrapper


def three(a: object, b: object, c: object = 3) -> tuple[object, ...]:
    return a, b, c


@pytest.mark.parametrize(
    ("function", "payload", "answer"),
    [
        (lambda: "none", ORDER, "none"),
        (lambda order: order, ORDER, ORDER),
        (lambda order: order, None, None),
        (lambda order: order, [1, 2], [1, 2]),
        (lambda order=5: order, None, None),
        (lambda *, order: order, ORDER, ORDER),
        (lambda event: event, ORDER, ORDER),
        (lambda context: context, ORDER, ORDER),
        (lambda event, context: (event, context), ORDER, (ORDER, "context")),
        (lambda event, _context: (event, _context), ORDER, (ORDER, "context")),
        (lambda event, _: (event, _), [1], ([1], "context")),
        (lambda event, context, table=[]: (event, context, table), ORDER, (ORDER, "context", [])),
        (lambda sku, qty: (sku, qty), ORDER, ("A7", 2)),
        (lambda sku, qty, tax=[]: (sku, qty, tax), ORDER, ("A7", 2, [])),
        (lambda sku, *, qty: (sku, qty), ORDER, ("A7", 2)),
        (lambda sku, qty, /: (sku, qty), ORDER, ("A7", 2)),
        (lambda qty, tax=7, /, sku="": (qty, tax, sku), ORDER, (2, 7, "A7")),
        (lambda sku, **rest: (sku, rest), {**ORDER, "not a name": 1}, ("A7", {"qty": 2, "not a name": 1})),
        (lambda **rest: rest, ORDER, ORDER),
        (lambda a=1, b=2: (a, b), {}, (1, 2)),
        (lambda *args: args, ORDER, (ORDER,)),
        (lambda *args, **kwargs: (args, kwargs), ORDER, ((ORDER,), {})),
        (lambda order, *args: (order, args), ORDER, (ORDER, ())),
        (lambda sku, qty, *args: (sku, qty, args), ORDER, ("A7", 2, ())),
        (wrapped(lambda sku, qty: (sku, qty)), ORDER, ("A7", 2)),
        (Line, ORDER, Line("A7", 2)),
        (Line, {"sku": "B"}, Line("B", 1)),
        (Shop().price, ORDER, ("A7", 2)),
        (Shop().whole, ORDER, ORDER),
        (Shop.of_class, ORDER, ("Shop", "A7", 2)),
        (Shop.of_none, ORDER, ("A7", 2)),
        (Shop(), ORDER, ("A7", 2)),
        (Slotted(), ORDER, ORDER),
        (Unhashable(2), ORDER, ORDER),
        (functools.partial(three, 1), {"b": 2}, (1, 2, 3)),
        (functools.partial(three, b=2), {"a": 1, "c": 4}, (1, 2, 4)),
        (functools.partial(three, b=2, c=3), ORDER, (ORDER, 2, 3)),
        (functools.partial(functools.partial(three, 1), c=3), ORDER, (1, ORDER, 3)),
        (len, ORDER, 2),
        (str, 5, "5"),
        (dict, ORDER, ORDER),
    ],
)
def test_parameters_say_what_they_get(function: Callable[..., Any], payload: Json, answer: object) -> None:
    assert call(function, payload) == answer


def price(sku: str, qty: int, tax: float = 0.2) -> None: ...
def ship(order_id: str, street: str) -> None: ...
def fetch(**query: Json) -> None: ...


@pytest.mark.parametrize(
    ("function", "payload", "message"),
    [
        (price, {"id": 1, "sku": 2}, "price() needs 'qty'; the payload has 'id', 'sku'"),
        (price, {}, "price() needs 'sku', 'qty'; the payload is empty"),
        (
            ship,
            {"orderId": 1, "street": 2},
            "ship() needs 'order_id'; the payload has 'orderId', 'street': is 'orderId' meant?",
        ),
        (
            price,
            {"sku": 1, "quty": 2},
            "price() needs 'qty'; the payload has 'sku', 'quty': is 'quty' meant?",
        ),
        (
            price,
            {"sku": 1, "qty": 2, "colour": 3},
            "price() does not take 'colour'; it takes 'sku', 'qty', 'tax'",
        ),
        (
            price,
            {"sku": 1, "qty": 2, "Tax": 3},
            "price() does not take 'Tax'; it takes 'sku', 'qty', 'tax': is 'tax' meant?",
        ),
        (price, [1, 2], "price() needs an object with 'sku', 'qty'; the payload is an array: [1,2]"),
        (price, None, "price() needs an object with 'sku', 'qty'; the payload is null"),
        (price, True, "price() needs an object with 'sku', 'qty'; the payload is true"),
        (price, 2.5, "price() needs an object with 'sku', 'qty'; the payload is the number 2.5"),
        (
            price,
            "x" * 99,
            f"price() needs an object with 'sku', 'qty'; the payload is the text \"{'x' * 59}…",
        ),
        (fetch, 5, "fetch() needs an object; the payload is the number 5"),
        (Line, {}, "Line() needs 'sku'; the payload is empty"),
        (Shop(), {}, "Shop() needs 'sku', 'qty'; the payload is empty"),
        (functools.partial(price, tax=1), {"sku": 1}, "price() needs 'qty'; the payload has 'sku'"),
        (
            price,
            dict.fromkeys("abcdefghijkl"),
            "price() needs 'sku', 'qty'; the payload has 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', "
            "and 2 more",
        ),
    ],
)
def test_a_payload_that_does_not_fit_is_explained(
    function: Callable[..., Any], payload: Json, message: str
) -> None:
    with pytest.raises(TypeError) as refusal:
        bind(function, payload)

    assert str(refusal.value) == message


def test_a_function_dies_though_its_signature_was_read() -> None:
    def task(sku: str, qty: int = 1) -> None: ...

    plan_of(task)
    gone = weakref.ref(task)
    del task
    gc.collect()

    assert gone() is None


def test_a_signature_is_read_once() -> None:
    assert plan_of(price) is plan_of(price)


# LambdaContext


def test_a_context_knows_its_function_by_the_arn(make_call: MakeCall) -> None:
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:price:live"
    context = LambdaContext(make_call(price, resource=arn))

    assert context.function_name == "price"
    assert context.function_version == "live"
    assert context.invoked_function_arn == arn
    assert context.log_group_name == "/aws/lambda/price"
    assert context.memory_limit_in_mb == "128"


def test_a_context_makes_an_arn_of_a_name(make_call: MakeCall) -> None:
    context = LambdaContext(make_call(price, name="price", resource="arn:aws:states:::lambda:invoke"))

    assert context.function_name == "price"
    assert context.function_version == "$LATEST"
    assert context.invoked_function_arn == "arn:aws:lambda:us-east-1:123456789012:function:price"


def test_a_repeated_call_has_the_same_request_id(make_call: MakeCall) -> None:
    first, again = LambdaContext(make_call(price, key="a")), LambdaContext(make_call(price, key="a"))

    assert first.aws_request_id == again.aws_request_id
    assert first.aws_request_id != LambdaContext(make_call(price, key="b")).aws_request_id
    assert first.log_stream_name == f"2024/05/01/[$LATEST]{first.aws_request_id.replace('-', '')}"


@pytest.mark.parametrize(("timeout_seconds", "milliseconds"), [(3.0, 1000), (1.5, 0), (None, 898_000)])
def test_the_remaining_time_goes_down_with_the_clock(
    make_call: MakeCall, clock: HandClock, timeout_seconds: float | None, milliseconds: int
) -> None:
    context = LambdaContext(make_call(price, timeout_seconds=timeout_seconds))

    clock.move(2)

    assert context.get_remaining_time_in_millis() == milliseconds
