"""The extension comes, goes, and comes again."""

from __future__ import annotations

from typing import Any

from sfnb import notebook


def state_of(shell: Any) -> tuple[Any, ...]:
    return (
        list(shell.configurables),
        list(shell.input_transformers_cleanup),
        list(shell.Completer.custom_matchers),
        {kind: sorted(names) for kind, names in shell.magics_manager.magics.items()},
        sorted(shell.magics_manager.registry),
        list(shell.display_formatter.formatters["text/html"].deferred_printers),
    )


def test_unloading_takes_everything_back(bare_shell: Any) -> None:
    before = state_of(bare_shell)

    notebook.load(bare_shell)
    assert state_of(bare_shell) != before

    notebook.unload(bare_shell)
    assert state_of(bare_shell) == before


def test_loading_twice_is_loading_once(bare_shell: Any) -> None:
    notebook.load(bare_shell)
    sizes = [len(part) for part in state_of(bare_shell)]
    notebook.load(bare_shell)

    assert [len(part) for part in state_of(bare_shell)] == sizes


def test_unloading_what_is_not_there_does_nothing(bare_shell: Any) -> None:
    before = state_of(bare_shell)
    notebook.unload(bare_shell)

    assert state_of(bare_shell) == before


def test_a_comment_above_the_magic_does_no_harm_and_lines_are_the_cells(run: Any) -> None:
    ran = run("# The orders\n\n%%asl orders\nStartAt: B\nStates: {A: {Type: Succeed}}")

    assert "line 4, column 10: Missing 'Next' target: B" in ran.printed


def test_the_help_of_the_magics_knows_every_option(shell: Any) -> None:
    cell = shell.find_cell_magic("asl").__doc__
    line = shell.find_line_magic("asl").__doc__

    for option in (
        "--name",
        "--input",
        "--run",
        "--output",
        "--expect",
        "--skip-waits",
        "--unlimited",
        "-s ",
    ):
        assert option in cell
    verbs = "run show list history stop export validate tasks resume redrive fork at diff status store help"
    for verb in verbs.split():
        assert f"%asl {verb}" in line
