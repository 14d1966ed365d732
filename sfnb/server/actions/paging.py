"""Lists by the page: at most so many results, and a token with which the next ones are asked for."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from sfnb.engine.tokens import InvalidToken

Item = TypeVar("Item")

PAGE = 100
"""Results on a page, where nothing is said."""
LARGEST_PAGE = 1_000

_places = msgspec.json.Decoder(tuple[str, str])


def page_size(params: dict[str, Any]) -> int:
    """0 stands for the usual size."""
    return min(params.get("maxResults") or PAGE, LARGEST_PAGE)


def token_for(list_name: str, place: str) -> str:
    """A token for what comes after `place` in a list."""
    return base64.urlsafe_b64encode(msgspec.json.encode((list_name, place))).decode()


def place_of(params: dict[str, Any], list_name: str) -> str | None:
    """The place that a token names; None where the list is read from its beginning.

    Raises InvalidToken for one that another list has handed out, or none has.
    """
    token = params.get("nextToken")
    if token is None:
        return None
    try:
        name, place = _places.decode(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, UnicodeError, msgspec.MsgspecError):
        raise invalid_token() from None
    if name != list_name:
        raise invalid_token()
    return place


def page(
    params: dict[str, Any], list_name: str, items: Sequence[Item], key: Callable[[Item], str | int | float]
) -> tuple[Sequence[Item], dict[str, str]]:
    """The items of a page of a list that is at hand, and {"nextToken": ...} where there are more.

    key: what the items are sorted by, each with its own: a page begins after what was shown last, even if
    that has gone in the meantime.
    """
    shown_last = place_of(params, list_name)
    keys = [key(item) for item in items]
    start = 0 if shown_last is None else _count_to(shown_last, keys)
    shown = items[start : start + page_size(params)]
    if not shown or start + len(shown) == len(items):
        return shown, {}
    place = msgspec.json.encode(keys[start + len(shown) - 1]).decode()
    return shown, {"nextToken": token_for(list_name, place)}


def _count_to(place: str, keys: Sequence[Any]) -> int:
    """How many keys are not after a place; raises InvalidToken where that is none."""
    try:
        after = msgspec.json.decode(place)
    except msgspec.DecodeError:
        raise invalid_token() from None
    if any(type(key) is not type(after) for key in keys):
        raise invalid_token()
    return sum(key <= after for key in keys)


def invalid_token() -> InvalidToken:
    return InvalidToken("Invalid Token: 'Invalid token'")  # recorded
