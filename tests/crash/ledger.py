"""What processes have done to the world, written where no crash takes it away: files of one line a deed.

Each line is one `write` to a file opened with O_APPEND: it is there in whole or not at all, in the order of
the deeds, whoever is killed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FILES = ("started", "calls", "asked", "answers", "accepted", "ended")


class Ledger:
    """The files of one folder, by name. Threads may share one; processes have one each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, int] = {}
        for name in FILES:
            self._files[name] = os.open(folder / name, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def write(self, name: str, **deed: Any) -> None:
        os.write(self._files[name], (json.dumps(deed, separators=(",", ":")) + "\n").encode())

    def reader(self, name: str) -> Lines:
        return Lines(self.folder / name)

    def read(self, name: str) -> list[dict[str, Any]]:
        return self.reader(name).new()

    def nth(self, site: str, key: str) -> int:
        """Which of the calls at a site this one is, from 0; a call that is repeated is no other one."""
        path = self.folder / f"site-{site.replace('/', '-')}"
        keys = path.read_text().split() if path.exists() else []
        if key not in keys:
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
            os.write(descriptor, f"{key}\n".encode())
            os.close(descriptor)
            keys.append(key)
        return keys.index(key)

    def close(self) -> None:
        for descriptor in self._files.values():
            os.close(descriptor)


class Lines:
    """A file that grows, read as far as it has got each time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new(self) -> list[dict[str, Any]]:
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        text = text[: text.rfind(b"\n") + 1]  # of a line that is being written, a part may be there
        self._offset += len(text)
        return [json.loads(line) for line in text.splitlines()]
