"""A server in a process of its own, and the cheapest client that it can have."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parent.parent
ROLE = "arn:aws:iam::123456789012:role/sfn"
STOP_SECONDS = 30


class Served:
    """`sfnb serve` at a free port; the process is killed at the end of the `with` block.

    options: further words of the command. environment: besides which there is nothing of AWS in it.
    ready_seconds: from the start of the process to the line that says where it serves.
    Raises ChildProcessError, with what the server said, where it does not come to serve.
    """

    def __init__(self, folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `kill`
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sfnb.cli", "serve", "--port", "0", *options],
            cwd=folder,
            env={**without_aws(), "PYTHONPATH": str(ROOT), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.ready_seconds = time.perf_counter() - began
        if not line.startswith("sfnb serves"):
            raise ChildProcessError(self.kill() or "the server said nothing")
        self.url = line.split()[-1]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def stop(self) -> tuple[int, str]:
        """End it as Ctrl-C does: its exit code, and what it wrote to its standard error."""
        self.process.terminate()
        code = self.process.wait(STOP_SECONDS)
        return code, self.kill()

    def kill(self) -> str:
        """End it by SIGKILL, if it has not ended: what it wrote to its standard error."""
        self.process.kill()
        self.process.wait()
        if self._errors.closed:
            return ""
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.seek(0)
        text = self._errors.read().decode()
        self._errors.close()
        return text

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def without_aws() -> dict[str, str]:
    """This process's environment, but for what clients and servers of AWS read there."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SFN_"))}


class Answer(msgspec.Struct, frozen=True):
    """status: of HTTP. body: decoded JSON, an object."""

    status: int
    body: dict[str, Any]


class Connection:
    """A connection that is kept alive, for one request at a time.

    All methods raise ConnectionError or asyncio.IncompleteReadError where the server is gone.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def call(self, operation: str, **parameters: object) -> Answer:
        status, body = await self.send(request(operation, parameters))
        return Answer(status, msgspec.json.decode(body, type=dict[str, Any]))

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return int(head[9:12]), await self._reader.readexactly(int(length))

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()


async def connect(port: int) -> Connection:
    return Connection(*await asyncio.open_connection("127.0.0.1", port))


def request(operation: str, parameters: Mapping[str, object]) -> bytes:
    """A POST of `parameters`, without a signature."""
    body = msgspec.json.encode(parameters)
    lines = (
        "POST / HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/x-amz-json-1.0",
        f"X-Amz-Target: AWSStepFunctions.{operation}",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
