"""A process that is killed in the end, and says on its way what it has come to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[1]


class Victim:
    """module: what it runs, with its arguments. environment: besides that of the tests."""

    def __init__(self, module: str, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )

    def hear(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == word

    def __enter__(self) -> Self:
        self.hear("ready")
        return self

    def __exit__(self, *_: object) -> None:
        with self.process:
            self.process.kill()
