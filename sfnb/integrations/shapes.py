"""Parameters to what botocore takes, and botocore's answers to JSON, both along the service's model.

A shape is botocore's: a structure with members, a list, a map, or a scalar.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from sfnb.aws_names import member_name
from sfnb.values import Json, encode

Spell = Callable[[str], str]


class Unfit(Exception):
    """Parameters that a call cannot be made with; carries every fault in AWS's words."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def request(shape: Any, parameters: Json) -> dict[str, Any]:
    """The arguments of a call; `shape` is the operation's input, None where it takes nothing.

    Members are found whatever the case of their letters. Null is left out; JSON that stands where a
    string is due becomes its text, and a streamed body is text/plain, as AWS does (recordings, services).
    Raises Unfit.
    """
    given = parameters if isinstance(parameters, dict) else {}
    faults: list[str] = []
    members = shape.members if shape is not None else {}
    made: dict[str, Any] = _structure(shape, given, faults) if members else {}
    faults += [_unknown(name) for name in given if not members]
    if faults:
        raise Unfit(faults)
    if "ContentType" in members and any(_is_streamed(members[name]) for name in made):
        made.setdefault("ContentType", "text/plain; charset=UTF-8")
    return made


def _structure(shape: Any, given: dict[str, Json], faults: list[str]) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    made = {}
    for key, value in given.items():
        name = members.get(key.lower())
        if name is None:
            faults.append(_unknown(key))
        elif value is not None:
            made[name] = _argument(shape.members[name], value, faults)
    faults += [
        f"The field '{member_name(name)}' is required but was missing"
        for name in shape.required_members
        if name not in made and not shape.members[name].metadata.get("idempotencyToken")
    ]
    return made


def _unknown(name: str) -> str:
    return f'The field "{name}" is not supported by Step Functions'


def _argument(shape: Any, value: Json, faults: list[str]) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        return _structure(shape, value, faults)
    if kind == "list" and isinstance(value, list):
        return [_argument(shape.member, item, faults) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: _argument(shape.value, item, faults) for key, item in value.items()}
    if kind in ("string", "char") and not isinstance(value, str):
        return encode(value)
    if kind == "blob":
        return _blob(shape, value)
    if kind == "timestamp" and isinstance(value, str | int | float) and not isinstance(value, bool):
        return _moment(value, faults)
    return value


def _moment(value: str | float, faults: list[str]) -> datetime | None:
    """An ISO 8601 text, in UTC unless it says otherwise, or the seconds since 1970."""
    try:
        if isinstance(value, str) and value[:4].isdigit() and "-" in value:
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(value), UTC)
    except (ValueError, OverflowError, OSError):
        faults.append(f"'{value}' is not a timestamp")
        return None


def _blob(shape: Any, value: Json) -> bytes:
    """Bytes. A body that is streamed is written as JSON, a string too (AWS recordings, s3:putObject)."""
    text = value if isinstance(value, str) and not _is_streamed(shape) else encode(value)
    return text.encode()


def _is_streamed(shape: Any) -> bool:
    return bool(shape.serialization.get("streaming"))


def answer(shape: Any, value: Any, spell: Spell = member_name) -> Json:
    """botocore's answer as JSON, its keys sorted and a streamed body last, as AWS writes them.

    spell: how a member's name is written.
    """
    kind = shape.type_name if shape is not None else ""
    if kind == "structure" and isinstance(value, dict) and shape.members:
        return dict(_members(shape, value, spell))
    if kind == "list":
        return [answer(shape.member, item, spell) for item in value]
    if kind == "map":
        return {key: answer(shape.value, item, spell) for key, item in value.items()}
    if isinstance(value, datetime):
        return instant(value)
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return _text(value)
    plain: Json = value
    return plain


def _members(shape: Any, value: dict[str, Any], spell: Spell) -> Iterator[tuple[str, Json]]:
    present = [name for name in shape.members if name in value]
    for name in sorted(present, key=lambda name: (hasattr(value[name], "read"), spell(name))):
        yield spell(name), answer(shape.members[name], value[name], spell)


def _text(content: bytes) -> str:
    """Bytes as text; those that are none in Base64."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def instant(moment: datetime) -> str:
    """A moment to the millisecond, as AWS's services tell it, as Java's Instant writes it.

    >>> from datetime import UTC
    >>> instant(datetime(2023, 6, 22, 13, tzinfo=UTC)), instant(datetime(2023, 6, 22, 1, 2, 3, 4321, UTC))
    ('2023-06-22T13:00:00Z', '2023-06-22T01:02:03.004Z')

    Source: Smithy, "Timestamp serialization and deserialization".
    """
    moment = datetime.fromtimestamp(round(moment.timestamp(), 3), UTC)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}"
    return f"{text}.{moment.microsecond // 1000:03d}Z" if moment.microsecond else f"{text}Z"
