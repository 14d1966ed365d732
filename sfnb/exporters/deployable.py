"""A state machine with all that it is deployed with, and the two kinds of places in it that a template fills.

A template may be deployed to any account. So an ARN or a queue's URL that names the account and region which
sfnb itself stands for is written with what the template calls its own account and region. And a `${Name}` of
the definition becomes a parameter of the template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from sfnb.values import Json

PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][\w.:-]*)\}")
TEMPLATE_TYPES = Literal["STANDARD", "EXPRESS"]


class Starter(msgspec.Struct, frozen=True, kw_only=True):
    """Something that starts the machine. kind: a row of `triggers.WRITERS`. settings: AWS's own, but for
    "http" and "rest", where they are those of a whole API; see there.
    """

    kind: str
    name: str
    settings: dict[str, Any]


class Deployable(msgspec.Struct, frozen=True, kw_only=True):
    """What a template is made of.

    tree: the definition as plain values. description: in a line, "" for none.
    role_arn: of a role that is there; None: the template makes one, with the policy and the trust policy.
    policy: an IAM policy document; None where the role needs no rights.
    naming: the placeholders that stand for what rights are on.
    log_groups: ARNs ending in ":*"; level: "OFF" where nothing is logged.
    account, region: those that sfnb stands for. portable: they become the template's own.
    triggers: what starts it.
    """

    name: str
    type: TEMPLATE_TYPES
    tree: dict[str, Any]
    trust: dict[str, Any]
    policy: dict[str, Any] | None = None
    naming: frozenset[str] = frozenset()
    role_arn: str | None = None
    description: str = ""
    tags: dict[str, str] = {}
    level: str = "OFF"
    include_data: bool = False
    log_groups: tuple[str, ...] = ()
    tracing: bool = False
    account: str = "123456789012"
    region: str = "us-east-1"
    portable: bool = True
    triggers: tuple[Starter, ...] = ()

    @property
    def arn(self) -> str:
        return f"arn:aws:states:{self.region}:{self.account}:stateMachine:{self.name}"

    @property
    def names(self) -> list[str]:
        """The names of the placeholders in the definition, in order."""
        return list(dict.fromkeys(name for text in texts(self.tree) for name in PLACEHOLDER.findall(text)))

    def about(self, name: str) -> str:
        """What there is to say of the parameter for a placeholder: what the role's policy takes it for."""
        held = f"${{{name}}}"
        granted = [text for text in texts(self.policy) if held in text]
        if not granted:
            is_open = self.policy is not None and name in self.naming
            why = ": as it tells no ARN, the role is granted rights to all that it may stand for"
            return f"{name} in the definition{why if is_open else ''}"
        kind = "an ARN" if all(text.startswith(held) for text in granted) else "a name, not an ARN"
        return f"{name} in the definition: {kind}, as the role is granted rights to it"

    @property
    def logs(self) -> bool:
        return self.level != "OFF" or bool(self.log_groups)


class Own(msgspec.Struct, frozen=True):
    """What a template language writes for its own partition, region and account."""

    partition: str
    region: str
    account: str


def with_own(machine: Deployable, text: str, own: Own) -> str:
    """`text` with the local account and region replaced, where an ARN or a queue's URL names them, or where
    the account's number is all that it says.

    >>> machine = Deployable(name="m", type="STANDARD", tree={}, trust={})
    >>> with_own(machine, "arn:aws:sqs:us-east-1:123456789012:q", Own("P", "R", "A"))
    'arn:P:sqs:R:A:q'
    >>> with_own(machine, "arn:aws:iam::123456789012:role/r at 123456789012", Own("P", "R", "A"))
    'arn:P:iam::A:role/r at 123456789012'
    """
    if not machine.portable:
        return text
    if text == machine.account:
        return own.account
    account, region = re.escape(machine.account), re.escape(machine.region)
    text = re.sub(
        rf"arn:aws:([a-z0-9-]*):({region}|):{account}(?=[:/]|$)",
        lambda found: f"arn:{own.partition}:{found[1]}:{own.region if found[2] else ''}:{own.account}",
        text,
    )
    return re.sub(
        rf"https://(sqs\.){region}(\.amazonaws\.com/){account}/",
        lambda found: f"https://{found[1]}{own.region}{found[2]}{own.account}/",
        text,
    )


def rights_with_own(machine: Deployable, text: str, own: Own) -> str:
    """`with_own` for what stands in a policy: there an ARN of no account, or of any, is of the own partition.

    In a definition it stays: what it names there is the author's word, or Step Functions' own.

    >>> machine = Deployable(name="m", type="STANDARD", tree={}, trust={})
    >>> [rights_with_own(machine, f"arn:aws:{rest}", Own("P", "R", "A")) for rest in ("s3:::b", "sns:x:1:t")]
    ['arn:P:s3:::b', 'arn:aws:sns:x:1:t']
    """
    if not machine.portable:
        return text
    return re.sub(
        r"^arn:aws:(?=[a-z0-9-]+:[a-z0-9*-]*:\*?:)", f"arn:{own.partition}:", with_own(machine, text, own)
    )


def texts(value: Json) -> Iterator[str]:
    """Every text in a value, the keys of objects left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def replaced(value: Any, change: Callable[[str], Any]) -> Any:
    """The value with every text in it changed, but for the keys of objects."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: replaced(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, change) for item in value]
    return value


def identifier(text: str, taken: set[str], *, also: str = "") -> str:
    """A name of letters, digits and what `also` has, which is not taken yet, and is now.

    >>> taken = {"Price"}
    >>> [identifier(text, taken) for text in ("my-price", "Price", "1st")]
    ['myprice', 'Price2', 'N1st']
    """
    word = re.sub(rf"[^A-Za-z0-9{also}]", "", text)
    word = word if word[:1].isalpha() else f"N{word}"
    name, count = word, 1
    while name in taken:
        count += 1
        name = f"{word}{count}"
    taken.add(name)
    return name


def fitting(name: str) -> str | None:
    """A name, if rules, schedules and pipes may be called so; None: it is for AWS to make one up.

    >>> fitting("orders-event"), fitting("o" * 65)
    ('orders-event', None)
    """
    return name if re.fullmatch(r"[.\-_A-Za-z0-9]{1,64}", name, re.ASCII) else None
