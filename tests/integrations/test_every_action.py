"""Actions that are tested nowhere else: each reaches its operation, with its parameters under their names."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.integrations import INTEGRATIONS
from sfnb.integrations.service_action import ServiceAction
from tests.integrations.aws_jobs import answered
from tests.integrations.page import TESTED
from tests.integrations.services import World, run
from tests.integrations.test_jobs_told import sample

ACTIONS = {
    name: row for name, row in INTEGRATIONS.items() if name not in TESTED and type(row) is ServiceAction
}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_reaches_its_operation(name: str, world: World) -> None:
    row = ACTIONS[name]
    client, operation = row.provider.client, row.action.operation
    shape = world.aws.model(client).operation_model(operation).input_shape
    ours = {
        target.removesuffix("[]"): (own, target.endswith("[]")) for own, target in row.action.takes.items()
    }
    members = {*shape.required_members, *(ours if row.action.needs else ())}
    parameters: dict[str, Any] = {}
    for member in members:
        own, one_of_many = ours.get(member, (member[:1].upper() + member[1:], False))
        kind = shape.members[member]
        value = True if kind.type_name == "boolean" else sample(kind)
        parameters[own] = value[0] if one_of_many else value
    asked = answered(world.aws, client, operation, {})

    execution = run(world, name, parameters)

    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    (sent,) = asked
    assert members <= set(sent)
    echoed: Any = execution.output
    assert {echoed[theirs] for theirs in row.action.echoes} <= {str(value) for value in parameters.values()}


def test_an_instance_fleet_is_found_by_its_name(world: World) -> None:
    answered(world.aws, "emr", "ListInstanceFleets", {"InstanceFleets": [{"Id": "if-1", "Name": "core"}]})
    asked = answered(world.aws, "emr", "ModifyInstanceFleet", {})
    change = {"ClusterId": "j-1", "InstanceFleetName": "core", "InstanceFleet": {"TargetSpotCapacity": 3}}

    assert run(world, "elasticmapreduce:modifyInstanceFleetByName", change).status == "SUCCEEDED"
    assert asked == [
        {"ClusterId": "j-1", "InstanceFleet": {"TargetSpotCapacity": 3, "InstanceFleetId": "if-1"}}
    ]
