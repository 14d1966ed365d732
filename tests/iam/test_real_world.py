"""Definitions as people publish them, each under its own policy: ../shared/real-world, none is copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfnb.iam.roles import make_role
from sfnb.iam.views import asks
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

FOLDER = Path(__file__).parents[3] / "shared" / "real-world"
FILES = sorted(path.name for path in FOLDER.glob("*.asl*")) if FOLDER.is_dir() else []
LONGEST_SECONDS = 3
without_folder = pytest.mark.skipif(
    not FILES, reason=f"{FOLDER} is not there: its definitions are not ours to copy"
)


@pytest.mark.parametrize("name", FILES or [pytest.param("none", marks=without_folder)])
def test_a_machine_is_not_refused_by_its_own_policy_and_by_an_empty_one(
    name: str, service: StepFunctions
) -> None:
    roles = service.registry.roles
    machine = load_machine(service, FOLDER / name, name="m")
    for role in (
        make_role("arn:aws:iam::123456789012:role/own", [machine.iam_policy()]),
        make_role("arn:aws:iam::123456789012:role/empty", []),
    ):
        machine.role = roles.add(role)
        execution = machine.start({}, mock="auto", skip_waits=True)
        if not execution.wait(LONGEST_SECONDS):
            execution.stop()
            execution.wait()
        asked = [each for _, ask in asks(role.arn, machine.arn, execution.log) for each in roles.asked(ask)]

        assert {each.decision.allowed for each in asked} <= {role.name == "own"}
        assert ("is not authorized to" in str(execution.cause)) <= (role.name == "empty")
