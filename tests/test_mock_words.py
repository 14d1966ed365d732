"""The mocks that a word on a line names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfnb.errors import SfnbError
from sfnb.mock_words import mock_of
from sfnb.mocks import InvalidMock


@pytest.fixture
def file(tmp_path: Path) -> str:
    def write(**cases: list[str]) -> str:
        machines = {
            name: {"TestCases": {case: {"Charge": "Paid"} for case in named}} for name, named in cases.items()
        }
        tree = {"StateMachines": machines, "MockedResponses": {"Paid": {"0": {"Return": 1}}}}
        path = tmp_path / f"{'-'.join(cases)}.json"
        path.write_text(json.dumps(tree))
        return str(path)

    write(orders=["Happy", "Sad"], other=["Only"])
    return write(orders=["Happy", "Sad"])


def test_auto_is_itself() -> None:
    assert mock_of("auto", "orders") == "auto"


def test_a_case_of_a_file_is_named_behind_a_hash(file: str) -> None:
    assert list(mock_of(f"{file}#Happy", "orders")) == ["Charge"]


def test_a_file_of_one_machine_is_for_any(file: str) -> None:
    assert list(mock_of(f"{file}#Sad", "my-orders")) == ["Charge"]


def test_the_only_case_need_not_be_named(file: str) -> None:
    both = file.replace("orders.json", "orders-other.json")

    assert list(mock_of(both, "other")) == ["Charge"]


def test_what_is_missing_is_said(file: str) -> None:
    both = file.replace("orders.json", "orders-other.json")
    with pytest.raises(SfnbError, match=r"name a case of .*, as .*#Happy; there are Happy, Sad"):
        mock_of(file, "orders")
    with pytest.raises(InvalidMock, match="did you mean 'Happy'"):
        mock_of(f"{file}#Hapy", "orders")
    with pytest.raises(SfnbError, match="has no cases of 'nobody'"):
        mock_of(both, "nobody")
    with pytest.raises(SfnbError, match="cannot read the mock file 'gone"):
        mock_of("gone.json#A", "orders")
