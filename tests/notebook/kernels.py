"""A real kernel, and cells to run in it."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

LONG = 60


class Ran:
    """What a cell sent: its outputs in order, and how it ended."""

    def __init__(self, status: str, messages: list[dict[str, Any]]) -> None:
        self.status = status
        self.messages = messages

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    @property
    def printed(self) -> str:
        return "".join(content["text"] for content in self.of("stream"))

    @property
    def traceback(self) -> list[str]:
        lines = [line for content in self.of("error") for line in content["traceback"]]
        return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]

    @property
    def text(self) -> str:
        """Of the last thing that was shown."""
        shown = [*self.of("display_data"), *self.of("execute_result")]
        return str(shown[-1]["data"]["text/plain"])


class Kernel:
    """A kernel and a client of it. data: the user's data folder, that of the tests unless given."""

    def __init__(self, data: Path | None = None) -> None:
        self.manager = KernelManager(kernel_name="python3")
        environment = {**os.environ, **({"XDG_DATA_HOME": str(data)} if data else {})}
        self.manager.start_kernel(extra_arguments=["--HistoryManager.enabled=False"], env=environment)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=LONG)

    def run(self, cell: str, *, interrupt_at: str | None = None, kill_at: str | None = None) -> Ran:
        """Run a cell; interrupt the kernel, or kill it, once something has been printed."""
        wanted = self.client.execute(cell)
        messages = []
        while True:
            message = self.client.get_iopub_msg(timeout=LONG)
            if message["parent_header"].get("msg_id") != wanted:
                continue
            messages.append(message)
            content = message["content"]
            if interrupt_at is not None and interrupt_at in content.get("text", ""):
                self.manager.interrupt_kernel()
                interrupt_at = None
            if kill_at is not None and kill_at in content.get("text", ""):
                self.manager.signal_kernel(signal.SIGKILL)
                self.manager.provisioner.process.wait(LONG)  # type: ignore[union-attr]
                return Ran("killed", messages)
            if content.get("execution_state") == "idle":
                return Ran(self._reply(wanted)["status"], messages)

    def _reply(self, wanted: str) -> dict[str, Any]:
        """The reply to a request; others come from the time when the kernel got ready."""
        while True:
            message = self.client.get_shell_msg(timeout=LONG)
            if message["parent_header"].get("msg_id") == wanted:
                content: dict[str, Any] = message["content"]
                return content

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
