"""`sfnb run`."""

from __future__ import annotations

import argparse
import sys
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from sfnb.cli import definitions
from sfnb.cli.streams import (
    FAILED,
    INTERRUPTED,
    WELL,
    check_writable,
    coloured,
    json_escapes,
    say,
    write,
)

if TYPE_CHECKING:
    from sfnb.execution import Execution
    from sfnb.machine import StateMachine
    from sfnb.values import Payload

EXAMPLES = """\
examples:
  sfnb run orders.asl.json --input '{"id": 7}' --tasks tasks.py
  sfnb run orders.yaml --input @order.json --tasks tasks.py --skip-waits > result.json
  fetch-order | sfnb run orders.asl.json --input - --tasks shop.tasks | jq .total
  sfnb run orders.asl.json --mock auto                   no task is called
  sfnb run orders.asl.json --mock mocks.json#HappyPath   a case of a mock file

Each public function of tasks.py stands for the Resource of its name: a Lambda function, an activity, or
the name that @sfnb.task("...") gives. What tasks print goes to standard error.
"""
GLANCE_SECONDS = 0.1
"""How late what a task prints may be seen."""


def add_options(parser: argparse.ArgumentParser) -> None:
    definitions.add_file(parser)
    parser.add_argument(
        "-i",
        "--input",
        default="{}",
        metavar="JSON",
        help="JSON text, @FILE, or - for standard input; {} unless given",
    )
    parser.add_argument(
        "-t",
        "--tasks",
        action="append",
        default=[],
        metavar="MODULE",
        help="a .py file or a module with the Python functions; may be repeated",
    )
    parser.add_argument("--name", help="the state machine's name; the file's unless given")
    parser.add_argument(
        "--skip-waits", action="store_true", help="jump over waits and the pauses before retries"
    )
    parser.add_argument(
        "--unlimited", action="store_true", help="lift AWS's limits of 256 KiB a payload and 25,000 events"
    )
    definitions.add_type(parser)
    parser.add_argument(
        "--compat",
        choices=("aws", "spec"),
        default="aws",
        help="where AWS and the States Language differ: as AWS does (unless told), or as the language says",
    )
    parser.add_argument(
        "-m",
        "--mock",
        metavar="FILE[#CASE]",
        help="answers instead of calls: a case of a mock file, or auto for plausible ones to all",
    )
    parser.add_argument(
        "--buckets",
        metavar="FOLDER",
        help="the folder that stands for S3, with a folder in it for each bucket; ./buckets unless given",
    )
    parser.add_argument(
        "--history",
        metavar="FILE",
        help="write the events to FILE, as `aws stepfunctions get-execution-history` prints them",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but what went wrong")


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """Run a definition to its end and print its output.

    Whatever became of it, the history is written; Ctrl-C ends it as ABORTED.
    """
    from sfnb.cli.inputs import read_input

    payload = read_input(options.input, definition=options.file)
    if options.history:
        check_writable(options.history)
    machine = prepare(options)
    execution, interrupted = follow(machine, payload, options)
    if options.history:
        write_history(execution, answers, options.history)
    tell(execution, options)
    output = execution.describe().output
    if output is not None:
        write(output, answers, escape=json_escapes)
    if interrupted:
        return INTERRUPTED
    return FAILED if output is None else WELL


def prepare(options: argparse.Namespace) -> StateMachine:
    """The machine with its tasks; what looks wrong in it is said."""
    from sfnb.cli.tasks import load_tasks
    from sfnb.default import use_buckets
    from sfnb.errors import render_diagnostics

    machine = definitions.load(
        options.file, name=options.name, unlimited=options.unlimited, type=options.type
    )
    if machine.warnings and not options.quiet:
        say(render_diagnostics(machine.record.source, machine.warnings) + "\n")
    if options.buckets is not None:
        use_buckets(options.buckets)
    for module in options.tasks:
        load_tasks(module)
    return machine


def follow(machine: StateMachine, payload: Payload, options: argparse.Namespace) -> tuple[Execution, bool]:
    """Run to the end; answers with whether Ctrl-C was its end.

    What tasks print is written from this thread, so that a reader who has gone away stops the
    command and not the execution's engine.
    """
    from sfnb.mock_words import mock_of

    printed: SimpleQueue[str] = SimpleQueue()
    execution = machine.start(
        payload,
        skip_waits=options.skip_waits,
        unlimited=options.unlimited,
        compat=options.compat,
        mock=None if options.mock is None else mock_of(options.mock, machine.name),
        on_output=printed.put,
    )
    watch = watch_live if sys.stderr.isatty() and not options.quiet else watch_plainly
    try:
        watch(execution, printed)
    except KeyboardInterrupt:
        execution.stop()
        execution.wait()
        return execution, True
    return execution, False


def watch_plainly(execution: Execution, printed: SimpleQueue[str]) -> None:
    told: dict[str, float] = {}
    while not execution.wait(GLANCE_SECONDS):
        sys.stderr.write(taken(printed))
        sys.stderr.writelines(f"{line}\n" for line in execution.new_requests(told, GLANCE_SECONDS))
        sys.stderr.flush()
    sys.stderr.write(taken(printed))


def watch_live(execution: Execution, printed: SimpleQueue[str]) -> None:
    """With a line at the bottom: which states are open, which items done, how long it has been."""
    from rich.console import Console
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.text import Text

    from sfnb.cli.progress import Progress

    progress = Progress()
    console = Console(file=sys.stderr)
    wheel = Spinner("dots" if console.encoding.startswith("utf") else "line")
    began = monotonic()
    told: dict[str, float] = {}
    with Live(
        wheel,
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        refresh_per_second=1 / GLANCE_SECONDS,
    ):
        while not execution.wait(GLANCE_SECONDS):
            if text := taken(printed):
                console.out(text.removesuffix("\n"), highlight=False)
            for line in execution.new_requests(told, GLANCE_SECONDS):
                console.out(line, highlight=False)
            progress.add(execution.log[progress.seen :])
            progress.map_runs = execution.map_run_records
            wheel.update(text=Text(f"{execution.machine_name}: {progress}, {monotonic() - began:.0f} s"))
    sys.stderr.write(taken(printed))


def taken(printed: SimpleQueue[str]) -> str:
    return "".join(printed.get() for _ in range(printed.qsize()))


def tell(execution: Execution, options: argparse.Namespace) -> None:
    """How it ended; the output of a success is left to standard output."""
    from sfnb.explain import account

    told = account(execution)
    if told.status == "SUCCEEDED":
        if options.quiet:
            return
        notes = [f"{word}: {text}" for word, text in told.facts if word != "output"]
        words = "\n".join([told.headline, *notes])
    else:
        words = execution.summary()
    name, status, rest = words.partition(f" {told.status}")
    say(f"{name} {coloured(status.strip())}{rest}")
    failed_task = any(visit.type == "Task" and visit.status == "failed" for visit in execution.trail)
    if failed_task and not options.tasks and not options.mock:
        say("hint: put the functions into a Python file and name it: --tasks tasks.py")


def write_history(execution: Execution, answers: TextIO, file: str) -> None:
    import msgspec

    events = msgspec.json.encode({"events": execution.history()})
    write(msgspec.json.format(events, indent=2).decode(), answers, file)
