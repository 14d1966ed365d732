"""Placeholders that stand for what a policy names: `${OrdersTable}`, `${ValidateFunction.Arn}`.

A template makes parameters of them, so a policy in it can name them, too. They are *held* in the tree of a
definition as texts that read like a name or an ARN to whoever finds the rights, and *released* in the ARNs
that come of it. One that stands for an ARN and has come to stand amid another makes it a right to all.

`${OrdersTable}` stands for a name and `${OrdersTable.Arn}` for an ARN, as CloudFormation's Ref and GetAtt do.
A function is given as both, so that its placeholder has to say which: `${PriceName}`, `${PriceArn}`. A queue
has a URL, which makes no ARN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from sfnb.iam.needed import Need
from sfnb.iam.places import ANYWHERE

NAMES = frozenset({"TableName", "Bucket", "EventBusName", "JobName"})
"""Parameters that take a name; some of them an ARN as well."""
EITHER = frozenset({"FunctionName"})
"""Parameters that take both, one as often as the other."""
ARNS = frozenset({"Resource", "TopicArn", "StateMachineArn", "RoleArn", "ConnectionArn"})
"""Fields that take an ARN alone."""
OTHERS = frozenset({"QueueUrl"})

_WHOLE = re.compile(r"\$\{([A-Za-z_][\w.-]*)\}")
_NAME, _ARN, _END = "\ue000", "\ue001", "\ue002"
_HELD_ARN = f"arn:{_ARN}"


def held(value: Any, field: str = "") -> Any:
    """A tree with its placeholders held; `field`: what has the value."""
    match value:
        case dict():
            return {key: held(item, key) for key, item in value.items()}
        case list():
            return [held(item, field) for item in value]
        case str() if (found := _WHOLE.fullmatch(value)) is not None:
            name = found[1]
            says = name.lower()
            if field in ARNS or (field in NAMES | EITHER and says.endswith("arn")):
                return f"{_HELD_ARN}{name}{_END}"
            if field in NAMES or (field in EITHER and says.endswith("name")):
                return f"{_NAME}{name}{_END}"
    return value


def released(need: Need) -> Need:
    """A right with the placeholders in the ARNs that it is on."""
    also = tuple(_released(each) for each in need.also)
    return msgspec.structs.replace(need, resource=_released(need.resource), also=also)


def _released(resource: str) -> str:
    """
    >>> _released(held("${T}", "TableName")), _released(held("${F.Arn}", "FunctionName"))
    ('*', '${F.Arn}')
    """
    if _ARN in resource.removeprefix(_HELD_ARN) or resource.startswith(_NAME):
        return ANYWHERE
    return _written(resource)


def _written(text: str) -> str:
    return text.replace(_HELD_ARN, "${").replace(_NAME, "${").replace(_END, "}")


def unfilled(value: Any, field: str = "") -> Iterator[str]:
    """The names of the placeholders in all fields that name a resource."""
    match value:
        case dict():
            for key, item in value.items():
                yield from unfilled(item, key)
        case list():
            for item in value:
                yield from unfilled(item, field)
        case str() if field in NAMES | EITHER | ARNS | OTHERS:
            yield from _WHOLE.findall(_written(value))
