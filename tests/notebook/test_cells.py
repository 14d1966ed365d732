"""Cells, from their text to what they show and leave behind."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from sfnb.errors import DefinitionError, InvalidInput
from sfnb.execution import Execution
from sfnb.machine import StateMachine
from sfnb.notebook.cells import CellFailed, Interrupted, Refused
from sfnb.notebook.options import Usage

PRICE = """
StartAt: Price
States:
  Price: {Type: Task, Resource: price, End: true}
"""
TASK = dedent("""
    @sfnb.task
    def price(order):
        print("pricing", order["sku"])
        return {**order, "price": 60 // order["qty"]}
    order = {"sku": "A7", "qty": 2}
    none = {"sku": "B1", "qty": 0}
""")


def test_a_cell_binds_the_machine_and_shows_it(run: Any, shell: Any) -> None:
    ran = run("%%asl orders" + PRICE)

    machine = shell.user_ns["orders"]
    assert isinstance(machine, StateMachine)
    assert ran.value is machine
    assert machine.name == "orders"
    assert "image/svg+xml" in ran.shown[-1]


def test_json_and_yaml_are_told_apart_unless_the_format_is_given(run: Any) -> None:
    json = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'

    assert run(f"%%asl one\n{json}").value.states == ["A"]
    assert run("%%asl two\nStartAt: A\nStates: {A: {Type: Succeed}}").value.states == ["A"]
    assert run(f"%%asl three --format yaml\n{json}").value.source.format == "yaml"


def test_errors_are_shown_with_the_lines_of_the_cell_and_the_old_value_stays(run: Any, shell: Any) -> None:
    before = run("%%asl orders" + PRICE).value

    ran = run(
        '%%asl orders\n{\n  "StartAt": "Shiip",\n  "States": {"Ship": {"Type": "Pass", "End": true}}\n}'
    )

    assert shell.user_ns["orders"] is before
    assert isinstance(ran.error, Refused)
    assert ran.printed.splitlines() == [
        "2 errors in this definition; orders keeps its old value",
        "",
        "error: line 3, column 14: Missing 'Next' target: Shiip",
        '  3 |   "StartAt": "Shiip",',
        "    |              ^^^^^^^",
        'hint: did you mean "Ship"?',
        "",
        'error: line 4, column 14: State "Ship" is not reachable.',
        '  4 |   "States": {"Ship": {"Type": "Pass", "End": true}}',
        "    |              ^^^^^^",
        'hint: "Shiip" is probably meant to lead here',
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{"StartAt": "A", "States": ',
        "StartAt: [A\n",
        '"just a text"',
        "- 1",
        '{"a": NaN}',
        "[" * 100_000,
        "a: &a [*a]",
        "\x00",
        '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}' + " " * 5_000_000,
        '{"a": ${nothing}}',
        "${x}",
    ],
)
def test_bad_text_of_any_kind_is_a_finding_and_never_a_stack(run: Any, text: str) -> None:
    ran = run(f"%%asl orders\n{text}\n")

    assert isinstance(ran.error, DefinitionError)
    assert "Traceback" not in ran.printed
    assert ran.error.diagnostics


def test_deep_nesting_around_a_placeholder_is_a_finding(run: Any) -> None:
    ran = run("%%asl orders\n" + '{"a":' * 490 + '"${x}"' + "}" * 490)

    assert isinstance(ran.error, DefinitionError)


def test_warnings_are_shown_above_the_picture(run: Any) -> None:
    ran = run("%%asl orders\nStartAt: A\nStates:\n  A: {Type: Fail, Error: States.Mine}")

    assert ran.error is None
    assert ran.texts[0].startswith("warning: line 4, column 26: An Error Name of your own")
    assert "image/svg+xml" in ran.shown[1]


def test_without_a_picture_a_line_tells_of_the_machine(run: Any) -> None:
    assert run("%%asl orders --no-draw" + PRICE).texts == ["orders: 1 state, no errors"]


@pytest.mark.parametrize("name", ["my-orders", "class", "2nd"])
def test_a_name_that_is_no_variable_stays_the_machines(run: Any, shell: Any, name: str) -> None:
    before = set(shell.user_ns)

    ran = run(f"%%asl {name}" + PRICE)

    assert ran.texts[0] == f'kept as "{name}", bound to no variable; get it by `machine = %asl show {name}`'
    assert not {key for key in set(shell.user_ns) - before if not key.startswith("_")}
    assert run(f"machine = %asl show {name}").error is None
    assert shell.user_ns["machine"].name == name


def test_the_machines_own_name_may_differ_from_the_variable(run: Any, shell: Any) -> None:
    run("%%asl orders --name prod-orders" + PRICE)

    assert shell.user_ns["orders"].name == "prod-orders"


def test_a_cell_run_again_keeps_the_tasks_of_its_machine(run: Any, shell: Any) -> None:
    run("%%asl orders" + PRICE)
    run('@orders.task("Price")\ndef one(order): return 1')
    run("%%asl orders" + PRICE)

    assert run("%asl run orders").value.output == 1


def test_run_binds_the_execution_and_shows_it(run: Any, shell: Any) -> None:
    run(TASK)
    ran = run("%%asl orders --run --input order" + PRICE)

    assert isinstance(ran.value, Execution)
    assert shell.user_ns["ex"] is ran.value
    assert ran.printed == "pricing A7\n"
    assert ran.texts == ['orders SUCCEEDED\noutput: {"sku":"A7","qty":2,"price":30}']
    assert ran.value.printed == "pricing A7\n"


def test_another_variable_may_receive_the_execution(run: Any, shell: Any) -> None:
    run(TASK)
    run("%%asl orders --run -i order -o first" + PRICE)

    assert shell.user_ns["first"].status == "SUCCEEDED"
    assert "ex" not in shell.user_ns


def test_a_failed_execution_is_bound_and_shown_and_fails_the_cell_shortly(run: Any, shell: Any) -> None:
    run(TASK)
    ran = run("%%asl orders --run --input none" + PRICE)

    assert isinstance(ran.error, CellFailed)
    assert shell.user_ns["ex"].status == "FAILED"
    assert ran.texts[0].splitlines()[:3] == [
        'orders FAILED in "Price"',
        "ZeroDivisionError: integer division or modulo by zero",
        "  line 4, in price",
    ]
    assert ran.printed.splitlines() == [
        "pricing B1",
        'orders FAILED in "Price": ZeroDivisionError: integer division or modulo by zero',
        "The Execution is in ex.",
    ]


def test_an_expected_failure_does_not_fail_the_cell(run: Any) -> None:
    run(TASK)

    assert run("%%asl orders --run --input none --expect FAILED" + PRICE).error is None


def test_a_success_that_was_not_expected_fails_the_cell(run: Any, shell: Any) -> None:
    run(TASK)
    ran = run("%%asl orders --run --input order --expect failed" + PRICE)

    assert isinstance(ran.error, CellFailed)
    assert ran.printed.splitlines()[1] == "orders SUCCEEDED (expected FAILED)"
    assert shell.user_ns["ex"].status == "SUCCEEDED"


def test_an_interrupt_ends_the_execution_as_aborted(run: Any, shell: Any) -> None:
    run(
        "import _thread, threading\n"
        "gate = threading.Event()\n"
        "@sfnb.task\n"
        "def price(order):\n"
        "    print('begun')\n"
        "    _thread.interrupt_main()\n"
        "    gate.wait(60)\n"
    )
    ran = run("%%asl orders --run" + PRICE)
    shell.user_ns["gate"].set()

    assert isinstance(ran.error, Interrupted)
    assert isinstance(ran.error, KeyboardInterrupt)
    assert shell.user_ns["ex"].status == "ABORTED"
    assert [event.type for event in shell.user_ns["ex"].log][-1] == "ExecutionAborted"
    assert ran.texts == ['orders ABORTED in "Price"']
    assert ran.printed == 'begun\ninterrupted: orders ABORTED in "Price"; it is in ex\n'


def test_waits_are_jumped_over_when_told(run: Any) -> None:
    wait = "\nStartAt: A\nStates:\n  A: {Type: Wait, Seconds: 90000, End: true}"

    ran = run("%%asl wait --run --skip-waits" + wait)

    assert ran.value.status == "SUCCEEDED"
    assert '<span class="sfnb-took" style="opacity:.7">1 d 1 h</span>' in ran.shown[-1]["text/html"]


def test_the_limits_of_aws_hold_unless_lifted(run: Any) -> None:
    run("big = ['x' * 1000] * 300")
    succeed = "\nStartAt: A\nStates: {A: {Type: Succeed}}"

    ran = run("%%asl big_one --run --input big" + succeed)

    assert isinstance(ran.error, InvalidInput)
    assert ran.printed.splitlines() == [
        "'big' is too large: 300 rows, 294 KiB: over the 256 KiB that AWS allows.",
        "Pass a part of it, or the name of a file that a task reads; --unlimited lifts the limit.",
    ]
    assert run("%%asl big_one --run --unlimited --no-draw --input big" + succeed).error is None


def test_the_limit_of_a_definition_is_lifted_too(run: Any) -> None:
    large = '{"StartAt": "A", "States": {"A": {"Type": "Succeed", "Comment": "%s"}}}' % ("x" * 1_100_000)

    assert "Definition is 1,1" in run(f"%%asl large\n{large}").printed
    assert run(f"%%asl large --unlimited --no-draw\n{large}").error is None


def test_a_data_frame_becomes_records_and_its_size_is_told(run: Any) -> None:
    run("import pandas as pd\ndf = pd.DataFrame({'sku': ['A', 'B'], 'qty': [1, None]})")

    ran = run("%%asl frame --run --input df\nStartAt: A\nStates: {A: {Type: Succeed}}")

    assert ran.texts[0] == "input: df, 2 rows, 46 bytes"
    assert ran.value.output == [{"sku": "A", "qty": 1.0}, {"sku": "B", "qty": None}]


def test_nothing_in_a_cell_is_expanded(run: Any, shell: Any) -> None:
    run("x = 'boom'")
    ran = run("%%asl orders\nStartAt: A\nStates:\n  A: {Type: Pass, Comment: '{x} $x {{x}}', End: true}")

    assert ran.value.tree["States"]["A"]["Comment"] == "{x} $x {{x}}"


def test_what_was_substituted_is_listed(run: Any) -> None:
    run(TASK + "\nLimit = 30")
    ran = run(
        "%%asl orders -s Table=prices\n"
        '{"StartAt": "Price", "TimeoutSeconds": ${Limit}, "States": {"Price": {"Type": "Task", "Resource": '
        '"${price}", "Parameters": {"t": "${Table}", "u": "${Nothing}"}, "End": true}}}'
    )

    assert ran.texts[0].splitlines() == [
        "${Limit}  = 30      Python variable",
        "${price}            a task, called by this name",
        "${Table}  = prices  from -s",
    ]
    assert "warning: line 2" in ran.texts[1]
    assert "Nothing stands for ${Nothing}: it stays as it is" in ran.texts[1]
    assert ran.value.tree["TimeoutSeconds"] == 30
    assert ran.value.tree["States"]["Price"]["Parameters"] == {"t": "prices", "u": "${Nothing}"}


def test_help_is_shown_and_nothing_else_happens(run: Any) -> None:
    ran = run("%%asl --help\nnothing")

    assert ran.texts[0].startswith("usage: %%asl [NAME] [options]")


def test_options_of_a_run_want_a_run(run: Any) -> None:
    ran = run("%%asl orders --input x" + PRICE)

    assert isinstance(ran.error, Usage)
    assert ran.printed == "%%asl: --input is for a run: add --run, or leave it out\n"


def test_settings_decide_where_the_line_does_not(run: Any, shell: Any) -> None:
    run(TASK)
    run("%config SfnMagic.draw = False")
    run("%config SfnMagic.output_name = 'last'")

    ran = run("%%asl orders --run --input order" + PRICE)

    assert "image/svg+xml" not in ran.shown[-1]
    assert shell.user_ns["last"].status == "SUCCEEDED"
    assert "image/svg+xml" in run("%%asl orders --draw" + PRICE).shown[-1]


def test_a_setting_that_is_no_name_is_refused(run: Any, shell: Any) -> None:
    run("%config SfnMagic.output_name = 'my result'")

    assert shell.magics_manager.registry["SfnMagic"].output_name == "ex"


# Types, conflicts, mocks

CHARGE = """
StartAt: Charge
States:
  Charge:
    Type: Task
    Resource: arn:aws:states:::lambda:invoke
    Parameters: {FunctionName: charge}
    Retry: [{ErrorEquals: [Declined], IntervalSeconds: 1}]
    ResultSelector: {paid.$: $.Payload.paid}
    End: true
"""


def test_the_type_of_a_machine(run: Any, shell: Any) -> None:
    run("%%asl quick --type express --run\nStartAt: A\nStates: {A: {Type: Succeed}}")

    assert shell.user_ns["quick"].record.type == "EXPRESS"
    assert ":express:quick:" in shell.user_ns["ex"].arn


def test_answers_of_a_variable_are_taken_instead_of_calls(run: Any, shell: Any) -> None:
    run('answers = {"Charge": [sfnb.Throw("Declined"), sfnb.Return({"Payload": {"paid": True}})]}')
    ran = run(f"%%asl shop --run --no-draw --skip-waits --mock answers{CHARGE}")

    assert ran.error is None
    assert shell.user_ns["ex"].output == {"paid": True}
    assert shell.user_ns["ex"].visits["attempts"].tolist() == [2]


def test_a_case_of_a_mock_file(run: Any, shell: Any, tmp_path: Any) -> None:
    file = tmp_path / "mocks.json"
    file.write_text(
        '{"StateMachines": {"shop": {"TestCases": {"Happy": {"Charge": "Paid"}}}}, '
        '"MockedResponses": {"Paid": {"0": {"Return": {"Payload": {"paid": 7}}}}}}'
    )
    run(f"%%asl shop --run --no-draw --mock {file}#Happy{CHARGE}")
    assert shell.user_ns["ex"].output == {"paid": 7}

    run(f"%asl run shop --mock {file} -o again")
    assert shell.user_ns["again"].output == {"paid": 7}


def test_answers_that_are_made_up(run: Any, shell: Any) -> None:
    pytest.importorskip("botocore")

    assert run(f"%%asl shop --run --no-draw --mock auto{CHARGE}").error is None
    assert "paid" in shell.user_ns["ex"].output


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("answer", "--mock: there is no variable 'answer'; did you mean \"answers\"?"),
        ("number", "--mock: number is int; write  number = {'State': answer}"),
        ("gone.json", "cannot read the mock file 'gone.json'"),
    ],
)
def test_mocks_that_are_not_there(run: Any, word: str, message: str) -> None:
    run("answers, number = {}, 7")

    assert message in str(run(f"%%asl shop --run --mock {word}{CHARGE}").error)


def test_what_the_language_says_may_be_asked_for(run: Any, shell: Any) -> None:
    rule = "{Variable: $.n, IsPresent: true, Next: E}"
    choice = f"StartAt: C\nStates: {{C: {{Type: Choice, Choices: [{rule}]}}, E: {{Type: Succeed}}}}"
    run(f"%%asl --run --no-draw --expect FAILED\n{choice}")
    assert shell.user_ns["ex"].error == "States.Runtime"

    run(f"%%asl --run --no-draw --expect FAILED --compat spec\n{choice}")
    assert shell.user_ns["ex"].error == "States.NoChoiceMatched"
