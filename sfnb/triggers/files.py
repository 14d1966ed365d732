"""Files that land in the folder that stands for S3: "Object Created" on the default bus. The kind "file".

A trigger of this kind is a rule of EventBridge, as it would be on AWS, where the bucket tells the bus of its
objects. Here somebody has to look at the folder: one watcher for all buckets, while there is such a rule.

An object is there when nothing has been written to it for a moment, for a file that is being copied is no
object yet. Its event has an id that is drawn from the file, so one that is seen twice starts one execution.
What each trigger has been told of is kept, so that it is told in the next process of what has landed
meanwhile, whenever it is taken up there.
Source: S3 user guide, "Using EventBridge", "EventBridge event message structure".
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.engine.clock import uuid_of
from sfnb.errors import SfnbError
from sfnb.triggers.events import Event, made
from sfnb.triggers.folders import Mark, Settling, follow, is_bucket_name, objects
from sfnb.triggers.kept import resource
from sfnb.triggers.records import Trigger
from sfnb.triggers.refusals import ValidationException
from sfnb.triggers.rules import DEFAULT, Rules

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

log = logging.getLogger("sfnb")

LISTING = "bucketListing"
MOVING_SECONDS = 1.0
"""Between two looks whether a folder stands for S3 again."""
CREATED, DELETED = "Object Created", "Object Deleted"


class Listing(msgspec.Struct, kw_only=True):
    """The objects of a bucket that a trigger has been told of.

    folder: the one that stood for S3, as an absolute path.
    trigger: its key. created: when it was made; what is kept of an older one of its name is none of it.
    objects: marks of files, by their keys. gone: how many it has been told of as deleted, so that a file that
        comes back is another one.
    """

    trigger: str
    created: str
    bucket: str
    objects: dict[str, Mark]
    gone: int = 0
    folder: str = ""

    @property
    def name(self) -> str:
        return f"{LISTING}:{self.bucket}:{self.trigger}"


class Change(msgspec.Struct, frozen=True):
    """A file that has come or gone. number: `Listing.gone` before it."""

    kind: str
    bucket: str
    key: str
    mark: Mark
    number: int

    @property
    def id(self) -> str:
        return uuid_of(f"{self.kind} {self.bucket} {self.key} {self.mark} {self.number}")


class Files:
    """Rules for objects of buckets, and the watcher of their folder."""

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._watching: threading.Thread | None = None
        self._stop = threading.Event()
        self._again = threading.Event()
        self._listings: dict[str, list[Listing]] = {}
        self._settling: dict[str, Settling] = {}
        self._looking = threading.Lock()

    @property
    def _rules(self) -> Rules:
        return self._here.buses.rules

    def check(self, trigger: Trigger) -> None:
        """Raises SfnbError where buckets are not those of a folder, InvalidEventPatternException.

        ValidationException for what is no name of a bucket.
        """
        self._rules.check(trigger)
        for bucket in buckets_of(trigger):
            if not is_bucket_name(bucket):
                raise ValidationException(
                    f"'{bucket}' is no name of a bucket: those are letters, digits, '.', '-' and '_',"
                    " and begin with a letter or a digit"
                )
        self._folder()

    def begin(self, trigger: Trigger) -> None:
        self._rules.begin(trigger)
        folder = self._folder()
        with self._looking:
            self._list(trigger, folder)
        self._watch(folder)

    def _list(self, trigger: Trigger, folder: Path) -> None:
        """Have its buckets there, and know what it has been told of; raises SfnbError."""
        self._listings[trigger.key] = [
            self._listing(trigger, folder, bucket) for bucket in buckets_of(trigger)
        ]
        for bucket in buckets_of(trigger):
            try:
                (folder / bucket).mkdir(parents=True, exist_ok=True)
            except OSError as fault:
                raise SfnbError(f"there can be no folder for the bucket {bucket}: {fault}") from fault

    def _listing(self, trigger: Trigger, folder: Path, bucket: str) -> Listing:
        """What it has been told of; all that there is, where it is new or wants no more."""
        known = self._known(trigger, folder).get(bucket)
        if known is not None and trigger.options.get("missed", "all") == "all":
            return known
        listing = Listing(
            trigger=trigger.key,
            created=trigger.created.isoformat(),
            bucket=bucket,
            objects=objects(folder / bucket),
            gone=0 if known is None else known.gone,
            folder=str(folder),
        )
        self._here.shelf.keep(resource(listing.name, LISTING, listing))
        return listing

    def _known(self, trigger: Trigger, folder: Path) -> dict[str, Listing]:
        """What is kept of it, by bucket; what was in another folder is none of it."""
        created = trigger.created.isoformat()
        return {
            each.bucket: each
            for each in self._here.shelf.all(LISTING, Listing)
            if (each.trigger, each.created, each.folder) == (trigger.key, created, str(folder))
        }

    def end(self, trigger: Trigger) -> None:
        self._rules.end(trigger)
        with self._looking:
            self._listings.pop(trigger.key, None)
            if self._listings:
                return
        self._stop.set()
        thread, self._watching = self._watching, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)
        self._settling.clear()

    def words(self, trigger: Trigger) -> str:
        keys = trigger.options.get("files", "files")
        return f"{keys} in s3://{', '.join(buckets_of(trigger))}"

    def missed(self, trigger: Trigger) -> str:
        folder = self._folder()
        known = self._known(trigger, folder)
        rule = self._rules.get(trigger)
        landed = sum(
            rule.pattern is not None and rule.pattern.matches(self._event(change))
            for bucket, listing in known.items()
            for change in _changes(listing, objects(folder / bucket))
        )
        if not landed:
            return ""
        done = "started for" if trigger.options.get("missed", "all") == "all" else "left"
        return f"{landed:,} file{'s' if landed > 1 else ''} landed meanwhile: {done}"

    def state(self, settings: dict[str, Any], enabled: bool) -> dict[str, Any]:
        return self._rules.state(settings, enabled)

    # The folder

    def _folder(self) -> Path:
        folder = self._here.world.buckets_folder()
        if folder is None:
            raise SfnbError(
                "buckets are S3's own now, and tell their own EventBridge: a folder that stands for them is"
                " chosen by sfnb.use_buckets(FOLDER)"
            )
        return folder.resolve()

    def _watch(self, folder: Path) -> None:
        """Look at the folder now, and whenever something has changed there, or it is another one."""
        if self._watching is not None:
            self._again.set()
            return
        self._stop, ready = threading.Event(), threading.Event()
        self._watching = threading.Thread(
            target=self._follow,
            args=(folder, self._stop, ready),
            name="sfnb files",
            daemon=True,
        )
        self._watching.start()
        ready.wait(5)

    def _follow(self, folder: Path, stop: threading.Event, ready: threading.Event) -> None:
        told = ""
        while not stop.is_set():
            follow(folder, stop, ready, self._again, self._look, partial(self._stays, folder))
            ready.set()
            while not stop.is_set():
                try:
                    folder = self._move()
                    told = ""
                    break
                except Exception as fault:  # until there is a folder again
                    if told != str(fault):
                        told = str(fault)
                        log.warning("files start nothing for now: %s", fault)
                    stop.wait(MOVING_SECONDS)

    def _stays(self, folder: Path) -> bool:
        found = self._here.world.buckets_folder()
        return found is not None and found.resolve() == folder

    def _move(self) -> Path:
        """Another folder stands for S3 now: what is there already is told to nobody. Raises SfnbError."""
        folder = self._folder()
        with self._looking:
            for key in list(self._listings):
                trigger = self._here.held.get(key)
                if trigger is not None:
                    self._list(trigger, folder)
        self._settling.clear()
        return folder

    def _look(self) -> bool:
        """Tell the bus of what has changed; whether something is still being written."""
        with self._looking:
            unsettled = False
            watched = {
                (each.folder, each.bucket) for listings in self._listings.values() for each in listings
            }
            for folder, bucket in watched:
                unsettled = self._look_at(folder, bucket) or unsettled
            return unsettled

    def _look_at(self, folder: str, bucket: str) -> bool:
        """Those triggers are told to whom it is new: all of them, but after they were taken up."""
        found = objects(Path(folder) / bucket)
        listings = [
            each
            for some in self._listings.values()
            for each in some
            if (each.folder, each.bucket) == (folder, bucket)
        ]
        new = {listing.trigger: _changes(listing, found) for listing in listings}
        fresh = {each.key: each.mark for some in new.values() for each in some if each.kind == CREATED}
        young = self._settling.setdefault(f"{folder}/{bucket}", Settling()).young(fresh, monotonic())
        told: dict[Change, list[str]] = {}
        for trigger, changes in new.items():
            for change in changes:
                if change.key not in young:
                    told.setdefault(change, []).append(trigger)
        by_triggers: dict[tuple[str, ...], list[Change]] = {}
        for change, triggers in told.items():
            by_triggers.setdefault(tuple(triggers), []).append(change)
        for names, changes in by_triggers.items():
            only = () if len(names) == len(listings) else self._arns(names)
            self._here.buses.take([self._event(change) for change in changes], DEFAULT, only=only)
            self._note([each for each in listings if each.trigger in names], changes)
        return bool(young)

    def _arns(self, triggers: tuple[str, ...]) -> list[str]:
        rules = self._rules.of(DEFAULT)
        return [rule.arn for rule in rules if rule.trigger.key in triggers]

    def _note(self, listings: list[Listing], changes: list[Change]) -> None:
        for listing in listings:
            for change in changes:
                if change.kind == CREATED:
                    listing.objects[change.key] = change.mark
                else:
                    del listing.objects[change.key]
                    listing.gone += 1
        self._here.shelf.keep(*(resource(each.name, LISTING, each) for each in listings))

    # Events

    def _event(self, change: Change) -> Event:
        world, created = self._here.world, change.kind == CREATED
        detail: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": change.bucket},
            "object": {
                "key": change.key,
                **({"size": change.mark.size} if created else {}),
                **({"etag": world.etag(change.bucket, change.key)} if created else {}),
                "sequencer": f"{change.mark.nanoseconds:018X}",
            },
            "request-id": change.id.replace("-", "")[:16].upper(),
            "requester": world.account,
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject" if created else "DeleteObject",
        }
        if not created:
            detail["deletion-type"] = "Permanently Deleted"
        return made(
            source="aws.s3",
            detail_type=change.kind,
            detail=detail,
            account=world.account,
            region=world.region,
            moment=world.clock.now(),
            resources=[f"arn:aws:s3:::{change.bucket}"],
            id=change.id,
        )


def _changes(listing: Listing, found: dict[str, Mark]) -> list[Change]:
    """What its trigger has not been told of."""
    come = [
        Change(CREATED, listing.bucket, key, mark, listing.gone)
        for key, mark in found.items()
        if listing.objects.get(key) != mark
    ]
    gone = [
        Change(DELETED, listing.bucket, key, mark, listing.gone)
        for key, mark in listing.objects.items()
        if key not in found
    ]
    return come + gone


def buckets_of(trigger: Trigger) -> list[str]:
    """The buckets that a rule asks for by name; none where it asks for objects of any, or for no objects."""
    pattern: Any = msgspec.json.decode(trigger.settings.get("EventPattern") or "{}")
    for member in ("detail", "bucket", "name"):
        pattern = pattern.get(member) if isinstance(pattern, dict) else None
    names = pattern if isinstance(pattern, list) else []
    return [name for name in names if isinstance(name, str)]
