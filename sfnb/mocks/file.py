"""Mock files of Step Functions Local.

    {"StateMachines": {MACHINE: {"TestCases": {CASE: {STATE: RESPONSE}}}},
     "MockedResponses": {RESPONSE: {"0": {"Return": ...}, "1-2": {"Throw": {"Error": ..., "Cause": ...}}}}}

Source: AWS guide, "Configuration file for mocked service integrations".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sfnb.mocks.plan import Answer, InvalidMock, Plan, Return, Step, Throw
from sfnb.values import Json, decode

Cases = dict[str, dict[str, dict[str, str]]]
_ATTEMPTS = re.compile(r"(0|[1-9]\d*)(?:-(0|[1-9]\d*))?")


class MockFile:
    """A checked mock file.

    cases: by machine and by case, the name of each mocked state's response.
    """

    def __init__(self, tree: Json) -> None:
        """Raises InvalidMock with every finding."""
        reading = _Reading(tree)
        if reading.findings:
            raise InvalidMock(reading.findings)
        self.cases = reading.cases
        self.responses = reading.responses

    def case(self, machine: str, case: str) -> dict[str, Plan]:
        """The plans of one test case by state name; raises InvalidMock where there is no such case."""
        if machine not in self.cases:
            raise InvalidMock([f"no state machine '{machine}' in the mock file{_meant(machine, self.cases)}"])
        cases = self.cases[machine]
        if case not in cases:
            raise InvalidMock([f"no test case '{case}' of '{machine}' in the mock file{_meant(case, cases)}"])
        return {state: self.responses[response] for state, response in cases[case].items()}


def read_mock_file(given: str | Path | Mapping[str, Any]) -> MockFile:
    """A mock file from a path, from its text (anything that begins with a brace), or from its value.

    Raises InvalidMock with every finding, OSError where there is no such file.
    """
    if isinstance(given, Mapping):
        return MockFile(dict(given))
    text = given
    if isinstance(given, Path) or not given.lstrip().startswith("{"):
        text = Path(given).read_text(encoding="utf-8-sig")
    try:
        return MockFile(decode(str(text)))
    except ValueError as fault:
        raise InvalidMock([f"the mock file is not JSON: {fault}"]) from None


class _Reading:
    """Reads the tree of a mock file and gathers what is wrong with it."""

    def __init__(self, tree: Json) -> None:
        self.findings: list[str] = []
        self.cases: Cases = {}
        root = self._object("the mock file", tree, {"StateMachines", "MockedResponses"})
        self.responses: dict[str, Plan] = {}
        for name, response in self._members("MockedResponses", root.get("MockedResponses")):
            self.responses[name] = self._plan(f"MockedResponses/{name}", response)
        for machine, described in self._members("StateMachines", root.get("StateMachines")):
            self._machine(f"StateMachines/{machine}", machine, described)

    def _machine(self, where: str, machine: str, described: Json) -> None:
        cases = self._object(where, described, {"TestCases"}).get("TestCases")
        self.cases[machine] = {}
        for case, states in self._members(f"{where}/TestCases", cases):
            chosen = self.cases[machine][case] = {}
            for state, response in self._members(f"{where}/TestCases/{case}", states):
                place = f"{where}/TestCases/{case}/{state}"
                if not isinstance(response, str):
                    self._find(place, "the name of a mocked response is expected")
                elif response not in self.responses:
                    self._find(place, f"no mocked response '{response}'{_meant(response, self.responses)}")
                else:
                    chosen[state] = response

    def _plan(self, where: str, response: Json) -> Plan:
        steps: list[Step] = []
        for key, entry in self._members(where, response):
            place = f"{where}/{key}"
            match = _ATTEMPTS.fullmatch(key)
            if match is None:
                self._find(place, 'the number of an attempt, as "0", or a range, as "1-2", is expected')
                continue
            first, last = int(match[1]), int(match[2] or match[1])
            if last < first:
                self._find(place, "the range ends before it begins")
            steps.append(Step(first, last, self._answer(place, entry)))
        steps.sort(key=lambda step: step.first)
        expected = 0
        for step in steps:
            if step.first != expected:
                self._find(where, f"attempts have to follow one another from 0: {expected} is expected, "
                                  f"not {step.first}")  # fmt: skip
            expected = (step.last or 0) + 1
        if isinstance(response, dict) and not response:
            self._find(where, 'there is no answer; at least the one of attempt "0" is expected')
        return Plan(tuple(steps))

    def _answer(self, where: str, entry: Json) -> Answer:
        fields = self._object(where, entry, {"Return", "Throw"})
        if isinstance(entry, dict) and len(fields.keys() & {"Return", "Throw"}) != 1:
            self._find(where, "either Return or Throw is expected, one of the two")
        if "Throw" not in fields:
            return Return(fields.get("Return"))
        thrown = self._object(f"{where}/Throw", fields["Throw"], {"Error", "Cause"})
        if isinstance(fields["Throw"], dict):
            for name in ("Error", "Cause"):
                if not isinstance(thrown.get(name), str):
                    self._find(f"{where}/Throw", f"{name} is required, and has to be a string")
        return Throw(str(thrown.get("Error")), str(thrown.get("Cause")))

    def _object(self, where: str, value: Json, known: set[str]) -> dict[str, Json]:
        fields = dict(self._members(where, value))
        for name in fields:
            if name not in known:
                self._find(where, f"unknown field '{name}'{_meant(name, known)}")
        return fields

    def _members(self, where: str, value: Json) -> Iterator[tuple[str, Json]]:
        if not isinstance(value, dict):
            found = "nothing" if value is None else type(value).__name__
            self._find(where, f"an object is expected, not {found}")
            return
        yield from value.items()

    def _find(self, where: str, message: str) -> None:
        self.findings.append(f"{where}: {message}")


def _meant(name: str, known: Mapping[str, Any] | set[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
