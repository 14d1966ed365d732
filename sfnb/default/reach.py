"""What the calls of tasks reach: AWS, or one in this process, by connections and under roles."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from sfnb.default import service
from sfnb.engine.clock import uuid_of
from sfnb.errors import SfnbError
from sfnb.integrations.aws import Aws
from sfnb.integrations.connections import Parameters, made
from sfnb.machine import StateMachine

if TYPE_CHECKING:
    from sfnb.iam.roles import Role
    from sfnb.integrations.aws_seed import Made
    from sfnb.integrations.local_aws import LocalAws

AwsPlace = Literal["account", "local", "off"]


def create_connection(
    name: str,
    *,
    basic: tuple[str, str] | None = None,
    api_key: tuple[str, str] | None = None,
    oauth: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, str] | None = None,
) -> str:
    """Let HTTP Tasks make calls with the connection of this name; answers with an ARN for it.

    It stands for every EventBridge connection so called, so a definition may keep the ARN that it has in AWS.
    basic: user and password. api_key: a header's name and its value. oauth: endpoint, client_id,
    client_secret and, unless it is POST, method. headers, query, body: sent besides; they win over a task's.
    Raises SfnbError unless it is of one kind. Nothing of this is shown or kept: it ends with the process.
    """
    known = service().registry
    arn = f"arn:aws:events:{service().region}:{service().account}:connection/{name}/{uuid_of(name)}"
    added = Parameters(headers=dict(headers or {}), query=dict(query or {}), body=dict(body or {}))
    known.connections[name] = made(arn, basic, api_key, oauth, added)
    known.changed()
    return arn


def role(
    name: str,
    policies: Sequence[object] | Mapping[str, object] = (),
    *,
    trust: object = None,
    boundary: object = None,
) -> Role:
    """Hold the machines that have this role to its policies: a call that they do not allow fails as on AWS.

    name: or an ARN. policies: documents by their names, or a list of them; each a dict, JSON text, or what
    `machine.iam_policy()` made. trust: who may take it on, as a document; everybody unless told.
    boundary: the most it may have. Raises MalformedPolicy with the place of the fault.

    >>> import sfnb
    >>> nothing = role("nothing")
    >>> sfnb.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}).role = nothing
    """
    from sfnb.iam.roles import arn_of, make_role

    arn = arn_of(name, service().account)
    return service().registry.roles.add(make_role(arn, policies, trust=trust, boundary=boundary))


def use_aws(
    where: AwsPlace = "account",
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    seed: StateMachine | Sequence[StateMachine] = (),
    fresh: bool = False,
) -> None:
    """From now on a service task that no Python function stands for is really called, and the buckets of
    Distributed Maps are S3's.

    where: "account" for the credentials that boto3 finds, or `profile` of the shared files; "local" for an
        AWS in this process, which needs nothing and costs nothing; "off" for none, as at the start.
    region: instead of the configured one. endpoint_url: where every call goes instead.
    seed: machines; what their definitions name is made in the local AWS. fresh: it is emptied first.
    Raises SfnbError where a package is missing: `pip install "sfnb[aws]"`, `pip install "sfnb[local-aws]"`.
    """
    if where == "off":
        service().disconnect()
        return
    if where == "local":
        seed_aws(seed, region=region, fresh=fresh)
        return
    if where != "account" or seed or fresh:
        raise SfnbError('use_aws takes "account", "local" or "off"; seed and fresh are for "local"')
    service().connect(Aws(endpoint_url=endpoint_url, region=region, profile=profile))
    service().registry.changed()


def seed_aws(
    machines: StateMachine | Sequence[StateMachine], *, region: str | None = None, fresh: bool = False
) -> list[Made]:
    """Take the AWS in this process, and make in it what definitions name; tells what became of each thing."""
    local = _local_aws(region or service().region)
    if fresh:
        local.empty()
    if service().registry.aws is not local:
        service().connect(local)
        service().registry.changed()
    if not machines:
        return []
    from sfnb.integrations.aws_seed import seed

    chosen = [machines] if isinstance(machines, StateMachine) else list(machines)
    trees = [machine.tree for machine in chosen]
    return seed(trees, local, local.region, service().registry.connections)


@functools.cache
def _local_aws(region: str) -> LocalAws:
    """One for a region, as long as the process lives."""
    from sfnb.integrations.local_aws import LocalAws

    return LocalAws(region=region)


def aws_client(name: str) -> Any:
    """A boto3 client of the AWS that tasks call: `sfnb.aws_client("sqs")`.

    Raises SfnbError where they call none.
    """
    aws = service().registry.way(name)
    if aws is None:
        raise SfnbError(
            'no AWS is in use: sfnb.use_aws("local") takes one in this process, or %asl aws local'
        )
    return aws.client(name, region=service().region)
