"""A machine written out: by itself, drawn, or in a template with its role and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfnb.errors import SfnbError
from sfnb.exporters import EXPORTERS, TEMPLATES, Deployable
from sfnb.renderers import RENDERERS

if TYPE_CHECKING:
    from sfnb.machine import StateMachine


def export(
    machine: StateMachine,
    format: str,
    *,
    role_arn: str | None = None,
    tags: dict[str, str] | None = None,
    portable: bool = True,
) -> str:
    """See `StateMachine.export`."""
    if format in EXPORTERS:
        return EXPORTERS[format](machine.tree)
    if format in RENDERERS:
        return RENDERERS[format](machine.outline, title=machine.name)
    if format in TEMPLATES:
        return TEMPLATES[format](deployable(machine, role_arn=role_arn, tags=tags, portable=portable))
    known = ", ".join((*EXPORTERS, *TEMPLATES, *RENDERERS))
    raise SfnbError(f"no such format: '{format}'; there are {known}")


def deployable(
    machine: StateMachine, *, role_arn: str | None, tags: dict[str, str] | None, portable: bool
) -> Deployable:
    """The machine with what it is deployed with; its policy is made only where a role is."""
    record = machine.record
    _, _, _, region, account, *_ = record.arn.split(":")
    policy = machine.iam_policy().document if role_arn is None else None
    comment = record.definition.comment or ""
    return Deployable(
        name=record.name,
        type=record.type,
        tree=machine.tree,
        trust=machine.trust_policy(),
        policy=policy if policy and policy["Statement"] else None,
        role_arn=role_arn,
        description=" ".join(comment.split()),
        tags=tags or {},
        level=record.settings.logging.level,
        include_data=record.settings.logging.include_data,
        log_groups=record.settings.logging.log_groups,
        tracing=record.settings.tracing,
        account=account,
        region=region,
        portable=portable,
    )
