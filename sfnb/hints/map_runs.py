"""Maps in DISTRIBUTED mode: files that are not there, and children that failed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from sfnb.asl.ways import did_you_mean
from sfnb.engine.map_views import ChildView, MapRunView
from sfnb.hints.trouble import Trouble, shortened
from sfnb.query.jsonpath.path import PathNotFound, PathSyntaxError, compile_path
from sfnb.values import Json, decode

MOST_NAMES, MOST_LOOKED_AT, MOST_SLIPS = 4, 500, 2


def cannot_read(trouble: Trouble, match: re.Match[str]) -> str | None:
    """An ItemReader's bucket or key is not there: where the file has to be put."""
    folder = trouble.execution.bucket_folder
    arguments = _arguments(trouble, "item_reader")
    bucket = arguments.get("Bucket")
    if folder is None or bucket is None:
        return None
    key = arguments.get("Key") or arguments.get("Prefix") or ""
    place = folder / bucket
    if match[1] == "bucket":
        if near := _near_bucket(folder, bucket):
            return near
        file = f"{place}/{key}" if key else f"{place}/..."
        return (
            f"the folder {folder} stands for S3, and in it {place} for s3://{bucket}: "
            f"put the file there, as {file}. sfnb.use_buckets(FOLDER) names another folder, "
            "sfnb.use_aws() means the real S3"
        )
    names = [str(path.relative_to(place)) for path in islice(_files(place), MOST_LOOKED_AT)]
    near = did_you_mean(key, names)
    shown = ", ".join(f'"{name}"' for name in names[:MOST_NAMES])
    shown += " ..." if len(names) > MOST_NAMES else ""
    if not names:
        return f"{place} is empty: put the file there, as {place}/{key}"
    return f'{place} has {shown}, but no "{key}"' + (f": {near}" if near else "")


def _near_bucket(folder: Path, bucket: str) -> str | None:
    """There is a bucket whose name is but misspelt: `shop-results` is no slip for `shop`."""
    buckets = [place.name for place in folder.iterdir() if place.is_dir()] if folder.is_dir() else []
    near = did_you_mean(bucket, [name for name in buckets if abs(len(name) - len(bucket)) <= MOST_SLIPS])
    return f'the folder {folder} has no bucket "{bucket}": {near}' if near else None


def _files(place: Any) -> Iterable[Any]:
    return (path for path in sorted(place.rglob("*")) if path.is_file())


def cannot_write(trouble: Trouble, match: re.Match[str]) -> str | None:
    """A ResultWriter's bucket is not there."""
    folder = trouble.execution.bucket_folder
    bucket = _arguments(trouble, "result_writer").get("Bucket")
    if folder is None or bucket is None:
        return None
    if near := _near_bucket(folder, bucket):
        return f"{near} Else make the folder {folder / bucket}"
    return f"make the folder {folder / bucket}: it stands for s3://{bucket}, where the results are to go"


def _arguments(trouble: Trouble, field: str) -> dict[str, str]:
    """The texts among the arguments of a reader or writer, as far as they can be told."""
    part = getattr(trouble.state, field, None)
    given = None if part is None or part.arguments is None else part.arguments.text
    source = decode(given) if given is not None and given.startswith("{") else {}
    assert isinstance(source, dict)
    told = {name.removesuffix(".$"): _value(name, value, trouble) for name, value in source.items()}
    return {name: value for name, value in told.items() if isinstance(value, str)}


def _value(name: str, value: Json, trouble: Trouble) -> Json:
    """A literal, or what a plain path leads to."""
    computed = re.fullmatch(r"\{%\s*\$states\.input((?:\.\w+)*)\s*%\}", str(value))
    path = f"${computed[1]}" if computed else str(value) if name.endswith(".$") else None
    if path is None:
        return None if str(value).startswith("{%") else value
    try:
        return compile_path(path).find(trouble.document)
    except (PathNotFound, PathSyntaxError):
        return None


def too_many_failures(trouble: Trouble, match: re.Match[str]) -> str | None:
    """The first child that failed, and how many might have."""
    state = trouble.state.name if trouble.state is not None else None
    runs = [run for run in trouble.execution.map_run_records if run.state == state]
    return told_failure(runs[-1]) if runs else None


def told_failure(map_run: MapRunView) -> str | None:
    """The first failed child of a map run, for one line and the traceback behind it."""
    first = first_failed(map_run)
    if first is None:
        return None
    bad = map_run.items.failed + map_run.items.timed_out
    return (
        f"{bad:,} item{'s' * (bad != 1)} failed ({_tolerated(map_run)}), first of all child {first.index}: "
        f"{child_error(first)}; .child({first.index}) shows it"
    )


def first_failed(map_run: MapRunView) -> ChildView | None:
    """Of the children that are kept, the one that failed before any other did."""
    return map_run.children.first_failed()


def child_error(child: ChildView) -> str:
    """Its Error and the sentence of its Cause, cut where that is long."""
    from sfnb.explain import plain_message

    error, cause = getattr(child.last, "error", None), getattr(child.last, "cause", None)
    words = [error or child.status, shortened(plain_message(cause), 200)]
    return ": ".join(word for word in words if word)


def _tolerated(map_run: MapRunView) -> str:
    count, share = map_run.tolerated_failure_count, map_run.tolerated_failure_percentage
    bounds = [f"{count:,}"] if count else []
    bounds += [f"{share:g} %"] if share else []
    return f"{' or '.join(bounds)} may" if bounds else "none may"
