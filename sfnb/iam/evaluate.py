"""Whether policies allow a request.

What is denied anywhere is denied; what is allowed nowhere is denied too. With a permissions boundary an
action has to be allowed by both.
Source: IAM user guide, "Policy evaluation logic".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from sfnb.iam.conditions import Context, filled, matches, meets
from sfnb.iam.documents import Document, Rule


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An action on a resource, and what conditions may ask about.

    resource: an ARN, or "*" for an action that knows no resources.
    principal: who asks, (kind, value) pairs such as ("AWS", an ARN); for trust policies.
    """

    action: str
    resource: str = "*"
    context: Context = msgspec.field(default_factory=dict)
    principal: tuple[tuple[str, str], ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """allowed: whether. statement, policy: what decided, None where nothing spoke of the request."""

    allowed: bool
    statement: str | None = None
    policy: str | None = None

    @property
    def explicit(self) -> bool:
        """A statement said so."""
        return self.statement is not None


def evaluate(documents: Iterable[Document], request: Request, boundary: Document | None = None) -> Decision:
    """The decision of all documents together."""
    documents = list(documents)
    denied = _find([*documents, *([boundary] if boundary else [])], request, "Deny")
    if denied is not None:
        return Decision(allowed=False, statement=denied[1].place, policy=denied[0].name)
    allowed = _find(documents, request, "Allow")
    if allowed is None or (boundary is not None and _find([boundary], request, "Allow") is None):
        return Decision(allowed=False)
    return Decision(allowed=True, statement=allowed[1].place, policy=allowed[0].name)


def _find(documents: Sequence[Document], request: Request, effect: str) -> tuple[Document, Rule] | None:
    """The first statement of this effect that speaks of the request."""
    for document in documents:
        for rule in document.rules:
            if rule.effect == effect and speaks_of(rule, request):
                return document, rule
    return None


def speaks_of(rule: Rule, request: Request) -> bool:
    """Whether a statement is about the request. Actions are the same in small letters, resources are not."""
    action = request.action.lower()
    if any(matches(each.lower(), action) for each in rule.actions) == rule.negates_actions:
        return False
    if _names_resource(rule, request) == rule.negates_resources:
        return False
    if rule.principals is not None and _names_principal(rule, request) == rule.negates_principals:
        return False
    return all(meets(operator, key, wanted, request.context) for operator, key, wanted in rule.conditions)


def _names_resource(rule: Rule, request: Request) -> bool:
    for pattern in rule.resources:
        known = filled(pattern, request.context) if "${" in pattern else pattern
        if known is not None and matches(known, request.resource):
            return True
    return False


def _names_principal(rule: Rule, request: Request) -> bool:
    assert rule.principals is not None
    for kind, values in rule.principals:
        for value in values:
            if kind == "*" or (kind == "AWS" and value == "*"):
                return True
            if any(kind == their_kind and _same(value, their) for their_kind, their in request.principal):
                return True
    return False


def _same(value: str, their: str) -> bool:
    """A principal by its name; an account, by number or root, stands for all of its principals."""
    if value == their:
        return True
    account = value.split(":")[4] if value.startswith("arn:") and value.endswith(":root") else value
    return account.isdigit() and their.startswith("arn:") and their.split(":")[4] == account
