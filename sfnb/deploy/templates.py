"""A machine written out: by itself, drawn, or in a template with its role and settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sfnb.asl.ways import nearest
from sfnb.deploy.given import check_role_arn, texts_by_name
from sfnb.deploy.triggers import starters
from sfnb.errors import SfnbError
from sfnb.exporters import BESIDE, EXPORTERS, MEANT, TEMPLATES, Deployable, sam_definition_file
from sfnb.iam.generate import policy_of
from sfnb.iam.placeholders import unfilled
from sfnb.renderers import RENDERERS

if TYPE_CHECKING:
    from sfnb.engine.ports import EventStore
    from sfnb.machine import StateMachine


def export(
    machine: StateMachine,
    format: str,
    *,
    role_arn: str | None = None,
    tags: Mapping[str, str] | None = None,
    portable: bool = True,
    triggers: bool = True,
    store: EventStore | None = None,
) -> str:
    """See `StateMachine.export`. store: where its triggers are kept, if not where the machine is."""
    if format in EXPORTERS:
        return EXPORTERS[format](machine.tree)
    if format in RENDERERS:
        return RENDERERS[format](machine.outline, title=machine.name)
    templates = TEMPLATES | BESIDE
    if format not in templates:
        raise SfnbError(no_such_format(format, (*EXPORTERS, *templates, *RENDERERS)))
    whole = deployable(machine, role_arn=role_arn, tags=tags, portable=portable)
    if triggers:
        whole = msgspec.structs.replace(whole, triggers=starters(machine, store))
    if role_arn is not None:
        check_role_arn(role_arn, whole.names)
    return templates[format](whole)


def no_such_format(format: str, known: Iterable[str]) -> str:
    """
    >>> no_such_format("cfn", ["json", "cloudformation"])
    "no such format: 'cfn'; did you mean cloudformation? There are json, cloudformation"
    """
    names = list(known)
    meant = MEANT.get(format.lower())
    near = meant if meant in names else nearest(format, names)
    asked = f"did you mean {near}? There are" if near else "there are"
    return f"no such format: '{format}'; {asked} {', '.join(names)}"


def file_beside(machine: StateMachine, format: str, output: str | None = None) -> tuple[Path, str] | None:
    """The file that this machine's template needs beside it: where it is, and the format that makes it.

    output: the template's own file. Raises SfnbError where it would be the same one.
    """
    if format != "sam":
        return None
    name = sam_definition_file(deployable(machine, role_arn="", tags=None, portable=True))
    if name is None:
        return None
    file = Path(output or "").parent / name
    if output is not None and file == Path(output):
        raise SfnbError(f"the template takes the definition from a file called {name}: give it another name")
    return file, "sam-definition"


def deployable(
    machine: StateMachine, *, role_arn: str | None, tags: Mapping[str, str] | None, portable: bool
) -> Deployable:
    """The machine with what it is deployed with; its policy is made only where a role is.

    Raises SfnbError where the tags are none.
    """
    record = machine.record
    _, _, _, region, account, *_ = record.arn.split(":")
    policy = policy_of(record, machine.tree, with_placeholders=True).document if role_arn is None else None
    comment = record.definition.comment or ""
    return Deployable(
        name=record.name,
        type=record.type,
        tree=machine.tree,
        trust=machine.trust_policy(),
        policy=policy if policy and policy["Statement"] else None,
        naming=frozenset(unfilled(machine.tree)),
        role_arn=role_arn,
        description=" ".join(comment.split()),
        tags=texts_by_name("tags", tags, {"team": "shop"}),
        level=record.settings.logging.level,
        include_data=record.settings.logging.include_data,
        log_groups=record.settings.logging.log_groups,
        tracing=record.settings.tracing,
        account=account,
        region=region,
        portable=portable,
    )
