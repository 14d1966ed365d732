"""The actions on tags, of state machines and activities. Source: AWS API reference, TagResource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sfnb.engine.ports import EventStore
from sfnb.map_runs import ResourceNotFound
from sfnb.registry import Registry
from sfnb.service import shelf
from sfnb.service.arns import checked
from sfnb.service.versions import Versions


class Tags(Versions):
    """Tags what there is."""

    registry: Registry

    def list_tags_for_resource(self, arn: str) -> dict[str, str]:
        """Raises ResourceNotFound, InvalidArn."""
        self._check_there(arn)
        return dict(self._tags.get(arn, {}))

    def tag_resource(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add these, or change their values; raises ResourceNotFound, TooManyTags, ValidationException."""
        with self._changing:
            self._check_there(arn)
            new = {**self._tags.get(arn, {}), **tags}
            self.check_tags(new, arn)
            self._put_tags(arn, new)

    def untag_resource(self, arn: str, keys: Iterable[str]) -> None:
        """Also those that are not there; raises ResourceNotFound."""
        gone = set(keys)
        with self._changing:
            self._check_there(arn)
            tags = self._tags.get(arn, {})
            self._put_tags(arn, {key: value for key, value in tags.items() if key not in gone})

    def _read_kept(self, store: EventStore) -> None:
        super()._read_kept(store)
        self._tags = shelf.tags(store) | self._tags
        for activity in shelf.activities(store):
            self.registry.activities.create(activity)

    def _check_there(self, arn: str) -> None:
        kind = checked(arn, "stateMachine", "activity")[5]
        known = self._holdings() if kind == "stateMachine" else self._known_activities()
        if arn not in known:
            raise ResourceNotFound(f"Resource not found: '{arn}'")

    def _known_activities(self) -> set[str]:
        return {record.arn for record in self.registry.activities.list()}
