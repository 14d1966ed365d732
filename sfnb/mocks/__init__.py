"""Answers instead of calls: per state and attempt, from a mock file, or made up by AWS's own models.

mock={"Charge": [Throw("Declined", "no money"), Return({"Payload": {"paid": True}})]}
mock=read_mock_file("MockConfigFile.json").case("Orders", "HappyPath")
mock="auto"
mock={"Charge": Throw("Declined"), ...: "auto"}
"""

from __future__ import annotations

from sfnb.mocks.answers import Mocks, mocks_of
from sfnb.mocks.auto import auto_result
from sfnb.mocks.file import MockFile, read_mock_file
from sfnb.mocks.map_data import MockedMapData
from sfnb.mocks.models import mock_fault
from sfnb.mocks.plan import InvalidMock, Plan, Return, Throw, plan_of
from sfnb.mocks.shapes import NoModels
from sfnb.mocks.tasks import MockedTasks
from sfnb.mocks.wanted import Wanted, auto_input, wanted_of

__all__ = [
    "InvalidMock",
    "MockFile",
    "MockedMapData",
    "MockedTasks",
    "Mocks",
    "NoModels",
    "Plan",
    "Return",
    "Throw",
    "Wanted",
    "auto_input",
    "auto_result",
    "mock_fault",
    "mocks_of",
    "plan_of",
    "read_mock_file",
    "wanted_of",
]
