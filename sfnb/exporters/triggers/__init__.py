"""What starts a machine, written out beside it: a row for each kind, and a file.

A template has the resources that a trigger is on AWS, with the roles that these take on. It tells what it
cannot have, a target that is no part of it or a queue's policy, in its Metadata, or in a comment.
What is of this process alone (what is done about missed runs) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sfnb.exporters.deployable import Deployable, Starter
from sfnb.exporters.page import Page
from sfnb.exporters.sheet import Sheet
from sfnb.exporters.triggers import event, file, http, iot, queue, rest, schedule

__all__ = ["WRITERS", "Writer", "write_cloudformation", "write_terraform"]


class Writer(NamedTuple):
    """What writes all triggers of a kind."""

    cloudformation: Callable[[Sequence[Starter], Page], None]
    terraform: Callable[[Sequence[Starter], Sheet], None]


WRITERS: Mapping[str, Writer] = {
    "event": Writer(event.cloudformation, event.terraform),
    "file": Writer(file.cloudformation, file.terraform),
    "schedule": Writer(schedule.cloudformation, schedule.terraform),
    "queue": Writer(queue.cloudformation, queue.terraform),
    "http": Writer(http.cloudformation, http.terraform),
    "rest": Writer(rest.cloudformation, rest.terraform),
    "iot": Writer(iot.cloudformation, iot.terraform),
}


def write_cloudformation(page: Page) -> None:
    """All that starts a machine; for SAM, too."""
    for kind, writer in WRITERS.items():
        writer.cloudformation(_of(kind, page.machine), page)


def write_terraform(sheet: Sheet) -> Iterator[str]:
    """The blocks for all that starts a machine."""
    for kind, writer in WRITERS.items():
        writer.terraform(_of(kind, sheet.machine), sheet)
    return sheet.blocks()


def _of(kind: str, machine: Deployable) -> list[Starter]:
    """Those of a kind, by name: in the order in which they were made no two templates would be equal."""
    return sorted(
        (starter for starter in machine.triggers if starter.kind == kind), key=lambda each: each.name
    )
