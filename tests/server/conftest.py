"""The page in a real Chromium, served as `sfnb serve` serves it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from sfnb.execution import Execution
from sfnb.server.app import App
from sfnb.server.client import client
from sfnb.server.settings import Settings
from sfnb.service import StepFunctions
from tests.chromium import chromium
from tests.sessions import until


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[StepFunctions, str]]:
    """A service with machines, and where it is served."""
    service = StepFunctions()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(App(service, Settings()), log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        until(lambda: server.started, "the server")
        yield service, origin
        server.should_exit = True
        thread.join(60)
    service.close()


class Tab:
    """A page that is open, with what went wrong in it and where it sent requests."""

    def __init__(self, page: Any, origin: str) -> None:
        self.page = page
        self.origin = origin
        self.faults: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", lambda told: told.type in ("error", "warning") and self.faults.append(told.text))
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("request", lambda asked: asked.url.startswith(origin) or self.elsewhere.append(asked.url))

    def open(self, address: str = "/") -> Any:
        self.page.goto(self.origin + address)
        self.page.locator("main h1").first.wait_for()
        return self.page

    def see(self, execution: Execution) -> Any:
        page = self.open(f"/executions/{execution.arn}")
        page.locator(".sfnb-view .sfnb-node").first.wait_for()
        return page


@pytest.fixture(params=["light"])
def tab(request: pytest.FixtureRequest, browser: Any, served: tuple[StepFunctions, str]) -> Iterator[Tab]:
    """Every test ends with no fault in the console, and no request to anywhere else."""
    context = browser.new_context(viewport={"width": 1360, "height": 950}, color_scheme=request.param)
    context.set_default_timeout(60_000)
    tab = Tab(context.new_page(), served[1])
    yield tab
    context.close()
    assert tab.faults == []
    assert tab.elsewhere == []


@pytest.fixture
def sfn(service: StepFunctions) -> Any:
    """boto3 without a socket."""
    return client("stepfunctions", service=service)
