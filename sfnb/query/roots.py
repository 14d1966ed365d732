"""What an expression may ask of the place it is evaluated in."""

from __future__ import annotations

import builtins
from typing import Protocol

from sfnb.values import Json


class Chance(Protocol):
    """Random numbers that come out the same when the same moment is replayed."""

    def float(self) -> builtins.float:
        """A number from 0 up to, but not including, 1."""

    def uuid(self) -> str:
        """A version 4 UUID."""


class Roots(Protocol):
    """The documents that paths begin at.

    root: "$" for the input, "$$" for the Context Object, else a variable's name without its `$`.
    """

    def document(self, root: str) -> Json: ...

    def random(self) -> Chance: ...
