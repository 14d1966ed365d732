"""The table of service actions against botocore's models, and against the Resources that are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.asl.resources import OPTIMIZED
from sfnb.integrations import INTEGRATIONS
from sfnb.integrations.aws import Aws
from sfnb.integrations.elasticmapreduce import ModifyByName
from sfnb.integrations.jobs import Ends, Given, Job, Told
from sfnb.integrations.service_action import ServiceAction
from sfnb.integrations.service_table import SERVICE_ACTIONS

pytest.importorskip("botocore")

AWS = Aws(region="us-east-1")
ROWS = {name: row for name, row in SERVICE_ACTIONS.items() if isinstance(row, ServiceAction)}
JOBS = [name for name, row in ROWS.items() if row.action.job is not None]


def operation(row: ServiceAction, name: str) -> Any:
    return AWS.model(row.provider.client).operation_model(name)


def job_of(name: str) -> tuple[ServiceAction, Job]:
    row = ROWS[name]
    assert row.action.job is not None
    return row, row.action.job


def leads(shape: Any, path: str) -> Any:
    """The shape at the end of a path in PascalCase."""
    for step in path.split(".") if path else []:
        if shape.type_name == "list":
            assert step.isdigit(), path
            shape = shape.member
        else:
            shape = {name[:1].upper() + name[1:]: member for name, member in shape.members.items()}[step]
    return shape


def references(template: Any) -> Iterator[Told | Given]:
    if isinstance(template, Told | Given):
        yield template
    elif isinstance(template, dict | list):
        for item in template.values() if isinstance(template, dict) else template:
            yield from references(item)


@pytest.mark.parametrize("name", ROWS)
def test_every_action_is_an_operation_with_the_members_it_speaks_of(name: str) -> None:
    row = ROWS[name]
    called = operation(row, row.action.operation)
    members = called.input_shape.members

    taken = {target.removesuffix("[]") for target in row.action.takes.values()}
    assert taken | set(row.action.adds) | set(row.action.echoes.values()) <= set(members)
    assert row.action.token is None or row.action.token in members
    for path in row.action.gives.values():
        assert path.removesuffix("[]") in called.output_shape.members
    for target in row.action.takes.values():
        assert (members[target.removesuffix("[]")].type_name == "list") == target.endswith("[]")


@pytest.mark.parametrize("name", JOBS)
def test_every_job_is_asked_about_as_the_model_has_it(name: str) -> None:
    row, job = job_of(name)
    for ask in (job.describe, job.cancel):
        if ask is None:
            continue
        shape = operation(row, ask.operation).input_shape
        assert set(shape.required_members) <= set(ask.arguments) <= set(shape.members)
        for member, value in ask.arguments.items():
            assert (shape.members[member].type_name == "list") == isinstance(value, list)


@pytest.mark.parametrize("name", JOBS)
def test_what_a_job_is_asked_with_is_known_from_its_submission(name: str) -> None:
    row, job = job_of(name)
    submission = operation(row, row.action.operation)
    told = set(row.action.gives) or {
        member[:1].upper() + member[1:] for member in getattr(submission.output_shape, "members", {})
    }
    told |= set(row.action.echoes)
    for ask in (job.describe, job.cancel):
        for reference in references(ask.arguments) if ask is not None else ():
            first, _, _ = reference.path.partition(".")
            assert first in (told if isinstance(reference, Told) else submission.input_shape.members)
    assert not job.keeps or job.keeps in told


@pytest.mark.parametrize("name", JOBS)
def test_every_status_of_a_job_is_one_that_the_service_has(name: str) -> None:
    row, job = job_of(name)
    described = operation(row, job.describe.operation)
    found = leads(described.output_shape, job.found)
    if isinstance(job.ends, Ends):
        status = leads(found, job.ends.status)
        assert not status.enum or job.ends.good <= set(status.enum)
        known = {"FAILED", "CREATE_FAILED", "DELETE_FAILED"}  # cluster and node group share a rule
        assert not status.enum or job.ends.bad - known <= set(status.enum)
        assert not job.ends.good & job.ends.bad
        assert job.ends.good or job.gone
    if job.gone is not None:
        assert job.gone in {shape.name for shape in described.error_shapes}


@pytest.mark.parametrize("kind", ["InstanceFleet", "InstanceGroup"])
def test_what_is_modified_by_name_can_be_listed(kind: str) -> None:
    row = INTEGRATIONS[f"elasticmapreduce:modify{kind}ByName"]
    assert isinstance(row, ModifyByName)
    listed = operation(row, f"List{kind}s").output_shape

    assert {"Id", "Name"} <= set(leads(listed, f"{kind}s.0").members)


@pytest.mark.parametrize(("service", "action"), [(s, a) for s, actions in OPTIMIZED.items() for a in actions])
def test_every_action_that_is_recognized_can_be_made_in_its_ways(service: str, action: str) -> None:
    integration = INTEGRATIONS[f"{service}:{action}"]

    if isinstance(integration, ServiceAction) and not isinstance(integration, ModifyByName):
        assert (integration.action.job is not None) == ("job" in OPTIMIZED[service][action].split())


def test_no_row_is_of_an_action_that_is_not_recognized() -> None:
    known = {f"{service}:{action}" for service, actions in OPTIMIZED.items() for action in actions}

    assert set(INTEGRATIONS) <= known
