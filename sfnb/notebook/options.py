"""The options of `%%asl` and `%asl`, and how a line is cut into words.

`argparse` knows the options; what it prints is also what `%%asl?` shows. Words are cut here, since a
shell's rules would take the quotes out of `--input {"n": 1}`.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Container, Sequence
from typing import Any, NoReturn

from sfnb.asl.ways import did_you_mean
from sfnb.errors import SfnbError

TYPES = ("STANDARD", "EXPRESS")
_bracket_or_text = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
STATUSES = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


class Usage(SfnbError):
    """The line of a magic cannot be understood."""


class Parser(argparse.ArgumentParser):
    """Raises Usage where argparse would end the process, and knows a near miss."""

    def __init__(self, prog: str, description: str, *, usage: str | None = None, epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            add_help=False,
            allow_abbrev=False,
            formatter_class=_Help,
        )
        self.cut: Callable[[str], list[str]] = cut
        """Makes words of a line."""

    def parse(self, line: str) -> argparse.Namespace:
        """The options on `line`; raises Usage."""
        known, unknown = self.parse_known_args(self.cut(line))
        if unknown:
            near = did_you_mean(unknown[0], self._option_string_actions)
            self.error(f"it does not take {unknown[0]!r}" + (f": {near}" if near else ""))
        return known

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as fault:
            near = did_you_mean(str(value), map(str, action.choices or ()))
            if near:
                raise argparse.ArgumentError(action, f"{fault.message}; {near}") from None
            raise

    def error(self, message: str) -> NoReturn:
        raise Usage(f"{self.prog}: {message}\n{self.prog.split()[0]}? explains every option")


class _Help(argparse.RawDescriptionHelpFormatter):
    """The same on every screen."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=100)


def cut(line: str, templates: Container[str] = ()) -> list[str]:
    """The words of a line: quotes keep blanks together and are taken off, JSON stays as it is.

    templates: options behind which there may stand what is JSON only once its holes are filled.

    >>> cut('orders --input {"n": [1, 2]} -s Table="my orders" -o result')
    ['orders', '--input', '{"n": [1, 2]}', '-s', 'Table=my orders', '-o', 'result']
    >>> cut("--input '{\\"n\\": 1}'")
    ['--input', '{"n": 1}']
    >>> cut('--template {"n": [<n>], "of": "}"} --bus tea', ("--template",))
    ['--template', '{"n": [<n>], "of": "}"}', '--bus', 'tea']

    Raises Usage where a quote or a bracket is not closed.
    """
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
        else:
            filled_later = bool(words) and words[-1] in templates
            read = _word if line[at] not in "{[" else _template if filled_later else _json
            word, at = read(line, at)
            words.append(word)
    return words


def _json(line: str, at: int) -> tuple[str, int]:
    try:
        _, end = json.JSONDecoder().raw_decode(line, at)
    except json.JSONDecodeError as fault:
        raise Usage(f"this is no JSON: {fault.msg}\n  {line}\n  {' ' * fault.pos}^") from None
    return line[at:end], end


def _template(line: str, at: int) -> tuple[str, int]:
    """Up to the bracket that closes the first one, whatever stands between."""
    start, open_brackets = at, 0
    for token in _bracket_or_text.finditer(line, at):
        open_brackets += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if not open_brackets:
            return line[start : token.end()], token.end()
    raise Usage(f"a bracket is not closed\n  {line}\n  {' ' * start}^")


def _word(line: str, at: int) -> tuple[str, int]:
    """Up to the next blank outside of quotes; a backslash is only itself, as in a Windows path."""
    word = ""
    quote = ""
    start = at
    while at < len(line) and (quote or not line[at].isspace()):
        char = line[at]
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote, start = char, at
        elif not quote and char in "{[" and word.endswith("="):
            value, end = _json(line, at)
            word, at = word + value, end - 1
        else:
            word += char
        at += 1
    if quote:
        raise Usage(f"a quote is not closed\n  {line}\n  {' ' * start}^")
    return word, at


def substitution(text: str) -> tuple[str, str]:
    """`Name=value`, for -s."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form Name=value")
    return name.strip(), value


def machine_name(text: str) -> str:
    """A name that AWS takes, for NAME and --name."""
    from sfnb.service import InvalidName, check_name

    try:
        return check_name(text)
    except InvalidName as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None


def variable(text: str) -> str:
    """A Python name, for -o."""
    if not text.isidentifier():
        raise argparse.ArgumentTypeError(f"'{text}' is no name that a Python variable can have")
    return text


def status(text: str) -> str:
    """A status in any case, for --expect."""
    name = text.upper().replace("-", "_")
    if name not in STATUSES:
        near = did_you_mean(name, STATUSES)
        raise argparse.ArgumentTypeError(
            f"'{text}' is none of {', '.join(STATUSES)}" + (f"; {near}" if near else "")
        )
    return name


Options = argparse.ArgumentParser | argparse._ArgumentGroup


def add_data(parser: Options) -> None:
    """What goes in, and where what comes out is put."""
    parser.add_argument(
        "-i",
        "--input",
        metavar="X",
        help="a Python variable, JSON (text in two quotes: '\"abc\"'), or @file.json",
    )
    parser.add_argument(
        "-o", "--output", metavar="NAME", type=variable, help="variable that receives the Execution (ex)"
    )


def add_expect(parser: Options) -> None:
    parser.add_argument(
        "--expect",
        metavar="STATUS",
        type=status,
        help="the status that is right: the cell fails on any other",
    )


def add_mock(parser: Options) -> None:
    parser.add_argument(
        "-m",
        "--mock",
        metavar="X",
        help="answers instead of calls: auto (plausible ones to all), a Python variable, file.json[#CASE]",
    )


def add_run_options(parser: Options) -> None:
    """What a run takes, in a cell as on a line."""
    add: Any = parser.add_argument
    add_data(parser)
    add_expect(parser)
    add(
        "--skip-waits",
        action=argparse.BooleanOptionalAction,
        help="jump over every Wait and retry pause",
    )
    add(
        "--unlimited",
        action="store_true",
        help="lift AWS's limits: 256 KiB a payload, 25,000 events, 1 MiB a definition",
    )
    add_start(parser)
    add_mock(parser)
    add(
        "--compat",
        choices=("aws", "spec"),
        help="where AWS and the States Language differ: as AWS does (unless told), or as the language says",
    )


def add_start(parser: Options) -> None:
    parser.add_argument(
        "--start",
        action="store_true",
        help="do not wait for the end: this cell is done, and the next may answer a task token",
    )


def add_going_on(parser: Options) -> None:
    """What an execution that goes on takes."""
    parser.add_argument(
        "--skip-waits",
        action="store_const",
        const=True,
        help="jump over every Wait and retry pause, also where it did not before",
    )


def add_execution(parser: argparse.ArgumentParser, name: str = "execution", **more: Any) -> None:
    """An execution, by name."""
    words = "an execution: its variable, its own name or its ARN"
    parser.add_argument(name, **{"metavar": "EX", "help": words, **more})


def add_type(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--type",
        choices=TYPES,
        type=str.upper,
        help="the state machine's type (STANDARD); EXPRESS runs for five minutes at most",
    )


CELL_EXAMPLES = """\
examples:
  %%asl orders                              check and draw it; the state machine is in `orders`
  %%asl orders --run --input order          ... and run it on the Python variable `order`
  %%asl orders --run -i {"id": 7} -o first  on JSON; the Execution is in `first` (`ex` unless told)
  %%asl orders --run -i @order.json         on a file
  %%asl orders --run --skip-waits           a Wait of a year ends at once
  %%asl orders --run --expect FAILED        a failure is right here, a success is not
  %%asl orders --run --mock auto            no task is called: each gets an answer that could be AWS's
  %%asl orders --run --mock answers         answers = {"Charge": [Throw("Declined"), Return({"ok": 1})]}
  %%asl orders --run --mock m.json#Happy    a case of a mock file of Step Functions Local
  %%asl orders --start                      as --run, without waiting for the end: ex.status, ex.stop()
  %%asl orders --type EXPRESS               an EXPRESS state machine
  %%asl orders -s Table=prices              put "prices" in the place of ${Table}
  %%asl my-orders                           no Python name: get it by  m = %asl show my-orders

Substitutions: ${Name} in a text is replaced by what -s says; else it stays, where a task of this name
is registered; else by a Python variable that holds a text, a number, true, false or null. Without
quotes, as in "TimeoutSeconds": ${Limit}, it becomes the value itself. All that was replaced is listed.
Nothing else in the cell is ever expanded: $.path and {braces} are safe.

Findings are shown with their line in this cell; the old value of NAME is kept then.
"""


def cell_parser() -> Parser:
    """The parser of `%%asl`."""
    parser = Parser(
        "%%asl",
        "Check the definition in this cell (JSON or YAML), draw it, and run it if told.",
        usage="%(prog)s [NAME] [options]",
        epilog=CELL_EXAMPLES,
    )
    parser.add_argument(
        "variable",
        nargs="?",
        metavar="NAME",
        type=machine_name,
        help="variable that receives the StateMachine",
    )
    parser.add_argument(
        "--name", type=machine_name, help="the state machine's own name, where it is not to be NAME"
    )
    parser.add_argument(
        "-s",
        "--substitute",
        metavar="Name=value",
        type=substitution,
        action="append",
        default=[],
        help="put a value in the place of ${Name}; may be repeated",
    )
    parser.add_argument(
        "--format", choices=("json", "yaml"), help="how to read the cell (found out unless told)"
    )
    add_type(parser)
    parser.add_argument("--draw", action=argparse.BooleanOptionalAction, help="show the picture")
    parser.add_argument("-h", "--help", action="store_true", help="show this")
    running = parser.add_argument_group("running")
    running.add_argument("-r", "--run", action="store_true", help="run it")
    add_run_options(running)
    return parser


RUN_ONLY: Sequence[tuple[str, str]] = (
    ("input", "--input"),
    ("output", "--output"),
    ("expect", "--expect"),
    ("skip_waits", "--skip-waits"),
    ("mock", "--mock"),
    ("compat", "--compat"),
)
"""What has no meaning without --run, by attribute."""


def check_together(options: argparse.Namespace) -> None:
    """Raises Usage where options contradict each other."""
    check_start(options, "%%asl")
    if options.run or options.start or options.help:
        return
    for attribute, option in RUN_ONLY:
        if getattr(options, attribute):
            raise Usage(f"%%asl: {option} is for a run: add --run, or leave it out")


def check_start(options: argparse.Namespace, prog: str) -> None:
    """Raises Usage where an end is expected that is not waited for."""
    if options.start and options.expect:
        raise Usage(f"{prog}: --start does not wait for the end, so --expect cannot be told: leave one out")


CELL_PARSER = cell_parser()


def parse_cell_line(line: str) -> argparse.Namespace:
    """The options of a `%%asl` line; raises Usage."""
    options = CELL_PARSER.parse(line)
    check_together(options)
    return options
