"""Calls run in threads of our own; async functions on the engine's loop.

A function that hangs cannot be stopped in Python, so whoever stops waiting for it gives up its
thread: the thread is *lost*, no longer counted, and ends when the function returns; its late
answer is still reported. Two things follow that `concurrent.futures` would not give: threads are
daemons (a lost one must not keep the kernel from exiting), and the count of those that may run is
a count of the threads not lost.

A job in the queue belongs to nobody. One thread at a time is summoned for it, the one that worked
last; when it takes the job and finds more, it summons the next before it begins. So 40 calls that
block soon have 40 threads, and 40 short ones are done by a thread that never pauses: to wake a
thread for each job cost three times as much, in threads that woke to find nothing left.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING

from sfnb.engine.ports import Call, Handle, Report
from sfnb.executors.call import Plan, perform, plan_of
from sfnb.executors.context import Running

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from sfnb.executors.awaited import AwaitedCall

WORKERS = 64
IDLE_SECONDS = 10.0


class ThreadExecutor:
    """Runs up to `workers` calls at a time (64 unless told); more wait for their turn.

    loop: gives the loop on which async functions run, any number of them at a time; without it
        each runs in a thread, on a loop of its own.
    idle_seconds: how long a thread without a job stays.
    """

    def __init__(
        self,
        workers: int | None = None,
        loop: Callable[[], AbstractEventLoop] | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._pool = _Pool(WORKERS if workers is None else workers, idle_seconds)
        self._loop = loop
        self._awaited: set[AwaitedCall] = set()

    def submit(self, call: Call, report: Report) -> Handle:
        """Raises RuntimeError after `close`."""
        plan = plan_of(call.function)
        running = Running(call, report, is_async=plan.is_async)
        run = perform
        if plan.is_async:
            from sfnb.executors import awaited

            if self._loop is not None:
                call_awaited = awaited.AwaitedCall(running, plan, self._loop(), self._awaited)
                call_awaited.start()
                return call_awaited
            run = awaited.run_alone
        job = _Job(self._pool, running, plan, run)
        self._pool.add(job)
        return job

    def close(self, grace_seconds: float = 1.0) -> None:
        """Cancel every call and let the threads end; waits for them for `grace_seconds` at most."""
        if self._awaited:
            from sfnb.executors.awaited import cancel_all

            cancel_all(list(self._awaited), grace_seconds)
        self._pool.close(grace_seconds)


class _Job:
    """A call in the pool, and its Handle. worker: the thread it runs in, None before and after."""

    __slots__ = ("_context", "_plan", "_pool", "_run", "running", "worker")

    def __init__(
        self, pool: _Pool, running: Running, plan: Plan, run: Callable[[Running, Plan], None]
    ) -> None:
        self.running = running
        self.worker: _Worker | None = None
        self._pool = pool
        self._plan = plan
        self._run = run
        # A task sees the context variables of who asked for it, as with asyncio.to_thread; in a
        # notebook one of them says under which cell output belongs.
        self._context = copy_context()

    def run(self) -> None:
        self._context.run(self._run, self.running, self._plan)

    def cancel(self) -> None:
        self.running.cancel()
        if self._pool.abandon(self):
            self.running.report.failed("TaskCancelled", "cancelled before it began", [])


class _Worker:
    """A thread of the pool. lost: its call was given up; it leaves when that returns."""

    __slots__ = ("job", "lost", "summons", "thread")

    def __init__(self, pool: _Pool, name: str) -> None:
        self.job: _Job | None = None
        self.lost = False
        self.summons = threading.Lock()  # released by whoever wants it to come
        self.summons.acquire()
        self.thread = threading.Thread(target=pool.work, args=(self,), name=name, daemon=True)


class _Pool:
    """The threads, and the jobs they have not reached.

    _workers: all that are not lost; their number is what `limit` limits.
    _parked: those that wait, the latest last.
    _coming: the one that has been summoned for the first job in the queue and is not there yet.
        While there is a queue, somebody is coming, or all are at work and no more may be hired.
    """

    def __init__(self, limit: int, idle_seconds: float) -> None:
        self._limit = limit
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._workers: set[_Worker] = set()
        self._parked: list[_Worker] = []
        self._coming: _Worker | None = None
        self._queue: deque[_Job] = deque()
        self._numbers = count(1)
        self._closed = False

    def add(self, job: _Job) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the executor is closed")
            self._queue.append(job)
            hired = self._summon()
        self._start(hired)

    def work(self, worker: _Worker) -> None:
        """The life of a thread."""
        try:
            while (job := self._next(worker)) is not None:
                job.run()
                del job  # it must not live on while its thread waits
        finally:
            self._leave(worker)

    def abandon(self, job: _Job) -> bool:
        """Give up `job` with its thread; True when it had none yet and never will."""
        with self._lock:
            worker = job.worker
            if worker is None:
                if job not in self._queue:
                    return False  # it has ended
                self._queue.remove(job)
                return True
            if worker.lost:
                return False
            worker.lost = True
            worker.thread.name += " (lost)"
            self._workers.discard(worker)
            hired = self._summon()
        self._start(hired)
        return False

    def close(self, grace_seconds: float) -> None:
        with self._lock:
            self._closed = True
            workers = list(self._workers)
            jobs = [*self._queue, *(worker.job for worker in workers if worker.job is not None)]
            for worker in self._parked:
                worker.summons.release()
            self._parked.clear()
        for job in jobs:
            job.cancel()
        deadline = monotonic() + grace_seconds
        for worker in workers:
            if worker.thread.is_alive() and worker.thread is not threading.current_thread():
                worker.thread.join(max(0.0, deadline - monotonic()))

    def _next(self, worker: _Worker) -> _Job | None:
        """The next job of `worker`, however long it takes to come; None when it is to leave."""
        while True:
            with self._lock:
                if self._coming is worker:
                    self._coming = None
                if worker.job is not None:
                    worker.job.worker = None
                    worker.job = None
                if worker.lost or self._closed:
                    return None
                if self._queue:
                    job = worker.job = self._queue.popleft()
                    job.worker = worker
                    hired = self._summon()
                    break
                self._parked.append(worker)
            if not worker.summons.acquire(timeout=self._idle_seconds):
                with self._lock:
                    if worker in self._parked:
                        self._parked.remove(worker)
                        return None
                worker.summons.acquire()  # it has been summoned at the last moment
        self._start(hired)
        return job

    def _leave(self, worker: _Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
            hired = self._summon()
        self._start(hired)

    def _summon(self) -> _Worker | None:
        """See to it that somebody comes for the first job in the queue; under the lock.

        Returns who has been hired for it, to be started when the lock is released.
        """
        if not self._queue or self._coming is not None or self._closed:
            return None
        if self._parked:
            self._coming = self._parked.pop()
            self._coming.summons.release()
            return None
        if len(self._workers) >= self._limit:
            return None
        self._coming = _Worker(self, f"sfnb-task-{next(self._numbers)}")
        self._workers.add(self._coming)
        return self._coming

    def _start(self, hired: _Worker | None) -> None:
        if hired is None:
            return
        try:
            hired.thread.start()
        except RuntimeError:  # the system has no more threads to give: the others must do
            with self._lock:
                self._coming = None
                self._workers.discard(hired)
                if not self._workers:
                    raise
