"""The machine as a Terraform configuration, with its role, and with what starts it.

Source: AWS provider, aws_sfn_state_machine, aws_iam_role_policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sfnb.exporters.deployable import PLACEHOLDER, Deployable, Own, identifier, rights_with_own, with_own
from sfnb.exporters.hcl import HELD, Block, Document, Expr, Hcl
from sfnb.exporters.sheet import OWN, Sheet
from sfnb.exporters.triggers import write_terraform

DATA = {"aws_partition": OWN.partition, "aws_region": OWN.region, "aws_caller_identity": OWN.account}

Fill = Callable[[Deployable, str, Own], str]


def export_terraform(machine: Deployable) -> str:
    """Resources of the AWS provider, named after the machine; a variable for each `${Name}`."""
    blocks = list(_Configuration(machine).blocks())
    text = "\n".join(blocks)
    data = [f'data "{kind}" "current" {{}}\n' for kind, own in DATA.items() if own in text]
    return "\n".join([*data, *blocks])


class _Configuration:
    def __init__(self, machine: Deployable) -> None:
        self.machine = machine
        self.label = identifier(machine.name, set(), also="_-")
        self._taken: set[str] = set()
        self._variables = {name: identifier(name, self._taken, also="_-") for name in machine.names}
        self._hcl = Hcl(lambda text: self._held(text, with_own))
        self._rights = Hcl(lambda text: self._held(text, rights_with_own))

    def blocks(self) -> Iterator[str]:
        for name, variable in self._variables.items():
            fields = {"type": Expr("string"), "description": self.machine.about(name)}
            yield self._hcl.block(f'variable "{variable}"', fields)
        if self.machine.role_arn is None:
            yield from self._role()
        yield self._machine()
        yield from write_terraform(Sheet(self.machine, self.label, self._taken))

    def _role(self) -> Iterator[str]:
        fields: dict[str, Any] = {
            "name": self.machine.name,
            "assume_role_policy": Document(self.machine.trust),
            "tags": self._tags,
        }
        yield self._hcl.block(f'resource "aws_iam_role" "{self.label}"', fields)
        if self.machine.policy is not None:
            fields = {"role": Expr(f"aws_iam_role.{self.label}.id"), "policy": Document(self.machine.policy)}
            yield self._rights.block(f'resource "aws_iam_role_policy" "{self.label}"', fields)

    def _machine(self) -> str:
        machine = self.machine
        logging = {
            "level": machine.level,
            "include_execution_data": machine.include_data,
            "log_destination": next(iter(machine.log_groups), None),
        }
        fields = {
            "name": machine.name,
            "type": machine.type,
            "role_arn": machine.role_arn or Expr(f"aws_iam_role.{self.label}.arn"),
            "definition": Document(machine.tree),
            "tags": self._tags,
            "logging_configuration": Block(logging) if machine.logs else None,
            "tracing_configuration": Block({"enabled": True}) if machine.tracing else None,
        }
        return self._hcl.block(f'resource "aws_sfn_state_machine" "{self.label}"', fields)

    @property
    def _tags(self) -> dict[str, str] | None:
        return dict(sorted(self.machine.tags.items())) or None

    def _held(self, text: str, fill: Fill) -> str:
        """The text, where the local account, the region and the variables are to be filled in."""
        held = Own(*(own.replace("$", HELD) for own in (OWN.partition, OWN.region, OWN.account)))
        return PLACEHOLDER.sub(
            lambda found: (
                f"{HELD}{{var.{self._variables[found[1]]}}}" if found[1] in self._variables else found[0]
            ),
            fill(self.machine, text, held),
        )
