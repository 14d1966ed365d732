"""One attempt of a Task state: scheduled, started, answered, late or given up.

What is said of the call from any thread (see `reports`) is taken up here, on the engine's. Once an
invocation is closed, by an answer, a time-out or a cancel, whatever still comes is dropped and recorded
as such.

A call that only *submits* work (`.waitForTaskToken`, `.sync`) has two answers: the submission's, and
the one that its token or its job brings. A token may be answered before the submission has returned;
the answer is then kept until it has, so that the history always reads submitted, then succeeded.
While a token is awaited nothing runs here, and a jumping clock may jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sfnb.asl.commands import InvokeTask
from sfnb.engine import events as ev
from sfnb.engine import facts, jobs
from sfnb.engine.activities import ActivityTask
from sfnb.engine.again import begin_again, repeat
from sfnb.engine.calls import python_call, task_call
from sfnb.engine.frame import Frame
from sfnb.engine.interpreter import too_large
from sfnb.engine.ports import Handle, Queued, Recorded, Work
from sfnb.engine.reports import Reports
from sfnb.engine.tokens import TaskToken, token_of
from sfnb.errors import EvaluationError, StatesError
from sfnb.values import Payload, size_bytes

if TYPE_CHECKING:
    from sfnb.engine.alarms import Timer
    from sfnb.engine.run import Run

Outcome = Payload | StatesError


class Invocation:
    """A call under way, between the frame that waits for it and the executor that makes it.

    open: somebody waits for its outcome. token: that it waits for, "" for none.
    submitted: the first of its two answers has come, or a worker has it. early: what its token was
        answered before that.
    since, heard: in a log that is gone through again, when it was started, and when there was last a sign
        of work; None: now.
    """

    def __init__(self, run: Run, frame: Frame, command: InvokeTask) -> None:
        self.run = run
        self.frame = frame
        self.command = command
        self.integration = run.tasks.integration(command.resource)
        assert frame.state is not None
        self.state = frame.state.name
        key = f"{frame.path}/{frame.last_id}"
        self.call = task_call(run, command, key)
        self.key = f"{run.arn}{key}"
        self.submits = self.integration.submits(self.call)
        self.scheduled_id = 0
        self.token = ""
        self.open = True
        self.started = False
        self.submitted = False
        self.queued = False
        self.heartbeat_missed = False
        self.since: datetime | None = None
        self.heard: datetime | None = None
        self.submission: Payload | None = None
        self.early: Outcome | None = None
        self.counted = False
        self.work: Work | None = None
        self.handle: Handle | None = None
        self.deadline: Timer | None = None
        self.heartbeat_limit: Timer | None = None

    def begin(self) -> None:
        """Record, commit, then call.

        Raises EvaluationError where there is nothing to schedule: parameters that will not do.
        """
        if self.run.replay is not None:
            begin_again(self)
            return
        told = self.run.tasks.answer(self.state, self.call, self.command.attempt)
        work = self.find() if told is None else None
        self.scheduled_id = self.record_scheduled()
        self.frame.waiting = self
        if isinstance(work, Queued):
            self.queue()
            return
        self.proceed(told, work)

    def proceed(self, told: Outcome | None, work: Work | StatesError | None) -> None:
        """Record that it has started, unless that was, and make the call, or take what is there without."""
        if not self.started:
            self.record_started()
        if told is not None:
            self._told(told)
        elif isinstance(work, Work):
            self.submit(work)
        else:
            assert work is not None
            self.conclude(work)

    def record_scheduled(self) -> int:
        return self._record(self.integration.scheduled(self.call))

    def record_started(self) -> None:
        self._record(self.integration.started(self.call))

    def repeat(self, event: ev.Event) -> None:
        """The log, replayed, says this of the call."""
        repeat(self, event)

    def find(self) -> Work | Queued | StatesError:
        """How the call is made, or why it fails; raises EvaluationError where it cannot be scheduled."""
        try:
            work = self.run.tasks.work(self.state, self.call, self.integration)
        except EvaluationError:
            raise
        except StatesError as refusal:
            return refusal
        if work is not None:
            return work
        missing = self.integration.missing(self.call)
        if isinstance(missing, EvaluationError):
            raise missing
        return missing

    @property
    def lacking(self) -> str | None:
        """The name of the function that the call needs and that is not there; None where it can be made."""
        if self.submission is not None and self.is_callback:
            return None
        try:
            work = self.run.tasks.work(self.state, self.call, self.integration)
        except StatesError:
            return None
        if work is not None:
            return None
        return self.integration.function_name(self.call) or self.command.resource

    def submit(self, work: Work) -> None:
        self.work = work
        self.arm()
        if self.submits:
            self.open_token()
        self.count(True)
        self.run.after_commit(lambda: self._call(work))

    def _call(self, work: Work) -> None:
        if self.open:
            reports = self.reports
            call = python_call(self.run, self.command, work, self.key, reports.wait_until)
            self.handle = self.run.executor.submit(call, reports)

    def _told(self, told: Outcome) -> None:
        """The answer is there without a call."""
        if self.submits:
            output = told if isinstance(told, Payload) else Payload({})
            self._record(self.integration.submitted(self.call, output))
        if isinstance(told, StatesError) and told.error == "States.Timeout":
            self.close()
            self._timed_out(told)
        else:
            self.conclude(told)

    def arm(self) -> None:
        """Set the time-out going, and the longest silence, which for a callback begins once the token is out.

        Source: AWS guide, "Wait for a callback with the task token".
        """
        command, run = self.command, self.run
        if command.timeout_seconds is not None:
            moment = (self.since or run.now) + timedelta(seconds=command.timeout_seconds)
            self.deadline = run.at(moment, lambda: self._late(heartbeat=False), timeout=True)
        if not self.submits:
            self.expect_heartbeat()

    def expect_heartbeat(self) -> None:
        if self.heartbeat_limit is not None:
            self.heartbeat_limit.cancel()
        if self.command.heartbeat_seconds is not None:
            heard = self.heard or self.run.now
            moment = heard + timedelta(seconds=self.command.heartbeat_seconds)
            self.heartbeat_limit = self.run.at(moment, lambda: self._late(heartbeat=True), timeout=True)

    def open_token(self) -> None:
        token = TaskToken(
            token=self.command.token or token_of(self.run, self.call.request_id),
            execution=self.run.arn,
            state=self.state,
            resource=self.command.resource,
            since=self.run.now,
            input=self.command.payload.value,
        )
        self.token = token.token
        self.run.open_tokens += 1
        self.run.tasks.tokens.open(token, self.reports)

    @property
    def is_callback(self) -> bool:
        """Its second answer comes by its token alone."""
        return self.command.resource.endswith(".waitForTaskToken")

    # A worker's task: it waits in a queue, and its time counts from when it is taken

    def queue(self) -> None:
        """Wait for a worker."""
        self.queued = True
        self.open_token()
        self.run.after_commit(self._enqueue)

    def _enqueue(self) -> None:
        if self.open:
            task = ActivityTask(task_token=self.token, input=self.command.payload.text)
            self.run.tasks.activities.put(self.command.resource, task, self.reports)

    def taken(self, worker_name: str | None) -> None:
        """A worker is to have it."""
        if self.open:
            self._has_worker(worker_name)
            self.arm()
            self.expect_heartbeat()

    def _has_worker(self, worker_name: str | None) -> None:
        kind, details = self.integration.started(self.call)
        self.frame.record(kind, **details, worker_name=worker_name)
        self.submitted = True

    # What is said of the call

    @property
    def reports(self) -> Reports:
        """Where it is said; held by those who say it alone, or it would outlive what it is about."""
        return Reports(self)

    def answered(self, answer: Payload) -> None:
        if not self.open:
            self._drop("succeeded")
            jobs.give_up(self, answer)
            return
        work = self.work
        result = self.integration.result(self.call, answer) if work and work.stands_in else answer
        if self.submitted:
            self.conclude(result)
        elif self.submits:
            self._has_submitted(result)
        elif work is not None and work.follow is not None:
            jobs.follow(self, result)
        else:
            self.conclude(result)

    def _has_submitted(self, answer: Payload) -> None:
        """The first answer; the second comes by the token, or when the job has ended."""
        assert self.work is not None
        if size_bytes(answer.text) > self.run.limits.payload_bytes:
            self.conclude(too_large(self.integration.label(self.call)))
            return
        self._record(self.integration.submitted(self.call, answer))
        self.submitted = True
        self.handle = None
        self.count(False)
        if self.early is not None:
            self.conclude(self.early)
        elif self.is_callback:
            self.expect_heartbeat()
        elif self.work.follow is None:
            self.conclude(answer)
        else:
            jobs.follow(self, answer)

    def called_back(self, outcome: Outcome) -> None:
        if not self.open:
            self._drop("succeeded" if isinstance(outcome, Payload) else "failed")
        elif self.submitted:
            self.conclude(outcome)
        elif self.queued:  # by one who has not taken it, or before a crash
            self._has_worker(None)
            self.conclude(outcome)
        else:
            self.early = outcome
            self.frame.fact(facts.AnsweredEarly, about=self.scheduled_id, **_told(outcome))

    def raised(self, error: str, message: str, trace: Sequence[str]) -> None:
        if self.open:
            cause = self.integration.cause(self.call, error, message, trace)
            self.refused(error, cause)
        else:
            self._drop("failed")

    def refused(self, error: str, cause: str | None) -> None:
        if self.open:
            self.conclude(self.early or StatesError(error, cause))
        else:
            self._drop("failed")

    def _drop(self, outcome: str) -> None:
        """Nobody waits for it any more."""
        self.frame.fact(facts.AnswerDropped, about=self.scheduled_id, outcome=outcome)

    def still_works(self) -> None:
        if self.open:
            if self.submitted:
                self.frame.fact(facts.HeartbeatReceived, about=self.scheduled_id)
            self.heard = None
            self.expect_heartbeat()

    def printed(self, text: str) -> None:
        self.frame.fact(facts.TaskPrinted, about=self.scheduled_id, text=text)
        self.run.on_output(text)

    def count(self, running: bool) -> None:
        """Whether the clock must go on for this call: it runs, and somebody waits for it."""
        self.run.running_calls += running - self.counted
        self.counted = running

    # The end

    def conclude(self, outcome: Outcome) -> None:
        """Record what the call came to, and let the frame go on."""
        self.close()
        if isinstance(outcome, Payload) and size_bytes(outcome.text) > self.run.limits.payload_bytes:
            outcome = too_large(self.integration.label(self.call))
        if isinstance(outcome, Payload):
            self._record(self.integration.succeeded(self.call, outcome))
            self.run.go_on(self.frame, outcome)
        else:
            self._record(self.integration.failed(self.call, outcome))
            self.run.go_on(self.frame, None, outcome)

    def _late(self, *, heartbeat: bool) -> None:
        if not self.open:
            return
        self._abandon()
        if self.early is not None:
            self.conclude(self.early)
            return
        self._timed_out(StatesError("States.Timeout", heartbeat=heartbeat))

    def _timed_out(self, failure: StatesError) -> None:
        if failure.heartbeat:
            self.frame.fact(facts.HeartbeatMissed)
        self._record(self.integration.timed_out(self.call, failure))
        self.run.go_on(self.frame, None, failure)

    def cancel(self) -> None:
        """The frame is given up."""
        if self.open:
            self._abandon()

    def _abandon(self) -> None:
        self.close()
        if self.handle is not None and not (self.run.forsaken and self.submitted):
            self.handle.cancel()  # but a job goes on while nobody here waits for it

    def close(self) -> None:
        self.open = False
        self.count(False)
        token, self.token = self.token, ""
        if token:
            self.run.open_tokens -= 1  # not before, when it was answered: the answer has to come through
            self.run.tasks.tokens.close(token)
            if self.queued:
                self.run.tasks.activities.withdraw(self.command.resource, token)
        for timer in (self.deadline, self.heartbeat_limit):
            if timer is not None:
                timer.cancel()

    def _record(self, recorded: Recorded) -> int:
        kind, details = recorded
        return self.frame.record(kind, **details)


def _told(outcome: Outcome) -> dict[str, str | None]:
    """The details of `AnsweredEarly`."""
    if isinstance(outcome, Payload):
        return {"output": outcome.text}
    return {"error": outcome.error, "cause": outcome.cause}
