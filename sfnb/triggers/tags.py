"""Tags of rules, buses, schedule groups and pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.triggers.kept import resource

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

TAGS = "triggerTags"
MOST_TAGS = 50

Params = dict[str, Any]


class Tagged(msgspec.Struct, frozen=True, kw_only=True):
    """The tags of a thing."""

    arn: str
    tags: dict[str, str]


class Tags:
    """The tags of what is kept here, by ARN."""

    def __init__(self, here: Triggers) -> None:
        self._here = here

    def _tags(self, arn: str) -> dict[str, str]:
        return next((each.tags for each in self._here.shelf.all(TAGS, Tagged) if each.arn == arn), {})

    def _set_tags(self, arn: str, given: list[dict[str, str]], remove: tuple[str, ...] = ()) -> None:
        tags = self._tags(arn) | {tag["Key"]: tag["Value"] for tag in given}
        left = {key: value for key, value in tags.items() if key not in remove}
        self._here.shelf.keep(resource(f"{TAGS}:{arn}", TAGS, Tagged(arn=arn, tags=left)))

    def tag_resource(self, params: Params) -> Params:
        self._set_tags(params["ResourceARN"], params["Tags"])
        return {}

    def untag_resource(self, params: Params) -> Params:
        self._set_tags(params["ResourceARN"], [], tuple(params["TagKeys"]))
        return {}

    def list_tags_for_resource(self, params: Params) -> Params:
        tags = self._tags(params["ResourceARN"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
