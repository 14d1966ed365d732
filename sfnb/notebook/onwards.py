"""`%asl` resume, redrive, fork, at, diff: how executions go on, and how they stood."""

from __future__ import annotations

from argparse import Namespace

from sfnb import default
from sfnb.mocks.answers import Given
from sfnb.notebook.cells import concluded, interrupted, shown
from sfnb.notebook.inputs import read_input
from sfnb.notebook.mocks import read_mock
from sfnb.notebook.options import (
    Parser,
    add_data,
    add_execution,
    add_expect,
    add_going_on,
    add_mock,
    add_start,
    check_start,
)
from sfnb.notebook.things import Variables, execution_named, find_execution, machine_named
from sfnb.resuming import to_output


def resume(options: Namespace, variables: Variables) -> object:
    """Go on with executions that were interrupted: with all, or with these.

    What waits for functions goes on by itself once they are defined.
    """
    chosen = [find_execution(name, variables) or name for name in options.executions]
    mock: Given | None = read_mock(options.mock, "", variables)
    return default.resume(
        *chosen, on_lost=options.on_lost, mock=mock, wait=not options.now, skip_waits=options.skip_waits
    )


def redrive(options: Namespace, variables: Variables) -> object:
    """Go on with an execution that failed, from where it did; what had succeeded is not done again."""
    execution = execution_named(options.execution, variables)
    machine = machine_named(options.definition, variables) if options.definition else None
    check_start(options, "%asl redrive")
    options.output = options.execution
    try:
        execution.redrive(
            machine,
            mock=read_mock(options.mock, execution.machine_name, variables),
            skip_waits=options.skip_waits,
            wait=not options.start,
            on_output=to_output if options.start else None,
        )
    except KeyboardInterrupt:
        raise interrupted(execution, options, variables) from None
    return shown(execution, options) if options.start else concluded(execution, options)


def fork(options: Namespace, variables: Variables) -> object:
    """Start a new execution from the last visit of a state of another; on an input of its own, if told."""
    origin = execution_named(options.execution, variables)
    machine = machine_named(options.definition, variables) if options.definition else None
    given = None if options.input is None else read_input(options.input, variables).payload
    name = default.service().names()
    event = int(options.state) if options.state.isdecimal() else None
    check_start(options, "%asl fork")
    try:
        execution = variables[options.output] = origin.fork(
            options.state if event is None else None,
            given,
            event=event,
            definition=machine,
            name=name,
            mock=read_mock(options.mock, origin.machine_name, variables),
            skip_waits=options.skip_waits,
            wait=not options.start,
            on_output=to_output if options.start else None,
        )
    except KeyboardInterrupt:
        raise interrupted((machine or origin.machine).stopped(name), options, variables) from None
    return shown(execution, options) if options.start else concluded(execution, options)


def at(options: Namespace, variables: Variables) -> object:
    """Show an execution as it was after an event, or when a state was first entered."""
    moment = int(options.moment) if options.moment.isdecimal() else options.moment
    return execution_named(options.execution, variables).at(moment)


def diff(options: Namespace, variables: Variables) -> object:
    """Show two executions side by side, the first on the left."""
    left, right = (execution_named(name, variables) for name in (options.left, options.right))
    return left.diff(right)


# Their lines


def add_resume_options(parser: Parser) -> None:
    add_execution(parser, "executions", nargs="*")
    parser.add_argument(
        "--on-lost",
        choices=("repeat", "fail"),
        default="repeat",
        help="a task that had been called and has not answered is called again, or fails as TaskLost",
    )
    parser.add_argument(
        "--now", action="store_true", help="do not wait for functions that only later states call"
    )
    add_going_on(parser)
    add_mock(parser)


def add_redrive_options(parser: Parser) -> None:
    add_execution(parser)
    _add_definition(parser)
    add_going_on(parser)
    add_start(parser)
    add_mock(parser)
    add_expect(parser)


def add_fork_options(parser: Parser) -> None:
    add_execution(parser)
    parser.add_argument("state", metavar="STATE", help="one of its states, at any depth; or an event's id")
    add_data(parser)
    _add_definition(parser)
    add_going_on(parser)
    add_start(parser)
    add_mock(parser)
    add_expect(parser)


def _add_definition(parser: Parser) -> None:
    parser.add_argument("--definition", metavar="NAME", help="a state machine: go on under its definition")
    parser.add_argument("--no-draw", dest="draw", action="store_false", default=None, help="show no picture")


def add_at_options(parser: Parser) -> None:
    add_execution(parser)
    parser.add_argument(
        "moment", metavar="EVENT", help="an event's id; or a state, as it was first entered: Orders[3]/Price"
    )


def add_diff_options(parser: Parser) -> None:
    add_execution(parser, "left", metavar="A")
    add_execution(parser, "right", metavar="B")
