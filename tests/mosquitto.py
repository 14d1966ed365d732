"""A mosquitto for tests: on a free port of this machine, with sessions that survive it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

PATHS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"


def find_mosquitto() -> str:
    """The program; skips the test where it is not installed."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=PATHS)
    if found is None:
        pytest.skip("mosquitto is not installed")
    return found


class Mosquitto:
    """A broker that can be stopped and started again on the same port, and then still has its sessions.

    users: name to password; where there are none, nobody is asked.
    certificates: server.pem and server.key in that folder, for TLS.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: dict[str, str] | None = None,
        certificates: Path | None = None,
        websockets: bool = False,
    ) -> None:
        self.program = find_mosquitto()
        self.folder = folder
        self.port = free_port()
        self._scheme = "mqtts" if certificates else "ws" if websockets else "mqtt"
        self._process: subprocess.Popen[bytes] | None = None
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if users else 'true'}",
            "user root",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 1",
            f"log_dest file {folder}/log",
        ]
        if users:
            passwords = folder / "passwords"
            passwords.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
            passwords.chmod(0o600)
            made = shutil.which("mosquitto_passwd")
            if made is None:
                pytest.skip("mosquitto_passwd is not installed")
            subprocess.run([made, "-U", str(passwords)], check=True)
            lines.append(f"password_file {passwords}")
        if certificates:
            lines += [f"certfile {certificates}/server.pem", f"keyfile {certificates}/server.key"]
        if websockets:
            # mosquitto 2.0.11 counts plain listeners only, and ends where there is none
            lines += ["protocol websockets", f"listener {free_port()} 127.0.0.1"]
        (folder / "conf").write_text("\n".join(lines) + "\n")

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        self._process = subprocess.Popen([self.program, "-c", str(self.folder / "conf")])
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                if time.monotonic() > end or self._process.poll() is not None:
                    log = self.folder / "log"
                    raise AssertionError(
                        log.read_text() if log.exists() else "mosquitto did not start"
                    ) from None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:  # it has been seen to overlook the signal, once in thousands
                self._process.kill()
                self._process.wait()
            self._process = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mosquitto(
    folder: Path,
    *,
    users: dict[str, str] | None = None,
    certificates: Path | None = None,
    websockets: bool = False,
) -> Iterator[Mosquitto]:
    """A running mosquitto that keeps its files in `folder`."""
    broker = Mosquitto(folder, users=users, certificates=certificates, websockets=websockets)
    try:
        yield broker.start()
    finally:
        broker.stop()
