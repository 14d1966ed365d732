"""Files that land in the folder that stands for S3: "Object Created" on the default bus. The kind "file".

A trigger of this kind is a rule of EventBridge, as it would be on AWS, where the bucket tells the bus of its
objects. Here somebody has to look at the folder: one watcher for all buckets, while there is such a rule.

An object is there when nothing has been written to it for a moment, for a file that is being copied is no
object yet. Its event has an id that is drawn from the file, so one that is seen twice starts one execution.
Source: S3 user guide, "Using EventBridge", "EventBridge event message structure".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.engine.clock import uuid_of
from sfnb.errors import SfnbError
from sfnb.triggers.events import Event, made
from sfnb.triggers.kept import resource
from sfnb.triggers.records import Trigger
from sfnb.triggers.rules import DEFAULT, Rules

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

log = logging.getLogger("sfnb")

LISTING = "bucketListing"
QUIET_MILLISECONDS = 300
"""How long nothing is written to a file that is there."""
STEP_MILLISECONDS = 50
CREATED, DELETED = "Object Created", "Object Deleted"


class Listing(msgspec.Struct, kw_only=True):
    """The objects of a bucket that have been told of: fingerprints of files, by their keys."""

    bucket: str
    objects: dict[str, str]


class Files:
    """Rules for objects of buckets, and the watcher of their folder."""

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._watching: threading.Thread | None = None
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._listings: dict[str, Listing] = {}
        self._looking = threading.Lock()

    @property
    def _rules(self) -> Rules:
        return self._here.buses.rules

    def check(self, trigger: Trigger) -> None:
        """Raises SfnbError where buckets are not those of a folder, InvalidEventPatternException."""
        self._rules.check(trigger)
        self._folder()

    def begin(self, trigger: Trigger) -> None:
        self._rules.begin(trigger)
        known = {each.bucket: each for each in self._here.shelf.all(LISTING, Listing)}
        for bucket in buckets_of(trigger):
            if bucket not in self._listings:
                listed = self._objects(bucket)
                listing = known.get(bucket) or Listing(bucket=bucket, objects=listed)
                self._listings[bucket] = listing
                if bucket not in known:
                    self._keep(listing)
                elif trigger.options.get("missed", "all") != "all":
                    listing.objects = listed
        self._watch()
        self._look()

    def end(self, trigger: Trigger) -> None:
        self._rules.end(trigger)
        watched = [key for key in self._here.held if key.startswith("file:") and key != trigger.key]
        if not watched:
            self._stop.set()
            thread, self._watching = self._watching, None
            if thread is not None and thread is not threading.current_thread():
                thread.join(5)
            self._listings.clear()

    def words(self, trigger: Trigger) -> str:
        keys = trigger.options.get("files", "files")
        return f"{keys} in s3://{', '.join(buckets_of(trigger))}"

    def missed(self, trigger: Trigger) -> str:
        known = {each.bucket: each for each in self._here.shelf.all(LISTING, Listing)}
        landed = sum(
            1
            for bucket in buckets_of(trigger)
            for key, fingerprint in self._objects(bucket).items()
            if bucket in known and known[bucket].objects.get(key) != fingerprint
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
        return folder

    def _objects(self, bucket: str) -> dict[str, str]:
        """What there is in a bucket: a fingerprint of each file, by its key."""
        return dict(_walk(self._folder() / bucket, ""))

    def _watch(self) -> None:
        """Look at the folder whenever something has changed there."""
        if self._watching is not None:
            return
        folder = self._folder()
        for bucket in self._listings:
            (folder / bucket).mkdir(parents=True, exist_ok=True)
        self._stop, self._ready = threading.Event(), threading.Event()
        self._watching = threading.Thread(
            target=self._follow, args=(folder, self._stop, self._ready), name="sfnb files", daemon=True
        )
        self._watching.start()
        self._ready.wait(5)

    def _follow(self, folder: Path, stop: threading.Event, ready: threading.Event) -> None:
        from watchfiles import watch

        changes = watch(
            folder,
            stop_event=stop,
            debounce=QUIET_MILLISECONDS,
            step=STEP_MILLISECONDS,
            rust_timeout=200,
            yield_on_timeout=True,
            raise_interrupt=False,
        )
        unsettled = False
        for changed in changes:
            ready.set()
            if stop.is_set():
                return
            if changed or unsettled:
                try:
                    unsettled = self._look()
                except Exception:
                    log.exception("the buckets in %s cannot be looked at", folder)

    def _look(self) -> bool:
        """Tell the bus of what has changed; whether something is still being written."""
        unsettled = False
        with self._looking:
            now = self._here.world.clock.now().timestamp()
            for listing in list(self._listings.values()):
                found = self._objects(listing.bucket)
                new = {key: mark for key, mark in found.items() if listing.objects.get(key) != mark}
                young = {key for key, mark in new.items() if now - _written(mark) < QUIET_MILLISECONDS / 1000}
                gone = [key for key in listing.objects if key not in found]
                ready = {key: mark for key, mark in new.items() if key not in young}
                unsettled = unsettled or bool(young)
                if ready or gone:
                    events = [self._created(listing.bucket, key, mark) for key, mark in ready.items()]
                    events += [self._deleted(listing.bucket, key, listing.objects[key]) for key in gone]
                    self._here.buses.take(events, DEFAULT)
                    listing.objects = {**listing.objects, **ready}
                    for key in gone:
                        del listing.objects[key]
                    self._keep(listing)
        return unsettled

    def _keep(self, listing: Listing) -> None:
        self._here.shelf.keep(resource(f"{LISTING}:{listing.bucket}", LISTING, listing))

    # Events

    def _created(self, bucket: str, key: str, mark: str) -> Event:
        size = int(mark.split("-")[1])
        facts = {"size": size, "etag": self._here.world.etag(bucket, key)}
        return self._event(bucket, key, mark, CREATED, facts, "PutObject")

    def _deleted(self, bucket: str, key: str, mark: str) -> Event:
        return self._event(bucket, key, mark, DELETED, {}, "DeleteObject")

    def _event(
        self, bucket: str, key: str, mark: str, kind: str, facts: dict[str, Any], reason: str
    ) -> Event:
        world = self._here.world
        id = uuid_of(f"{kind} {bucket} {key} {mark}")
        detail: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {"key": key, **facts, "sequencer": f"{_nanoseconds(mark):018X}"},
            "request-id": id.replace("-", "")[:16].upper(),
            "requester": world.account,
            "source-ip-address": "127.0.0.1",
            "reason": reason,
        }
        if kind == DELETED:
            detail["deletion-type"] = "Permanently Deleted"
        return made(
            source="aws.s3",
            detail_type=kind,
            detail=detail,
            account=world.account,
            region=world.region,
            moment=world.clock.now(),
            resources=[f"arn:aws:s3:::{bucket}"],
            id=id,
        )


def buckets_of(trigger: Trigger) -> list[str]:
    """The buckets that a rule asks for by name."""
    pattern = msgspec.json.decode(trigger.settings["EventPattern"])
    names = pattern.get("detail", {}).get("bucket", {}).get("name", [])
    return [name for name in names if isinstance(name, str)]


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                yield from _walk(entry, f"{prefix}{entry.name}/")
                continue
            facts = entry.stat()
        except OSError:
            continue  # it has gone meanwhile
        yield f"{prefix}{entry.name}", f"{facts.st_mtime_ns}-{facts.st_size}-{facts.st_ino}"


def _nanoseconds(mark: str) -> int:
    return int(mark.split("-", maxsplit=1)[0])


def _written(mark: str) -> float:
    return _nanoseconds(mark) / 1e9
