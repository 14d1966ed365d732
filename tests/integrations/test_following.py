"""When a job is asked about: on a real clock, on one that jumps, and when nobody can be asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from sfnb.engine.clock import Clock, JumpClock
from sfnb.errors import TaskError
from sfnb.integrations.jobs import POLLING, Ask, Ends, Follower, Job, Told, Transient
from sfnb.values import Json, Payload

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOON = 60.0
JOB = Job(
    describe=Ask("Describe", {"id": Told("Id")}),
    ends=Ends(status="Status", good=frozenset({"GOOD"}), bad=frozenset({"BAD"})),
    cancel=Ask("Stop", {"id": Told("Id")}),
)


class StandingClock:
    """A clock that is set by hand and does not jump."""

    jumps = False
    frozen = False

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment

    def jump(self, moment: datetime) -> None:
        raise AssertionError("it does not jump")


class Waiting:
    """Whoever waits for the job: fulfils the port `JobReport`. `go_on` is what the engine does in time."""

    def __init__(self) -> None:
        self.waits: list[tuple[datetime, Callable[[], None]]] = []
        self.outcome: object = None
        self.changed = threading.Event()

    def wait_until(self, moment: datetime, wake: Callable[[], None]) -> Callable[[], None]:
        self.waits.append((moment, wake))
        self.changed.set()
        return lambda: None

    def go_on(self, clock: Clock) -> None:
        """Wake whoever waits, at its moment, and wait for what comes of it."""
        self.changed.clear()
        moment, wake = self.waits[-1]
        if isinstance(clock, StandingClock):
            clock.moment = moment
        wake()
        assert self.changed.wait(SOON)

    def succeeded(self, answer: Payload) -> None:
        self._end(answer.value)

    def refused(self, error: str, cause: str | None) -> None:
        self._end((error, cause))

    def failed(self, error: str, message: str, trace: Sequence[str]) -> None:
        self._end((error, message))

    def heartbeat(self) -> None:
        raise AssertionError("nobody sends one")

    def printed(self, text: str) -> None:
        raise AssertionError("nothing is printed")

    def _end(self, outcome: object) -> None:
        self.outcome = outcome
        self.changed.set()


def running(question: Ask) -> Json:
    return {"Status": "RUNNING"}


def test_the_pauses_between_questions_grow_to_a_minute() -> None:
    clock, waiting = StandingClock(), Waiting()
    Follower(JOB, {"Id": "1"}, running, clock, waiting)

    for _ in range(8):
        waiting.go_on(clock)

    moments = [NOON, *(moment for moment, _ in waiting.waits)]
    pauses = [(after - before).total_seconds() for before, after in pairwise(moments)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_clock_that_jumps_skips_some_pauses_and_then_real_time_passes() -> None:
    clock, waiting = JumpClock(NOON, frozen=True), Waiting()
    Follower(JOB, {"Id": "1"}, running, clock, waiting)

    for _ in range(POLLING.skipped + 1):
        waiting.go_on(clock)

    ahead = [(moment - NOON).total_seconds() for moment, _ in waiting.waits]
    assert ahead == [1, 2, 4, 8, 16, 32, 0, 0]


def test_one_who_cannot_be_asked_is_given_up_after_a_while() -> None:
    def ask(question: Ask) -> Json:
        raise Transient("Glue.AWSGlueException", "busy")

    clock, waiting = StandingClock(), Waiting()
    Follower(JOB, {"Id": "1"}, ask, clock, waiting)
    asked = 0
    while waiting.outcome is None:
        waiting.go_on(clock)
        asked += 1

    assert waiting.outcome == ("Glue.AWSGlueException", "busy")
    assert asked == POLLING.patience + 1


def test_an_answer_in_between_renews_the_patience() -> None:
    in_turn: list[Transient | dict[str, Json]] = [Transient("E", "busy"), {"Status": "RUNNING"}]
    answers: list[Transient | dict[str, Json]] = [*in_turn * (POLLING.patience + 5), {"Status": "GOOD"}]

    def ask(question: Ask) -> Json:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    clock, waiting = StandingClock(), Waiting()
    Follower(JOB, {"Id": "1"}, ask, clock, waiting)
    while waiting.outcome is None:
        waiting.go_on(clock)

    assert waiting.outcome == {"Status": "GOOD"}


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (TaskError("Glue.AccessDeniedException", "no"), ("Glue.AccessDeniedException", "no")),
        (RuntimeError("a stand-in is broken"), ("RuntimeError", "a stand-in is broken")),
    ],
)
def test_whatever_goes_wrong_with_a_question_ends_the_task(fault: Exception, outcome: object) -> None:
    def ask(question: Ask) -> Json:
        raise fault

    clock, waiting = StandingClock(), Waiting()
    Follower(JOB, {"Id": "1"}, ask, clock, waiting)
    waiting.go_on(clock)

    assert waiting.outcome == outcome


def test_one_that_is_cancelled_is_stopped_and_not_asked_about_any_more() -> None:
    stopped = threading.Event()
    asked: list[str] = []

    def ask(question: Ask) -> Json:
        asked.append(question.operation)
        stopped.set()
        return {}

    clock, waiting = StandingClock(), Waiting()
    follower = Follower(JOB, {"Id": "1"}, ask, clock, waiting)
    follower.cancel()
    assert stopped.wait(SOON)
    _, wake = waiting.waits[-1]
    wake()

    assert asked == ["Stop"]


def test_what_is_gone_has_ended_well_where_that_was_wanted() -> None:
    job = Job(
        describe=JOB.describe,
        ends=JOB.ends,
        under="Cluster",
        gone="ResourceNotFoundException",
    )

    def ask(question: Ask) -> Json:
        raise TaskError("EKS.ResourceNotFoundException", "gone")

    clock, waiting = StandingClock(), Waiting()
    Follower(job, {"Cluster": {"Name": "k8s"}}, ask, clock, waiting)
    waiting.go_on(clock)

    assert waiting.outcome == {"Cluster": {"Name": "k8s"}}
