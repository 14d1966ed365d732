"""Locks of the operating system on files of their own: whoever dies lets go of them.

Each is held by an open file, not by a process, so two in one process exclude each other too.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int, *, shared: bool) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int, *, shared: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class HeldLock:
    """A lock that is ours until `release`, or until this process ends in whatever way."""

    def __init__(self, path: Path) -> None:
        """Take it; a file that is there already is a leftover. Raises OSError."""
        self.path = path
        path.unlink(missing_ok=True)
        self._descriptor: int | None = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        if not _try_lock(self._descriptor, shared=False):
            self.drop()
            raise BlockingIOError(f"{path} is locked")

    def release(self) -> None:
        """Let go of it, and remove the file."""
        with suppress(OSError):  # Windows: not while it is open
            self.path.unlink()
        self.drop()
        with suppress(OSError):
            self.path.unlink()

    def drop(self) -> None:
        """Close the file: in a forked child the lock stays its parent's."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether somebody has the lock of this file."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except PermissionError:  # another user's: better to think it alive than to take from it what it has
        return True
    try:
        return not _try_lock(descriptor, shared=True)
    finally:
        os.close(descriptor)
