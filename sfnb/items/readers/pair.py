"""What every reader yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from sfnb.items.config import ReaderConfig

MAX_ITEM_BYTES = 8 * 1024 * 1024
"""The largest item AWS reads, before an ItemSelector makes it smaller."""

Pair = tuple[str | None, Any]
"""An item: its key where it is a member of an object, and its value (Json)."""

Reader = Callable[[BinaryIO, ReaderConfig], Iterator[Pair]]
"""Reads the items of one object, front to back and a bounded piece at a time; raises ReaderFault."""
