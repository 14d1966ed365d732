"""What tasks print goes to the visit they belong to.

While calls run, `sys.stdout` and `sys.stderr` are wrapped. The wrapper asks a ContextVar whose
code is writing: a task's text goes to its call, line by line; everybody else's passes through.
The first call puts the wrappers on, the last takes them off. The streams belong to the whole
process, so the count of calls does too: any number of executors share it.

Who puts another stream in place while calls run (%%capture, pytest) has it wrapped when the next
call begins or ends. A wrapper that comes back later, restored by such a capture, passes everything
through until a last call ends again.

Threads that a task starts have no context of their own, so what they print passes through, unless
started by `asyncio.to_thread` or with `contextvars.copy_context().run`.
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, TextIO, cast

KEPT_WRAPPERS = 32

_LISTENER: ContextVar[Printing | None] = ContextVar("sfnb.listener", default=None)


class Printing:
    """While entered, what this context prints is passed to `listen`: whole lines, the rest at the end."""

    __slots__ = ("_ended", "_line", "_listen", "_lock")

    def __init__(self, listen: Callable[[str], None]) -> None:
        self._listen = listen
        # Re-entrant: what the garbage collector ends may print, too, in the midst of `write`.
        self._lock = threading.RLock()
        self._line: list[str] = []
        self._ended = False

    def __enter__(self) -> None:
        _LISTENER.set(self)
        _STREAMS.enter()

    def __exit__(self, *_: object) -> None:
        _STREAMS.leave()
        with self._lock:
            self._ended = True
            rest = self._line
        if rest:
            self._listen("".join(rest))

    def write(self, text: str) -> bool:
        """Take `text`; False when the call has ended and nobody listens any more."""
        with self._lock:  # held while listening, so that lines of several threads keep their order
            if self._ended:
                return False
            self._line.append(text)
            if "\n" in text:
                written, self._line = self._line, []
                lines, end, rest = "".join(written).rpartition("\n")
                if rest:
                    self._line.insert(0, rest)
                self._tell(lines + end)
        return True

    def _tell(self, text: str) -> None:
        token = _LISTENER.set(None)  # a listener that shows the text by printing it is not heard again
        try:
            self._listen(text)
        finally:
            _LISTENER.reset(token)


class TaskStream:
    """A stream that gives what tasks write to their calls; in all else the stream it wraps.

    Its `write` may be replaced: IPython puts a function around the one it finds for the length of a
    cell. On the wrapped stream that function would call this wrapper, and it the function, for ever.
    """

    __slots__ = ("__dict__", "_sfnb_stream")

    _sfnb_stream: TextIO

    def __init__(self, stream: TextIO) -> None:
        object.__setattr__(self, "_sfnb_stream", stream)

    def write(self, text: str) -> int:
        listener = _LISTENER.get()
        if listener is None or not isinstance(text, str) or not listener.write(text):
            return self._sfnb_stream.write(text)  # which refuses what is not text in its own words
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sfnb_stream, name)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "write":
            object.__setattr__(self, name, value)
        else:
            setattr(self._sfnb_stream, name, value)

    def __repr__(self) -> str:
        return f"TaskStream({self._sfnb_stream!r})"


class _Streams:
    """The standard streams of the process, and how many calls want them wrapped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._wrappers: OrderedDict[int, TaskStream] = OrderedDict()

    def enter(self) -> None:
        with self._lock:
            self._calls += 1
            self._wrap()

    def leave(self) -> None:
        with self._lock:
            self._calls -= 1
            if self._calls:
                self._wrap()
            else:
                _unwrap()

    def _wrap(self) -> None:
        # None is what pythonw has for a stream.
        if type(sys.stdout) is not TaskStream and sys.stdout is not None:
            sys.stdout = cast("TextIO", self._wrapper(sys.stdout))
        if type(sys.stderr) is not TaskStream and sys.stderr is not None:
            sys.stderr = cast("TextIO", self._wrapper(sys.stderr))

    def _wrapper(self, stream: TextIO) -> TaskStream:
        """The wrapper of `stream`, kept after it is taken off.

        `print` in CPython before 3.13 borrows its reference to sys.stdout: a wrapper freed by another
        thread in the midst of a print would crash the process. The latest few stay alive.
        """
        wrapper = self._wrappers.pop(id(stream), None) or TaskStream(stream)
        self._wrappers[id(stream)] = wrapper
        if len(self._wrappers) > KEPT_WRAPPERS:
            self._wrappers.popitem(last=False)
        return wrapper


_STREAMS = _Streams()


def _unwrap() -> None:
    while type(sys.stdout) is TaskStream:
        sys.stdout = sys.stdout._sfnb_stream
    while type(sys.stderr) is TaskStream:
        sys.stderr = sys.stderr._sfnb_stream
