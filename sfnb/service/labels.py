"""The tags that resources have, by ARN."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sfnb.engine.ports import EventStore
from sfnb.service import shelf
from sfnb.service.account import Account
from sfnb.service.refusals import TooManyTags
from sfnb.trial.refusals import ValidationException

MOST_TAGS = 50
RESERVED = "aws:"
_NOT_IN_TAGS = re.compile(r"[^\w\s.:/=+@-]")


class Labels(Account):
    """Keeps tags, and what is kept at all: in the store first, so that nothing is here which is not there."""

    store: EventStore

    def __init__(self) -> None:
        super().__init__()
        self._tags: dict[str, dict[str, str]] = {}

    def check_tags(self, tags: Mapping[str, str], arn: str) -> None:
        """Raises TooManyTags, ValidationException. Source: AWS API reference, TagResource."""
        if len(tags) > MOST_TAGS:
            raise TooManyTags(f"Too Many Tags: '{len(tags)} for {arn}, {MOST_TAGS} at most'")
        for key, value in tags.items():
            if not key:
                raise ValidationException("Every tag must have a key")
            if key.lower().startswith(RESERVED):
                raise ValidationException(f"Tag keys that begin with '{RESERVED}' are reserved: '{key}'")
            for text in (key, value):
                if _NOT_IN_TAGS.search(text):
                    raise ValidationException(
                        "Tags may only contain Unicode letters, digits, white space, or these symbols: "
                        f"_ . : / = + - @. Received: '{text}'"
                    )

    def _put_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """All the tags that a resource has from now on; none are dropped from the store."""
        shelf.keep_tags(self.store, arn, dict(tags))
        self._tags[arn] = dict(tags)

    def _forget_tags(self, arn: str) -> None:
        """Those of what is gone, in the store too."""
        self._tags.pop(arn, None)
