"""Tags of rules, buses, schedule groups and pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.triggers.kept import resource
from sfnb.triggers.refusals import ValidationException

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
        known = self._here.shelf.find(f"{TAGS}:{arn}", Tagged)
        return {} if known is None else known.tags

    def _set_tags(self, arn: str, given: list[dict[str, str]], remove: tuple[str, ...] = ()) -> None:
        """Raises ValidationException where there are too many."""
        with self._here.changing:
            tags = self._tags(arn) | {tag["Key"]: tag["Value"] for tag in given}
            left = {key: value for key, value in tags.items() if key not in remove}
            if len(left) > MOST_TAGS:
                raise ValidationException(f"A resource has {MOST_TAGS} tags at most; these are {len(left)}.")
            if left:
                self._here.shelf.keep(resource(f"{TAGS}:{arn}", TAGS, Tagged(arn=arn, tags=left)))
            else:
                self._drop_tags(arn)

    def _drop_tags(self, arn: str) -> None:
        self._here.shelf.keep(drop=[f"{TAGS}:{arn}"])

    def _check_tagged(self, arn: str) -> None:
        """Raises ResourceNotFoundException where there is no such thing; unless told, nothing is asked."""

    def tag_resource(self, params: Params) -> Params:
        self._check_tagged(params["ResourceARN"])
        self._set_tags(params["ResourceARN"], params["Tags"])
        return {}

    def untag_resource(self, params: Params) -> Params:
        self._check_tagged(params["ResourceARN"])
        self._set_tags(params["ResourceARN"], [], tuple(params["TagKeys"]))
        return {}

    def list_tags_for_resource(self, params: Params) -> Params:
        self._check_tagged(params["ResourceARN"])
        tags = self._tags(params["ResourceARN"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
