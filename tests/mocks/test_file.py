"""Mock files of Step Functions Local."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sfnb.mocks import InvalidMock, Return, Throw, read_mock_file

RETRY = {
    "0": {"Return": {"StatusCode": 200}},
    "1-2": {"Throw": {"Error": "Lambda.Busy", "Cause": "try again"}},
    "3": {"Return": None},
}
FILE: dict[str, Any] = {
    "StateMachines": {"Orders": {"TestCases": {"Happy": {"Charge": "Retry"}, "Real": {}}}},
    "MockedResponses": {"Retry": RETRY},
}
THROW = Throw("Lambda.Busy", "try again")


def file(**responses: Any) -> dict[str, Any]:
    return {"StateMachines": {"M": {"TestCases": {}}}, "MockedResponses": responses}


def test_a_case_has_a_plan_for_each_mocked_state() -> None:
    plan = read_mock_file(FILE).case("Orders", "Happy")["Charge"]

    assert [plan.answer(n) for n in range(5)] == [
        Return({"StatusCode": 200}), THROW, THROW, Return(None), None,
    ]  # fmt: skip
    assert read_mock_file(FILE).case("Orders", "Real") == {}


def test_a_file_is_a_value_a_text_or_a_path(tmp_path: Path) -> None:
    path = tmp_path / "MockConfigFile.json"
    path.write_text(json.dumps(FILE), encoding="utf-8-sig")

    cases = [read_mock_file(given).cases for given in (FILE, json.dumps(FILE), path, str(path))]
    assert cases == [{"Orders": {"Happy": {"Charge": "Retry"}, "Real": {}}}] * 4


@pytest.mark.parametrize(
    ("machine", "case", "finding"),
    [
        ("Order", "Happy", "no state machine 'Order' in the mock file; did you mean 'Orders'?"),
        ("Orders", "Hapy", "no test case 'Hapy' of 'Orders' in the mock file; did you mean 'Happy'?"),
    ],
)
def test_a_case_that_is_not_there(machine: str, case: str, finding: str) -> None:
    with pytest.raises(InvalidMock) as refusal:
        read_mock_file(FILE).case(machine, case)

    assert refusal.value.findings == (finding,)


ONE = {"Return": 1}


@pytest.mark.parametrize(
    ("given", "findings"),
    [
        (file(R={"1": ONE}),
         ["MockedResponses/R: attempts have to follow one another from 0: 0 is expected, not 1"]),
        (file(R={"0-1": ONE, "3": ONE}),
         ["MockedResponses/R: attempts have to follow one another from 0: 2 is expected, not 3"]),
        (file(R={"0-1": ONE, "1": ONE}),
         ["MockedResponses/R: attempts have to follow one another from 0: 2 is expected, not 1"]),
        (file(R={"0": ONE, "2-1": ONE}), ["MockedResponses/R/2-1: the range ends before it begins",
         "MockedResponses/R: attempts have to follow one another from 0: 1 is expected, not 2"]),
        (file(R={"first": ONE}),
         ['MockedResponses/R/first: the number of an attempt, as "0", or a range, as "1-2", is expected']),
        (file(R={"00": ONE}),
         ['MockedResponses/R/00: the number of an attempt, as "0", or a range, as "1-2", is expected']),
        (file(R={}), ['MockedResponses/R: there is no answer; at least the one of attempt "0" is expected']),
        (file(R={"0": {}}), ["MockedResponses/R/0: either Return or Throw is expected, one of the two"]),
        (file(R={"0": {"Return": 1, "Throw": {"Error": "E", "Cause": "c"}}}),
         ["MockedResponses/R/0: either Return or Throw is expected, one of the two"]),
        (file(R={"0": {"Throw": {"Error": "E"}}}),
         ["MockedResponses/R/0/Throw: Cause is required, and has to be a string"]),
        (file(R={"0": {"Retrun": 1, "Return": 2}}),
         ["MockedResponses/R/0: unknown field 'Retrun'; did you mean 'Return'?"]),
        ({"MockedResponses": {}}, ["StateMachines: an object is expected, not nothing"]),
        ({"StateMachines": {"M": {"TestCases": {"C": {"S": "Chrage"}}}},
          "MockedResponses": {"Charge": {"0": ONE}}},
         ["StateMachines/M/TestCases/C/S: no mocked response 'Chrage'; did you mean 'Charge'?"]),
        ("{", ["the mock file is not JSON: Input data was truncated"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(given: Any, findings: list[str]) -> None:
    with pytest.raises(InvalidMock) as refusal:
        read_mock_file(given)

    assert list(refusal.value.findings) == findings


def test_every_finding_is_told_at_once() -> None:
    with pytest.raises(InvalidMock) as refusal:
        read_mock_file({"StateMachines": 1, "MockedResponses": {"R": {"x": {}}, "S": []}, "More": 1})

    assert len(refusal.value.findings) == 4
