"""What an execution does besides what its language says: turns, clocks, stops, threads, the log."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from laws import check_laws
from machines import (
    ENDLESS,
    NOON,
    TickingClock,
    chain,
    facts_of,
    frozen,
    history,
    load,
    parallel,
    single,
    types,
)

import sfnb
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import JumpClock
from sfnb.engine.run import TURN_TRANSITIONS, Run
from sfnb.errors import StaleAppend
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.memory import MemoryStore

YEAR = 365 * 24 * 3600
SOON = 60.0
"""Seconds within which what is to end has ended, or the test fails; nothing waits that long."""


# Start


def test_what_has_been_started_is_in_the_log_before_its_caller_knows(service: StepFunctions) -> None:
    busy = threading.Event()

    def keep_busy() -> None:
        busy.wait(SOON)

    service.engine.post(keep_busy)

    execution = load(service, single({"Type": "Pass"})).start({"n": 1})

    assert (execution.status, execution.input, types(execution)) == (
        "RUNNING",
        {"n": 1},
        ["ExecutionStarted"],
    )
    busy.set()
    assert execution.wait(SOON)
    assert execution.status == "SUCCEEDED"


# Stop


def test_an_endless_loop_can_be_stopped(service: StepFunctions) -> None:
    execution = load(service, ENDLESS).start(unlimited=True)

    execution.stop(error="Enough", cause="is enough")

    assert execution.wait(SOON)
    assert (execution.status, execution.error, execution.cause) == ("ABORTED", "Enough", "is enough")
    check_laws(execution.log)


def test_a_wait_can_be_stopped(service: StepFunctions) -> None:
    execution = load(service, single({"Type": "Wait", "Seconds": YEAR})).start()

    execution.stop()

    assert execution.wait(SOON)
    assert types(execution) == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
    assert history(execution)[-1].previous_event_id == 0
    assert (execution.error, execution.cause) == (None, None)


def test_a_retry_can_be_stopped(service: StepFunctions) -> None:
    failing = threading.Event()

    def fail(_: Any) -> None:
        failing.set()
        raise sfnb.TaskError("E")

    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": YEAR}]
    execution = load(service, single({"Type": "Task", "Resource": "fail", "Retry": retry}), fail=fail).start()
    assert failing.wait(SOON)

    execution.stop()

    assert execution.wait(SOON)
    assert execution.status == "ABORTED"
    check_laws(execution.log)


def test_a_task_under_way_learns_that_its_execution_was_stopped(service: StepFunctions) -> None:
    begun, learned = threading.Event(), threading.Event()

    def work(_: Any) -> None:
        begun.set()
        try:
            sfnb.sleep(YEAR)
        finally:
            if sfnb.cancelled():
                learned.set()

    execution = load(service, single({"Type": "Task", "Resource": "work"}), work=work).start()
    assert begun.wait(SOON)
    execution.stop()

    assert execution.wait(SOON)
    assert learned.wait(SOON)
    assert types(execution)[-2:] == ["LambdaFunctionStarted", "ExecutionAborted"]


def test_stopping_what_has_ended_changes_nothing(service: StepFunctions) -> None:
    execution = load(service, single({"Type": "Pass"})).run()

    execution.stop(error="late")

    assert (
        load(service, single({"Type": "Pass"})).run().status == "SUCCEEDED"
    )  # the stop has been taken up by now
    assert execution.status == "SUCCEEDED"


def test_branches_and_iterations_are_stopped_with_their_execution(service: StepFunctions) -> None:
    wait = {"Type": "Wait", "Seconds": YEAR}
    each = {"Type": "Map", "ItemProcessor": single(wait)}
    begun = threading.Barrier(2)
    branches = [single(wait), single(each), single({"Type": "Task", "Resource": "work"})]
    execution = load(service, single(parallel(*branches)), work=lambda event: begun.wait(SOON)).start([1, 2])
    begun.wait(SOON)

    execution.stop()

    assert execution.wait(SOON)
    check_laws(execution.log)
    assert not any(event.type.endswith("StateAborted") for event in execution.log)


def test_an_interrupt_of_run_stops_the_execution_and_goes_on(service: StepFunctions) -> None:
    def interrupt(_: Any) -> None:
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        sfnb.sleep(YEAR)

    machine = load(service, single({"Type": "Task", "Resource": "interrupt"}), interrupt=interrupt)

    with pytest.raises(KeyboardInterrupt):
        machine.run()
    assert machine.executions[0].status == "ABORTED"
    check_laws(machine.executions[0].log)


# Turns


def test_an_endless_loop_is_timed_out(service: StepFunctions) -> None:
    execution = load(service, {**ENDLESS, "TimeoutSeconds": 5}).start(clock=TickingClock(), unlimited=True)

    assert execution.wait(SOON)
    assert execution.status == "TIMED_OUT"
    duration = execution.duration
    assert duration is not None
    assert timedelta(seconds=5) <= duration < timedelta(seconds=7)
    check_laws(execution.log)


def test_an_endless_branch_does_not_keep_another_from_its_timer(service: StepFunctions) -> None:
    wait_and_fail = chain({"Type": "Wait", "Seconds": 2}, {"Type": "Pass"})
    wait_and_fail["States"]["S1"] = {"Type": "Fail", "Error": "Over"}
    execution = load(service, single(parallel(ENDLESS, wait_and_fail))).start(
        clock=TickingClock(), unlimited=True
    )

    assert execution.wait(SOON)
    assert execution.error == "Over"


def test_an_endless_branch_does_not_keep_another_from_its_answer(service: StepFunctions) -> None:
    def fail(_: Any) -> None:
        raise sfnb.TaskError("Over")

    tree = single(parallel(ENDLESS, single({"Type": "Task", "Resource": "fail"})))
    execution = load(service, tree, fail=fail).start(unlimited=True)

    assert execution.wait(SOON)
    assert execution.error == "Over"


def test_endless_branches_take_turns(service: StepFunctions) -> None:
    execution = load(service, single(parallel(ENDLESS, ENDLESS, ENDLESS))).start(clock=frozen())

    assert execution.wait(SOON)
    counts = [sum(event.frame == (3, branch) for event in execution.log) for branch in range(3)]
    assert (
        max(counts) - min(counts) <= 4 * TURN_TRANSITIONS
    )  # two events a transition; a turn each begun and not


def test_an_endless_execution_does_not_keep_another_from_its_end(service: StepFunctions) -> None:
    endless = load(service, ENDLESS).start(unlimited=True)

    short = load(service, chain(*[{"Type": "Pass"}] * 50)).run()

    assert short.status == "SUCCEEDED"
    assert endless.status == "RUNNING"
    endless.stop()
    assert endless.wait(SOON)


def test_an_endless_loop_commits_what_happened_as_it_goes() -> None:
    class Store(MemoryStore):
        def append(self, execution: str, events: Sequence[ev.Event], *, after: int) -> None:
            super().append(execution, events, after=after)
            if after > 3 * TURN_TRANSITIONS:
                kept.set()

    kept = threading.Event()
    service = StepFunctions(store=Store())
    execution = load(service, ENDLESS).start(unlimited=True)

    assert kept.wait(SOON)
    assert execution.status == "RUNNING"
    service.close()


def test_an_execution_that_cannot_be_written_is_let_go_of_visibly() -> None:
    class Failing(MemoryStore):
        def append(self, execution: str, events: Sequence[ev.Event], *, after: int) -> None:
            if after:
                raise StaleAppend("somebody else writes here")
            super().append(execution, events, after=after)

    service = StepFunctions(store=Failing())
    execution = load(service, single({"Type": "Wait", "Seconds": 1})).start(clock=frozen())

    assert execution.wait(SOON)
    assert execution.status == "RUNNING"
    with pytest.raises(StaleAppend, match="somebody else writes here"):
        execution.result()
    service.close()


# Clocks


def test_a_year_passes_at_once_under_a_clock_that_jumps(service: StepFunctions) -> None:
    execution = load(service, single({"Type": "Wait", "Seconds": YEAR})).run(skip_waits=True, unlimited=True)

    entered, exited = history(execution)[1:3]
    assert (
        timedelta(0)
        <= exited.timestamp - entered.timestamp - timedelta(seconds=YEAR)
        < timedelta(seconds=SOON)
    )
    assert execution.status == "SUCCEEDED"


def test_waits_without_end_do_not_run_out_of_calendar(service: StepFunctions) -> None:
    tree = {
        **ENDLESS,
        "States": ENDLESS["States"] | {"A": {"Type": "Wait", "Seconds": 99_999_999, "Next": "B"}},
    }
    execution = load(service, tree).run(skip_waits=True, unlimited=True)

    assert execution.error == "States.Runtime"
    assert str(execution.cause).endswith("Wait state delay is too long.")


def test_equal_runs_under_a_frozen_clock_have_equal_logs() -> None:
    retry = [{"ErrorEquals": ["E"], "JitterStrategy": "FULL", "MaxAttempts": 5}]
    task = {"Type": "Task", "Resource": "fail", "Retry": retry, "Parameters": {"id.$": "States.UUID()"}}
    each = {"Type": "Map", "ItemProcessor": chain({"Type": "Wait", "SecondsPath": "$"}, {"Type": "Pass"})}
    task["Catch"] = [{"ErrorEquals": ["E"], "ResultPath": None, "Next": "S1"}]
    logs = []
    for _ in range(2):
        service = StepFunctions()
        machine = load(service, chain(task, each), fail=refuse)
        execution = machine.run([3, 1, 2, 1], name="same", clock=frozen())
        assert execution.status == "SUCCEEDED"
        logs.append(list(execution.log))
        service.close()

    assert logs[0] == logs[1]


def refuse(_: Any) -> None:
    raise sfnb.TaskError("E", "always")


def test_chance_follows_the_name_of_the_execution_under_a_frozen_clock(service: StepFunctions) -> None:
    machine = load(
        service,
        single(
            {"Type": "Pass", "Parameters": {"id.$": "States.UUID()", "r.$": "States.MathRandom(0, 999999)"}}
        ),
    )
    one, two = machine.run(name="one", clock=frozen()), machine.run(name="two", clock=frozen())
    again = StepFunctions()

    assert one.output != two.output
    assert load(again, machine.tree).run(name="one", clock=frozen()).output == one.output
    assert (
        load(again, machine.tree).run(name="three").output
        != load(service, machine.tree).run(name="three").output
    )
    again.close()


def test_each_attempt_of_a_callback_has_another_token(service: StepFunctions) -> None:
    tokens: list[str] = []

    def send(payload: Any) -> None:
        tokens.append(payload["token"])
        raise sfnb.TaskError("E")

    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"token.$": "$$.Task.Token"},
        "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 2}],
    }
    load(service, single(task), It=send).run(clock=frozen())

    assert len(set(tokens)) == 3


def test_jitter_lies_between_nothing_and_the_pause(service: StepFunctions) -> None:
    retry = [
        {
            "ErrorEquals": ["E"],
            "JitterStrategy": "FULL",
            "MaxAttempts": 40,
            "MaxDelaySeconds": 10,
            "IntervalSeconds": 10,
        }
    ]
    execution = load(service, single({"Type": "Task", "Resource": "fail", "Retry": retry}), fail=refuse).run(
        name="jitter", clock=frozen()
    )

    waits = [
        (fact.until - fact.timestamp).total_seconds() for fact in facts_of(execution, facts.RetryScheduled)
    ]
    assert len(set(waits)) == 40
    assert all(0 <= wait <= 10 for wait in waits)
    assert min(waits) < 2 < 8 < max(waits)


def test_sleeping_tasks_share_one_clock(service: StepFunctions) -> None:
    def nap(seconds: float) -> str:
        sfnb.sleep(seconds)
        return "slept"

    naps = [single({"Type": "Task", "Resource": "nap", "InputPath": f"$[{n}]"}) for n in range(3)]
    execution = load(service, single(parallel(*naps)), nap=nap).run([30, 10, 20], clock=frozen())

    ends = [event for event in history(execution) if event.type == "LambdaFunctionSucceeded"]
    assert [(end.frame, end.timestamp) for end in ends] == [
        ((3, 1), NOON + timedelta(seconds=10)),
        ((3, 2), NOON + timedelta(seconds=20)),
        ((3, 0), NOON + timedelta(seconds=30)),
    ]


def test_a_clock_that_jumps_stands_still_beside_a_running_task(service: StepFunctions) -> None:
    """Were it to jump, the Wait would end before the task that began with it."""
    begun, go = threading.Event(), threading.Event()

    def work(_: Any) -> str:
        begun.set()
        assert go.wait(SOON)
        return "worked"

    tree = single(
        parallel(single({"Type": "Task", "Resource": "work"}), single({"Type": "Wait", "Seconds": 3600}))
    )
    execution = load(service, tree, work=work).start(clock=frozen())
    assert begun.wait(SOON)
    assert execution.status == "RUNNING"
    go.set()

    assert execution.wait(SOON)
    ends = [
        e.timestamp - NOON for e in history(execution) if e.type in ("TaskStateExited", "WaitStateExited")
    ]
    assert ends == [timedelta(0), timedelta(hours=1)]


# Tasks in threads


@pytest.mark.parametrize(
    ("clock", "limit"), [(None, "TimeoutSeconds"), (JumpClock(), "HeartbeatSeconds")], ids=["real", "jumping"]
)
def test_a_task_that_hangs_is_timed_out_and_its_late_answer_dropped(
    service: StepFunctions, clock: Any, limit: str
) -> None:
    go, answered = threading.Event(), threading.Event()

    def hang(_: Any) -> str:
        assert go.wait(SOON)
        assert sfnb.cancelled()
        return "too late"

    def release(_: Any) -> None:
        go.set()
        assert answered.wait(SOON)

    class Store(MemoryStore):
        def append(self, execution: str, events: Sequence[ev.Event], *, after: int) -> None:
            super().append(execution, events, after=after)
            if any(isinstance(event, facts.AnswerDropped) for event in events):
                answered.set()

    service.store = Store()
    late = {"Type": "Task", "Resource": "hang", limit: 1}
    late["Catch"] = [{"ErrorEquals": ["States.Timeout"], "Next": "S1"}]
    machine = load(service, chain(late, {"Type": "Task", "Resource": "release"}), hang=hang, release=release)
    execution = machine.run(clock=clock)

    assert execution.status == "SUCCEEDED"
    (dropped,) = facts_of(execution, facts.AnswerDropped)
    scheduled = next(event for event in history(execution) if event.type == "LambdaFunctionScheduled")
    assert (dropped.previous_event_id, dropped.outcome) == (scheduled.id, "succeeded")
    timed_out = next(event for event in history(execution) if event.type == "LambdaFunctionTimedOut")
    waited = timed_out.timestamp - scheduled.timestamp
    assert timedelta(seconds=1) <= waited < timedelta(seconds=SOON)
    check_laws(execution.log)


def test_a_frozen_clock_counts_real_time_for_a_task_that_talks_and_hangs(service: StepFunctions) -> None:
    """Each report makes the engine look at its timers again; that must not begin the second anew."""
    go = threading.Event()

    def talk(_: Any) -> None:
        for n in range(2_000):
            print(n)
            if go.wait(0.05):
                return

    execution = load(
        service, single({"Type": "Task", "Resource": "talk", "TimeoutSeconds": 1}), talk=talk
    ).start(clock=frozen())

    assert execution.wait(SOON)
    go.set()
    assert execution.error == "States.Timeout"


def test_what_a_task_prints_is_kept_with_its_visit_and_told(service: StepFunctions) -> None:
    heard: list[str] = []

    def talk(payload: Any) -> None:
        print("hello", payload)
        print("and good bye", end="")

    machine = load(
        service, chain({"Type": "Task", "Resource": "talk"}, {"Type": "Task", "Resource": "talk"}), talk=talk
    )
    execution = machine.run(1, on_output=heard.append)

    assert execution.printed == "hello 1\nand good byehello None\nand good bye"
    assert "".join(heard) == execution.printed
    assert ["".join(visit.printed) for visit in execution.trail] == [
        "hello 1\nand good bye",
        "hello None\nand good bye",
    ]
    scheduled = [event.id for event in history(execution) if event.type == "LambdaFunctionScheduled"]
    assert {fact.previous_event_id for fact in facts_of(execution, facts.TaskPrinted)} == set(scheduled)


def test_async_tasks_run_side_by_side_on_one_loop(service: StepFunctions) -> None:
    meeting: list[Any] = []

    async def meet(payload: Any) -> Any:
        meeting.append(payload)
        while len(meeting) < 50:
            await sfnb.sleep(1)
        return payload

    execution = load(
        service, single(parallel(*[single({"Type": "Task", "Resource": "meet"})] * 50)), meet=meet
    ).start(clock=frozen())

    assert execution.wait(SOON)
    assert execution.status == "SUCCEEDED"


def test_a_function_cannot_change_what_was_recorded(service: StepFunctions) -> None:
    def spoil(payload: Any) -> Any:
        payload["list"].append("spoilt")
        return payload

    machine = load(service, single({"Type": "Task", "Resource": "spoil", "ResultPath": "$.r"}), spoil=spoil)

    assert machine.run({"list": []}).output == {"list": [], "r": {"list": ["spoilt"]}}


# Many


def test_a_thousand_executions_leave_nothing_behind(service: StepFunctions) -> None:
    def answer(payload: Any) -> Any:
        return payload + 1

    tree = chain(
        {"Type": "Wait", "Seconds": 60},
        {"Type": "Task", "Resource": "answer", "TimeoutSeconds": 60},
        {"Type": "Pass"},
    )
    machine = load(service, tree, answer=answer)
    executions = [machine.start(n, skip_waits=True) for n in range(1000)]

    assert all(execution.wait(SOON) for execution in executions)
    assert [execution.output for execution in executions] == list(range(1, 1001))
    assert all(execution.stop_date is not None for execution in executions)
    load(service, single({"Type": "Pass"})).run()  # the engine has done all that came before
    gc.collect()
    ours = [run for run in gc.get_objects() if isinstance(run, Run) and run.engine is service.engine]
    assert len(ours) <= 1  # the last one, which may still be on the stack
    assert sum(thread.name.startswith("sfnb-task") for thread in threading.enumerate()) <= 64


# Frames


def test_events_say_in_which_frame_they_happened(service: StepFunctions) -> None:
    inner = single({"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": single({"Type": "Pass"})})
    execution = load(service, single(parallel(single({"Type": "Pass"}), inner))).run([1, 2])

    frames = {(event.type, event.frame) for event in history(execution)}
    started = next(event.id for event in history(execution) if event.type == "MapStateStarted")
    assert ("ParallelStateStarted", ()) in frames
    assert ("PassStateEntered", (3, 0)) in frames
    assert ("MapStateEntered", (3, 1)) in frames
    assert ("MapIterationStarted", (3, 1, started, 0)) in frames
    assert ("PassStateExited", (3, 1, started, 1)) in frames
    assert ("MapIterationSucceeded", (3, 1, started, 1)) in frames
    assert ("MapStateSucceeded", (3, 1)) in frames
    assert ("ParallelStateExited", ()) in frames


def test_beside_a_running_task_a_frozen_clock_lets_no_sleep_end_by_real_time(service: StepFunctions) -> None:
    """However long the one takes, what was to happen a moment later on the clock happens after it."""
    napping = threading.Event()

    def hold(payload: Any) -> str:
        napping.wait(60)
        threading.Event().wait(0.3)
        return "held"

    def nap(payload: Any) -> str:
        napping.set()
        sfnb.sleep(0.05)
        return "napped"

    tasks = [
        {"StartAt": n, "States": {n: {"Type": "Task", "Resource": n, "End": True}}} for n in ("hold", "nap")
    ]
    machine = load(service, single({"Type": "Parallel", "Branches": tasks}), hold=hold, nap=nap)
    execution = machine.run(clock=frozen())

    assert [e.output for e in execution.log if isinstance(e, ev.LambdaFunctionSucceeded)] == [
        '"held"',
        '"napped"',
    ]


def test_a_standard_execution_has_a_year(service: StepFunctions) -> None:
    execution = load(service, single({"Type": "Wait", "Seconds": YEAR + 1})).run(skip_waits=True)

    assert execution.status == "TIMED_OUT"
    assert execution.describe().stop_date - execution.describe().start_date == timedelta(seconds=YEAR)


def test_an_express_execution_has_five_minutes(service: StepFunctions) -> None:
    tree = single({"Type": "Wait", "Seconds": 301})
    execution = load_machine(service, tree, name="machine", type="EXPRESS").run(skip_waits=True)

    assert execution.status == "TIMED_OUT"
    assert execution.arn.split(":")[5] == "express"
    assert execution.describe().stop_date - execution.describe().start_date == timedelta(seconds=300)
