"""What `--mock` means: `auto`, a Python variable, or a case of a mock file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfnb.asl.ways import did_you_mean
from sfnb.errors import SfnbError
from sfnb.mock_words import mock_of
from sfnb.mocks.answers import Given


def read_mock(word: str | None, machine: str, variables: Mapping[str, Any]) -> Given | None:
    """The mocks that `word` names; None where there are none. A variable comes before a file.

    Raises SfnbError where there is neither, and what `mock_of` raises.
    """
    if word is None:
        return None
    if word in variables and word != "auto":
        held = variables[word]
        if not isinstance(held, Mapping):
            raise SfnbError(
                f"--mock: {word} is {type(held).__name__}; write  {word} = {{'State': answer}}  with the "
                "name of a Task state, and its answer or a list of answers, one a call"
            )
        return dict(held)
    if word.isidentifier() and word != "auto":
        near = did_you_mean(word, mock_names(variables))
        raise SfnbError(
            f"--mock: there is no variable '{word}'"
            + (f"; {near}" if near else "; it takes auto, a variable, file.json[#CASE]")
        )
    return mock_of(word, machine)


def mock_names(variables: Mapping[str, Any]) -> list[str]:
    """The variables that may hold mocks."""
    return [
        name
        for name, value in variables.items()
        if isinstance(value, dict) and not name.startswith("_") and name != "Out"
    ]
