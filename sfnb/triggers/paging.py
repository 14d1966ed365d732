"""Answers in parts: as many as are asked for, and a token for the rest."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from sfnb.triggers.refusals import ValidationException

Item = TypeVar("Item")

MOST = 100


def page(
    items: Sequence[Item], params: dict[str, Any], *, limit: str = "Limit", most: int = MOST
) -> tuple[list[Item], dict[str, str]]:
    """A part of `items`, and NextToken where there is more. limit: which parameter says how many.

    Raises ValidationException where the token is not one that was given.
    """
    start = _place(params.get("NextToken"))
    end = start + (params.get(limit) or most)
    more = {"NextToken": base64.b64encode(b"%d" % end).decode()} if end < len(items) else {}
    return list(items[start:end]), more


def _place(token: str | None) -> int:
    if token is None:
        return 0
    try:
        written = base64.b64decode(token, validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        written = ""
    if not written.isdecimal() or len(written) > 9:
        raise ValidationException("The NextToken is not one that was given.")
    return int(written)
