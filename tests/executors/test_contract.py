"""What every executor owes the engine."""

from __future__ import annotations

import functools
import sys
import traceback
from pathlib import Path

import pytest
from told import JumpingClock, MakeCall, Submit, Told

import sfnb.executors
from sfnb.engine.ports import Executor
from sfnb.errors import TaskError
from sfnb.executors.context import cancelled, heartbeat, sleep


def test_the_answer_of_a_function_is_reported(executor: Executor, submit: Submit) -> None:
    _, told = submit(executor, lambda order: {"id": order["id"], "tags": ("a", "b")}, {"id": 7})

    assert told.outcome() == ("succeeded", {"id": 7, "tags": ["a", "b"]})


def test_the_answer_of_an_async_function_is_reported(executor: Executor, submit: Submit) -> None:
    async def double(n):
        await sleep(0)
        return n * 2

    _, told = submit(executor, double, 21, wait_until=lambda moment, wake: wake() or (lambda: None))

    assert told.outcome() == ("succeeded", 42)


@pytest.mark.parametrize("shape", ["partial", "object", "method"])
def test_async_functions_in_disguise_are_awaited(executor: Executor, submit: Submit, shape: str) -> None:
    class Doubler:
        async def __call__(self, n):
            return n * 2

        async def double(self, n):
            return n * 2

    disguised = {
        "partial": functools.partial(Doubler().double),
        "object": Doubler(),
        "method": Doubler().double,
    }

    assert submit(executor, disguised[shape], 4)[1].outcome() == ("succeeded", 8)


def test_an_exception_is_a_failure_with_the_users_own_stack(executor: Executor, submit: Submit) -> None:
    def price(order):
        return look_up(order["sku"])

    def look_up(sku):
        raise LookupError("no price for " + sku)

    _, told = submit(executor, price, {"sku": "A7"})

    kind, error, message, trace = told.outcome()
    assert (kind, error, message) == ("failed", "LookupError", "no price for A7")
    first = price.__code__.co_firstlineno
    assert trace == [
        f'  File "{__file__}", line {first + 1}, in price\n    return look_up(order["sku"])\n',
        f'  File "{__file__}", line {first + 4}, in look_up\n    raise LookupError("no price for " + sku)\n',
    ]


def test_an_exception_in_an_async_function_is_a_failure_with_the_users_own_stack(
    executor: Executor, submit: Submit
) -> None:
    async def price(_):
        raise LookupError("none")

    kind, error, message, trace = submit(executor, price)[1].outcome()

    assert (kind, error, message) == ("failed", "LookupError", "none")
    assert len(trace) == 1
    assert ", in price\n" in trace[0]


def test_a_long_stack_is_cut_in_the_middle(executor: Executor, submit: Submit) -> None:
    def fall(n):
        return fall(n + 1)

    _, error, _, trace = submit(executor, fall, 0)[1].outcome()

    assert error == "RecursionError"
    assert len(trace) == 51
    assert "more frames]" in trace[25]


def test_the_stack_names_a_cell_without_the_process_id(executor: Executor, submit: Submit) -> None:
    names = {}
    exec(compile("def cell(_): 1 / 0", "/tmp/ipykernel_4711/123456.py", "exec"), names)

    _, _, _, trace = submit(executor, names["cell"])[1].outcome()

    assert trace == ['  File "<cell 123456>", line 1, in cell\n']


def test_none_of_our_own_files_show_in_a_stack(executor: Executor, submit: Submit) -> None:
    def price(_):
        raise ValueError("x") from LookupError("y")

    *_, trace = submit(executor, price)[1].outcome()

    assert str(Path(sfnb.executors.__file__).parent) not in "".join(trace)


def test_a_task_error_chooses_error_and_cause(executor: Executor, submit: Submit) -> None:
    def charge(_):
        raise TaskError("PaymentDeclined", "card expired")

    assert submit(executor, charge)[1].outcome() == ("refused", "PaymentDeclined", "card expired")


def test_a_task_error_may_have_no_cause(executor: Executor, submit: Submit) -> None:
    def charge(_):
        raise TaskError("PaymentDeclined")

    assert submit(executor, charge)[1].outcome() == ("refused", "PaymentDeclined", None)


def test_an_answer_that_is_not_json_fails_as_in_lambda(executor: Executor, submit: Submit) -> None:
    _, told = submit(executor, lambda _: {"rows": [{"price": float("nan")}]})

    assert told.outcome() == (
        "failed",
        "Runtime.MarshalError",
        'Unable to marshal response: answer["rows"][0]["price"] is NaN: '
        "JSON has no such number; use None instead",
        [],
    )


@pytest.mark.parametrize("exception", [SystemExit, GeneratorExit, BaseException])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_whatever_a_task_raises_is_the_tasks_failure(
    executor: Executor, submit: Submit, exception: type[BaseException], asynchronous: bool
) -> None:
    def leave(_):
        raise exception(3)

    async def leave_async(_):
        raise exception(3)

    _, told = submit(executor, leave_async if asynchronous else leave)

    assert told.outcome()[:3] == ("failed", exception.__name__, "3")
    assert submit(executor, lambda _: "still here")[1].outcome() == ("succeeded", "still here")


def test_an_exception_without_text_is_reported(executor: Executor, submit: Submit) -> None:
    class Mute(Exception):
        def __str__(self):
            raise ValueError

    def fail(_):
        raise Mute

    assert submit(executor, fail)[1].outcome()[1:3] == ("Mute", "<no text: its __str__ raised ValueError>")


def test_a_payload_that_does_not_fit_the_parameters_is_a_failure(executor: Executor, submit: Submit) -> None:
    _, told = submit(executor, lambda sku, qty: ..., {"sku": 1, "Qty": 2})

    assert told.outcome() == (
        "failed",
        "TypeError",
        "<lambda>() needs 'qty'; the payload has 'sku', 'Qty': is 'Qty' meant?",
        [],
    )


def test_what_a_function_does_to_its_argument_stays_with_it(executor: Executor, make_call: MakeCall) -> None:
    def spoil(order):
        order["rows"].clear()
        return order

    call, report = make_call(spoil, {"rows": [1, 2]}), Told()
    executor.submit(call, report)

    assert report.outcome() == ("succeeded", {"rows": []})
    assert call.argument.value == {"rows": [1, 2]}


def test_what_a_function_does_to_its_answer_later_stays_with_it(executor: Executor, submit: Submit) -> None:
    kept = {"rows": [1]}
    outcome = submit(executor, lambda _: kept)[1].outcome()
    kept["rows"].append(2)

    assert outcome == ("succeeded", {"rows": [1]})


def test_a_lambda_handler_gets_event_and_context(executor: Executor, submit: Submit) -> None:
    def handler(event, context):
        return [event, context.function_name, context.get_remaining_time_in_millis()]

    _, told = submit(executor, handler, {"id": 1}, timeout_seconds=2.5)

    assert told.outcome() == ("succeeded", [{"id": 1}, "price", 2500])


def test_what_a_task_prints_is_told_by_the_line_and_before_its_outcome(
    executor: Executor, submit: Submit
) -> None:
    def talk(_):
        print("one", "two")
        print("three", end="", file=sys.stderr)

    assert submit(executor, talk)[1].outcome() == ("succeeded", None)
    _, told = submit(executor, talk)
    told.outcome()
    assert told.all == [("printed", "one two\n"), ("printed", "three"), ("succeeded", None)]


def test_what_a_failing_task_prints_is_told(executor: Executor, submit: Submit) -> None:
    def talk(_):
        traceback.print_stack(limit=1)
        raise ValueError

    _, told = submit(executor, talk)

    assert told.outcome()[1] == "ValueError"
    assert "in talk" in told.text


def test_a_heartbeat_is_told(executor: Executor, submit: Submit) -> None:
    def live(_):
        heartbeat()
        return cancelled()

    _, told = submit(executor, live)

    assert told.outcome() == ("succeeded", False)
    assert told.all == [("heartbeat",), ("succeeded", False)]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_sleep_follows_the_executions_clock(
    executor: Executor, submit: Submit, jumping_clock: JumpingClock, asynchronous: bool
) -> None:
    def nap(_):
        sleep(86_400)

    async def nap_async(_):
        await sleep(86_400)

    before = jumping_clock.now()
    _, told = submit(
        executor,
        nap_async if asynchronous else nap,
        now=jumping_clock.now,
        wait_until=jumping_clock.wait_until,
    )

    assert told.outcome() == ("succeeded", None)
    assert (jumping_clock.now() - before).days == 1
