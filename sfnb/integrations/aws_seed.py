"""What a definition names in AWS, made in an AWS of one's own: tables, queues, topics, buckets and the like.

Names are taken from the Parameters or Arguments of tasks, readers and writers. What is computed when the
machine runs cannot be known and is not made; nor is a Lambda function, for which a Python function stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, NamedTuple

from sfnb.engine.ports import AwsSession
from sfnb.integrations.connections import name_of
from sfnb.integrations.service import bare_action

Tree = Any
"""JSON as it stands in a definition."""


class Thing(NamedTuple):
    """kind: "table", "queue", ... name: as the service knows it; an ARN for a topic."""

    kind: str
    name: str


class Made(NamedTuple):
    """What became of a thing. note: what there is to say of it, as the key of a table."""

    kind: str
    name: str
    note: str


NAMED = {
    "dynamodb": {"TableName": "table"},
    "sqs": {"QueueUrl": "queue"},
    "sns": {"TopicArn": "topic"},
    "s3": {"Bucket": "bucket"},
    "glue": {"JobName": "job"},
    "batch": {"JobQueue": "job queue", "JobDefinition": "job definition"},
    "ecs": {"Cluster": "cluster", "TaskDefinition": "task definition"},
    "codebuild": {"ProjectName": "project"},
    "kinesis": {"StreamName": "stream"},
    "secretsmanager": {"SecretId": "secret"},
}
"""By service: the parameters that name things, and what these are."""

BY_HAND = {
    "job queue": 'sfnb.aws_client("batch").create_job_queue(...)',
    "job definition": 'sfnb.aws_client("batch").register_job_definition(...)',
    "cluster": 'sfnb.aws_client("ecs").create_cluster(...)',
    "task definition": 'sfnb.aws_client("ecs").register_task_definition(...)',
    "project": 'sfnb.aws_client("codebuild").create_project(...)',
    "stream": 'sfnb.aws_client("kinesis").create_stream(...)',
    "secret": 'sfnb.aws_client("secretsmanager").create_secret(...)',
}
"""By kind: what makes a thing of which more would have to be known."""

_KEY_TYPES = ("S", "N", "B")
_SORTS = re.compile(r"(?i)(sk|sort\w*|range\w*|\w*(time|date|stamp|at))")
_EQUALS = re.compile(r"([#\w]+)\s*=\s*(:\w+)")


def seed(tree: Tree, aws: AwsSession, region: str, connections: Container[str] = ()) -> list[Made]:
    """Make what a definition names, and tell of each thing, also of what cannot be made.

    connections: the names of those of EventBridge that are there.
    """
    calls = list(_calls(tree))
    things = dict.fromkeys(thing for call in calls for thing in _things(*call))
    made = []
    for thing in things:
        if _is_computed(thing.name):
            made.append(Made(*thing, "not made: known only when the machine runs"))
        elif thing.kind == "connection":
            made.append(_connection(thing, connections))
        elif thing.kind in BY_HAND:
            made.append(Made(*thing, f"not made: {BY_HAND[thing.kind]}"))
        else:
            made.append(_MAKERS[thing.kind](thing, calls, aws, region))
    return made


# What is named


def _calls(tree: Tree) -> Iterator[tuple[str, str, Mapping[str, Tree]]]:
    """Every service that is called, with the action and the parameters, in the order of the definition."""
    if isinstance(tree, list):
        for each in tree:
            yield from _calls(each)
    if not isinstance(tree, dict):
        return
    resource = tree.get("Resource")
    parameters = tree.get("Parameters", tree.get("Arguments"))
    if isinstance(resource, str) and resource.startswith("arn:") and isinstance(parameters, dict):
        kind, action = bare_action(resource)
        yield kind.removeprefix("aws-sdk:"), action, parameters
    for name, each in tree.items():
        if name not in ("Parameters", "Arguments"):
            yield from _calls(each)


def _things(service: str, action: str, parameters: Mapping[str, Tree]) -> Iterator[Thing]:
    if service in ("events", "eventbridge"):
        for entry in parameters.get("Entries") or ():
            name = _given(entry, "EventBusName") if isinstance(entry, dict) else None
            if name is not None and name != "default":
                yield Thing("event bus", name)
    elif service == "http":
        for field in ("InvocationConfig", "Authentication"):
            given = parameters.get(field)
            arn = _given(given, "ConnectionArn") if isinstance(given, dict) else None
            if arn is not None:
                yield Thing("connection", arn if _is_computed(arn) else name_of(arn))
    elif not action.startswith(("create", "register")):
        for parameter, kind in NAMED.get(service, {}).items():
            name = _given(parameters, parameter)
            if name is not None:
                yield Thing(kind, name)


def _given(parameters: Mapping[str, Tree], name: str) -> str | None:
    """A parameter's text, or the path that it is read from."""
    value = parameters.get(name, parameters.get(f"{name}.$"))
    return value if isinstance(value, str) else None


def _is_computed(name: str) -> bool:
    return name.startswith(("$", "States.", "{%")) or "${" in name


# How each is made


def _table(thing: Thing, calls: list[Any], aws: AwsSession, region: str) -> Made:
    keys, guessed = _keys(thing.name.rpartition("/")[2], calls)
    if not keys:
        by_hand = 'sfnb.aws_client("dynamodb").create_table(...)'
        return Made(*thing, f"not made: its key is not known from the definition; {by_hand}")
    roles = ("HASH", "RANGE")
    told = ", ".join(f"{name} ({kind})" for name, kind in keys.items())

    def create() -> None:
        aws.client("dynamodb", region=region).create_table(
            TableName=thing.name.rpartition("/")[2],
            KeySchema=[
                {"AttributeName": name, "KeyType": role} for name, role in zip(keys, roles, strict=False)
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": kind} for name, kind in keys.items()
            ],
            BillingMode="PAY_PER_REQUEST",
        )

    return _create(thing, create, f"key: {told}" + (", a guess" if guessed else ""))


def _keys(table: str, calls: list[Any]) -> tuple[dict[str, str], bool]:
    """The key of a table, its type by name, and whether it is a guess: the Item's first id, or its first."""
    ours = [
        (action, parameters)
        for service, action, parameters in calls
        if service == "dynamodb" and (_given(parameters, "TableName") or "").rpartition("/")[2] == table
    ]
    for _, parameters in ours:
        keys = _types(parameters.get("Key")) or _queried(parameters)
        if keys:
            first, *others = sorted(keys, key=lambda name: _SORTS.fullmatch(name) is not None)
            return {name: keys[name] for name in (first, *others[:1])}, False
    for _, parameters in ours:
        item = _types(parameters.get("Item"))
        if item:
            name = next((name for name in item if name.lower().endswith(("id", "pk"))), next(iter(item)))
            return {name: item[name]}, True
    return {}, False


def _types(attributes: Tree) -> dict[str, str]:
    """Those attributes of a Key or an Item that may be keys, with their types."""
    if not isinstance(attributes, dict):
        return {}
    found = {}
    for name, value in attributes.items():
        kinds = [key.removesuffix(".$") for key in value] if isinstance(value, dict) else []
        if len(kinds) == 1 and kinds[0] in _KEY_TYPES:
            found[name] = kinds[0]
    return found


def _queried(parameters: Mapping[str, Tree]) -> dict[str, str]:
    """The key that a Query asks for, where its condition is text."""
    condition = parameters.get("KeyConditionExpression")
    values = _types(parameters.get("ExpressionAttributeValues"))
    names = parameters.get("ExpressionAttributeNames") or {}
    if not isinstance(condition, str) or not isinstance(names, dict):
        return {}
    found = ((str(names.get(name, name)), values.get(value)) for name, value in _EQUALS.findall(condition))
    return {name: kind for name, kind in found if kind is not None}


def _queue(thing: Thing, calls: list[Any], aws: AwsSession, region: str) -> Made:
    name = re.split("[/:]", thing.name)[-1]
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
    client = aws.client("sqs", region=region)
    return _create(thing, lambda: client.create_queue(QueueName=name, Attributes=fifo))


def _topic(thing: Thing, calls: list[Any], aws: AwsSession, region: str) -> Made:
    parts = thing.name.split(":")
    if len(parts) != 6:
        return Made(*thing, "not made: this is no ARN")
    _, _, _, its_region, account, name = parts
    if its_region != region:
        return Made(*thing, f"not made: it is in {its_region}, this AWS in {region}")
    role = f"arn:aws:iam::{account}:role/sfnb"  # whoever has it is in that account
    client = aws.client("sns", region=region, role_arn=role)
    fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "true"} if name.endswith(".fifo") else {}
    return _create(thing, lambda: client.create_topic(Name=name, Attributes=fifo))


def _bucket(thing: Thing, calls: list[Any], aws: AwsSession, region: str) -> Made:
    client = aws.client("s3", region=region)
    place: dict[str, Any] = {}
    if region != "us-east-1":
        place["CreateBucketConfiguration"] = {"LocationConstraint": region}
    return _create(thing, lambda: client.create_bucket(Bucket=thing.name, **place))


def _event_bus(thing: Thing, calls: list[Any], aws: AwsSession, region: str) -> Made:
    client = aws.client("events", region=region)
    return _create(thing, lambda: client.create_event_bus(Name=thing.name.rpartition("/")[2]))


def _job(thing: Thing, calls: list[Any], aws: AwsSession, region: str) -> Made:
    """A job of Glue. What it does is not known; in an AWS of one's own every run of it succeeds."""
    command = {"Name": "glueetl", "ScriptLocation": f"s3://scripts/{thing.name}.py"}
    client = aws.client("glue", region=region)
    role = "arn:aws:iam::123456789012:role/sfnb"
    return _create(thing, lambda: client.create_job(Name=thing.name, Role=role, Command=command))


def _connection(thing: Thing, connections: Container[str]) -> Made:
    """It has credentials, which the definition does not."""
    if thing.name in connections:
        return Made(*thing, "there already")
    return Made(*thing, f'not made: sfnb.create_connection("{thing.name}", api_key=(HEADER, VALUE))')


_MAKERS: dict[str, Callable[[Thing, list[Any], AwsSession, str], Made]] = {
    "table": _table,
    "queue": _queue,
    "topic": _topic,
    "bucket": _bucket,
    "event bus": _event_bus,
    "job": _job,
}

_THERE = (
    "ResourceInUseException",
    "ResourceAlreadyExistsException",
    "BucketAlreadyOwnedByYou",
    "AlreadyExistsException",
)


def _create(thing: Thing, create: Callable[[], object], note: str = "made") -> Made:
    """Make a thing that may be there already."""
    from botocore.exceptions import ClientError

    try:
        create()
    except ClientError as fault:
        error = fault.response.get("Error", {})
        if error.get("Code") not in _THERE:
            return Made(*thing, f"not made: {error.get('Message', fault)}")
        return Made(*thing, "there already")
    return Made(*thing, note)
