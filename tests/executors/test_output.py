from __future__ import annotations

import asyncio
import contextlib
import contextvars
import io
import sys
import threading
from collections.abc import Iterator

import pytest
from told import LONG, Submit

from sfnb.executors import ThreadExecutor
from sfnb.executors.output import Printing, TaskStream
from tests.sessions import until


@pytest.fixture
def threads() -> Iterator[ThreadExecutor]:
    executor = ThreadExecutor()
    yield executor
    executor.close(LONG)


@pytest.fixture(autouse=True)
def nobody_else_calls() -> None:
    """Calls that earlier tests of this process have given up may still run; the streams are everybody's."""

    def wrapped() -> bool:
        with contextlib.redirect_stdout(io.StringIO()):
            contextvars.Context().run(lambda: Printing(print).__enter__())
            contextvars.Context().run(lambda: Printing(print).__exit__())
            return type(sys.stdout) is TaskStream

    until(lambda: not wrapped(), "the end of all calls")


def elsewhere(text: str) -> None:
    """Print, as code that is no task."""
    contextvars.Context().run(print, text)


def test_whole_lines_are_told_and_the_rest_at_the_end() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        heard: list[str] = []
        with Printing(heard.append):
            print("a", "b")
            print("c\nd\ne", end="")
            print("f", end="", file=sys.stderr)
            assert heard == ["a b\n", "c\nd\n"]

        assert heard == ["a b\n", "c\nd\n", "ef"]
        assert screen.getvalue() == ""


def test_the_stream_is_wrapped_only_while_calls_run() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        with Printing(print):
            assert type(sys.stdout) is TaskStream
            with Printing(print):
                pass
            assert type(sys.stdout) is TaskStream

        assert sys.stdout is screen


def test_what_others_print_passes_through() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        heard: list[str] = []
        with Printing(heard.append):
            elsewhere("others")
            thread = threading.Thread(target=print, args=("a thread",))
            thread.start()
            thread.join(LONG)

        assert heard == []
        assert screen.getvalue() == "others\na thread\n"


def test_everything_else_is_the_streams_own() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        screen.title = "screen"  # type: ignore[attr-defined]
        with Printing(print):
            wrapped = sys.stdout
            assert wrapped.title == "screen"  # type: ignore[attr-defined]
            assert wrapped.isatty() is False
            assert wrapped.encoding == screen.encoding
            assert wrapped.writable()
            assert repr(wrapped) == f"TaskStream({screen!r})"
            wrapped.flush()
            wrapped.title = "changed"  # type: ignore[attr-defined]
            with pytest.raises(io.UnsupportedOperation):
                wrapped.fileno()
            with pytest.raises(AttributeError):
                _ = wrapped.nothing_of_this_name  # type: ignore[attr-defined]
            with pytest.raises(TypeError, match="string argument expected"):
                wrapped.write(b"bytes")  # type: ignore[arg-type]

        assert screen.title == "changed"  # type: ignore[attr-defined]


def test_write_counts_and_writelines_is_heard() -> None:
    heard: list[str] = []
    with Printing(heard.append):
        assert sys.stdout.write("four") == 4
        sys.stdout.writelines(["\n", "more\n"])

    assert heard == ["four\n", "more\n"]


def test_a_function_put_around_write_is_called_once() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as screen, Printing(lambda _: None):
        seen: list[str] = []
        found = sys.stdout.write

        def write(text: str) -> int:  # as IPython does for the length of a cell
            seen.append(text)
            return found(text)

        sys.stdout.write = write  # type: ignore[method-assign]
        elsewhere("others")
        sys.stdout.write = found  # type: ignore[method-assign]
        elsewhere("after")

    assert "".join(seen) == "others\n"
    assert screen.getvalue() == "others\nafter\n"


def test_parallel_tasks_are_told_apart(threads: ThreadExecutor, submit: Submit) -> None:
    barrier = threading.Barrier(8, timeout=LONG)

    def talk(name):
        for n in range(20):
            print(name, end=" ")
            if n < 3:
                barrier.wait()
            print(n)

    reports = [submit(threads, talk, f"task {k}")[1] for k in range(8)]

    for k, told in enumerate(reports):
        told.outcome()
        assert told.text == "".join(f"task {k} {n}\n" for n in range(20))
    assert type(sys.stdout) is not TaskStream


def test_async_tasks_on_one_loop_are_told_apart(submit: Submit) -> None:
    async def talk(name):
        for n in range(3):
            print(name, end=" ")
            await asyncio.sleep(0)
            print(n)

    async def engine():
        executor = ThreadExecutor(loop=asyncio.get_running_loop)
        reports = [submit(executor, talk, name)[1] for name in "ab"]
        while not all(told.has_ended for told in reports):
            await asyncio.sleep(0)
        return [told.text for told in reports]

    assert asyncio.run(engine()) == ["a 0\na 1\na 2\n", "b 0\nb 1\nb 2\n"]


def test_a_task_that_runs_another_executor_hears_its_own(threads: ThreadExecutor, submit: Submit) -> None:
    def inner(_):
        print("inner")

    def outer(_):
        print("before")
        other = ThreadExecutor()
        _, told = submit(other, inner)
        told.outcome()
        other.close()
        print("after")
        return told.text

    _, told = submit(threads, outer)

    assert told.outcome() == ("succeeded", "inner\n")
    assert told.text == "before\nafter\n"
    assert type(sys.stdout) is not TaskStream


def test_what_a_thread_prints_in_a_copy_of_the_context_is_told(
    threads: ThreadExecutor, submit: Submit
) -> None:
    async def talk(_):
        await asyncio.to_thread(print, "from a thread")

    _, told = submit(threads, talk)

    assert told.outcome() == ("succeeded", None)
    assert told.text == "from a thread\n"


def test_what_is_printed_after_the_end_passes_through() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        heard: list[str] = []

        def call():
            with Printing(heard.append):
                pass
            print("late")
            with Printing(heard.append):
                left_behind.run(print, "also late")

        context = contextvars.Context()
        with Printing(heard.append):
            left_behind = contextvars.copy_context()
        context.run(call)

        assert heard == []
        assert screen.getvalue() == "late\nalso late\n"


def test_a_listener_may_print() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        with Printing(lambda text: print("heard:", text, end="")):
            print("one")
            print("two", end="")

        assert screen.getvalue() == "heard: one\nheard: two"


def test_what_the_garbage_collector_prints_in_the_midst_of_a_print_is_heard() -> None:
    heard: list[str] = []

    class Text(str):
        """Prints when it is looked into, which `write` does while it holds its lock."""

        __slots__ = ()

        def __contains__(self, key: str) -> bool:
            print("collected")
            return super().__contains__(key)

    with Printing(heard.append):
        sys.stdout.write(Text("one\n"))

    assert "".join(heard) == "one\ncollected\n"


def test_a_stream_put_in_place_meanwhile_is_wrapped_by_the_next_call() -> None:
    heard: list[str] = []
    captured = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        with Printing(heard.append):
            with contextlib.redirect_stdout(captured):
                print("not wrapped yet")
                with Printing(heard.append):
                    print("heard")
                    elsewhere("captured")
                elsewhere("captured too")
            elsewhere("passes")
        assert sys.stdout is screen

    assert heard == ["heard\n"]
    assert captured.getvalue() == "not wrapped yet\ncaptured\ncaptured too\n"
    assert screen.getvalue() == "passes\n"


def test_a_call_is_heard_again_when_another_ends_after_a_capture() -> None:
    heard: list[str] = []
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        with contextlib.redirect_stdout(io.StringIO()):
            call = Printing(heard.append)
            call.__enter__()
            print("one")
        contextvars.Context().run(lambda: Printing(print).__enter__())
        contextvars.Context().run(lambda: Printing(print).__exit__())
        print("two")
        call.__exit__()
        assert sys.stdout is screen

    assert heard == ["one\n", "two\n"]


def test_a_wrapper_restored_by_a_capture_is_taken_off_by_the_next_call() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        captured = io.StringIO()
        capture = contextlib.redirect_stdout(captured)
        with Printing(print):
            capture.__enter__()
        assert sys.stdout is captured
        capture.__exit__(None, None, None)
        print("through")

        with Printing(print):
            pass

        assert sys.stdout is screen
        assert screen.getvalue() == "through\n"


def test_there_may_be_no_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    heard: list[str] = []
    with Printing(heard.append):
        print("nowhere")
        print("heard", file=sys.stderr)

    assert heard == ["heard\n"]
    assert sys.stdout is None
