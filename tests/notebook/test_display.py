"""How things look."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.notebook import display as look
from sfnb.notebook.substitution import Substitution
from sfnb.service import StepFunctions

EVIL = "<script>alert(1)</script>&\x1b[31m"


def execution(service: StepFunctions, state: dict[str, Any], input: object = None) -> Execution:
    machine = load_machine(service, {"StartAt": "<b>S", "States": {"<b>S": state}}, name="shop")
    return machine.run(input, skip_waits=True)


def test_everything_that_came_from_outside_is_escaped(service: StepFunctions) -> None:
    failed = execution(service, {"Type": "Fail", "Error": EVIL, "Cause": EVIL}, {"<i>": EVIL})
    html = look.summary(failed).html

    assert "<script" not in html
    assert "<i>" not in html
    assert "<b>S" not in html
    ElementTree.fromstring(html)


def test_text_holds_nothing_that_moves_a_cursor(service: StepFunctions) -> None:
    failed = execution(service, {"Type": "Fail", "Error": EVIL, "Cause": EVIL}, {"<i>": EVIL})

    assert "\x1b" not in failed.summary()


def test_equal_runs_look_equal(service: StepFunctions) -> None:
    def bundle() -> dict[str, str]:
        @_task(service, "price")
        def price(order: Any) -> Any:
            raise ValueError("no price")

        return look.execution_bundle(execution(service, {"Type": "Task", "Resource": "price", "End": True}))

    first, second = bundle(), bundle()

    assert first == second
    assert set(first) == {"text/html", "image/svg+xml", "text/plain"}
    assert not re.search(r"0x[0-9a-f]{6}|[0-9a-f]{8}-[0-9a-f]{4}", "".join(first.values()))


def test_a_duration_stands_apart_so_that_it_can_be_left_out(service: StepFunctions) -> None:
    waited = execution(service, {"Type": "Wait", "Seconds": 90, "End": True})
    bundle = look.execution_bundle(waited)

    assert re.findall(r'<span class="sfnb-took"[^>]*>(.*?)</span>', bundle["text/html"]) == ["1 min 30 s"]
    assert "1 min 30 s" not in bundle["text/plain"]


def test_no_page_takes_dollars_for_mathematics(service: StepFunctions) -> None:
    shown = look.summary(
        execution(service, {"Type": "Pass", "InputPath": "$.a", "OutputPath": "$.b", "End": True})
    )

    assert "mathjax_ignore" in shown.html


def test_hints_with_code_are_set_as_code(service: StepFunctions) -> None:
    html = look.summary(execution(service, {"Type": "Task", "Resource": "price", "End": True})).html

    assert re.search(r"<pre[^>]*>@sfnb.task\ndef price\(payload\): ...</pre>", html)


def test_a_long_substitution_is_cut() -> None:
    shown = look.substitutions([Substitution(name="A", origin="option", text="x\n" * 100)])

    assert shown.text == f"${{A}}  = {'x ' * 30}…  from -s"


def test_what_is_missing_is_left_to_its_finding() -> None:
    shown = look.substitutions(
        [
            Substitution(name="A", origin="missing"),
            Substitution(name="B", origin="function", hint="define it"),
        ]
    )

    assert shown.text.splitlines() == ["${B}    no task yet", "hint: ${B}: define it"]


def test_a_table_is_html_and_text() -> None:
    shown = look.table(("a", "b"), [("1", "<x>"), ("22", "y\nz")], empty="none")

    assert repr(shown) == "a   b\n1   <x>\n22  y z"
    assert "&lt;x&gt;" in shown.html
    assert look.table(("a",), [], empty="none").text == "none"


def _task(service: StepFunctions, name: str) -> Any:
    def keep(function: Any) -> Any:
        service.registry.functions[name] = function
        return function

    return keep
