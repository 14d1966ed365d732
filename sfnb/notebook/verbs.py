"""What `%asl VERB ...` does: each verb calls one function of the library and returns what it shows."""

from __future__ import annotations

import inspect
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from sfnb.asl.decode import decode
from sfnb.asl.machine import MachineType
from sfnb.asl.ways import did_you_mean
from sfnb.default import execution_of, machines, service, use_buckets
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.engine.tokens import TaskToken
from sfnb.given import read_definition
from sfnb.machine import StateMachine
from sfnb.notebook import display as look
from sfnb.notebook.aws import add_aws_options, aws
from sfnb.notebook.cells import run
from sfnb.notebook.export_verb import add_export_options, export
from sfnb.notebook.form_verb import add_form_options, form
from sfnb.notebook.kept import add_store_options, status, store
from sfnb.notebook.listing import list_all
from sfnb.notebook.onwards import (
    add_at_options,
    add_diff_options,
    add_fork_options,
    add_redrive_options,
    add_resume_options,
    at,
    diff,
    fork,
    redrive,
    resume,
)
from sfnb.notebook.options import Parser, Usage, add_execution, add_run_options, add_type, check_start
from sfnb.notebook.roles import add_role_options, role
from sfnb.notebook.state_tests import add_test_options, try_state
from sfnb.notebook.things import (
    Variables,
    bound_to,
    everything,
    execution_named,
    execution_names,
    find_execution,
    latest_with_map_runs,
    machine_named,
    no_such,
    owner,
)
from sfnb.notebook.triggers import (
    add_off_options,
    add_on_options,
    add_triggers_options,
    add_try_options,
    off,
    on,
    triggers,
    try_event,
)
from sfnb.task_parameters import parameter_warnings

IN_CELLS = ("on", "try")
"""Verbs that a cell may have: `%%asl on NAME event`."""
FillIn = Callable[[Namespace], Namespace]


def run_line(line: str, fill_in: FillIn, variables: Variables, cell: str | None = None) -> object:
    """Do what a line says; returns what it shows. Raises Usage, or what the verb raises.

    fill_in: puts the settings in the place of what the line leaves open. cell: what stands below the line.
    """
    name, _, rest = line.strip().partition(" ")
    if not name or name in ("-h", "--help"):
        name = "help"
    verb = VERBS[verb_named(name)]
    parser = parser_of(name)
    if {"-h", "--help"} & set(rest.split()):
        return look.code(parser.format_help())
    options = fill_in(parser.parse(rest))
    options.cell = cell
    return verb.do(options, variables)


def begins_verb(line: str) -> bool:
    """Whether the line of a cell is one of a verb; with nothing behind it, it names a machine."""
    first, *others = line.split()[:2] or [""]
    return first in IN_CELLS and bool(others) and not others[0].startswith("-")


def verb_named(name: str) -> str:
    """Raises Usage with a near miss."""
    if name not in VERBS:
        near = did_you_mean(name, VERBS)
        raise Usage(f"%asl: no such verb: '{name}'; {near or 'there are ' + ', '.join(VERBS)}")
    return name


def parser_of(name: str) -> Parser:
    """The parser of a verb's own line."""
    verb = VERBS[name]
    parser = Parser(f"%asl {name}", inspect.getdoc(verb.do) or "")
    verb.add_options(parser)
    parser.add_argument("-h", "--help", action="store_true", help="show this")
    return parser


# The verbs


def run_machine(options: Namespace, variables: Variables) -> object:
    """Run a state machine."""
    check_start(options, "%asl run")
    return run(machine_named(options.machine, variables), options, variables)


def show(options: Namespace, variables: Variables) -> object:
    """Show a state machine or an execution; `x = %asl show NAME` keeps it."""
    known = everything(variables, StateMachine, machines())
    found = known.get(options.name) or find_execution(options.name, variables)
    if found is None:
        raise no_such(options.name, "state machine or execution", [*known, *execution_names(variables)])
    return found


def history(options: Namespace, variables: Variables) -> object:
    """Show the history of an execution, or of the latest, as a DataFrame."""
    return execution_named(options.execution, variables).events


def stop(options: Namespace, variables: Variables) -> object:
    """Stop an execution, or all that run; they end as ABORTED."""
    if options.all:
        running = [execution_of(record.arn) for record in under_way()]
    else:
        running = [execution_named(options.execution, variables)]
        if running[0].status != "RUNNING":
            ended = bound_to(running[0], variables) or running[0].name
            return look.note(f"{ended}: nothing to stop, it had ended: {running[0].status}")
    for execution in running:
        execution.stop()
        execution.wait()
    rows = [
        (bound_to(execution, variables), execution.machine_name, execution.status) for execution in running
    ]
    return look.table(("variable", "machine", "status"), rows, empty="nothing is running")


def validate(options: Namespace, variables: Variables) -> object:
    """Check a file, or a state machine again, and show every finding."""
    known = everything(variables, StateMachine, machines())
    if options.name in known:
        source = known[options.name].source
    else:
        if not Path(options.name).exists():
            raise no_such(options.name, "file or state machine", known)
        source = read_definition(Path(options.name))
    _, findings = decode(source, options.type or _type_of(known.get(options.name)))
    findings += parameter_warnings(source.tree)
    return (
        look.findings(source, findings) if findings else look.note(f"{options.name}: no errors, no warnings")
    )


def test_one(options: Namespace, variables: Variables) -> object:
    """Try one state on an input, and show the data stage by stage.

    Without --mock or --throw the state's task is really called.
    """
    return try_state(machine_named(options.machine, variables), options, variables)


def tasks(options: Namespace, variables: Variables) -> object:
    """List the Python functions that stand for Resources."""
    rows = [
        (name, _signature(function), "every machine")
        for name, function in service().registry.functions.items()
    ]
    for machine in machines():
        rows += [(name, _signature(function), machine.name) for name, function in machine.tasks.items()]
    empty = "no tasks yet: put @sfnb.task above a function"
    return look.table(("task", "function", "for"), rows, empty=empty)


def tokens(options: Namespace, variables: Variables) -> object:
    """List the task tokens that are waited for, with the line that answers each."""
    rows = [
        (task.state, owner(task.execution, variables), task.resource, _answer(task))
        for task in service().list_task_tokens()
        if task.awaits_answer
    ]
    return look.table(
        ("state", "execution", "resource", "answer"), rows, empty="no task is waiting for a token"
    )


def maps(options: Namespace, variables: Variables) -> object:
    """Show how far the Distributed Maps of an execution are; of the latest that has one."""
    return look.map_runs(
        execution_named(options.execution, variables) if options.execution else latest_with_map_runs()
    )


def buckets(options: Namespace, variables: Variables) -> object:
    """Show the folder that stands for S3 and what is in it; with FOLDER, take that one from now on.

    FOLDER is a folder's name, or a Python variable that holds one: a str or a Path.
    """
    if options.folder is not None:
        use_buckets(folder_named(options.folder, variables))
    return look.buckets(service().buckets)


def help_all(options: Namespace, variables: Variables) -> object:
    """Show this, or what one verb takes."""
    if options.verb is None:
        return look.code(HELP)
    return look.code(parser_of(verb_named(options.verb)).format_help())


# Names


def under_way() -> list[ExecutionRecord]:
    """What runs in this process."""
    running = service().list_executions(ExecutionFilter(status=("RUNNING",)))
    return [r for r in running if r.owner != "others" and not service().is_interrupted(r)]


def folder_named(text: str, variables: Variables) -> str | Path:
    """The folder that a variable of this name holds, else the one with this name itself.

    Raises Usage where the variable holds something else.
    """
    if text not in variables:
        return text
    value = variables[text]
    if isinstance(value, (str, Path)):
        return value
    raise Usage(
        f"%asl buckets: the variable '{text}' holds no folder but {type(value).__name__}; ./{text} is one"
    )


def _answer(task: TaskToken) -> str:
    if ":activity:" in task.resource:
        return f'sfnb.get_activity_task("{task.resource.rpartition(":")[2]}")'
    return f'sfnb.send_task_success("{task.token}", output)'


def _type_of(machine: StateMachine | None) -> MachineType:
    return "STANDARD" if machine is None else machine.record.type


def _signature(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    try:
        return f"{name}{inspect.signature(function)}"
    except (TypeError, ValueError):
        return f"{name}(...)"


# Their lines


def _no_options(parser: Parser) -> None:
    """The verb takes none."""


def _help_options(parser: Parser) -> None:
    parser.add_argument("verb", nargs="?", metavar="VERB", help="one of them")


def _run_options(parser: Parser) -> None:
    parser.add_argument("machine", metavar="NAME", help="a state machine: its variable or its own name")
    add_run_options(parser)
    parser.add_argument("--no-draw", dest="draw", action="store_false", default=None, help="show no picture")


def _show_options(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="a state machine or an execution")


def _history_options(parser: Parser) -> None:
    add_execution(parser, nargs="?")


def _stop_options(parser: Parser) -> None:
    _history_options(parser)
    parser.add_argument("--all", action="store_true", help="all that are running")


def _validate_options(parser: Parser) -> None:
    parser.add_argument("name", metavar="FILE|NAME", help="a file, or a state machine")
    add_type(parser)


def _buckets_options(parser: Parser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="FOLDER",
        help="a Python variable or a name: it has a folder for each bucket",
    )


def _test_options(parser: Parser) -> None:
    parser.add_argument("machine", metavar="NAME", help="a state machine")
    parser.add_argument("state", metavar="STATE", help="one of its states, at any depth")
    add_test_options(parser)


class Verb(NamedTuple):
    """What a verb does, what its line may say, and how it is written."""

    do: Callable[[Namespace, Variables], object]
    add_options: Callable[[Parser], None]
    form: str


VERBS = {
    "run": Verb(run_machine, _run_options, "run NAME [-i X] [-o NAME] ..."),
    "show": Verb(show, _show_options, "show NAME"),
    "list": Verb(list_all, _no_options, "list"),
    "form": Verb(form, add_form_options, "form NAME [--schema X]"),
    "on": Verb(on, add_on_options, "on NAME KIND WHAT ..."),
    "off": Verb(off, add_off_options, "off TRIGGER [--disable] [--enable]"),
    "triggers": Verb(triggers, add_triggers_options, "triggers [NAME]"),
    "try": Verb(try_event, add_try_options, "try [NAME] EVENT"),
    "history": Verb(history, _history_options, "history [EX]"),
    "stop": Verb(stop, _stop_options, "stop [EX] [--all]"),
    "export": Verb(export, add_export_options, "export NAME [FORMAT] [-f FILE]"),
    "validate": Verb(validate, _validate_options, "validate FILE|NAME [--type T]"),
    "test": Verb(test_one, _test_options, "test NAME STATE [-i X] [--mock X] ..."),
    "tasks": Verb(tasks, _no_options, "tasks"),
    "tokens": Verb(tokens, _no_options, "tokens"),
    "maps": Verb(maps, _history_options, "maps [EX]"),
    "resume": Verb(resume, add_resume_options, "resume [EX ...] [--on-lost fail] [--now]"),
    "redrive": Verb(redrive, add_redrive_options, "redrive EX [--definition NAME] ..."),
    "fork": Verb(fork, add_fork_options, "fork EX STATE [-i X] [-o NAME] ..."),
    "at": Verb(at, add_at_options, "at EX EVENT"),
    "diff": Verb(diff, add_diff_options, "diff A B"),
    "role": Verb(role, add_role_options, "role NAME [EX] [--policy] [--trust]"),
    "status": Verb(status, _no_options, "status"),
    "store": Verb(store, add_store_options, "store [delete --older-than 30d]"),
    "buckets": Verb(buckets, _buckets_options, "buckets [FOLDER]"),
    "aws": Verb(aws, add_aws_options, "aws [local|profile|off] [--seed NAME] ..."),
    "help": Verb(help_all, _help_options, "help [VERB]"),
}

_WIDEST_FORM = max(len(verb.form) for verb in VERBS.values())
HELP = "\n".join(
    [
        "%asl VERB ...: work with state machines and executions.",
        "",
        *(
            f"  %asl {verb.form:{_WIDEST_FORM}}  {(verb.do.__doc__ or '').splitlines()[0]}"
            for verb in VERBS.values()
        ),
        "",
        "%asl VERB --help explains one; %%asl? explains the cell that defines a state machine.",
    ]
)
