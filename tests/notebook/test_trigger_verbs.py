"""`%asl on`, `off`, `triggers` and `try`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sfnb import default, notebook
from sfnb.notebook.complete import Completion
from sfnb.notebook.options import Usage
from sfnb.notebook.trigger_given import cut_on
from sfnb.on import Trigger
from tests.notebook.kernels import Kernel

DEFINE = """%%asl orders --no-draw
{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"""
OTHER = DEFINE.replace("orders", "payments")
FUNCTION = "@sfnb.function\ndef thumbnail(event, context): return event"


@pytest.fixture
def defined(run: Any) -> Any:
    for cell in (DEFINE, OTHER, FUNCTION):
        run(cell)
    return run


# Making one


def test_each_way_to_be_started_is_a_line(defined: Any) -> None:
    lines = {
        '%asl on orders event {"source": ["shop"]}': 'events like {"source":["shop"]}',
        "%asl on orders schedule cron(0 8 ? * MON-FRI *) --timezone Europe/Berlin": (
            "at 08:00 on weekdays, Europe/Berlin"
        ),
        "%asl on orders http POST /orders": "POST /orders",
        "%asl on orders iot SELECT * FROM 'a/+' WHERE t > 3": "SELECT * FROM 'a/+' WHERE t > 3",
        "%asl on orders file incoming/*.csv --bucket shop": "incoming/*.csv in s3://shop",
        "%asl on orders file --bucket shop --name all": "* in s3://shop",
        "%asl on orders status payments failed TIMED_OUT": "payments becoming FAILED or TIMED_OUT",
        '%asl on thumbnail event {"source": ["shop"]}': 'events like {"source":["shop"]}',
    }
    for line, words in lines.items():
        ran = defined(line)
        assert isinstance(ran.value, Trigger), ran.printed
        assert ran.value.words == words, line


@pytest.mark.parametrize("written", ["""'{"order": <id>}'""", '{"order": <id>}', "text", "@template.txt"])
def test_a_template_is_written_as_it_is_or_held_by_a_variable_or_a_file(
    defined: Any, shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("template.txt").write_text('{"order": <id>}')
    shell.user_ns.update(text='{"order": <id>}')
    event = defined(
        '%asl on orders event {"source": ["a"]} --input-paths {"id": "$.id"} --input-template ' + written
    ).value

    (target,) = event.settings["Targets"]
    assert target["InputTransformer"]["InputTemplate"] == '{"order": <id>}'


def test_a_template_that_a_variable_holds_as_a_dict_becomes_json(defined: Any, shell: Any) -> None:
    shell.user_ns.update(made={"order": "no <id>"})
    event = defined(
        '%asl on orders event {"source": ["a"]} --input-paths {"id": "$.id"} --input-template made'
    ).value

    assert event.settings["Targets"][0]["InputTransformer"]["InputTemplate"] == '{"order":"no <id>"}'


def test_a_template_whose_bracket_is_not_closed_is_refused(defined: Any) -> None:
    ran = defined('%asl on orders event {"source": ["a"]} --input-template {"order": <id>')

    assert isinstance(ran.error, Usage)
    assert "a bracket is not closed" in str(ran.error)


def test_options_are_those_of_the_method(defined: Any, shell: Any) -> None:
    shell.user_ns.update(given={"n": 1})
    event = defined(
        '%asl on orders event {"source": ["a"]} --name first'
        ' --input-paths {"id": "$.id"} --input-template {"order": <id>} --retries 3'
    ).value
    (target,) = event.settings["Targets"]
    assert event.name == "first"
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 3}
    assert target["InputTransformer"] == {"InputPathsMap": {"id": "$.id"}, "InputTemplate": '{"order": <id>}'}

    schedule = defined(
        "%asl on orders schedule rate(5 minutes) --window 15m --missed once --overlap skip --input given"
        " --start 2027-01-01T00:00:00Z"
    ).value
    assert schedule.settings["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    assert schedule.record.options == {"missed": "once", "overlap": "skip"}
    assert schedule.settings["Target"]["Input"] == '{"n":1}'

    route = defined("%asl on orders http POST /x --cors https://a.example --cors https://b.example").value
    assert "https://b.example" in json.dumps(route.settings)


def test_a_pattern_is_a_variable_a_file_or_a_cell_of_its_own(
    defined: Any, shell: Any, tmp_path: Path
) -> None:
    pattern = {"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}
    (tmp_path / "p.json").write_text(json.dumps(pattern))
    shell.user_ns.update(large=pattern)

    for cell in (
        "%asl on orders event large",
        f"%asl on orders event @{tmp_path / 'p.json'}",
        f"%asl on orders event '{json.dumps(pattern)}'",
        f"%%asl on orders event\n{json.dumps(pattern, indent=2)}",
        '%%asl on orders event\nsource: [shop]\ndetail:\n  total: [{numeric: [">", 100]}]\n',
    ):
        assert json.loads(defined(cell).value.settings["EventPattern"]) == pattern, cell


def test_sql_may_be_a_cell_too(defined: Any) -> None:
    made = defined("%%asl on orders iot\nSELECT temp\nFROM 'a/+'\n").value

    assert made.settings["sql"] == "SELECT temp\nFROM 'a/+'"


def test_said_again_it_is_changed(defined: Any) -> None:
    for first, second in (
        ("iot SELECT * FROM 'a/+'", "iot SELECT * FROM 'b/+'"),
        ("schedule rate(1 day)", "schedule rate(2 days)"),
        ("http POST /orders", "http POST /orders"),
        ('event {"source": ["a"]}', 'event {"source": ["b"]}'),
    ):
        defined(f"%asl on orders {first} --name same")
        changed = defined(f"%asl on orders {second} --name same")
        assert changed.error is None, changed.printed
        assert defined(f"%asl off {changed.value.key}").error is None


def test_a_function_that_was_called_counts_as_started(defined: Any) -> None:
    defined('made = %asl on thumbnail event {"source": ["shop"]}')
    ran = defined('sfnb.put_event("shop", "x", {"n": 1}); made.wait(1)')

    assert ran.texts[0].endswith("so far  1 matched, 1 started")


def test_a_machine_may_still_be_called_on(defined: Any) -> None:
    for name in ("on", "try"):
        assert defined(DEFINE.replace("orders", name)).error is None
        assert defined(f"%asl show {name}").value.name == name


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("orders schedule rate(5 minutes)  --missed once", ["rate(5 minutes)", "--missed", "once"]),
        ("orders iot SELECT a -- b FROM 'x --y'", ["SELECT a -- b FROM 'x --y'"]),
        ("orders iot \"SELECT * FROM 'a/+'\"", ["SELECT * FROM 'a/+'"]),
        (
            """orders event {"a": ["it's --not one"]} --bus b""",
            ["""{"a": ["it's --not one"]}""", "--bus", "b"],
        ),
        ("orders file --bucket shop", ["--bucket", "shop"]),
    ],
)
def test_what_starts_it_is_one_word_as_it_is_written(line: str, words: list[str]) -> None:
    assert cut_on(line)[2:] == words


# What is wrong


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        (
            '%%asl on orders event\n{"source": ["shop"],\n "detail": {"n": [{"numerc": [">", 1]}]}}',
            [
                "error: line 3, column 31: Event pattern is not valid. Reason:"
                " Unrecognized match type numerc",
                '  3 |  "detail": {"n": [{"numerc": [">", 1]}]}}',
                "    |                               ^",
            ],
        ),
        (
            '%asl on orders event {"source": "shop"}',
            [
                "error: line 1, column 13: Event pattern is not valid. Reason:"
                ' "source" must be an object or an array',
                '  1 | {"source": "shop"}',
                "    |             ^",
            ],
        ),
        (
            "%asl on orders iot SELECT a, FROM 'x'",
            [
                "line 1, column 11: found FROM, expected an expression",
                "  SELECT a, FROM 'x'",
                "            ^",
            ],
        ),
    ],
)
def test_a_fault_has_its_line_and_column_and_no_traceback(defined: Any, cell: str, lines: list[str]) -> None:
    ran = defined(cell)

    assert ran.printed.rstrip("\n").splitlines() == lines


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "%asl on ordrs schedule rate(1 day)",
            "no state machine or function 'ordrs'; did you mean \"orders\"",
        ),
        ("%asl on orders shedule rate(1 day)", 'did you mean "schedule"'),
        ("%asl on orders schedule rate(5 minute)", "Column 8: write rate(5 minutes)"),
        ("%asl on orders schedule", "EXPRESSION: say what starts it"),
        ("%asl on orders schedule rate(1 day) --bus b", "--bus is for event and status, not for schedule"),
        ("%asl on orders schedule rate(1 day) --window soon", "'soon' is no duration such as 30s, 15m or 2h"),
        ("%asl on orders schedule rate(1 day) --input nothing", "--input: there is no variable 'nothing'"),
        ("%asl on orders event nothing.json", "error"),
        ("%asl on orders event thumbnail", "the pattern"),
        ("%asl on orders http POTS /orders", "neither $default nor a method and a path"),
        ("%asl on orders file *.csv", "--bucket BUCKET: say in which bucket"),
        ("%asl on orders status orders DONE", "'DONE' is no status"),
        ("%asl on orders status payment", 'did you mean "payments"'),
        ("%asl on orders queue incoming", "sfnb.use_aws('local')"),
        ("%%asl on orders event {}\n{}", "the cell says what starts it, and so does the line"),
        ("%asl off orders-evnt", "there is no trigger 'orders-evnt'; did you mean \"orders-event\""),
        ("%asl try nothing", "the event: there is no variable 'nothing'"),
        ("%asl try", "takes an event"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(defined: Any, line: str, words: str) -> None:
    defined('%asl on orders event {"source": ["shop"]}')
    ran = defined(line)

    assert words in str(ran.error)
    assert "Traceback" not in ran.printed


# What there is


def test_the_table_has_a_row_for_each_and_what_has_come_of_it(defined: Any) -> None:
    assert defined("%asl triggers").texts == [
        "nothing starts it yet: `%asl on NAME schedule rate(5 minutes)` is a beginning"
    ]
    defined('shop = %asl on orders event {"source": ["shop"]} --input-path $.detail')
    defined("%asl on payments schedule cron(0 0 1 1 ? 2099)")
    defined('sfnb.put_event("shop", "x", {"n": 1}); shop.wait(1)')

    head, first, second = defined("%asl triggers").texts[0].splitlines()
    assert head.split() == ["trigger", "on", "starts", "runs", "matched", "started", "next"]
    assert first.split() == [
        *("event", "orders-event", "events", "like", '{"source":["shop"]}', "orders", "here", "1", "1"),
    ]
    assert second.split()[-3:] == ["2099-01-01", "00:00:00", "UTC"]
    assert len(defined("%asl triggers orders").texts[0].splitlines()) == 2


def test_off_removes_and_lets_rest(defined: Any, shell: Any) -> None:
    defined('shop = %asl on orders event {"source": ["shop"]}')

    assert "runs    disabled" in defined("%asl off shop --disable").texts[0]
    assert "runs    here" in defined("%asl off orders-event --enable").texts[0]
    assert defined("%asl off event:orders-event").texts == ["removed: event orders-event"]
    assert repr(shell.user_ns["shop"]) == "there is no trigger 'event:orders-event' any more"


def test_a_name_that_two_have_needs_its_kind(defined: Any) -> None:
    defined('%asl on orders event {"source": ["shop"]} --name same')
    defined("%asl on orders schedule rate(1 day) --name same")

    assert isinstance(defined("%asl off same").error, Usage)
    assert defined("%asl off schedule:same").texts == ["removed: schedule same"]


def test_try_shows_field_by_field_what_would_match(defined: Any, shell: Any) -> None:
    defined(
        '%asl on orders event {"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}'
        " --input-path $.detail"
    )
    defined('%asl on payments event {"source": ["bank"]}')
    shell.user_ns.update(event={"source": "shop", "detail": {"total": 70}})

    assert defined("%asl try orders event").texts == [
        "rule                            field by field\n"
        'orders-event  ✘ does not match  ✔ source: "shop" is "shop"\n'
        "                                ✘ detail.total: 70 is not > 100"
    ]
    for cell in (
        '%asl try {"source": "shop", "detail": {"total": 700}}',
        "%%asl try orders\nsource: shop\ndetail: {total: 700}",
    ):
        assert defined(cell).value.matched == ["orders-event"], cell
    assert default.service().list_executions().__len__() == 0


def test_what_comes_from_outside_is_escaped(defined: Any) -> None:
    evil = "<img src=x onerror=alert(1)>"
    made = defined(f'shop = %asl on orders event {{"source": ["{evil}"]}}')
    assert made.error is None
    tried = {"source": evil, "detail": {evil: evil}}
    defined(f"event = {tried!r}")

    for cell in ("shop", "%asl triggers", "%asl try event"):
        (shown,) = defined(cell).shown
        assert "<img" not in shown["text/html"], cell
        assert "&lt;img" in shown["text/html"], cell


def test_a_card_says_what_was_dropped_and_why(defined: Any) -> None:
    defined("@sfnb.function\ndef broken(event, context): raise ValueError('this is no picture')")
    defined('bad = %asl on broken event {"source": ["shop"]} --retries 0')
    defined('sfnb.put_event("shop", "x", {}); bad.wait(0, dropped=1)')

    (shown,) = defined("bad").shown
    assert "1 dropped" in shown["text/html"]
    assert "this is no picture" in shown["text/html"]
    assert "1 dropped: FunctionError: ValueError: this is no picture" in shown["text/plain"]


def test_waiting_for_too_much_says_what_has_come(defined: Any) -> None:
    defined('shop = %asl on orders event {"source": ["shop"]}')

    told = str(defined("shop.wait(1, timeout_seconds=0.05)").error)
    assert told == "orders-event has not started 1 within 0.05 s: nothing has come yet"


# Earlier sessions


@pytest.fixture
def left(tmp_path: Path, fresh_service: None) -> Path:
    """A file in which a process that has ended has left a schedule that has missed runs."""
    import datetime

    from sfnb.machine import load_machine
    from sfnb.service import StepFunctions
    from sfnb.stores.sqlite import SqliteStore
    from sfnb.testing import calendar

    path = tmp_path / "left.db"
    service = StepFunctions(store=SqliteStore(path))
    orders = load_machine(service, {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="orders")
    before = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    with calendar(before, service) as clock:
        orders.on.schedule("cron(0 8 1 1 ? *)", missed="skip")
        clock.advance(days=1)
    service.close()
    return path


def test_a_cell_tells_what_runs_again_and_only_once(left: Path, run: Any) -> None:
    run(f"sfnb.use_store({str(left)!r})")

    first, again = run(DEFINE), run(DEFINE)

    assert first.texts[0] == "runs again: orders-schedule (at 08:00 on the 1st of January, UTC)"
    assert first.texts[1:] == again.texts


def test_unloaded_it_tells_nothing(left: Path, run: Any, shell: Any) -> None:
    run(f"sfnb.use_store({str(left)!r})")
    notebook.unload(shell)

    ran = run('o = sfnb.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="orders")')

    assert ran.error is None
    assert ran.texts == []
    assert len(default.service().taken_up) == 1


# Completion


@pytest.mark.parametrize(
    ("line", "offer"),
    [
        ("%asl trig", "triggers"),
        ("%asl on ", "orders"),
        ("%asl on thu", "thumbnail"),
        ("%asl on orders s", "schedule"),
        ("%asl on orders event ", "large"),
        ("%asl on orders http ", "POST /"),
        ("%asl on orders status pay", "payments"),
        ("%asl on orders status payments S", "SUCCEEDED"),
        ("%asl on orders schedule rate(1 day) --timezone Berlin", "Europe/Berlin"),
        ("%asl on orders schedule rate(1 day) --missed ", "once"),
        ("%asl on orders event large --bus ", "default"),
        ("%asl on orders event large --in", "--input-path"),
        ("%%asl on orders eve", "event"),
        ("%asl off ord", "orders-event"),
        ("%asl off ", "shop"),
        ("%asl triggers ", "orders"),
        ("%asl try orders ", "large"),
    ],
)
def test_tab_offers_what_may_come_next(defined: Any, shell: Any, line: str, offer: str) -> None:
    shell.user_ns.update(large={"source": ["shop"]})
    defined("shop = %asl on orders event large")

    assert offer in Completion(shell.user_ns).offers(line, len(line))[1]


def test_in_the_cell_of_a_pattern_no_states_are_offered(defined: Any, shell: Any) -> None:
    text = '%%asl on orders event\n{"So'

    assert Completion(shell.user_ns).offers(text, len(text))[1] == [""]


# A kernel


def test_what_background_executions_print_goes_to_the_cell_that_was_run_last() -> None:
    kernel = Kernel()
    try:
        kernel.run(
            '%load_ext sfnb\n%config SfnMagic.durability = "memory"\nimport sfnb\n'
            '@sfnb.function\ndef hello(event, context): print("hello", event["detail"]["n"])\n'
            'made = hello.on.event({"source": ["shop"]})'
        )
        for number in (1, 2):
            ran = kernel.run(f'sfnb.put_event("shop", "x", {{"n": {number}}}); made.wait({number});')
            assert ran.printed == f"hello {number}\n"
    finally:
        kernel.close()
