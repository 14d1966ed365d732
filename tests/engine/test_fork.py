"""A fork goes on from what another execution had come to, under a name of its own."""

from __future__ import annotations

from typing import Any

import pytest
from machines import chain, distributed, frozen, load, parallel, single
from test_redrive import TASK, Work, called, types

import sfnb
from sfnb.engine import events as ev
from sfnb.engine.fold import ReplayMismatch
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.service import ExecutionAlreadyExists, StepFunctions
from sfnb.values import Payload

SOON = 60


def entered(execution: Execution, state: str) -> int:
    """The id of the event that entered a state last."""
    return next(
        event.id
        for event in reversed(execution.log)
        if isinstance(event, ev.StateEntered) and event.name == state
    )


def test_a_fork_goes_on_with_another_input_and_repeats_nothing(service: StepFunctions) -> None:
    work = Work()
    machine = load(service, chain(TASK, TASK, {"Type": "Pass"}), work=work)
    origin = machine.run(1)
    event_id = entered(origin, "S1")

    live = service.fork_execution(origin.arn, event_id=event_id, input=Payload({"n": 7}), name="other")
    assert live.wait(SOON)
    fork = Execution(service, live)

    assert work.calls == [1, {"done": 1}, {"n": 7}]
    assert fork.output == {"done": {"n": 7}}
    assert fork.arn.endswith(":machine:other")
    assert [event.id for event in fork.log if event.id] == list(range(1, len(types(fork.log)) + 1))
    assert fork.log[:event_id][2:] == origin.log[:event_id][2:]
    record = service.find_execution(fork.arn)
    assert record is not None
    assert (record.origin, record.origin_event) == (origin.arn, event_id)
    assert origin.output == {"done": {"done": 1}}


def test_the_input_of_a_fork_is_its_states_own_unless_told(service: StepFunctions) -> None:
    work = Work({"done": 1})
    origin = load(service, chain(TASK, TASK), work=work).start(1)
    assert origin.wait(SOON)
    work.broken.clear()

    live = service.fork_execution(origin.arn, event_id=entered(origin, "S1"))
    assert live.wait(SOON)

    assert Execution(service, live).output == {"done": {"done": 1}}
    assert origin.status == "FAILED"


def test_what_was_under_way_in_other_branches_begins_again(service: StepFunctions) -> None:
    slow = chain({**TASK, "Parameters": {"n": "a"}}, {**TASK, "Parameters": {"n": "b"}})
    quick = chain({"Type": "Pass"}, {"Type": "Wait", "Seconds": 5}, {"Type": "Pass", "Result": 1})
    work = Work()
    origin = load(service, single(parallel(slow, quick)), work=work).run({}, clock=frozen())
    waits = entered(origin, "S1'")

    live = service.fork_execution(origin.arn, event_id=waits)
    assert live.wait(SOON)

    assert called(work) in (["a", "b", "a", "b"], ["a", "b", "b"])
    assert service.describe_execution(live.arn).output == service.describe_execution(origin.arn).output


def test_what_a_redrive_has_come_to_can_be_forked(service: StepFunctions) -> None:
    work = Work({"done": 1})
    origin = load(service, chain(TASK, TASK, TASK), work=work).start(1)
    assert origin.wait(SOON)
    work.broken.clear()
    assert service.redrive_execution(origin.arn).wait(SOON)
    called = len(work.calls)

    live = service.fork_execution(origin.arn, event_id=entered(origin, "S2"), input=Payload(7))
    assert live.wait(SOON)

    assert Execution(service, live).output == {"done": 7}
    assert work.calls[called:] == [7]


def test_a_fork_may_go_on_under_another_definition(service: StepFunctions) -> None:
    work = Work()
    origin = load(service, chain(TASK, {"Type": "Pass"}), work=work).run(1)
    edited = load_machine(service, chain(TASK, {"Type": "Pass", "Result": "edited"}), name="edited")

    live = service.fork_execution(origin.arn, event_id=entered(origin, "S1"), machine=edited.record)
    assert live.wait(SOON)

    assert service.describe_execution(live.arn).output == '"edited"'
    assert work.calls == [1]


def test_a_map_run_is_the_forks_own(service: StepFunctions) -> None:
    work = Work()
    tree = chain({"Type": "Pass"}, distributed({"T": {**TASK, "End": True}}, MaxConcurrency=1))
    origin = load(service, tree, work=work).run([1, 2])
    run_began = next(event.id for event in origin.log if isinstance(event, ev.MapRunStarted))

    live = service.fork_execution(origin.arn, event_id=run_began)
    assert live.wait(SOON)

    assert work.calls == [1, 2, 1, 2]
    runs = [service.map_runs.of_execution(arn)[0].arn for arn in (origin.arn, live.arn)]
    assert runs[0] != runs[1]


def test_what_cannot_be_forked_leaves_nothing_behind(service: StepFunctions) -> None:
    origin = load(service, chain({"Type": "Pass"}, {"Type": "Wait", "Seconds": 0}), work=Work()).run(
        1, name="o"
    )
    before = set(service.store.executions())
    other = load_machine(service, single({"Type": "Succeed"} | {"Type": "Pass"}), name="other")
    end = origin.log[-1].id

    def fork(**options: Any) -> None:
        service.fork_execution(origin.arn, **options)

    with pytest.raises(sfnb.SfnbError, match=f"no event {end}"):
        fork(event_id=end)
    with pytest.raises(sfnb.SfnbError, match="an input is for a state that is entered"):
        fork(event_id=3, input=Payload(1))
    with pytest.raises(ReplayMismatch):
        fork(event_id=4, machine=other.record)
    with pytest.raises(ExecutionAlreadyExists):
        fork(event_id=4, name="o")
    assert set(service.store.executions()) == before


def test_a_fork_that_is_cut_goes_on(service: StepFunctions) -> None:
    work = Work()
    machine = load(service, chain(TASK, {"Type": "Wait", "Seconds": 3600}, TASK), work=work)
    origin = machine.start(1)
    while not any(isinstance(event, ev.WaitStateEntered) for event in origin.log):
        origin.wait(0.01)
    live = service.fork_execution(origin.arn, event_id=entered(origin, "S1"), name="cut")
    log = list(service.store.read(live.arn))

    other = StepFunctions()
    other.store.append(live.arn, log, after=0)
    again = load(other, chain(TASK, {"Type": "Wait", "Seconds": 3600}, TASK), work=work)
    resumed = other.resume_execution(live.arn, machine=again.record, clock=frozen())
    assert resumed.wait(SOON)

    assert other.describe_execution(live.arn).status == "SUCCEEDED"
    assert work.calls == [1, {"done": 1}]
    other.close()
