"""Where a service keeps its executions, and what is there: the file, the promise, the table of all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from sfnb.engine.execution import Status
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.errors import SfnbError
from sfnb.service import StepFunctions
from sfnb.stores import default_path
from sfnb.stores.lazy import LazyStore
from sfnb.stores.memory import MemoryStore

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.engine.ports import EventStore
    from sfnb.stores.sqlite.store import SqliteStore

Durability = Literal["full", "normal", "memory"]
INTERRUPTED = "INTERRUPTED"
"""What a person is shown of an execution that has no end and that nobody goes on with; AWS has no word."""
STATUSES = (*get_args(Status), INTERRUPTED)

PROMISES: dict[Durability, str] = {
    "full": "what an execution has done survives the kernel and a power cut",
    "normal": "what an execution has done survives the kernel; a power cut may take the last moments",
    "memory": "executions end with this process",
}
"""What each durability means, in a sentence."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


# Where


def keep_in_memory(service: StepFunctions) -> None:
    """What is started from now on ends with the process; what is under way stays where it is."""
    if not isinstance(service.store, MemoryStore):
        _switch(service, service.scratch or MemoryStore())


def keep_in_file(service: StepFunctions, path: Path | None, durability: Durability) -> None:
    """Keep the executions of named machines in a file from now on; it is opened, or made, at once.

    path: in the user's data folder unless given. Raises StoreFault; nothing is changed then.
    """
    if durability == "memory":
        keep_in_memory(service)
        return
    path = _absolute(path)
    store = _same(service, path, durability) or LazyStore(path, durability, _unheard)
    store.open()
    if store is not service.store:
        _switch(service, store)


def keep_in_file_later(
    service: StepFunctions, path: Path | None, durability: Durability, tell: Callable[[str], None]
) -> None:
    """The same, but that the file is opened when it is needed; where that fails, `tell` is told."""
    if durability == "memory":
        keep_in_memory(service)
        return
    path = _absolute(path)
    if _same(service, path, durability) is None:
        _switch(service, LazyStore(path, durability, tell))


def _same(service: StepFunctions, path: Path, durability: Durability) -> LazyStore | None:
    """The store that there is, if it is this one."""
    store = service.store
    if isinstance(store, LazyStore) and (store.path, store.durability) == (path, durability):
        return store
    return None


def _absolute(path: Path | None) -> Path:
    return (path or default_path()).expanduser().resolve()


def _unheard(sentence: str) -> None:
    """What has been opened once is there."""


def _switch(service: StepFunctions, store: EventStore) -> None:
    """What is in memory stays there, and can still be found; triggers go on from the store."""
    if service.has_triggers:
        service.triggers.move(lambda: _take(service, store))
    else:
        _take(service, store)


def _take(service: StepFunctions, store: EventStore) -> None:
    if isinstance(store, MemoryStore):
        service.scratch = None
    elif isinstance(service.store, MemoryStore):
        service.scratch = service.store
    elif service.scratch is None:
        service.scratch = MemoryStore()
    service.store = store


def kept_in(service: StepFunctions) -> Path | None:
    """The file; None where executions are kept in memory alone."""
    path: Path | None = getattr(service.store, "path", None)
    return path


def durability_of(service: StepFunctions) -> Durability:
    """What the store promises."""
    store: Any = service.store
    durability: Durability = getattr(store, "durability", "full") if store.durable else "memory"
    return durability


def file_of(service: StepFunctions) -> SqliteStore | None:
    """The store in the file; None where there is none, or not yet."""
    store: Any = service.store
    if isinstance(store, LazyStore):
        return store.opened()
    return store if store.durable else None


# What is there


def interrupted_line(service: StepFunctions) -> str | None:
    """A line for who comes back; None where nothing was interrupted. Makes no file."""
    count = len(service.interrupted_executions())
    if not count:
        return None
    return f"{count:,} execution{'s were' if count > 1 else ' was'} interrupted: %asl resume"


def status_of(service: StepFunctions, record: ExecutionRecord) -> str:
    """The status that a person is shown."""
    return INTERRUPTED if service.is_interrupted(record) else record.status


def overview(service: StepFunctions) -> list[tuple[str, str]]:
    """What there is to know of a service, as pairs of a word and a short text."""
    path, durability = kept_in(service), durability_of(service)
    running = service.list_executions(ExecutionFilter(status=("RUNNING",)))
    interrupted = [record for record in running if service.is_interrupted(record)]
    elsewhere = [record for record in running if record.owner == "others"]
    here = len(running) - len(interrupted) - len(elsewhere)
    waiting = sum(token.awaits_answer for token in service.list_task_tokens())
    folder = getattr(service.buckets, "folder", None)
    aws = service.registry.aws
    return [
        ("kept in", "memory" if durability == "memory" or path is None else _short(path)),
        ("size", _size(service)),
        ("durability", f"{durability}: {PROMISES[durability]}"),
        ("running", _counts(here, len(elsewhere))),
        ("waiting for a token", f"{waiting:,}" + (": %asl tokens" if waiting else "")),
        ("interrupted", f"{len(interrupted):,}" + (": %asl resume" if interrupted else "")),
        ("buckets", "S3" if folder is None else f"the folder {_short(Path(folder))}"),
        ("AWS", "not connected" if aws is None else aws.place),
    ]


def _size(service: StepFunctions) -> str:
    from sfnb.stores.sqlite.maintenance import size_bytes

    file = file_of(service)
    in_memory = service.scratch or (service.store if isinstance(service.store, MemoryStore) else None)
    parts = []
    if file is not None:
        count = len(file.list(ExecutionFilter()))
        parts.append(f"{_counted(count)}, {bytes_text(size_bytes(file))}")
    elif kept_in(service) is not None:
        parts.append("nothing yet")
    kept = 0 if in_memory is None else len(in_memory.list(ExecutionFilter()))
    if kept or not parts:
        parts.append(f"{kept:,} in memory" if parts else _counted(kept))
    return "; ".join(parts)


def _counted(count: int) -> str:
    return f"{count:,} execution{'s' * (count != 1)}"


def _counts(here: int, elsewhere: int) -> str:
    others = f", {elsewhere:,} in other processes" if elsewhere else ""
    return f"{here:,}" + (f" here{others}" if others else "")


def _short(path: Path) -> str:
    """A path, from the home folder where it is in there."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def bytes_text(count: int) -> str:
    """
    >>> bytes_text(900), bytes_text(1_234_567)
    ('900 bytes', '1.2 MB')
    """
    for unit, size in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


# The table of all


def wanted(
    machine: str | None = None,
    status: str | Sequence[str] | None = None,
    name: str | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
) -> tuple[ExecutionFilter, bool]:
    """What to ask the stores for, and whether only what was interrupted is meant.

    status: in any case, one or several; INTERRUPTED is one. Raises SfnbError for what cannot be asked for.
    """
    names = None if status is None else [status] if isinstance(status, str) else list(status)
    asked = None if names is None else [each.upper() for each in names]
    unknown = [each for each in asked or () if each not in STATUSES]
    if unknown:
        raise SfnbError(f"there is no status {unknown[0]!r}: there are {', '.join(STATUSES)}")
    for moment in (after, before):
        if moment is not None and moment.tzinfo is None:
            raise SfnbError(f"{moment} has no time zone: give one, as datetime.now(UTC) has it")
    interrupted = asked is not None and INTERRUPTED in asked
    known: Any = None if asked is None else [each for each in asked if each != INTERRUPTED]
    if interrupted and "RUNNING" not in known:
        known = [*known, "RUNNING"]
    only = interrupted and "RUNNING" not in (asked or ())
    found = ExecutionFilter(
        machine=machine,
        status=known,
        name=name,
        after=None if after is None else after.astimezone(UTC),
        before=None if before is None else before.astimezone(UTC),
    )
    return found, only


def records_of(
    service: StepFunctions, limit: int | None, *, only_interrupted: bool = False, wanted: ExecutionFilter
) -> list[tuple[ExecutionRecord, str]]:
    """The newest executions that are wanted, each with the status that a person is shown."""
    from msgspec import structs

    asked = wanted if only_interrupted else structs.replace(wanted, limit=limit)
    pairs = [(record, status_of(service, record)) for record in service.list_executions(asked)]
    if only_interrupted:
        pairs = [pair for pair in pairs if pair[0].status != "RUNNING" or pair[1] == INTERRUPTED]
    return pairs[:limit]


def executions_frame(found: Sequence[tuple[ExecutionRecord, str]]) -> pd.DataFrame:
    """A row for each execution.

    events: how many its history has. duration: NaT while it has no end. origin: what it was forked from.
    """
    import pandas as pd

    from sfnb.frames import category, integers, texts, times

    records = [record for record, _ in found]
    started, stopped = times([r.started for r in records]), times([r.stopped for r in records])
    return pd.DataFrame(
        {
            "name": texts([record.name for record in records]),
            "machine": category([record.machine_name for record in records]),
            "status": category([status for _, status in found], STATUSES),
            "started": started,
            "stopped": stopped,
            "duration": stopped - started,
            "events": integers([record.last_id for record in records]),
            "error": texts([record.error for record in records]),
            "redrives": integers([record.redrive_count for record in records]),
            "origin": texts([record.origin for record in records]),
            "arn": texts([record.arn for record in records]),
        }
    )


def age(text: str) -> timedelta:
    """How long ago; raises SfnbError.

    >>> age("30d"), age("90m")
    (datetime.timedelta(days=30), datetime.timedelta(seconds=5400))
    """
    found = re.fullmatch(r"(\d{1,4})([mhdw])", text)
    if found is None:
        raise SfnbError(f"'{text}' is no age such as 30d, 12h, 2w or 90m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
