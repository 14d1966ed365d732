"""The outline of a machine."""

from __future__ import annotations

from sfnb.renderers.text import render_text

from .machines import NESTED, ORDER, chain, edge, replace


def test_a_line_per_state_says_what_it_does_and_where_it_leads() -> None:
    assert render_text(ORDER, title="Orders").split("\n") == [
        "Orders",
        "● Start → Validate",
        "  Validate        Task    validate    "
        "retry States.Timeout, 3 times; → Paid?; catch States.ALL → Refused",
        "  Paid?           Choice              "
        "$.paid is true → Ship; $.again → Paid?; default → Wait for money",
        "  Wait for money  Wait    30 seconds  → Validate",
        "  Ship            Task    ship        → End",
        "  Refused         Fail",
    ]


def test_what_is_inside_is_indented() -> None:
    lines = render_text(NESTED).split("\n")

    assert "    ● each item → Load" in lines
    assert "        ● Branch 1 → Text" in lines
    assert any(line.startswith("          Thumbnail") for line in lines)


def test_statuses_are_marks() -> None:
    lines = render_text(ORDER, {("Validate",): "caught", ("Refused",): "failed"}).split("\n")

    assert [line[0] for line in lines[1:]] == ["⚠", "·", "·", "·", "✘"]


def test_control_characters_do_not_reach_the_terminal() -> None:
    text = render_text(chain("\x1b[31mred\r\nSecond\u202eline"))

    assert text.split("\n") == ["● Start → [31mred Secondline", "  [31mred Secondline  Task  → End"]


def test_wide_letters_do_not_spoil_the_columns() -> None:
    lines = render_text(chain("注文", "Ship")).split("\n")

    assert lines[1:] == ["  注文  Task  → Ship", "  Ship  Task  → End"]


def test_long_words_are_cut() -> None:
    machine = replace(chain("A", "B"), edges=(edge("A", "B", "choice", "x" * 500),))

    assert render_text(machine).split("\n")[1] == f"  A  Task  {'x' * 71}… → B"
