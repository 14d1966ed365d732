"""Policy documents as IAM takes them: read, checked, ready to be asked.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from sfnb.errors import SfnbError
from sfnb.iam.conditions import KINDS, kind_of
from sfnb.iam.policy import Policy

FIELDS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}

Values = tuple[str, ...]
ANY: Values = ("*",)
Conditions = tuple[tuple[str, str, Values], ...]


class MalformedPolicy(SfnbError):
    """A policy document that IAM would refuse, with the place of the fault in it."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One statement. place: how it is named in a message, its Sid or its number.

    actions, resources: as patterns; negated where the document says NotAction, NotResource.
    principals: (kind, values) of a trust policy, ("*", ("*",)) for everybody; None in an identity policy.
    conditions: (operator, key, values).
    """

    place: str
    effect: str
    actions: Values
    negates_actions: bool = False
    resources: Values = ("*",)
    negates_resources: bool = False
    principals: tuple[tuple[str, Values], ...] | None = None
    negates_principals: bool = False
    conditions: Conditions = ()


class Document(msgspec.Struct, frozen=True):
    """A policy with its name."""

    name: str
    rules: tuple[Rule, ...]


def read_document(given: object, name: str, *, trust: bool = False) -> Document:
    """A document from a Policy, a dict or JSON text. trust: it has principals, and no resources.

    Raises MalformedPolicy.
    """
    if isinstance(given, Policy):
        if not given.statements:
            return Document(name, ())
        given = given.document
    if isinstance(given, str | bytes):
        try:
            given = json.loads(given)
        except ValueError as fault:
            raise MalformedPolicy(f"policy '{name}' is not JSON: {fault}") from None
    if not isinstance(given, Mapping):
        raise MalformedPolicy(f"policy '{name}' is {type(given).__name__}, expected a JSON object")
    version = given.get("Version", "2012-10-17")
    if version not in ("2012-10-17", "2008-10-17"):
        raise MalformedPolicy(f"policy '{name}', Version: found {version!r}, expected '2012-10-17'")
    statements = given.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise MalformedPolicy(f"policy '{name}', Statement: expected a list of statements")
    return Document(name, tuple(_rule(each, name, at, trust) for at, each in enumerate(statements)))


def _rule(told: Any, name: str, at: int, trust: bool) -> Rule:
    where = f"policy '{name}', Statement[{at}]"
    if not isinstance(told, Mapping):
        raise MalformedPolicy(f"{where}: expected an object")
    unknown = [str(key) for key in told if key not in FIELDS]
    if unknown:
        raise MalformedPolicy(f"{where}: unknown field '{unknown[0]}'; there are {', '.join(sorted(FIELDS))}")
    if told.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy(f"{where}, Effect: found {told.get('Effect')!r}, expected 'Allow' or 'Deny'")
    actions, negates_actions = _one_of(told, "Action", where)
    for action in actions:
        if action != "*" and ":" not in action:
            raise MalformedPolicy(f"{where}, Action: '{action}' has no service, as in 'sqs:SendMessage'")
    resources, negates_resources = (ANY, False) if trust else _one_of(told, "Resource", where)
    principals, negates_principals = _principals(told, where, trust)
    return Rule(
        place=str(told.get("Sid") or f"Statement[{at}]"),
        effect=told["Effect"],
        actions=actions,
        negates_actions=negates_actions,
        resources=resources,
        negates_resources=negates_resources,
        principals=principals,
        negates_principals=negates_principals,
        conditions=tuple(_conditions(told.get("Condition", {}), where)),
    )


def _one_of(told: Mapping[str, Any], field: str, where: str) -> tuple[Values, bool]:
    """`Action` or `NotAction`, one of the two."""
    negated = f"Not{field}"
    if (field in told) == (negated in told):
        raise MalformedPolicy(f"{where}: expected {field} or {negated}, one of the two")
    found = field if field in told else negated
    return _texts(told[found], f"{where}, {found}"), found == negated


def _texts(value: Any, where: str) -> Values:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) for each in values):
        raise MalformedPolicy(f"{where}: expected a text or a list of texts, found {value!r}")
    return tuple(values)


def _principals(
    told: Mapping[str, Any], where: str, trust: bool
) -> tuple[tuple[tuple[str, Values], ...] | None, bool]:
    if not trust:
        if "Principal" in told or "NotPrincipal" in told:
            raise MalformedPolicy(f"{where}: a role's own policy has no Principal")
        return None, False
    field = "Principal" if "Principal" in told else "NotPrincipal"
    given = told.get(field)
    if given == "*":
        return (("*", ("*",)),), field == "NotPrincipal"
    if not isinstance(given, Mapping) or not given:
        raise MalformedPolicy(f"{where}, {field}: expected '*' or an object such as {{'Service': ...}}")
    found = tuple((str(kind), _texts(value, f"{where}, {field}")) for kind, value in given.items())
    return found, field == "NotPrincipal"


def _conditions(given: Any, where: str) -> Iterator[tuple[str, str, Values]]:
    if not isinstance(given, Mapping):
        raise MalformedPolicy(f"{where}, Condition: expected an object")
    for operator, keys in given.items():
        if kind_of(str(operator)) is None:
            raise MalformedPolicy(
                f"{where}, Condition: unknown operator '{operator}'; there are {', '.join(KINDS)}"
            )
        if not isinstance(keys, Mapping):
            raise MalformedPolicy(f"{where}, Condition/{operator}: expected an object of keys")
        for key, value in keys.items():
            values = value if isinstance(value, list) else [value]
            yield str(operator), str(key), tuple(_scalar(each) for each in values)


def _scalar(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
