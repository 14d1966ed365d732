"""The recorded cases: where they are, what one holds, which ones are asked of this version."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

REPOSITORY = Path(__file__).resolve().parents[2]
OK = 200


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One API call: `operation` and `params` in boto3's spelling.

    expect: the keys of `Case.expected` that the answer is compared with.
    fails: the call must be refused.
    """

    operation: str
    params: dict[str, Any]
    expect: str | list[str] | None = None
    fails: bool = False

    @property
    def keys(self) -> Sequence[str]:
        if self.expect is None:
            return ()
        return (self.expect,) if isinstance(self.expect, str) else tuple(self.expect)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded case. Source: shared/parity/README.md, "A case"."""

    id: str
    folder: str
    kind: str
    query_languages: list[str]
    recorded: str
    lambda_functions: list[dict[str, Any]]
    resources: list[dict[str, Any]]
    state_machines: list[dict[str, Any]]
    executions: list[dict[str, Any]]
    steps: list[Step]
    expected: dict[str, Any]
    not_from_one_call: list[str]
    relaxed_paths: list[str]
    needs: list[str] = []

    @property
    def recorded_at(self) -> datetime:
        return datetime.strptime(self.recorded, "%d-%m-%Y, %H:%M:%S")


def shared_folder() -> Path | None:
    """The folder that holds `parity/`: SFNB_SHARED, else `../shared`; None where there is none."""
    folder = Path(os.environ.get("SFNB_SHARED") or REPOSITORY.parent / "shared")
    return folder if (folder / "parity" / "index.json").is_file() else None


def load_cases() -> list[Case]:
    """Every recorded case in the order of the index; [] where there are no recordings."""
    folder = shared_folder()
    if folder is None:
        return []
    parity = folder / "parity"
    index = json.loads((parity / "index.json").read_text())
    return [_load(parity / entry["file"], entry["needs"]) for entry in index]


def _load(file: Path, needs: Sequence[str]) -> Case:
    return msgspec.convert({**json.loads(file.read_text()), "needs": needs}, Case)


def is_selected(case: Case) -> bool:
    """Whether the case is asked of this version: every execution, and every test of a state."""
    return case.kind in ("execution", "test_state")


def children(value: Any) -> Sequence[Any]:
    """The values directly inside an object or array; nothing inside anything else."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def normalise(answer: Mapping[str, Any], *, status: int = OK) -> dict[str, Any]:
    """`answer` by rules 1 and 2 of the README; placeholders are left to `unify`.

    status: the HTTP status of an answer that was given in process, without ResponseMetadata.

    >>> normalise({"input": '{"a": "{}"}', "output": "[1]"})["input"]
    {'a': '{}'}
    """
    normal: dict[str, Any] = parse_texts(copy.deepcopy(dict(answer)))
    metadata = answer.get("ResponseMetadata", {})
    normal["ResponseMetadata"] = {
        "HTTPHeaders": {},
        "HTTPStatusCode": metadata.get("HTTPStatusCode", status),
    }
    return normal


def parse_texts(value: Any) -> Any:
    """Rule 1: an object's texts that hold a JSON object become that object, once."""
    if isinstance(value, dict):
        return {key: _parsed(child) for key, child in value.items()}
    return [parse_texts(child) for child in value] if isinstance(value, list) else value


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return parse_texts(value)
    if not value.startswith("{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
