"""Create a machine on AWS, or bring the one that is there up to date."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from sfnb.deploy.clients import InUse, Refused, call, client_of, find_machine, in_use_by, is_aws
from sfnb.deploy.given import check_role_arn, texts_by_name
from sfnb.errors import SfnbError
from sfnb.exporters.deployable import PLACEHOLDER, Own, replaced, rights_with_own, texts, with_own

if TYPE_CHECKING:
    from sfnb.exporters import Deployable
    from sfnb.machine import StateMachine

NO_ROLE = (
    "a machine on AWS needs a role: give role_arn=..., or create_role=True to have one made with what "
    "machine.iam_policy() tells"
)
NO_IAM = (
    "create_role=True makes the role in IAM, and client= does not say where that is: give iam_client=..., a "
    "client of 'iam' there, or role_arn=... of a role that is there; or no client= where an AWS is in use"
)
NO_NAME = "a machine on AWS needs a name, and this has none: sfnb.load(..., name='orders'), or %%asl orders"
ROLE_SECONDS, ROLE_TRIES = 2.0, 10
"""A new role is known to Step Functions only after a moment."""


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a deployment.

    outcome: "unchanged" where the definition, role and settings were those already.
    version_arn: of the version that was published, or that the unchanged machine had; None where none was
        asked for.
    place: of the AWS in use, in a few words, where it is there; None where client= or a profile said where.
    """

    name: str
    arn: str
    outcome: Literal["created", "updated", "unchanged"]
    role_arn: str
    version_arn: str | None = None
    place: str | None = None

    def __repr__(self) -> str:
        version = f", version {self.version_arn.rpartition(':')[2]}" if self.version_arn else ""
        place = f" ({self.place})" if self.place else ""
        return f"{self.name} {self.outcome}{version}: {self.arn}{place}"


def deploy(
    machine: StateMachine,
    role_arn: str | None,
    *,
    create_role: bool,
    profile: str | None,
    region: str | None,
    publish: bool,
    tags: Mapping[str, str] | None,
    substitutions: Mapping[str, str] | None,
    portable: bool,
    client: Any,
    iam_client: Any,
) -> Deployed:
    """See `StateMachine.deploy`."""
    from sfnb.deploy.templates import deployable

    check_named(machine)
    create_role = create_role and role_arn is None
    if role_arn is not None:
        check_role_arn(role_arn)
    given = texts_by_name("substitutions", substitutions, {"Table": "orders"})
    whole = deployable(machine, role_arn="", tags=tags, portable=portable)
    in_use = in_use_by(machine._service) if client is None and profile is None else None
    publish = publish and not (in_use and in_use.aws.in_process)  # which knows nothing of versions
    client, iam = _clients(client, iam_client, profile, region, in_use, with_iam=create_role)
    there = _there(client, whole)
    if create_role:
        role_arn = _make_role(machine, whole, given, iam, client.meta.region_name)
    role_arn = role_arn or (there["roleArn"] if there else None)
    if role_arn is None:
        raise SfnbError(NO_ROLE)
    own = _own(role_arn, client.meta.region_name)
    definition = _definition(whole, own, given)
    settings = {"roleArn": role_arn, **_settings(whole, own)}
    if there is None:
        deployed = _create(client, whole, definition, settings, publish=publish, patient=create_role)
    else:
        deployed = _update(client, whole, there, definition, settings, publish=publish)
    return msgspec.structs.replace(deployed, place=in_use.aws.place if in_use else None)


def _there(client: Any, machine: Deployable) -> dict[str, Any] | None:
    """The machine of this name that is there; raises SfnbError where it is of the other type."""
    arn = find_machine(client, machine.name)
    if arn is None:
        return None
    there = call(client, "describe_state_machine", stateMachineArn=arn)
    if there["type"] != machine.type:
        raise SfnbError(
            f"{machine.name} is {there['type']} there and {machine.type} here: AWS cannot change that"
        )
    return there


def check_named(machine: StateMachine) -> None:
    """Raises SfnbError where the machine's name is made up: it may be that of another one there."""
    if not machine.record.named:
        raise SfnbError(NO_NAME)


def _clients(
    client: Any,
    iam_client: Any,
    profile: str | None,
    region: str | None,
    in_use: InUse | None,
    *,
    with_iam: bool,
) -> tuple[Any, Any]:
    """Of Step Functions, and of IAM or None; raises SfnbError where IAM may be that of another place."""
    if with_iam and client is not None and iam_client is None:
        raise SfnbError(NO_IAM)
    states = client_of(client, profile, region, in_use=in_use)
    if not with_iam:
        return states, None
    iam = client_of(iam_client, profile, region, "iam", in_use=in_use)
    if iam_client is None and is_aws(iam) and not is_aws(states):
        raise SfnbError(
            f"Step Functions is at {states.meta.endpoint_url} and IAM is AWS's own: "
            "set AWS_ENDPOINT_URL_IAM, or give iam_client=... or role_arn=..."
        )
    return states, iam


def _own(role_arn: str, region: str) -> Own:
    """Whose account it is, as the ARN of a role there tells."""
    _, partition, _, _, account, *_ = role_arn.split(":")
    return Own(partition, region, account)


def _definition(machine: Deployable, own: Own, substitutions: Mapping[str, str]) -> dict[str, Any]:
    """The tree for another account; raises SfnbError where a placeholder is left."""
    tree: dict[str, Any] = replaced(
        machine.tree, lambda text: _filled(with_own(machine, text, own), substitutions)
    )
    left = dict.fromkeys(
        name for text in texts(tree) for name in PLACEHOLDER.findall(text) if name in machine.names
    )
    if left:
        named = ", ".join(f"${{{name}}}" for name in left)
        raise SfnbError(f"nothing is given for {named}: deploy(substitutions={{{next(iter(left))!r}: ...}})")
    return tree


def _filled(text: str, substitutions: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: substitutions.get(found[1], found[0]), text)


def _settings(machine: Deployable, own: Own) -> dict[str, Any]:
    logging: dict[str, Any] = {"level": machine.level, "includeExecutionData": machine.include_data}
    if machine.log_groups:
        logging["destinations"] = [
            {"cloudWatchLogsLogGroup": {"logGroupArn": with_own(machine, arn, own)}}
            for arn in machine.log_groups
        ]
    return {
        "loggingConfiguration": logging if machine.logs else None,
        "tracingConfiguration": {"enabled": True} if machine.tracing else None,
    }


def _create(
    client: Any,
    machine: Deployable,
    definition: dict[str, Any],
    settings: dict[str, Any],
    *,
    publish: bool,
    patient: bool,
) -> Deployed:
    """patient: the role is so new that AWS may not let Step Functions take it on yet."""
    for again in range(ROLE_TRIES, -1, -1):
        try:
            answer = call(
                client,
                "create_state_machine",
                name=machine.name,
                type=machine.type,
                definition=_text(definition),
                publish=publish or None,
                tags=[{"key": key, "value": value} for key, value in machine.tags.items()] or None,
                **settings,
            )
        except Refused as refusal:
            if not (patient and again and refusal.code == "AccessDeniedException"):
                raise
            time.sleep(ROLE_SECONDS)
        else:
            return Deployed(
                name=machine.name,
                arn=answer["stateMachineArn"],
                outcome="created",
                role_arn=settings["roleArn"],
                version_arn=answer.get("stateMachineVersionArn"),
            )
    raise AssertionError


def _update(
    client: Any,
    machine: Deployable,
    there: dict[str, Any],
    definition: dict[str, Any],
    settings: dict[str, Any],
    *,
    publish: bool,
) -> Deployed:
    arn, version = there["stateMachineArn"], None
    wanted = {name: value for name, value in settings.items() if value is not None}
    same = json.loads(there["definition"]) == definition and all(
        _agrees(there.get(name), value) for name, value in wanted.items()
    )
    if not same:
        answer = call(
            client,
            "update_state_machine",
            stateMachineArn=arn,
            definition=_text(definition),
            publish=publish or None,
            **wanted,
        )
        version = answer.get("stateMachineVersionArn")
    elif publish:
        answer = call(client, "publish_state_machine_version", stateMachineArn=arn)
        version = answer["stateMachineVersionArn"]
    if machine.tags:
        tags = [{"key": key, "value": value} for key, value in machine.tags.items()]
        call(client, "tag_resource", resourceArn=arn, tags=tags)
    return Deployed(
        name=machine.name,
        arn=arn,
        outcome="unchanged" if same else "updated",
        role_arn=settings["roleArn"],
        version_arn=version,
    )


def _agrees(there: Any, wanted: Any) -> bool:
    """Whether what is there says all that is wanted; it may say more."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        return all(_agrees(there.get(key), value) for key, value in wanted.items())
    return bool(there == wanted)


def _text(tree: dict[str, Any]) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False)


def _make_role(
    machine: StateMachine, whole: Deployable, substitutions: Mapping[str, str], iam: Any, region: str
) -> str:
    """A role with the machine's policy, called after it; one of this name is given the policy anew."""
    from sfnb.iam import trust_policy
    from sfnb.iam.generate import policy_of

    name = f"{machine.name[:52]}-sfnb-role"
    try:
        role = call(iam, "get_role", RoleName=name)["Role"]
    except Refused as refusal:
        if refusal.code != "NoSuchEntity":
            raise
        role = call(
            iam,
            "create_role",
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(trust_policy()),
            Description=f"What the state machine {machine.name} needs",
            Tags=[{"Key": key, "Value": value} for key, value in whole.tags.items()] or None,
        )["Role"]
    arn: str = role["Arn"]
    own = _own(arn, region)
    there = f"arn:{own.partition}:states:{region}:{own.account}:stateMachine:{machine.name}"
    trust = json.dumps(trust_policy(machine_arn=there))  # only now is it known whose account it is
    call(iam, "update_assume_role_policy", RoleName=name, PolicyDocument=trust)
    tree: dict[str, Any] = replaced(whole.tree, lambda text: _filled(text, substitutions))
    document = policy_of(machine.record, tree).document
    policy = replaced(document, lambda text: rights_with_own(whole, text, own))
    if policy["Statement"]:
        told = json.dumps(policy)
        call(iam, "put_role_policy", RoleName=name, PolicyName="StateMachinePolicy", PolicyDocument=told)
    return arn
