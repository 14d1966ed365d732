"""`sfnb store`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from sfnb.cli.streams import FAILED, WELL, WRONG_CALL, json_escapes, say, write

if TYPE_CHECKING:
    from sfnb.engine.events import Event
    from sfnb.engine.records import ExecutionRecord
    from sfnb.stores.sqlite import SqliteStore

EXAMPLES = """\
examples:
  sfnb store list --machine orders --status FAILED
  sfnb store show 0b8f7a2c-1111-4222-8333-123456789abc --after 100
  sfnb store export -o executions.jsonl
  sfnb store import executions.jsonl --store other.db
  sfnb store delete --older-than 30d --status SUCCEEDED
  sfnb store delete 0b8f7a2c-1111-4222-8333-123456789abc
  sfnb store check
"""
STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
SHORT = 60
"""Characters that a table shows of a text."""
LINES_AT_A_TIME = 500


def add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    for name, action in ACTIONS.items():
        words = (action.__doc__ or "").partition("\n")[0]
        made = actions.add_parser(name, help=words, description=words, allow_abbrev=False)
        made.set_defaults(action=action)
        made.add_argument(
            "--store", metavar="PATH", help="the file; the one in your data folder unless given (see `where`)"
        )
        if name in _OPTIONS:
            _OPTIONS[name](made)
        if name in NAMELESS:
            made.add_argument("strays", nargs="*", help=argparse.SUPPRESS)


def _list_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--machine", metavar="M", help="of this state machine alone: its name or ARN")
    _add_status(parser)
    parser.add_argument("--limit", type=_count, default=50, metavar="N", help="50 unless given")
    parser.add_argument("--json", action="store_true", help="all that is known of each, as JSON")


def _show_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("execution", metavar="ARN|NAME")
    parser.add_argument(
        "--after", type=_count, default=0, metavar="N", help="leave out the first N records of the log"
    )
    parser.add_argument("--limit", type=_count, default=100, metavar="N", help="100 unless given")


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("executions", nargs="*", metavar="ARN|NAME", help="all unless given")
    parser.add_argument("-o", "--output", metavar="FILE", help="standard output unless given")


def _import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="what `export` wrote")


def _delete_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "executions", nargs="*", metavar="ARN|NAME", help="these, also if they were interrupted"
    )
    parser.add_argument(
        "--older-than", type=_age, metavar="AGE", help="those begun so long ago: 30d, 12h, 2w, 90m"
    )
    _add_status(parser, STATUSES[1:])
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _add_status(parser: argparse.ArgumentParser, statuses: Sequence[str] = STATUSES) -> None:
    parser.add_argument(
        "--status", action="append", choices=statuses, type=str.upper, help="may be given several times"
    )


_OPTIONS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "list": _list_options,
    "show": _show_options,
    "export": _export_options,
    "import": _import_options,
    "delete": _delete_options,
}


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """List, show, carry and delete the executions that are kept in a file."""
    for stray in getattr(options, "strays", ()):
        _refuse(stray)
    code: int = options.action(options, answers)
    return code


def list_executions(options: argparse.Namespace, answers: TextIO) -> int:
    """List executions, newest first; the children of map runs are left out."""
    import json

    import msgspec

    from sfnb.engine.records import ExecutionFilter

    wanted = ExecutionFilter(machine=options.machine, status=options.status, limit=options.limit)
    with _opened(options) as store:
        records = store.list(wanted)
    if options.json:
        text = json.dumps(msgspec.to_builtins(list(records)), indent=2, ensure_ascii=False)
        write(text, answers, escape=json_escapes)
    elif records:
        head = ("STATUS", "STARTED", "MACHINE", "NAME", "EVENTS", "ERROR")
        write(_table(head, map(_row, records)), answers, escape=json_escapes)
    else:
        say("no executions")
    return WELL


def _row(record: ExecutionRecord) -> Sequence[str]:
    return (
        _status(record),
        f"{record.started:%Y-%m-%d %H:%M:%S}",
        record.machine_name,
        _plain(record.name or record.arn),
        str(record.events),
        _short(record.error or ""),
    )


def _status(record: ExecutionRecord) -> str:
    return "INTERRUPTED" if record.interrupted else record.status


def show(options: argparse.Namespace, answers: TextIO) -> int:
    """Show what is known of an execution, and the records of its log."""
    with _opened(options) as store:
        record = _found(store, options.execution)
        events = list(islice(store.read(record.arn, after=options.after), options.limit))
    facts = {
        "execution": record.arn,
        "machine": record.machine,
        "status": _status(record) + (f": {record.error}" if record.error else ""),
        "started": record.started.isoformat(),
        "stopped": record.stopped.isoformat() if record.stopped else None,
        "records": str(record.events),
        "definition": record.definition,
        "parent": record.parent,
        "fork of": record.origin and f"{record.origin} after event {record.origin_event}",
    }
    summary = "".join(f"{name:<11}{_plain(value)}\n" for name, value in facts.items() if value)
    rows = (_event_row(options.after + at, event) for at, event in enumerate(events, 1))
    write(summary + "\n" + _table(("#", "ID", "TIME", "TYPE", "DETAILS"), rows), answers, escape=json_escapes)
    shown = options.after + len(events)
    if events and shown < record.events:
        say(f"{record.events - shown} more: --after {shown}")
    return WELL


def _event_row(number: int, event: Event) -> Sequence[str]:
    from sfnb.engine.history import detail_fields

    values = ((key, getattr(event, name)) for name, key in detail_fields(type(event)))
    details = " ".join(f"{key}={value}" for key, value in values if value is not None)
    identity = str(event.id) if event.id else ""
    return str(number), identity, f"{event.timestamp:%H:%M:%S.%f}"[:-3], event.type, _short(details)


def export(options: argparse.Namespace, answers: TextIO) -> int:
    """Write executions as JSON Lines, with the children of their map runs and their definitions."""
    from sfnb.stores.sqlite.portable import export

    with _opened(options) as store:
        arns = [_found(store, each).arn for each in options.executions] or None
        lines = export(store, arns)
        if options.output is not None:
            _write_file(lines, options.output)
            return WELL
        while batch := b"".join(islice(lines, LINES_AT_A_TIME)):
            write(batch.decode(), answers, escape=json_escapes)
    return WELL


def _write_file(lines: Iterable[bytes], output: str) -> None:
    from sfnb.errors import SfnbError

    try:
        with Path(output).open("wb") as file:
            file.writelines(lines)
    except OSError as fault:
        raise SfnbError(f"cannot write '{output}': {fault.strerror or fault}") from None


def import_(options: argparse.Namespace, answers: TextIO) -> int:
    """Take up the executions of an export; none that is already there."""
    from sfnb.stores.sqlite.portable import import_file

    with _opened(options, create=True) as store:
        say(f"{_counted(import_file(store, Path(options.file)))} imported")
    return WELL


def check(options: argparse.Namespace, answers: TextIO) -> int:
    """Look whether the file is whole, and every execution in it."""
    from sfnb.stores.sqlite.checking import check
    from sfnb.stores.sqlite.maintenance import size_bytes

    with _opened(options) as store:
        findings = check(store)
        for finding in findings:
            say("error: " + (f"{finding.execution}: " if finding.execution else "") + finding.message)
        if not findings:
            say(f"{store.path} is whole: {_counted(len(store.executions()))}, {size_bytes(store):,} bytes")
    return FAILED if findings else WELL


def vacuum(options: argparse.Namespace, answers: TextIO) -> int:
    """Give the room that deleted executions took back to the disk."""
    from sfnb.stores.sqlite.maintenance import size_bytes, vacuum

    with _opened(options) as store:
        freed = vacuum(store)
        say(f"{freed:,} bytes freed, {size_bytes(store):,} left")
    return WELL


def delete(options: argparse.Namespace, answers: TextIO) -> int:
    """Delete executions: these, or old ones that have ended; with the children of their map runs."""
    from sfnb.errors import SfnbError

    if (options.older_than is None) == (not options.executions):
        raise SfnbError("say what is to be deleted: the names or ARNs of executions, or --older-than AGE")
    if options.status and options.executions:
        raise SfnbError(
            "--status is for --older-than: executions that are named are deleted however they ended"
        )
    with _opened(options) as store:
        return _delete_chosen(store, options) if options.executions else _delete_old(store, options)


def _delete_chosen(store: SqliteStore, options: argparse.Namespace) -> int:
    from sfnb.stores.sqlite.maintenance import delete_chosen

    found = {record.arn: record for record in (_found(store, each) for each in options.executions)}
    told = ", ".join(f"{record.arn} ({_status(record)})" for record in found.values())
    say(f"{_counted(len(found))}, with the children of their map runs: {told}")
    return _delete_agreed(options, lambda: delete_chosen(store, list(found.values())))


def _delete_old(store: SqliteStore, options: argparse.Namespace) -> int:
    from sfnb.engine.clock import RealClock
    from sfnb.stores.sqlite.maintenance import ENDED, deletable, delete

    before = RealClock().now() - options.older_than
    status = options.status or ENDED
    records = deletable(store, before=before, status=status)
    if not records:
        say("nothing to delete")
        return WELL
    say(
        f"{_counted(len(records))} begun before {before:%Y-%m-%d %H:%M}, with the children of their map"
        f" runs: from {records[-1].arn} to {records[0].arn}"
    )
    return _delete_agreed(options, lambda: delete(store, before=before, status=status))


def _delete_agreed(options: argparse.Namespace, delete: Callable[[], int]) -> int:
    if not options.yes and not _agreed():
        say("nothing is deleted; --yes does it without asking")
        return WRONG_CALL
    say(f"{_counted(delete())} deleted, children included")
    return WELL


def _agreed() -> bool:
    print("delete them? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def where(options: argparse.Namespace, answers: TextIO) -> int:
    """Print the path of the file."""
    path = _path(options)
    write(str(path), answers)
    if not path.exists():
        say("it is not there yet")
    return WELL


ACTIONS: dict[str, Callable[[argparse.Namespace, TextIO], int]] = {
    "list": list_executions,
    "show": show,
    "export": export,
    "import": import_,
    "check": check,
    "vacuum": vacuum,
    "delete": delete,
    "where": where,
}


NAMELESS = ("list", "check", "vacuum", "where")
"""The actions that take no names."""


def _refuse(stray: str) -> NoReturn:
    """Raises SfnbError for a word that was probably meant to be the file, as with other tools."""
    from sfnb.errors import SfnbError

    raise SfnbError(f"'{stray}' is not taken here: the file is named by --store {stray}")


def _path(options: argparse.Namespace) -> Path:
    from sfnb.stores import default_path

    return Path(options.store) if options.store else default_path()


@contextmanager
def _opened(options: argparse.Namespace, *, create: bool = False) -> Iterator[SqliteStore]:
    """The store, for as long as it is used; raises StoreFault where there is none and none is to be made."""
    from sfnb.stores.sqlite import SqliteStore

    store = SqliteStore(_path(options), create=create)
    try:
        yield store
    finally:
        store.close()


def _found(store: SqliteStore, execution: str) -> ExecutionRecord:
    """The execution with this ARN or name; raises SfnbError where there is none, or more than one."""
    from sfnb.engine.records import ExecutionFilter
    from sfnb.errors import SfnbError

    record = store.find(execution)
    if record is not None:
        return record
    named = [each for each in store.list(ExecutionFilter(name=execution)) if each.name == execution]
    if not named:
        if Path(execution).is_file():
            _refuse(execution)
        raise SfnbError(f"there is no execution '{execution}' in {store.path}")
    if len(named) > 1:
        raise SfnbError(f"more than one is called '{execution}': {', '.join(each.arn for each in named)}")
    return named[0]


def _age(text: str) -> timedelta:
    from sfnb.errors import SfnbError
    from sfnb.keeping import age

    try:
        return age(text)
    except SfnbError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is no count")
    return int(text)


def _counted(count: int) -> str:
    return f"{count:,} execution{'s' * (count != 1)}"


def _short(text: str) -> str:
    text = text if len(text) <= SHORT else text[: SHORT - 1] + "…"
    return _plain(text)


def _plain(text: str) -> str:
    """`text` without what would move the cursor or change the colours of a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as what stands in them."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    cells = (
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines
    )
    return "".join(f"{line.rstrip()}\n" for line in cells)
