"""What is given to `machine.on`, in AWS's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sfnb.errors import SfnbError
from sfnb.jsonable import NotJson, to_payload
from sfnb.values import encode


def given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was not given."""
    return {name: value for name, value in settings.items() if value is not None}


def pattern_text(pattern: Mapping[str, Any] | str) -> str:
    return pattern if isinstance(pattern, str) else json_text(dict(pattern), "the pattern")


def json_text(value: object, what: str) -> str:
    """As JSON text; text is taken to be a JSON string's value. Raises SfnbError."""
    try:
        return to_payload(value, what).text
    except NotJson as fault:
        raise SfnbError(f"{what} is not JSON: {fault}") from None


def transformer(paths: Mapping[str, str] | None, template: object) -> dict[str, Any] | None:
    if template is None:
        if paths is not None:
            raise SfnbError("input_paths are for an input_template: give both")
        return None
    written = template if isinstance(template, str) else encode(to_payload(template, "input_template").value)
    return {"InputPathsMap": dict(paths or {}), "InputTemplate": written}


def aware(given: datetime | str | None, what: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        raise SfnbError(f"{what} is '{given}', which is no time: 2027-01-01T08:00:00Z") from None
    if moment is not None and moment.tzinfo is None:
        raise SfnbError(f"{what} is {moment.isoformat()}, without a time zone: datetime(..., tzinfo=UTC)")
    return moment
