"""`%asl` status and store: where executions are kept, and what is there."""

from __future__ import annotations

from argparse import Namespace

from sfnb.default import service
from sfnb.engine.clock import RealClock
from sfnb.engine.execution import STATUS
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.errors import SfnbError
from sfnb.keeping import age, bytes_text, file_of, overview, status_of
from sfnb.notebook import display as look
from sfnb.notebook.cells import counted
from sfnb.notebook.options import Parser
from sfnb.notebook.things import Variables, bound_to

NEWEST = 20


def status(options: Namespace, variables: Variables) -> object:
    """Show where executions are kept, what that promises, and how many run, wait or were interrupted."""
    return look.pairs(overview(service()))


def store(options: Namespace, variables: Variables) -> object:
    """Show the file of executions with the newest in it; or delete old ones, with their children.

    `sfnb store` in a shell can do more: export, import, check, vacuum.
    """
    if options.action == "delete":
        return _delete(options)
    file = file_of(service())
    if file is None:
        return look.note("there is no file of executions: %asl status says where they are kept")
    records = file.list(ExecutionFilter(limit=NEWEST))
    rows = [_row(record, variables) for record in records]
    header = ("execution", "machine", "status", "started", "events", "error")
    return look.table(header, rows, empty=f"{file.path}: no executions")


def _row(record: ExecutionRecord, variables: Variables) -> tuple[str, ...]:
    return (
        bound_to(record.arn, variables) or record.name,
        record.machine_name,
        status_of(service(), record),
        f"{record.started:%Y-%m-%d %H:%M:%S}",
        f"{record.last_id:,}",
        record.error or "",
    )


def _delete(options: Namespace) -> object:
    from sfnb.stores.sqlite.maintenance import ENDED, delete, size_bytes

    if options.older_than is None:
        raise SfnbError("%asl store delete needs --older-than AGE, such as 30d, 12h, 2w or 90m")
    file = file_of(service())
    if file is None:
        return look.note("there is no file of executions")
    before = RealClock().now() - age(options.older_than)
    count = delete(file, before=before, status=options.status or ENDED)
    return look.note(
        f"deleted {counted(count, 'execution')} begun before {before:%Y-%m-%d %H:%M}, children of map runs "
        f"included; the file has {bytes_text(size_bytes(file))}"
    )


def add_store_options(parser: Parser) -> None:
    parser.add_argument(
        "action", nargs="?", choices=("list", "delete"), default="list", help="list unless told"
    )
    parser.add_argument(
        "--older-than", metavar="AGE", help="delete what began so long ago: 30d, 12h, 2w, 90m"
    )
    parser.add_argument(
        "--status",
        action="append",
        choices=list(STATUS.values()),
        type=str.upper,
        help="delete those alone that ended so; may be repeated",
    )
