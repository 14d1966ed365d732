"""What triggers add to a Terraform configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sfnb.exporters.deployable import Deployable, Own, identifier, with_own
from sfnb.exporters.hcl import HELD, Document, Expr, Hcl
from sfnb.exporters.rights import Role, Roles, starts

OWN = Own(
    "${data.aws_partition.current.partition}",
    "${data.aws_region.current.name}",
    "${data.aws_caller_identity.current.account_id}",
)
_OWN_HELD = Own(*(own.replace("$", HELD) for own in (OWN.partition, OWN.region, OWN.account)))
LONGEST_PREFIX = 38
"""Characters of a role's `name_prefix`: the provider adds 26."""


class Sheet:
    """Blocks, gathered. label: of the machine's own resources. taken: names of variables."""

    def __init__(self, machine: Deployable, label: str, taken: set[str]) -> None:
        self.machine = machine
        self._label = label
        self._variables = taken
        self._labels: dict[str, set[str]] = {"aws_iam_role": {label}}
        self._roles = Roles()
        self._role_labels: dict[str, str] = {}
        self._hcl = Hcl(lambda text: with_own(machine, text, _OWN_HELD))
        self._blocks: list[str] = []
        self._once: dict[str, str] = {}
        self._notes: list[str] = []

    # What is written

    def add(self, kind: str, name: str, fields: Mapping[str, Any], *, own: bool = True) -> str:
        """A resource, labelled after `name`, and after the machine if it is its `own`; its address."""
        taken = self._labels.setdefault(kind, set())
        label = identifier(self._slug(name) if own else _words(name), taken, also="_-")
        self._put(f'resource "{kind}" "{label}"', fields)
        return f"{kind}.{label}"

    def once(self, kind: str, name: str, fields: Mapping[str, Any]) -> str:
        """A resource that several triggers share."""
        key = f"{kind} {name}"
        if key not in self._once:
            self._once[key] = self.add(kind, name, fields, own=False)
        return self._once[key]

    def unless_there(self, kind: str, name: str, what: str, fields: Mapping[str, Any]) -> str:
        """A resource that several configurations may need, so that a variable says who makes it."""
        key = f"{kind} {name}"
        if key not in self._once:
            word = f"{_words(name).replace('-', '_')}_{what.replace(' ', '_')}_is_new"
            about = f"Whether the {what} {name} is to be made; false where it is there already"
            variable = self.variable(word, "bool", about, default=True)
            count = Expr(f"{variable} ? 1 : 0")
            self._once[key] = self.add(kind, name, {"count": count, **fields}, own=False)
        return self._once[key]

    def variable(self, name: str, type: str, about: str, **more: Any) -> str:
        """A variable's address."""
        word = identifier(name, self._variables, also="_-")
        self._put(f'variable "{word}"', {"type": Expr(type), "description": about, **more})
        return f"var.{word}"

    def note(self, sentence: str) -> None:
        """Something to tell above the next block."""
        self._notes.append(" ".join(sentence.split()))

    def _put(self, head: str, fields: Mapping[str, Any]) -> None:
        notes = "".join(f"# {note}\n" for note in self._notes)
        self._notes.clear()
        self._blocks.append(notes + self._hcl.block(head, fields))

    def _slug(self, name: str) -> str:
        words = _words(name)
        begins = words == self._label or words.startswith((f"{self._label}-", f"{self._label}_"))
        return words if begins else f"{self._label}-{words}"

    # What is pointed to

    def arn(self, arn: str) -> Expr | str:
        """An ARN; that of the machine is asked for."""
        more = starts(self.machine, arn)
        if more is None:
            return arn
        return Expr(f"aws_sfn_state_machine.{self._label}.arn", more)

    def name(self) -> Expr:
        """The machine's name."""
        return Expr(f"aws_sfn_state_machine.{self._label}.name")

    def role(self, name: str, service: str) -> Role:
        """A role that is written along, to be granted something."""
        return self._roles.get(name, service)

    def role_arn(self, name: str) -> Expr:
        if name not in self._role_labels:
            taken = self._labels["aws_iam_role"]
            self._role_labels[name] = identifier(self._slug(name), taken, also="_-")
        return Expr(f"aws_iam_role.{self._role_labels[name]}.arn")

    def policy(self, name: str) -> Expr:
        """The block that grants a role its rights: what is looked at as it is made has to wait for it."""
        label = self.role_arn(name).text.split(".")[1]
        return Expr(f"aws_iam_role_policy.{label}")

    def blocks(self) -> Iterator[str]:
        """All that was added, the roles first."""
        for name, role in self._roles:
            label = self.role_arn(name).text.split(".")[1]
            fields = {
                "name_prefix": f"{label[: LONGEST_PREFIX - 1]}-",
                "assume_role_policy": Document(role.trust(self.machine.account)),
                "tags": dict(sorted(self.machine.tags.items())) or None,
            }
            yield self._hcl.block(f'resource "aws_iam_role" "{label}"', fields)
            policy = {"role": Expr(f"aws_iam_role.{label}.id"), "policy": Document(role.policy)}
            yield self._hcl.block(f'resource "aws_iam_role_policy" "{label}"', policy)
        yield from self._blocks
        if self._notes:
            yield "".join(f"# {note}\n" for note in self._notes)


def _words(name: str) -> str:
    """
    >>> _words("orders POST /orders/{id}")
    'orders-POST-orders-id'
    """
    return "-".join(re.findall(r"[A-Za-z0-9_]+", name)) or "trigger"
