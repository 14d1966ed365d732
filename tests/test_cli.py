"""The `sfnb` command, in this process; where the process itself counts, in one of its own."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest

from sfnb import __version__
from sfnb.asl.source import read_text
from sfnb.cli import COMMANDS, main, make_parser
from sfnb.cli.progress import Progress
from sfnb.engine import events as ev
from sfnb.engine.counts import Counts
from sfnb.engine.map_run import MapRun
from sfnb.exporters import EXPORTERS
from sfnb.renderers import RENDERERS

ORDERS = {
    "StartAt": "Price",
    "States": {
        "Price": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:price",
            "Next": "Hold",
        },
        "Hold": {"Type": "Wait", "Seconds": 86_400, "Next": "Done"},
        "Done": {"Type": "Pass", "End": True},
    },
}
ECHO = {"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": True}}}
AGAIN = {"StartAt": "Again", "States": {"Again": {"Type": "Pass", "End": True}}}
TASKS = """
def price(order):
    print("pricing", order["id"])
    if order["id"] < 0:
        raise ValueError(f"no order has the id {order['id']}")
    return {**order, "price": 3}
"""


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with orders.asl.json and tasks.py."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.asl.json").write_text(json.dumps(ORDERS))
    (tmp_path / "echo.json").write_text(json.dumps(ECHO))
    (tmp_path / "tasks.py").write_text(TASKS)
    return tmp_path


@pytest.fixture
def call(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """`sfnb` with these arguments, as if each were the first: no functions, no modules of an earlier one."""
    from sfnb.default import service

    path, modules = list(sys.path), set(sys.modules)

    def call(*arguments: str, stdin: str | bytes = b"") -> Answer:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        service().registry.functions.clear()
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    yield call
    service().registry.functions.clear()
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


# sfnb run


def test_a_run_prints_the_output_alone_and_says_how_it_went(call: Call) -> None:
    answer = call("run", "orders.asl.json", "--input", '{"id": 7}', "--tasks", "tasks.py", "--skip-waits")

    assert answer.out == '{"id": 7, "price": 3}\n'
    assert answer.err == "pricing 7\norders SUCCEEDED\n"
    assert answer.code == 0


def test_output_is_the_text_that_the_execution_has(call: Call) -> None:
    assert call("run", "echo.json", "--input", '{ "n":  1.0 }').out == '{ "n":  1.0 }\n'


def test_a_failure_says_state_error_and_cause(call: Call) -> None:
    answer = call("run", "orders.asl.json", "--input", '{"id": -1}', "--tasks", "tasks.py")

    assert answer.code == 1
    assert answer.out == ""
    assert 'orders FAILED in "Price"' in answer.err
    assert "ValueError: no order has the id -1" in answer.err
    assert "tasks.py, line 5, in price" in answer.err
    assert "sfnb/" not in answer.err


def test_a_missing_function_is_hinted_at(call: Call) -> None:
    answer = call("run", "orders.asl.json")

    assert answer.code == 1
    assert "Lambda.ResourceNotFoundException: Function not found" in answer.err
    assert 'no Python function stands for "price"' in answer.err
    assert "def price(payload): ..." in answer.err
    assert "--tasks tasks.py" in answer.err


def test_a_definition_with_errors_is_shown_with_its_file_and_places(call: Call, folder: Path) -> None:
    (folder / "bad.json").write_text('{"StartAt": "A",\n "States": {"B": {"Type": "Succeed"}}}')

    for command in (["run"], ["render"], ["export"]):
        answer = call(*command, "bad.json")
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.startswith("bad.json: 2 errors\n\nerror: line 1, column 13: ")
        assert "Traceback" not in answer.err


def test_a_definition_that_is_not_there_is_a_wrong_call(call: Call) -> None:
    for command in COMMANDS.keys() - {"serve", "start", "store", "triggers"}:
        answer = call(command, "missing.json")
        assert (answer.code, answer.out) == (2, "")
        assert "cannot read the definition 'missing.json': No such file or directory" in answer.err


def test_warnings_are_said_before_the_run(call: Call, folder: Path) -> None:
    (folder / "odd.yaml").write_text("StartAt: A\nStates:\n  A: {Type: Wait, Seconds: 010, End: true}\n")

    assert "warning: line 3, column 28" in call("run", "odd.yaml", "--skip-waits").err
    assert call("run", "odd.yaml", "--skip-waits", "--quiet").err == ""


def test_quiet_still_says_what_went_wrong(call: Call) -> None:
    assert call("run", "echo.json", "--quiet") == Answer(0, "{}\n", "")
    assert 'orders FAILED in "Price"' in call("run", "orders.asl.json", "--quiet").err


def test_a_run_takes_its_name_from_the_file_or_is_told(call: Call) -> None:
    assert call("run", "echo.json").err == "echo SUCCEEDED\n"
    assert call("run", "echo.json", "--name", "shout").err == "shout SUCCEEDED\n"
    assert call("run", "-", stdin=json.dumps(ECHO)).err == "machine SUCCEEDED\n"


def test_limits_hold_unless_lifted(call: Call, folder: Path) -> None:
    (folder / "large.json").write_text(json.dumps("x" * 300_000))

    refused = call("run", "echo.json", "--input", "@large.json")
    assert refused.code == 2
    assert "300,002 bytes" in refused.err
    lifted = call("run", "echo.json", "--input", "@large.json", "--unlimited")
    assert (lifted.code, len(lifted.out)) == (0, 300_003)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_the_history_is_written_whatever_became_of_the_run(call: Call, folder: Path, status: str) -> None:
    tasks = ["--tasks", "tasks.py"] if status == "SUCCEEDED" else []

    call("run", "orders.asl.json", "--input", '{"id": 7}', "--skip-waits", "--history", "log.json", *tasks)

    events = json.loads((folder / "log.json").read_text())["events"]
    assert events[0]["type"] == "ExecutionStarted"
    assert events[0]["executionStartedEventDetails"]["input"] == '{"id": 7}'
    assert events[-1]["type"] == f"Execution{status.title()}"
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))


def test_a_history_that_cannot_be_written_is_known_before_the_run(call: Call) -> None:
    answer = call("run", "echo.json", "--history", "missing/log.json")

    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "sfnb: cannot write 'missing/log.json': No such file or directory\n"


# --input


@pytest.mark.parametrize("given", ['{"a": [1, 2]}', "3", '"text"', "null", "-1", "@input.json", "-"])
def test_an_input_is_json_a_file_or_standard_input(call: Call, folder: Path, given: str) -> None:
    (folder / "input.json").write_text('\ufeff{"a": 1}', encoding="utf-8")

    answer = call("run", "echo.json", "--input", given, stdin='{"b": 2}')

    assert answer.code == 0
    assert answer.out.strip() == {"@input.json": '{"a": 1}', "-": '{"b": 2}'}.get(given, given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ('{"a":', '--input is not JSON: line 1, column 6: Expecting value\n  1 | {"a":\n    |      ^\n'),
        ("-", "standard input is not JSON: line 2, column 4: Expecting value\n  2 |  2,,3]\n    |    ^\n"),
        ("", "--input is not JSON: it is empty\n"),
        ('{"a": NaN}', "--input is not JSON: JSON has no NaN; use null instead\n"),
        ("1e999", "--input is not JSON: it holds a number or a character that JSON has not\n"),
        ("[" * 100_000, "--input is not JSON: it is nested too deeply\n"),
        ("@missing.json", "cannot read the input 'missing.json': No such file or directory\n"),
        ("@.", "cannot read the input '.': Is a directory\n"),
        ("@latin.json", "'latin.json' is no UTF-8: the byte 0xE9 in line 2\n"),
        ("echo.json", "--input: the name of a file begins with @: --input @echo.json\n"),
    ],
)
def test_an_input_that_is_no_json_is_a_wrong_call(call: Call, folder: Path, given: str, message: str) -> None:
    (folder / "latin.json").write_bytes(b'[1,\n"\xe9"]')

    answer = call("run", "echo.json", "--input", given, stdin="[1,\n 2,,3]")

    assert answer == Answer(2, "", f"sfnb: {message}")


def test_standard_input_cannot_be_both(call: Call) -> None:
    answer = call("run", "-", "--input", "-")

    assert answer.err == "sfnb: the definition and --input cannot both come from standard input\n"
    assert answer.code == 2


# --tasks


def run_task(call: Call, folder: Path, resource: str, *tasks: str) -> Answer:
    state = {"Type": "Task", "Resource": resource, "End": True}
    (folder / "one.json").write_text(json.dumps({"StartAt": "A", "States": {"A": state}}))
    return call("run", "one.json", *(word for module in tasks for word in ("--tasks", module)))


def test_public_functions_of_a_module_are_tasks(call: Call, folder: Path) -> None:
    (folder / "shop.py").write_text(
        "import sfnb\nfrom os.path import basename\n"
        "def plain(x): return 'plain'\ndef _hidden(x): return 'hidden'\n"
        "@sfnb.task('my-name')\ndef named(x): return 'named'\n"
    )

    assert run_task(call, folder, "plain", "shop.py").out == '"plain"\n'
    assert run_task(call, folder, "my-name", "shop.py").out == '"named"\n'
    assert run_task(call, folder, "_hidden", "shop.py").code == 1
    assert run_task(call, folder, "basename", "shop.py").code == 1


def test_dunder_all_says_which_are_public(call: Call, folder: Path) -> None:
    (folder / "beside.py").write_text("def theirs(x): return 'theirs'\n")
    (folder / "shop.py").write_text(
        "from beside import theirs\n__all__ = ['theirs']\ndef other(x): return x\n"
    )

    assert run_task(call, folder, "theirs", "shop.py").out == '"theirs"\n'
    assert run_task(call, folder, "other", "shop.py").code == 1


def test_tasks_may_be_several_files_or_modules(call: Call, folder: Path) -> None:
    (folder / "lib").mkdir()
    (folder / "lib" / "one.py").write_text("from beside import value\ndef one(x): return value\n")
    (folder / "lib" / "beside.py").write_text("value = 'beside'\n")
    (folder / "two.py").write_text("def two(x): return 'two'\n")

    assert run_task(call, folder, "one", "lib/one.py", "two").out == '"beside"\n'
    assert run_task(call, folder, "two", "lib/one.py", "two").out == '"two"\n'
    assert run_task(call, folder, "one", "lib.one").out == '"beside"\n'


def test_a_file_of_tasks_may_be_called_like_a_module_of_python(call: Call, folder: Path) -> None:
    (folder / "json.py").write_text("def own(x): return __name__\n")

    assert run_task(call, folder, "own", "json.py").out == '"json_"\n'
    assert sys.modules["json"] is json


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("missing.py", "cannot find the tasks 'missing.py': there is no such file\n"),
        ("missing", "cannot find the tasks 'missing': give a .py file or a module\n"),
        ("missing.inner", "cannot find the tasks 'missing.inner': give a .py file or a module\n"),
        (
            "raises.py",
            "line 3, in fail\n    return 1 / 0\n           ~~^~~\nZeroDivisionError: division by zero\n",
        ),
        (
            "imports.py",
            "line 1, in <module>\n    import not_there\nModuleNotFoundError: No module named 'not_there'\n",
        ),
        ("syntax.py", "line 1\n    def f(:\n          ^\nSyntaxError: invalid syntax\n"),
        ("leaves.py", "SystemExit: 3\n"),
    ],
)
def test_tasks_that_cannot_be_had_are_a_wrong_call(
    call: Call, folder: Path, module: str, message: str
) -> None:
    (folder / "raises.py").write_text("\ndef fail():\n    return 1 / 0\nfail()\n")
    (folder / "imports.py").write_text("import not_there\n")
    (folder / "syntax.py").write_text("def f(:\n")
    (folder / "leaves.py").write_text("import sys\nsys.exit(3)\n")

    answer = run_task(call, folder, "x", module)

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(
        f"sfnb: cannot {'find' if 'find' in message else 'load'} the tasks '{module}'"
    )
    assert answer.err.endswith(message)
    assert "sfnb/cli" not in answer.err
    assert "importlib" not in answer.err


def test_what_a_module_prints_is_not_the_answer(call: Call, folder: Path) -> None:
    (folder / "loud.py").write_text("print('loading')\ndef loud(x): return 1\n")

    assert run_task(call, folder, "loud", "loud.py") == Answer(0, "1\n", "loading\none SUCCEEDED\n")


# sfnb validate


def test_validate_goes_on_after_a_bad_file(call: Call, folder: Path) -> None:
    (folder / "bad.yaml").write_text("StartAt: B\nStates:\n  A: {Type: Succeed}\n")

    answer = call("validate", "missing.json", "bad.yaml", "echo.json")

    assert (answer.code, answer.out) == (2, "")
    assert "error: cannot read the definition 'missing.json'" in answer.err
    assert "bad.yaml: 2 errors" in answer.err
    assert "error: line 1, column 10: Missing 'Next' target: B" in answer.err
    assert "echo.json: no findings\n3 files: 2 errors" in answer.err
    assert answer.err.endswith(", 1 could not be read\n")


def test_validate_fails_for_errors_and_not_for_warnings(call: Call, folder: Path) -> None:
    (folder / "odd.yaml").write_text("StartAt: A\nStates:\n  A: {Type: Wait, Seconds: 010, End: true}\n")
    (folder / "bad.json").write_text("{")

    assert call("validate", "echo.json").code == 0
    assert call("validate", "odd.yaml").code == 0
    assert call("validate", "echo.json", "bad.json").code == 1
    assert call("validate", "-", stdin=json.dumps(ECHO)) == Answer(0, "", "standard input: no findings\n")


def test_validate_answers_in_json_with_places(call: Call, folder: Path) -> None:
    (folder / "bad.json").write_text(
        '{"States": {"Ä": {"Type": "Succeed"}},\n "StartAt": "Ö"}', encoding="utf-8"
    )

    answer = call("validate", "--json", "bad.json", "missing.json", "echo.json")

    found, unreachable, missing = json.loads(answer.out)
    assert found == {
        "file": "bad.json",
        "severity": "ERROR",
        "code": "MISSING_TRANSITION_TARGET",
        "message": "Missing 'Next' target: Ö",
        "location": "/StartAt",
        "line": 2,
        "column": 13,
        "hint": found["hint"],
    }
    assert (unreachable["location"], unreachable["line"], unreachable["column"]) == ("/States/Ä", 1, 13)
    assert missing["file"] == "missing.json"
    assert missing["code"] == "CANNOT_READ"
    assert answer.code == 2
    assert json.loads(call("validate", "--json", "echo.json").out) == []


# sfnb render, sfnb export


@pytest.mark.parametrize("format", RENDERERS)
def test_render_draws_in_every_format(call: Call, folder: Path, format: str) -> None:
    answer = call("render", "orders.asl.json", "--format", format)
    call("render", "orders.asl.json", "--format", format, "-o", "picture")

    assert (answer.code, answer.err) == (0, "")
    assert "Price" in answer.out
    assert (folder / "picture").read_text(encoding="utf-8") == answer.out


def test_the_ending_of_a_picture_says_its_format(call: Call, folder: Path) -> None:
    call("render", "orders.asl.json", "-o", "orders.svg")
    refused = call("render", "orders.asl.json", "-o", "orders.pdf")

    assert ET.parse(folder / "orders.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert refused.code == 2
    assert refused.err == (
        "sfnb: 'orders.pdf' does not say which format to draw: give --format, or end it with .svg\n"
    )
    assert not (folder / "orders.pdf").exists()


def test_a_picture_that_cannot_be_written_is_a_wrong_call(call: Call) -> None:
    answer = call("render", "orders.asl.json", "-o", "missing/orders.svg")

    assert answer == Answer(2, "", "sfnb: cannot write 'missing/orders.svg': No such file or directory\n")


@pytest.mark.parametrize("format", EXPORTERS)
def test_export_writes_the_same_definition_in_every_format(call: Call, folder: Path, format: str) -> None:
    answer = call("export", "orders.asl.json", "--format", format)
    call("export", "orders.asl.json", "-o", f"orders.{format}")

    assert answer.code == 0
    assert read_text(answer.out).tree == ORDERS
    assert (folder / f"orders.{format}").read_text(encoding="utf-8") == answer.out


# The command itself


def test_help_is_there_for_every_command(call: Call) -> None:
    told = call("--help")

    assert told.code == 0
    assert "exit codes:" in told.out
    for name in COMMANDS:
        assert f"\n    {name}  " in told.out
        assert call(name, "--help").code == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_are_calls_that_it_takes(name: str) -> None:
    lines = [line.strip() for line in COMMANDS[name].EXAMPLES.splitlines() if "sfnb " in line]
    calls = [
        shlex.split(line[line.index("sfnb ") :].split(" | ")[0].split(" > ")[0].split("   ")[0])
        for line in lines
    ]

    assert calls
    for words in calls:
        assert make_parser(words[1:]).parse_args(words[1:]).perform is COMMANDS[name].perform


@pytest.mark.parametrize(
    "arguments",
    [[], ["frobnicate"], ["run"], ["validate"], ["run", "x", "--frob"], ["render", "x", "--format", "gif"]],
)
def test_a_wrong_option_is_a_wrong_call(call: Call, arguments: list[str]) -> None:
    answer = call(*arguments)

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("usage: sfnb")


def test_the_version_is_the_packages(call: Call) -> None:
    assert call("--version") == Answer(0, f"sfnb {__version__}\n", "")


# A process of its own


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
    return subprocess.Popen([sys.executable, "-m", "sfnb.cli", *arguments], **options)


def test_help_loads_no_libraries() -> None:
    code = (
        "import sys\nfrom sfnb.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )

    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()[-1].split()

    assert not {"msgspec", "rich", "yaml", "pandas", "IPython", "graphviz", "asyncio"} & set(loaded)


def test_ctrl_c_ends_the_execution_as_aborted_with_its_log(folder: Path) -> None:
    (folder / "endless.py").write_text(
        "import time\ndef price(order):\n    print('begun')\n    while True: print('late', end='\\n')\n"
    )

    process = start("run", "orders.asl.json", "--tasks", "endless.py", "--history", "log.json")
    assert process.stderr is not None
    assert process.stderr.readline() == b"begun\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert out == b""
    assert b'orders ABORTED in "Price"' in err
    assert b"Traceback" not in err
    events = json.loads((folder / "log.json").read_text())["events"]
    assert [event["type"] for event in events][-2:] == ["LambdaFunctionStarted", "ExecutionAborted"]


def test_standard_output_has_the_answer_alone_whoever_prints(folder: Path) -> None:
    (folder / "loud.py").write_text(
        "import os, subprocess, sys, threading\n"
        "def price(order):\n"
        "    subprocess.run([sys.executable, '-c', 'print(\"program\")'], check=True)\n"
        "    thread = threading.Thread(target=print, args=('thread',))\n"
        "    thread.start(); thread.join()\n"
        "    os.write(1, b'descriptor\\n')\n"
        "    return 'é'\n"
    )

    process = start("run", "orders.asl.json", "--tasks", "loud.py", "--skip-waits")
    out, err = process.communicate(timeout=60)

    assert json.loads(out) == "é"
    assert {b"program", b"thread", b"descriptor"} <= set(err.split())
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "sign.json"], b'{"\\u00e9": "\\ud83d\\ude00"}\n'),
        (["export", "sign.json"], b'"\\u00e9"'),
        (["render", "sign.json"], b"?"),
        (["render", "sign.json", "--format", "svg"], b"&#233;"),
        (["export", "sign.json", "--format", "yaml"], b""),
    ],
)
def test_standard_output_may_be_ascii(folder: Path, arguments: list[str], expected: bytes) -> None:
    state = {"Type": "Pass", "Result": {"é": "😀"}, "End": True}
    (folder / "sign.json").write_text(json.dumps({"StartAt": "é", "States": {"é": state}}))

    process = start(*arguments, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    out, err = process.communicate(timeout=60)

    assert b"Traceback" not in err
    assert expected in out.replace(b'":"', b'": "')
    assert process.returncode == (0 if expected else 2)
    assert (b"set PYTHONIOENCODING=utf-8" in err) is not bool(expected)


def test_a_reader_that_goes_away_is_no_traceback(folder: Path) -> None:
    (folder / "large.json").write_text(json.dumps("x" * 1_000_000))

    process = start("run", "echo.json", "--input", "@large.json", "--unlimited")
    assert process.stdout is not None
    assert process.stdout.read(3) == b'"xx'
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()

    assert process.wait(timeout=60) == 141
    assert err == b"echo SUCCEEDED\n"
    process.stderr.close()


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_sees_the_progress(folder: Path, environment: dict[str, str]) -> None:
    """The task goes on until its line has been seen, where there is to be one."""
    (folder / "waits.py").write_text(
        "import pathlib, time\ndef price(order):\n"
        "    while not pathlib.Path('seen').exists(): time.sleep(0.01)\n"
    )
    live = environment.get("TERM") != "dumb"
    if not live:
        (folder / "seen").touch()
    master, slave = pty.openpty()

    env = {
        **{k: v for k, v in os.environ.items() if k != "NO_COLOR"},
        "TERM": "xterm",
        "COLUMNS": "100",
        **environment,
    }
    process = start("run", "orders.asl.json", "--tasks", "waits.py", "--skip-waits", stderr=slave, env=env)
    os.close(slave)
    seen = _read_all(master, lambda seen: PROGRESS.search(seen) and (folder / "seen").touch())
    out, _ = process.communicate(timeout=60)

    assert (out, process.returncode) == (b"null\n", 0)
    assert (PROGRESS.search(seen) is not None) is live
    assert ("\x1b[1;32mSUCCEEDED" in seen) is not bool(environment)


PROGRESS = re.compile(r"orders: Price, 4 events, \d+ s")


def _read_all(terminal: int, look: Callable[[str], object]) -> str:
    """What is written to a terminal; `look` is given what has come so far, whenever there is more."""
    seen = b""
    try:
        while chunk := os.read(terminal, 4096):
            seen += chunk
            look(seen.decode(errors="replace"))
    except OSError:  # Linux says so where the other side has closed
        pass
    os.close(terminal)
    return seen.decode()


# The line that shows how far it has come


def test_progress_can_be_told_after_every_event() -> None:
    import sfnb

    work = {
        "StartAt": "Work",
        "States": {
            "Work": {"Type": "Pass", "Next": "Ask"},
            "Ask": {
                "Type": "Choice",
                "Choices": [{"Variable": "$", "NumericEquals": 3, "Next": "No"}],
                "Default": "Yes",
            },
            "No": {"Type": "Fail"},
            "Yes": {"Type": "Succeed"},
        },
    }
    each = {
        "Type": "Map",
        "ItemProcessor": work,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Both"}],
        "MaxConcurrency": 2,
        "End": True,
    }
    both = {"Type": "Parallel", "Branches": [ECHO, AGAIN], "End": True}
    execution = sfnb.load({"StartAt": "Each", "States": {"Each": each, "Both": both}}).run([1, 2, 3, 4])
    progress, told = Progress(), []

    for event in execution.log:
        progress.add([event])
        told.append(str(progress))

    assert execution.status == "SUCCEEDED"
    assert "Each 0 of 4, Each, 3 events" in told
    assert "Each 0 of 4, Work, 5 events" in told
    assert any(line.startswith("Each 2 of 4, ") for line in told)
    assert told[-1] == f"{len(execution.history())} events"


# Mocks, types, tokens

MOCKS = {
    "StateMachines": {"orders": {"TestCases": {"Happy": {"Price": "Paid"}, "Sad": {"Price": "Not"}}}},
    "MockedResponses": {
        "Paid": {"0": {"Return": {"price": 7}}},
        "Not": {"0": {"Throw": {"Error": "Declined", "Cause": "no money"}}},
    },
}


def test_a_case_of_a_mock_file_answers_instead_of_functions(call: Call, folder: Path) -> None:
    (folder / "mocks.json").write_text(json.dumps(MOCKS))

    happy = call("run", "orders.asl.json", "--mock", "mocks.json#Happy", "--skip-waits")
    sad = call("run", "orders.asl.json", "--mock", "mocks.json#Sad", "--skip-waits")
    which = call("run", "orders.asl.json", "--mock", "mocks.json")

    assert (happy.code, happy.out) == (0, '{"price":7}\n')
    assert (sad.code, "Declined: no money" in sad.err) == (1, True)
    assert (which.code, "name a case" in which.err) == (2, True)


def test_express_and_the_words_of_the_language(call: Call, folder: Path) -> None:
    rule = {"Variable": "$.n", "IsPresent": True, "Next": "E"}
    choice = {"Type": "Choice", "Choices": [rule]}
    tree = {"StartAt": "C", "States": {"C": choice, "E": {"Type": "Succeed"}}}
    (folder / "choice.json").write_text(json.dumps(tree))

    assert "States.Runtime" in call("run", "choice.json", "--type", "express").err
    assert "States.NoChoiceMatched" in call("run", "choice.json", "--compat", "spec").err


def test_validate_knows_what_an_express_machine_may_not(call: Call, folder: Path) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}
    task["Parameters"] = {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}
    (folder / "callback.json").write_text(json.dumps({"StartAt": "A", "States": {"A": task}}))

    assert call("validate", "callback.json").code == 0
    refused = call("validate", "callback.json", "--type", "EXPRESS", "--json")
    assert refused.code == 1
    assert json.loads(refused.out)[0]["code"] == "SCHEMA_VALIDATION_FAILED"


def test_a_token_that_is_waited_for_is_told(call: Call, folder: Path) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}
    task["Parameters"] = {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}
    (folder / "ask.json").write_text(json.dumps({"StartAt": "Ask", "States": {"Ask": task}}))
    (folder / "answers.py").write_text(
        "import sfnb, threading\n"
        "@sfnb.task('sqs:sendMessage')\n"
        "def send(message):\n"
        "    answer = lambda: sfnb.send_task_success(message['MessageBody'], 'later')\n"
        "    threading.Timer(0.9, answer).start()\n"
        "    return {}\n"
    )
    answer = call("run", "ask.json", "--tasks", "answers.py")

    assert answer.out == '"later"\n'
    assert "Ask is waiting for a task token: " in answer.err


def test_a_folder_stands_for_s3(call: Call, folder: Path) -> None:
    from sfnb.default import use_buckets

    (folder / "data" / "in").mkdir(parents=True)
    (folder / "data" / "in" / "rows.json").write_text("[1, 2]")
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "in", "Key": "rows.json"},
    }
    each = {"Type": "Map", "ItemReader": reader, "ItemProcessor": {"ProcessorConfig": config, **ECHO}}
    (folder / "each.json").write_text(json.dumps({"StartAt": "E", "States": {"E": each | {"End": True}}}))

    there = call("run", "each.json", "--buckets", "data")
    use_buckets("buckets")
    missing = call("run", "each.json")

    assert (there.code, there.out) == (0, "[1,2]\n")
    assert "put the file there, as buckets/in/rows.json" in missing.err


def test_progress_tells_how_far_a_map_run_is(call: Call) -> None:
    started = ev.ExecutionStarted(
        id=1, previous_event_id=0, timestamp=datetime(2026, 1, 1, tzinfo=UTC), input=""
    )
    run = SimpleNamespace(state="Each", stopped=None, items=Counts(succeeded=40, failed=2, running=5))
    progress = Progress()
    progress.add([started])
    progress.map_runs = [cast(MapRun, run)]

    assert str(progress) == "Each 42 items so far, 2 failed, 1 events"
