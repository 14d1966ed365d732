"""What is kept of deliveries, and forgotten: many at a time, as each transaction is a sync of the disk."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence

from sfnb.engine.ports import Resource
from sfnb.errors import StoreFault
from sfnb.triggers.kept import Shelf

log = logging.getLogger("sfnb")


class _Wish:
    """Somebody waits until this is kept."""

    __slots__ = ("done", "fault", "resources")

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.resources = resources
        self.done = False
        self.fault: StoreFault | None = None


class Keeping:
    """Keeps for all who want something kept while the one before is written, and forgets along with it.

    later: has something done on another thread.
    """

    def __init__(self, shelf: Shelf, later: Callable[[Callable[[], None]], None]) -> None:
        self._shelf = shelf
        self._later = later
        self._changed = threading.Lock()
        self._writing = threading.Lock()
        self._wishes: list[_Wish] = []
        self._unwanted: list[str] = []
        self._forgetting = False

    @property
    def unwanted(self) -> Collection[str]:
        """What is going to be forgotten."""
        with self._changed:
            return set(self._unwanted)

    def keep(self, resources: Sequence[Resource]) -> None:
        """Returns once these can be lost no more; raises StoreFault."""
        mine = _Wish(resources)
        with self._changed:
            self._wishes.append(mine)
        with self._writing:
            if not mine.done:  # whoever wrote before has not done it
                self._keep_all()
        if mine.fault is not None:
            raise StoreFault(str(mine.fault)) from mine.fault

    def _keep_all(self) -> None:
        with self._changed:
            together, self._wishes = self._wishes, []
        try:
            self._write([resource for each in together for resource in each.resources])
        except StoreFault as fault:
            for each in together:
                each.fault = fault
        finally:
            for each in together:
                each.done = True

    def forget(self, name: str) -> None:
        """Soon, with many others."""
        with self._changed:
            self._unwanted.append(name)
            if self._forgetting:
                return  # who put the first forgets them all
            self._forgetting = True
        self._later(self.forget_now)

    def forget_now(self) -> None:
        """Whatever nobody has forgotten who kept something meanwhile."""
        try:
            with self._writing:
                self._forgetting = False
                self._write(())
        except StoreFault as fault:
            log.warning("what has been passed on cannot be forgotten yet: %s", fault)

    def _write(self, resources: Sequence[Resource]) -> None:
        with self._changed:
            unwanted, self._unwanted = self._unwanted, []
        if not (resources or unwanted):
            return
        kept = {each.arn for each in resources}
        try:
            self._shelf.keep(*resources, drop=[name for name in unwanted if name not in kept])
        except BaseException:
            with self._changed:
                self._unwanted += unwanted
            raise
