"""Events as EventBridge has them: what PutEvents takes, and what rules are shown.

Source: EventBridge guide, "Event structure reference"; API reference, PutEvents.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from sfnb.engine.clock import new_name
from sfnb.values import Json

MOST_BYTES = 1_048_576
"""Of the entries of one request, all together: 256 KB until January 2026."""

Event = dict[str, Any]


class BadEntry(Exception):
    """An entry that becomes no event. code: AWS's, for this entry alone."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def event_of(entry: dict[str, Any], account: str, region: str, now: datetime) -> Event:
    """The event that an entry of PutEvents becomes; raises BadEntry."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            raise BadEntry(
                "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
            )
    if entry["Source"].startswith("aws."):
        raise BadEntry("NotAuthorizedForSourceException", "Not authorized for the source.")
    for name in ("Source", "DetailType", "Resources"):
        _check_text(name, entry.get(name) or "")
    try:
        detail = msgspec.json.decode(entry["Detail"])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        raise BadEntry("MalformedDetail", "Detail is malformed.") from None
    if not isinstance(detail, dict):
        raise BadEntry("MalformedDetail", "Detail is malformed.")
    return made(
        source=entry["Source"],
        detail_type=entry["DetailType"],
        detail=detail,
        account=account,
        region=region,
        moment=entry.get("Time") or now,
        resources=list(entry.get("Resources", ())),
    )


def _check_text(name: str, given: str | list[str]) -> None:
    """Raises BadEntry where it cannot be written: half a surrogate pair is no character."""
    try:
        msgspec.json.encode(given)
    except UnicodeEncodeError:
        raise BadEntry(
            "InvalidArgument", f"Parameter {name} is not valid. Reason: it holds half a surrogate pair."
        ) from None


def made(
    *,
    source: str,
    detail_type: str,
    detail: Json,
    account: str,
    region: str,
    moment: datetime,
    resources: list[str],
    id: str | None = None,
) -> Event:
    """An event, in the order in which EventBridge writes its fields."""
    return {
        "version": "0",
        "id": id or new_name(),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": in_seconds(moment),
        "region": region,
        "resources": resources,
        "detail": detail,
    }


def in_seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def size_of(entry: dict[str, Any]) -> int:
    """Of an entry, in bytes, as EventBridge counts. Source: guide, "Calculating PutEvents entry size"."""
    size = 14 if entry.get("Time") is not None else 0
    for name in ("Source", "DetailType", "Detail"):
        size += len((entry.get(name) or "").encode("utf-8", "surrogatepass"))
    return size + sum(len(each.encode("utf-8", "surrogatepass")) for each in entry.get("Resources", ()))
