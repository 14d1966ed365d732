"""Intrinsics for unique identifiers."""

from __future__ import annotations

from sfnb.query.roots import Chance


def uuid(*, chance: Chance) -> str:
    """A version 4 UUID."""
    return chance.uuid()
