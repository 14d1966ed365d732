"""The programs that the served world is made of, each in a process of its own: sfnb and moto.

A process is ready when its port answers; its output goes to a file, shown where it does not come up.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from urllib.request import Request, urlopen

from .runner import ACCOUNT, REGION

START_SECONDS = 60
STOP_SECONDS = 10
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class Process:
    """A server in a process of its own, listening at `url`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**_environment(), **environment},
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        try:
            self._await(port)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def _await(self, port: int) -> None:
        until = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self._output.seek(0)
        raise RuntimeError(f"no server came up: {self._output.read().decode(errors='replace')[-2000:]}")


def _environment() -> dict[str, str]:
    """This process's without what would lead to the AWS of whoever runs it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **nowhere, "AWS_EC2_METADATA_DISABLED": "true"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def sfnb(*, aws_url: str, lambda_url: str) -> Process:
    """`sfnb serve`; all but its port and store comes from the environment."""
    port = free_port()
    environment = {
        **CREDENTIALS,
        "AWS_ACCOUNT_ID": ACCOUNT,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ENDPOINT_URL_LAMBDA": lambda_url,
    }
    command = ["-m", "sfnb.cli", "serve", "--port", str(port), "--store", "memory"]
    return Process(command, environment, port)


class Moto(Process):
    """All other services."""

    def __init__(self) -> None:
        port = free_port()
        command = ["-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        super().__init__(command, {**CREDENTIALS, "MOTO_ACCOUNT_ID": ACCOUNT}, port)

    def reset(self) -> None:
        """Forget everything that was made."""
        with urlopen(Request(f"{self.url}/moto-api/reset", method="POST"), timeout=START_SECONDS):
            pass
