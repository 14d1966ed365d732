"""The machine as a Terraform configuration, with its role.

The definition is a heredoc rather than jsonencode, which would sort its keys: the states keep their order,
and a plan shows the text that was written. In a heredoc `${` and `%{` are Terraform's, so those of the
definition are doubled.
Source: Terraform language, "Strings and Templates"; AWS provider, aws_sfn_state_machine, aws_iam_role_policy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from sfnb.exporters.deployable import (
    PLACEHOLDER,
    Deployable,
    Own,
    identifier,
    replaced,
    rights_with_own,
    with_own,
)

OWN = Own(
    "${data.aws_partition.current.partition}",
    "${data.aws_region.current.name}",
    "${data.aws_caller_identity.current.account_id}",
)
DATA = {"aws_partition": OWN.partition, "aws_region": OWN.region, "aws_caller_identity": OWN.account}
_HELD = "\ue000"
"""Stands for the `$` of what Terraform is to fill in while all else is doubled; no author writes it."""

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
        taken: set[str] = set()
        self._variables = {name: identifier(name, taken, also="_-") for name in machine.names}

    def blocks(self) -> Iterator[str]:
        for name, variable in self._variables.items():
            about = self._quoted(f"{name} in the definition")
            yield _block(f'variable "{variable}"', [("type", "string"), ("description", about)])
        if self.machine.role_arn is None:
            yield from self._role()
        yield self._machine()

    def _role(self) -> Iterator[str]:
        fields = [
            ("name", self._quoted(self.machine.name)),
            ("assume_role_policy", self._document(self.machine.trust)),
        ]
        yield _block(f'resource "aws_iam_role" "{self.label}"', fields + self._tags())
        if self.machine.policy is not None:
            fields = [
                ("role", f"aws_iam_role.{self.label}.id"),
                ("policy", self._document(self.machine.policy, rights_with_own)),
            ]
            yield _block(f'resource "aws_iam_role_policy" "{self.label}"', fields)

    def _machine(self) -> str:
        machine = self.machine
        role = self._quoted(machine.role_arn) if machine.role_arn else f"aws_iam_role.{self.label}.arn"
        fields = [
            ("name", self._quoted(machine.name)),
            ("type", self._quoted(machine.type)),
            ("role_arn", role),
            ("definition", self._document(machine.tree)),
        ]
        blocks = []
        if machine.logs:
            logging = [
                ("level", self._quoted(machine.level)),
                ("include_execution_data", str(machine.include_data).lower()),
                *(("log_destination", self._quoted(arn)) for arn in machine.log_groups[:1]),
            ]
            blocks.append(_block("logging_configuration", logging))
        if machine.tracing:
            blocks.append(_block("tracing_configuration", [("enabled", "true")]))
        head = f'resource "aws_sfn_state_machine" "{self.label}"'
        return _block(head, fields + self._tags(), blocks)

    def _tags(self) -> list[tuple[str, str]]:
        if not self.machine.tags:
            return []
        tags = [(self._quoted(key), self._quoted(value)) for key, value in sorted(self.machine.tags.items())]
        return [("tags", "{\n" + "".join(_aligned(tags, "    ")) + "  }")]

    def _document(self, tree: dict[str, Any], fill: Fill = with_own) -> str:
        """JSON as a heredoc. No line of it is the delimiter: JSON has no line breaks inside of texts."""
        held = replaced(tree, lambda text: self._held(text, fill))
        return f"<<EOT\n{_released(json.dumps(held, indent=2, ensure_ascii=False))}\nEOT"

    def _quoted(self, text: str) -> str:
        r"""A quoted text; JSON's \b and \f are not Terraform's."""
        quoted = json.dumps(self._held(text), ensure_ascii=False)
        quoted = re.sub(
            r"\\.", lambda found: {"\\b": "\\u0008", "\\f": "\\u000c"}.get(found[0], found[0]), quoted
        )
        return _released(quoted)

    def _held(self, text: str, fill: Fill = with_own) -> str:
        """The text, where the local account, the region and the variables are to be filled in."""
        held = Own(*(own.replace("$", _HELD) for own in (OWN.partition, OWN.region, OWN.account)))
        return PLACEHOLDER.sub(
            lambda found: (
                f"{_HELD}{{var.{self._variables[found[1]]}}}" if found[1] in self._variables else found[0]
            ),
            fill(self.machine, text, held),
        )


def _released(text: str) -> str:
    """A template that Terraform makes the text of: what is held is filled in, all else is as it is.

    A `$` right before what is filled in would be taken for the sign that it is not.
    """
    doubled = text.replace("${", "$${").replace("%{", "%%{")
    return doubled.replace(f"${_HELD}", f'${{"$"}}{_HELD}').replace(_HELD, "$")


def _block(head: str, fields: list[tuple[str, str]], inside: list[str] | None = None) -> str:
    """A block as `terraform fmt` lays it out: the `=` of neighbouring lines stand in a column, which ends
    with a value of several lines.
    """
    lines: list[str] = []
    group: list[tuple[str, str]] = []
    for field in fields:
        group.append(field)
        if "\n" in field[1]:
            lines += _aligned(group)
            group = []
    lines += _aligned(group)
    for block in inside or []:
        lines.append("\n" + "".join(f"  {line}\n" for line in block.splitlines()))
    return f"{head} {{\n{''.join(lines)}}}\n"


def _aligned(fields: list[tuple[str, str]], indent: str = "  ") -> list[str]:
    width = max((len(name) for name, _ in fields), default=0)
    return [f"{indent}{name:<{width}} = {value}\n" for name, value in fields]
