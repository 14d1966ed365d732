"""The mocks that a word on a line names: `auto`, or a mock file and one of its cases."""

from __future__ import annotations

from pathlib import Path

from sfnb.errors import SfnbError
from sfnb.mocks import MockFile, read_mock_file
from sfnb.mocks.answers import Given


def mock_of(word: str, machine: str) -> Given:
    """What `machine.run(mock=...)` takes, from `auto` or `file.json#Case`.

    machine: whose case it is; a file of one machine is taken for that one. The only case need not be named.
    Raises InvalidMock with every finding, SfnbError where there is no such file or the case is not named.
    """
    if word == "auto":
        return "auto"
    name, _, case = word.removeprefix("@").partition("#")
    file = _read(name)
    owner = next(iter(file.cases)) if len(file.cases) == 1 else machine
    cases = file.cases.get(owner, {})
    if not case and len(cases) != 1:
        raise SfnbError(_which(name, owner, list(cases)))
    return file.case(owner, case or next(iter(cases)))


def _which(name: str, machine: str, cases: list[str]) -> str:
    if not cases:
        return f"the mock file '{name}' has no cases of '{machine}'"
    return f"--mock: name a case of '{name}', as {name}#{cases[0]}; there are {', '.join(cases)}"


def _read(name: str) -> MockFile:
    try:
        return read_mock_file(Path(name).expanduser())
    except OSError as fault:
        raise SfnbError(f"cannot read the mock file '{name}': {fault.strerror or fault}") from None
    except UnicodeDecodeError:
        raise SfnbError(f"the mock file '{name}' is no UTF-8 text") from None
