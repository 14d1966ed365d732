"""What a `%%asl` cell does: check the definition, bind it, draw it, run it.

A cell that fails has shown why already, so its traceback is a line or two.
"""

from __future__ import annotations

import keyword
import sys
from argparse import Namespace
from typing import Any

from sfnb.asl.reading import MAX_SIZE_BYTES
from sfnb.default import machines, service
from sfnb.errors import DefinitionError, SfnbError, render_diagnostic
from sfnb.execution import Execution, gathered
from sfnb.explain import account
from sfnb.machine import StateMachine, load_machine
from sfnb.notebook import display as look
from sfnb.notebook.inputs import check_size, read_input
from sfnb.notebook.mocks import read_mock
from sfnb.notebook.substitution import Names, Substitution, read_definition
from sfnb.notebook.things import bound_to, by_definition
from sfnb.resuming import to_output

Variables = dict[str, Any]
UNNAMED = "untitled"


class CellFailed(SfnbError):
    """The execution did not end as it should; it has been shown."""


class Interrupted(KeyboardInterrupt):
    """The execution was stopped by the user; it has been shown."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class Refused(DefinitionError):
    """The definition in a cell has errors. The traceback shows all findings."""

    def __init__(self, fault: DefinitionError, kept: str | None) -> None:
        super().__init__(fault.source, fault.diagnostics)
        count = sum(finding.severity == "ERROR" for finding in self.diagnostics)
        self.headline = f"{counted(count, 'error')} in this definition"
        if kept is not None:
            self.headline += f"; {kept} keeps its old value"

    def _render_traceback_(self) -> list[str]:
        lines = [look.bold(self.headline)]
        for finding in self.diagnostics:
            lines += ["", *look.emphasised(render_diagnostic(self.source, finding))]
        return lines


def run_cell(cell: str, options: Namespace, variables: Variables) -> object:
    """Do what a `%%asl` cell says; returns what it shows.

    options: of `parse_cell_line`, with `draw`, `skip_waits` and `output` filled in.
    variables: the user's.
    Raises Refused, CellFailed, Interrupted, InvalidInput.
    """
    machine = define(cell, options, variables)
    if options.run or options.start:
        return run(machine, options, variables)
    return machine if options.draw else look.note(outlined(machine))


def define(cell: str, options: Namespace, variables: Variables) -> StateMachine:
    """Check the definition, keep it under its name and bind it to its variable, if it has one."""
    variable = options.variable if is_variable(options.variable) else None
    name = options.name or options.variable or UNNAMED
    # The line of %%asl is the cell's first: one blank line in its place makes lines those of the gutter.
    source, found = read_definition(
        "\n" + cell,
        names(name, options, variables),
        format=options.format,
        max_bytes=sys.maxsize if options.unlimited else MAX_SIZE_BYTES,
    )
    show_substitutions(found)
    before = None if name == UNNAMED else next((m for m in machines() if m.name == name), None)
    try:
        machine = load_machine(
            service(), source, name=name, named=name != UNNAMED, type=options.type or "STANDARD"
        )
    except DefinitionError as fault:
        raise Refused(fault, variable if variable in variables else None) from None
    if warnings := machine.warnings:
        look.show(look.findings(source, warnings))
    if before is not None and before.source.tree != machine.source.tree:
        tell_taken_over(before, machine, variable, variables)
    if variable is not None:
        variables[variable] = machine
    elif options.name or options.variable:
        look.show(
            look.note(f'kept as "{name}", bound to no variable; get it by `machine = %asl show {name}`')
        )
    return machine


def tell_taken_over(
    before: StateMachine, machine: StateMachine, variable: str | None, variables: Variables
) -> None:
    """Say that a name has changed hands: other variables hold it with another definition.

    Where the cell's own variable has had the name already, the cell has but been run again.
    """
    older = [names for one, names in by_definition(machine, variables) if one is not machine]
    holders = ", ".join(name for names in older for name in names)
    if holders and variable not in bound_to(before, variables).split(", "):
        words = f'the name "{machine.name}" means this definition now; an older one is still in {holders}'
        look.show(look.note(words))


def is_variable(name: str | None) -> bool:
    return name is not None and name.isidentifier() and not keyword.iskeyword(name)


def names(name: str, options: Namespace, variables: Variables) -> Names:
    """Where the placeholders of a definition are looked up."""
    own = next((list(machine.tasks) for machine in machines() if machine.name == name), [])
    return Names(
        given=dict(options.substitute),
        tasks=[*own, *service().registry.functions],
        states=own,
        variables=variables,
    )


def show_substitutions(found: tuple[Substitution, ...]) -> None:
    if any(item.origin != "missing" for item in found):
        look.show(look.substitutions(found))


def outlined(machine: StateMachine) -> str:
    return f"{machine.name}: {counted(len(machine.states), 'state')}, no errors"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def run(machine: StateMachine, options: Namespace, variables: Variables) -> object:
    """Run a machine as a cell or line says, or but start it; the Execution is bound in any case.

    What tasks print is written while it runs. Returns what shows the Execution; where its status is not
    the expected one, shows it and raises CellFailed.
    """
    given = read_input(options.input, variables)
    if not options.unlimited:
        check_size(given, service().limits.payload_bytes)
    if given.is_table:
        look.show(look.note(f"input: {given.origin}, {given.size}"))
    name, stopped = service().names(), False
    with gathered() as printed:
        try:
            execution = variables[options.output] = machine.start(
                given.payload,
                name=name,
                skip_waits=bool(options.skip_waits),
                unlimited=options.unlimited,
                compat=options.compat or "aws",
                mock=read_mock(options.mock, machine.name, variables),
                on_output=to_output if options.start else printed.put,
            )
            if options.start:
                return shown(execution, options)
            execution.follow(printed)
        except KeyboardInterrupt:
            stopped = True
            machine.stopped(name)  # it may have begun, though `start` was interrupted
    if stopped:
        raise interrupted(machine.stopped(name), options, variables)
    return concluded(execution, options)


def concluded(execution: Execution, options: Namespace) -> object:
    """What shows an Execution that has ended; shows it and raises CellFailed where the status is wrong."""
    expected = options.expect or "SUCCEEDED"
    if execution.status != expected:
        look.show(shown(execution, options))
        wanted = f" (expected {expected})" if options.expect else ""
        raise CellFailed(f"{told(execution)}{wanted}\nThe Execution is in {options.output}.")
    return shown(execution, options)


def interrupted(execution: Execution | None, options: Namespace, variables: Variables) -> Interrupted:
    """Show what was stopped; it is bound even if the interrupt came before it could be."""
    if execution is None:
        return Interrupted("interrupted before the execution began")
    variables[options.output] = execution
    look.show(shown(execution, options))
    return Interrupted(f"interrupted: {told(execution)}; it is in {options.output}")


def shown(execution: Execution, options: Namespace) -> object:
    return execution if options.draw else look.summary(execution)


def told(execution: Execution) -> str:
    """How an execution ended, in a line."""
    story = account(execution)
    reason = story.reason.split("\n")[0]
    return f"{story.headline}: {reason}" if reason else story.headline
