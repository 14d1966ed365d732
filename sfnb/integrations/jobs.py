"""A job of an AWS service, and how its end is waited for: what `.sync` is.

Theory of operation. Once the job has begun, the service is asked now and then what has become of it, at
moments of the execution's clock, each time in a thread of its own, for a call of AWS blocks. What is asked
for comes from the recorded answer to the submission and from the parameters alone, so that a job is
followed again after a crash. AWS waits for events of the service besides; asking is all that works with
any endpoint.

A clock that jumps skips the first few pauses, which is enough for a stand-in that answers at once. A job
that still runs then really takes its time: from there on real time passes, so that time-outs stay true.
Source: AWS guide, "Run a Job (.sync)"; AWS guide, "Troubleshooting service integrations".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from sfnb.engine.clock import Clock
from sfnb.engine.ports import JobReport
from sfnb.errors import StatesError, TaskError
from sfnb.values import Json, Payload, encode

log = logging.getLogger("sfnb")


class Polling(msgspec.Struct, frozen=True, kw_only=True):
    """How often is asked. All in seconds, but for the counts.

    first, longest: the pause before the first question, and the one that it grows to, twofold each time.
    skipped: how many pauses a clock that jumps takes no time for. real: the longest pause after those.
    patience: how many times in a row it may not be possible to ask.
    """

    first: float = 1.0
    longest: float = 60.0
    skipped: int = 6
    real: float = 1.0
    patience: int = 60

    def pause(self, asked: int) -> float:
        """Before the next question, when there have been `asked`.

        >>> [Polling().pause(asked) for asked in (0, 1, 5, 6, 7, 5000)]
        [1.0, 2.0, 32.0, 60.0, 60.0, 60.0]
        """
        return float(min(self.first * 2.0 ** min(asked, 30), self.longest))


POLLING = Polling()


class Told(msgspec.Struct, frozen=True):
    """A value of the submission's answer, by its path: `Tasks.0.TaskArn`."""

    path: str


class Given(msgspec.Struct, frozen=True):
    """A value of the submission's parameters, by its path in botocore's names; left out if none was given."""

    path: str


class Ask(msgspec.Struct, frozen=True):
    """A call about a job. arguments: botocore's names, and `Told` or `Given` in the place of values."""

    operation: str
    arguments: dict[str, Any]


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """What says that a job is over. status: the path to it in what describes the job."""

    status: str
    good: frozenset[str]
    bad: frozenset[str] = frozenset()

    def __call__(self, job: Json) -> bool | None:
        """Whether it went well; None while it goes on."""
        status = find(job, self.status)
        if status in self.good:
            return True
        return False if status in self.bad else None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """How to follow what an action begins.

    found: the path to the job in the answer to `describe`, "" for all of it. ends: as `Ends`.
    under: the name that the result has the job under, "" for none: the job is the result.
    keeps: the member of the submission's answer that the result tells too.
    cancel: what stops it.
    gone: the error that says that there is no such thing any more, where that is a good end; the job is then
        as the submission's answer told of it.
    """

    describe: Ask
    ends: Callable[[Json], bool | None]
    found: str = ""
    under: str = ""
    keeps: str = ""
    cancel: Ask | None = None
    gone: str | None = None

    def result(self, job: Json, submission: Json) -> Json:
        """What the task answers with, or fails with, once the job is over."""
        if not self.under:
            return job
        told: dict[str, Json] = {self.under: job}
        if self.keeps:
            told[self.keeps] = find(submission, self.keeps)
        return told


class Transient(TaskError):
    """The service could not be asked, but perhaps can be later."""


class Follower:
    """A job under way. Fulfils the port `Handle`: to cancel is to stop it, as well as that can be done.

    ask: makes a call about the job and answers in PascalCase, from any thread; raises StatesError.
    submission: the answer with which it began.
    """

    def __init__(
        self, job: Job, submission: Json, ask: Callable[[Ask], Json], clock: Clock, report: JobReport
    ) -> None:
        self._job = job
        self._submission = submission
        self._ask = ask
        self._clock = clock
        self._report = report
        self._over = threading.Event()
        self._asked = 0
        self._missed = 0
        self._pause()

    def cancel(self) -> None:
        """The process ends no sooner than the service has been told."""
        self._over.set()
        if self._job.cancel is not None:
            threading.Thread(target=self._stop, name="sfnb-job-stop").start()

    def _stop(self) -> None:
        assert self._job.cancel is not None
        try:
            self._ask(self._job.cancel)
        except Exception as fault:  # there is nobody any more who could be told
            log.info("a job could not be stopped: %s", fault)

    def _pause(self) -> None:
        """On any thread."""
        seconds = POLLING.pause(self._asked)
        if self._clock.jumps and self._asked >= POLLING.skipped:
            self._over.wait(min(seconds, POLLING.real))
            seconds = 0.0
        self._report.wait_until(self._clock.now() + timedelta(seconds=seconds), self._wake)

    def _wake(self) -> None:
        if not self._over.is_set():
            threading.Thread(target=self._look, name="sfnb-job", daemon=True).start()

    def _look(self) -> None:
        """Ask once, and tell of the end or ask again later."""
        self._asked += 1
        try:
            went_well, job = self._described()
        except Transient as fault:
            self._missed += 1
            if self._missed > POLLING.patience:
                self._report.refused(str(fault.error), fault.cause)
                return
            went_well = None
        except StatesError as fault:
            self._report.refused(str(fault.error), fault.cause)
            return
        except Exception as fault:  # whatever is asked runs here as a task's function does in the executor
            self._report.failed(type(fault).__name__, str(fault), [])
            return
        if went_well is None:
            self._pause()
        elif went_well:
            self._report.succeeded(Payload(self._job.result(job, self._submission)))
        else:
            self._report.refused("States.TaskFailed", encode(self._job.result(job, self._submission)))

    def _described(self) -> tuple[bool | None, Json]:
        try:
            answer = self._ask(self._job.describe)
        except TaskError as fault:
            if self._job.gone is not None and str(fault.error).endswith(self._job.gone):
                return True, find(self._submission, self._job.under)
            raise
        self._missed = 0
        job = find(answer, self._job.found)
        return (None if job is None else self._job.ends(job)), job


def filled(template: Any, submission: Json, parameters: dict[str, Any]) -> Any:
    """A template of arguments with values in it. submission: the answer. parameters: of the submission.

    >>> filled({"tasks": [Told("Tasks.0.Id")], "cluster": Given("cluster")}, {"Tasks": [{"Id": "t"}]}, {})
    {'tasks': ['t']}
    """
    if isinstance(template, dict):
        values = {key: filled(value, submission, parameters) for key, value in template.items()}
        return {key: value for key, value in values.items() if value is not None}
    if isinstance(template, list):
        return [filled(item, submission, parameters) for item in template]
    if isinstance(template, Told):
        return find(submission, template.path)
    return find(parameters, template.path) if isinstance(template, Given) else template


def find(value: Json, path: str) -> Json:
    """The value at the end of a dotted path; None where it leads nowhere.

    >>> find({"Jobs": [{"Status": "FAILED"}]}, "Jobs.0.Status")
    'FAILED'
    >>> find({"Jobs": []}, "Jobs.0.Status"), find(3, "")
    (None, 3)
    """
    for part in path.split(".") if path else []:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
