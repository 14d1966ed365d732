"""What a power cut leaves of a folder, worked out from the trace of all that was done to it (see disk.c).

Theory of operation. To kill a process takes nothing away that it has written; a power cut takes what was
not synced. So a process runs on a disk that remembers every write and every sync, and a cut is made
afterwards, at any place of the trace: what was synced by then is there, and of what was not, nothing, or what
chance has let come through, in any order and torn at any sector. A file is found under its name once its
folder was synced.

The ledger is what the world has seen: nothing of it is lost.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

HEAD = struct.Struct("<cIQQ")
SECTOR_BYTES = 512
SOURCE = Path(__file__).with_name("disk.c")


def build(folder: Path) -> Path | None:
    """The library that remembers; None where none can be built."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux" or compiler is None:
        return None
    library = folder / "disk.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    return library if subprocess.run(command, check=False).returncode == 0 else None


class Deed(msgspec.Struct, frozen=True):
    """See disk.c."""

    kind: str
    name: str
    offset: int
    data: bytes


def deeds(trace: Path) -> Iterator[Deed]:
    with trace.open("rb") as file:
        while head := file.read(HEAD.size):
            kind, length, offset, size = HEAD.unpack(head)
            name = file.read(length).decode()
            yield Deed(kind.decode(), name, offset, file.read(size))


class Disk:
    """The files of the folder as they are on the disk, and what is on its way there.

    store: what the names of the files begin with that can be lost; the others are the world.
    """

    def __init__(self, store: str) -> None:
        self._store = store
        self._safe: dict[str, bytearray] = {}
        self._underway: dict[str, list[Deed]] = {}
        self._named: set[str] = set()
        self._unlinked: set[str] = set()

    def do(self, deed: Deed) -> None:
        if deed.kind == "S":
            self._sync(deed.name)
        elif deed.kind == "U":
            self._unlinked.add(deed.name)
        else:
            self._unlinked.discard(deed.name)
            self._safe.setdefault(deed.name, bytearray())
            if deed.kind != "C":
                self._underway.setdefault(deed.name, []).append(deed)

    def _sync(self, name: str) -> None:
        if name:
            for deed in self._underway.pop(name, ()):
                apply(self._safe[name], deed)
            return
        for gone in self._unlinked:
            self._safe.pop(gone, None)
            self._underway.pop(gone, None)
        self._unlinked.clear()
        self._named |= self._safe.keys()

    def cut(self, folder: Path, chance: random.Random | None) -> None:
        """Write what is left. chance: what of that which was not synced has come through; None: nothing."""
        for name, safe in self._safe.items():
            content = bytearray(safe)
            seen = not name.startswith(self._store)
            if not seen and name not in self._named and not (chance and chance.random() < 0.5):
                continue
            if name in self._unlinked and chance and chance.random() < 0.5:
                continue
            for deed in self._underway.get(name, ()):
                if seen:
                    apply(content, deed)
                elif chance:
                    come_through(content, deed, chance)
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)


def apply(content: bytearray, deed: Deed) -> None:
    if deed.kind == "T":
        del content[deed.offset :]
        content.extend(bytes(deed.offset - len(content)))
        return
    content.extend(bytes(max(0, deed.offset - len(content))))
    content[deed.offset : deed.offset + len(deed.data)] = deed.data


def come_through(content: bytearray, deed: Deed, chance: random.Random) -> None:
    """All of a write, nothing of it, or some of its sectors."""
    draw = chance.random()
    if draw < 0.45:
        apply(content, deed)
    elif draw < 0.65 and deed.kind == "W":
        for start in range(0, len(deed.data), SECTOR_BYTES):
            if chance.random() < 0.5:
                part = deed.data[start : start + SECTOR_BYTES]
                apply(content, Deed("W", deed.name, deed.offset + start, part))
