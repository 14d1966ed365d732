"""Archives of events, and their replay.

Source: EventBridge guide, "Archiving and replaying events"; API reference, CreateArchive, StartReplay.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.engine.ports import Resource
from sfnb.errors import SfnbError, StoreFault
from sfnb.triggers.events import Event
from sfnb.triggers.kept import resource
from sfnb.triggers.paging import page
from sfnb.triggers.patterns import Pattern
from sfnb.triggers.ports import Refused
from sfnb.triggers.records import arn
from sfnb.triggers.refusals import (
    IllegalStatusException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    ValidationException,
)
from sfnb.triggers.rules import pattern_of

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

log = logging.getLogger("sfnb")

ARCHIVE, ARCHIVED, REPLAY = "archive", "archivedEvent", "replay"
UNDER_WAY = ("STARTING", "RUNNING", "CANCELLING")
ENABLED = "ENABLED"
"""The state of each archive."""
ENDED = "The process that replayed the events has ended."
AT_ONCE = 100
"""How many events of a replay are put on the bus together."""

Params = dict[str, Any]


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """Keeps the events of a bus that its pattern matches. settings: AWS's own description."""

    name: str
    settings: dict[str, Any]
    created: datetime


class Archived(msgspec.Struct, frozen=True, kw_only=True):
    """An event that an archive has kept."""

    archive: str
    received: datetime
    size: int
    event: dict[str, Any]

    @property
    def time(self) -> datetime:
        """The event's own, which a replay goes by."""
        return datetime.fromisoformat(self.event["time"])


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """Puts the events of a time on a bus again. settings: AWS's own description."""

    name: str
    settings: dict[str, Any]
    state: str
    started: datetime
    ended: datetime | None = None
    reached: datetime | None = None
    reason: str | None = None


class Archives:
    """The archives and replays of this account."""

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._archives: dict[str, tuple[Archive, Pattern | None]] | None = None
        self._replays: dict[str, Replay] | None = None
        self._changing = threading.RLock()
        self._playing: set[threading.Thread] = set()
        self._closed = False

    def close(self) -> None:
        """Let no replay go on."""
        self._closed = True
        for thread in list(self._playing):
            thread.join(5)

    def take(self, events: Sequence[Event], bus: str, *, only: Collection[str] = (), replay: str = "") -> int:
        """Events are on a bus."""
        raise NotImplementedError

    def bus_arn(self, name: str) -> str:
        raise NotImplementedError

    def listen(self) -> None:
        """From now on the default bus is told of what changes in this account."""
        raise NotImplementedError

    def _now(self) -> datetime:
        return self._here.world.clock.now()

    # Archives

    def create_archive(self, params: Params) -> Params:
        name = params["ArchiveName"]
        self._check_source(params["EventSourceArn"])
        archive = Archive(name=name, settings=params, created=self._now())
        with self._changing:
            if name in self._kept():
                raise ResourceAlreadyExistsException(f"Archive {name} already exists.")
            self._keep_archive(archive)
        self.listen()
        return self._archive_answer(archive)

    def update_archive(self, params: Params) -> Params:
        with self._changing:
            known = self._archive(params["ArchiveName"])
            changed = msgspec.structs.replace(known, settings={**known.settings, **params})
            self._keep_archive(changed)
            return self._archive_answer(changed)

    def describe_archive(self, params: Params) -> Params:
        return self._archive_told(self._archive(params["ArchiveName"]), whole=True)

    def list_archives(self, params: Params) -> Params:
        prefix, source = params.get("NamePrefix", ""), params.get("EventSourceArn")
        archives = [
            archive
            for archive, _ in list(self._kept().values())
            if archive.name.startswith(prefix)
            and source in (None, archive.settings["EventSourceArn"])
            and params.get("State") in (None, ENABLED)
        ]
        found, token = page(archives, params)
        return {"Archives": [self._archive_told(each) for each in found], **token}

    def delete_archive(self, params: Params) -> Params:
        with self._changing:
            name = self._archive(params["ArchiveName"]).name
            events = [self._archived_name(each) for each in self._events(name)]
            self._here.shelf.keep(drop=[f"{ARCHIVE}:{name}", *events])
            del self._kept()[name]
            return {}

    def to_archive(self, events: Sequence[Event], bus: str, now: datetime) -> list[Resource]:
        """What the archives of a bus keep of events."""
        source = self.bus_arn(bus)
        found = []
        for archive, pattern in list(self._kept().values()):  # others may come and go meanwhile
            if archive.settings["EventSourceArn"] != source:
                continue
            for event in events:
                if pattern is None or pattern.matches(event):
                    size = len(msgspec.json.encode(event))
                    kept = Archived(archive=archive.name, received=now, size=size, event=event)
                    found.append(resource(self._archived_name(kept), ARCHIVED, kept))
        return found

    def archive_arn(self, name: str) -> str:
        world = self._here.world
        return arn("events", world.region, world.account, f"archive/{name}")

    def _archived_name(self, kept: Archived) -> str:
        return f"{ARCHIVED}:{kept.archive}:{kept.event['id']}"

    def _kept(self) -> dict[str, tuple[Archive, Pattern | None]]:
        with self._changing:
            if self._archives is None:
                self._archives = {
                    each.name: (each, pattern_of(each.settings.get("EventPattern")))
                    for each in self._here.shelf.all(ARCHIVE, Archive)
                }
            return self._archives

    def _keep_archive(self, archive: Archive) -> None:
        pattern = pattern_of(archive.settings.get("EventPattern"))
        self._here.shelf.keep(resource(f"{ARCHIVE}:{archive.name}", ARCHIVE, archive))
        self._kept()[archive.name] = archive, pattern

    def _archive(self, name: str) -> Archive:
        known = self._kept().get(name)
        if known is None:
            raise ResourceNotFoundException(f"Archive {name} does not exist.")
        return known[0]

    def _archive_of(self, arn: str) -> Archive:
        """By its ARN; raises ResourceNotFoundException, also for one of another account or region."""
        name = arn.rpartition("/")[2]
        if arn != self.archive_arn(name):
            raise ResourceNotFoundException(f"Archive {arn} does not exist.")
        return self._archive(name)

    def _events(self, archive: str) -> list[Archived]:
        """What it has kept, oldest first; what is too old by now is dropped."""
        days = self._archive(archive).settings.get("RetentionDays") or 0
        kept = [each for each in self._here.shelf.all(ARCHIVED, Archived) if each.archive == archive]
        if not days:
            return kept
        oldest = self._now() - timedelta(days=days)
        old = [self._archived_name(each) for each in kept if each.received < oldest]
        if old:
            self._here.shelf.keep(drop=old)
        return [each for each in kept if each.received >= oldest]

    def _archive_answer(self, archive: Archive) -> Params:
        return {
            "ArchiveArn": self.archive_arn(archive.name),
            "State": ENABLED,
            "CreationTime": archive.created,
        }

    def _archive_told(self, archive: Archive, *, whole: bool = False) -> Params:
        settings, events = archive.settings, self._events(archive.name)
        told = {
            "ArchiveName": archive.name,
            "EventSourceArn": settings["EventSourceArn"],
            "State": ENABLED,
            "RetentionDays": settings.get("RetentionDays") or 0,
            "SizeBytes": sum(each.size for each in events),
            "EventCount": len(events),
            "CreationTime": archive.created,
        }
        if whole:
            told["ArchiveArn"] = self.archive_arn(archive.name)
            told |= {name: settings[name] for name in ("Description", "EventPattern") if name in settings}
        return told

    def _check_source(self, source: str) -> None:
        """Raises ResourceNotFoundException where it is no bus that there is."""
        self._here.buses.describe_event_bus({"Name": source})

    # Replays

    def start_replay(self, params: Params) -> Params:
        name = params["ReplayName"]
        archive = self._archive_of(params["EventSourceArn"])
        if params["Destination"]["Arn"] != archive.settings["EventSourceArn"]:
            raise ValidationException(
                "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."
            )
        if params["EventStartTime"] >= params["EventEndTime"]:
            raise ValidationException(
                "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
            )
        replay = Replay(name=name, settings=params, state="STARTING", started=self._now())
        with self._changing:
            if name in self._replayed():
                raise ResourceAlreadyExistsException(f"Replay {name} already exists.")
            self._keep_replay(replay)
        self._here.shelf.hold_resource(f"{REPLAY}:{name}")
        thread = threading.Thread(
            target=self._play, args=(replay, archive.name), name=f"sfnb replay {name}", daemon=True
        )
        self._playing.add(thread)
        thread.start()
        return {"ReplayArn": self._replay_arn(name), "State": "STARTING", "ReplayStartTime": replay.started}

    def describe_replay(self, params: Params) -> Params:
        replay = self._replay(params["ReplayName"])
        settings = ("Description", "Destination")
        return self._replay_told(replay) | {
            "ReplayArn": self._replay_arn(replay.name),
            **{name: replay.settings[name] for name in settings if name in replay.settings},
        }

    def list_replays(self, params: Params) -> Params:
        prefix, state = params.get("NamePrefix", ""), params.get("State")
        replays = [
            each
            for each in list(self._replayed().values())
            if each.name.startswith(prefix)
            and state in (None, each.state)
            and params.get("EventSourceArn") in (None, each.settings["EventSourceArn"])
        ]
        found, token = page(replays, params)
        return {"Replays": [self._replay_told(each) for each in found], **token}

    def cancel_replay(self, params: Params) -> Params:
        with self._changing:
            replay = self._replay(params["ReplayName"])
            if replay.state not in UNDER_WAY[:2]:
                raise IllegalStatusException(
                    f"Replay {replay.name} is not in a valid state for this operation."
                )
            self._keep_replay(msgspec.structs.replace(replay, state="CANCELLING"))
        return {"ReplayArn": self._replay_arn(replay.name), "State": "CANCELLING"}

    def _play(self, replay: Replay, archive: str) -> None:
        """Put the events on the bus, oldest first, each marked with the replay's name."""
        try:
            self._play_all(replay, archive)
        except (
            Exception
        ) as fault:  # whatever it is: a replay that nobody plays any more must not stay RUNNING
            if not isinstance(fault, SfnbError):
                log.exception("the replay %s failed", replay.name)
            self._fail(replay.name, str(fault) or type(fault).__name__)
        finally:
            self._playing.discard(threading.current_thread())

    def _play_all(self, replay: Replay, archive: str) -> None:
        settings = replay.settings
        bus = settings["Destination"]["Arn"].rpartition("/")[2]
        only = settings["Destination"].get("FilterArns") or ()
        first = settings["EventStartTime"].replace(microsecond=0)  # events have whole seconds
        events = [each for each in self._events(archive) if first <= each.time < settings["EventEndTime"]]
        events.sort(key=lambda each: each.time)
        for start in range(0, len(events), AT_ONCE):
            part = events[start : start + AT_ONCE]
            if not self._advance(replay.name, "RUNNING", part[0].time):
                self._advance(replay.name, "CANCELLED", part[0].time)
                return
            marked = [{**each.event, "replay-name": replay.name} for each in part]
            self.take(marked, bus, only=only, replay=replay.name)
        done = self._advance(replay.name, "COMPLETED", events[-1].time if events else None)
        if not done:
            self._advance(replay.name, "CANCELLED", None)

    def _fail(self, name: str, reason: str) -> None:
        with suppress(StoreFault):
            self._advance(name, "FAILED", None, reason)

    def _advance(self, name: str, state: str, reached: datetime | None, reason: str | None = None) -> bool:
        """Whether it goes on: it may have been cancelled."""
        with self._changing:
            if self._closed and state != "FAILED":
                raise Refused("ServiceClosed", ENDED)
            replay = self._replay(name)
            if replay.state == "CANCELLING" and state not in ("CANCELLED", "FAILED"):
                return False
            ended = None if state == "RUNNING" else self._now()
            self._keep_replay(
                msgspec.structs.replace(
                    replay, state=state, reached=reached or replay.reached, ended=ended, reason=reason
                )
            )
            return True

    def _replay_arn(self, name: str) -> str:
        world = self._here.world
        return arn("events", world.region, world.account, f"replay/{name}")

    def _replayed(self) -> dict[str, Replay]:
        with self._changing:
            if self._replays is None:
                known = map(self._as_it_is, self._here.shelf.all(REPLAY, Replay))
                self._replays = {each.name: each for each in known}
            return self._replays

    def _as_it_is(self, replay: Replay) -> Replay:
        """One that was under way in a process that has ended has failed."""
        name = f"{REPLAY}:{replay.name}"
        if replay.state not in UNDER_WAY or self._here.shelf.hold_resource(name) is not None:
            return replay
        failed = msgspec.structs.replace(replay, state="FAILED", reason=ENDED, ended=self._now())
        self._here.shelf.keep(resource(name, REPLAY, failed))
        return failed

    def _keep_replay(self, replay: Replay) -> None:
        with self._changing:
            self._here.shelf.keep(resource(f"{REPLAY}:{replay.name}", REPLAY, replay))
            self._replayed()[replay.name] = replay

    def _replay(self, name: str) -> Replay:
        known = self._replayed().get(name)
        if known is None:
            raise ResourceNotFoundException(f"Replay {name} does not exist.")
        return known

    def _replay_told(self, replay: Replay) -> Params:
        settings = replay.settings
        told = {
            "ReplayName": replay.name,
            "EventSourceArn": settings["EventSourceArn"],
            "State": replay.state,
            "StateReason": replay.reason,
            "EventStartTime": settings["EventStartTime"],
            "EventEndTime": settings["EventEndTime"],
            "EventLastReplayedTime": replay.reached,
            "ReplayStartTime": replay.started,
            "ReplayEndTime": replay.ended,
        }
        return {name: value for name, value in told.items() if value is not None}
