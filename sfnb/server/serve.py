"""The server's life: it listens, it says where, it ends."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING, Any

from sfnb.errors import SfnbError
from sfnb.server.settings import PORT, Settings
from sfnb.service import StepFunctions

if TYPE_CHECKING:
    from sfnb.server.app import App

KEEP_ALIVE_SECONDS = 75
"""How long a connection may be idle: longer than SDKs keep theirs, so that it is they who close it."""
STOP_SECONDS = 5
BACKLOG = 1_024


class Place:
    """Where a server is going to listen: the port is taken, and who calls so early waits.

    Raises SfnbError where it cannot be taken.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.socket = _listen(settings)
        self.port: int = self.socket.getsockname()[1]

    @property
    def url(self) -> str:
        given = self.settings.host
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(given, given)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def close(self) -> None:
        """Let the port go; may be called again."""
        self.socket.close()


class Server:
    """A server that listens; `stop` ends it, and so does the end of the process.

    first: called when the port is taken and before the first request is read; who calls so early waits.
    place: the one that was taken for it; taken now unless given.
    Raises SfnbError where it cannot listen, or where what it needs is not installed.
    """

    def __init__(
        self,
        service: StepFunctions,
        settings: Settings,
        first: Callable[[], None] = lambda: None,
        place: Place | None = None,
    ) -> None:
        self.service = service
        self.settings = settings
        self._place = place or Place(settings)
        self.port = self._place.port
        try:
            self._uvicorn, self._app = _server(service, settings)
            service.world.serve_by(self, instead=place is not None)
            first()
        except BaseException:
            self._leave()
            self._place.close()
            raise
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="sfnb server", daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def url(self) -> str:
        """For `endpoint_url`: `http://127.0.0.1:8083`."""
        return self._place.url

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def client(self, service_name: str = "stepfunctions") -> Any:
        """A boto3 client of the service behind it, which needs no socket, region or credentials.

        service_name: "events", "scheduler" and "pipes" start executions.
        """
        from sfnb.server.client import client

        return client(service_name, service=self.service)

    def stop(self) -> None:
        """Take no more requests and end those under way; returns when all is done."""
        if self._loop is not None and self._thread.is_alive():
            self._uvicorn.should_exit = True
            with suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._app.give_up)
        self._thread.join()
        self._app.calls.close()
        self._leave()

    def _leave(self) -> None:
        """The service is served here no more."""
        self.service.world.serve_no_more(self)

    def __repr__(self) -> str:
        return f"<sfnb server at {self.url}{'' if self.is_running else ', stopped'}>"

    def _repr_html_(self) -> str:
        if not self.is_running:
            return f"sfnb server, stopped (it was at {escape(self.url)})"
        url = escape(self.url, quote=True)
        return f'sfnb server at <a href="{url}" target="_blank" rel="noopener">{url}</a>'

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        async def live() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._ready.set)
            await self._uvicorn.serve(sockets=[self._place.socket])

        try:
            with asyncio.Runner(loop_factory=self._uvicorn.config.get_loop_factory()) as runner:
                runner.run(live())
        finally:
            self._ready.set()
            self._place.close()


def serve(
    port: int = PORT,
    *,
    host: str = "127.0.0.1",
    allow_hosts: Sequence[str] = (),
    service: StepFunctions | None = None,
) -> Server:
    """Serve Step Functions' API to other programs, from a thread of this process; returns at once.

    with sfnb.serve(port=0) as server: boto3.client("stepfunctions", endpoint_url=server.url, ...)

    port: 0 takes a free one. host: where to listen; others than this machine's own can then call.
    allow_hosts: further names by which clients know this machine.
    service: what is served; the one behind `sfnb.load` unless given.
    Raises SfnbError where the port is taken.
    """
    if service is None:
        from sfnb.default import service as default

        service = default()
    return Server(service, Settings(port=port, host=host, allow_hosts=tuple(allow_hosts)))


def serve_somewhere(service: StepFunctions, port: int | None = None) -> Server:
    """A server at this port or the usual one, or at a free one where they are taken; raises SfnbError."""
    for each in dict.fromkeys((port or PORT, PORT)):
        with suppress(SfnbError):
            return serve(each, service=service)
    return serve(0, service=service)


def _listen(settings: Settings) -> socket.socket:
    if not 0 <= settings.port <= 65_535:
        raise SfnbError(f"{settings.port} is no port: 0 to 65535")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as fault:
        place = f"{settings.host}:{settings.port}"
        raise SfnbError(
            f"cannot listen at {place}: {fault.strerror or fault}; --port 0 (port=0) takes a free port"
        ) from None


def _server(service: StepFunctions, settings: Settings) -> tuple[Any, App]:
    try:
        import botocore  # noqa: F401 (the checks read its model)
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as fault:
        raise SfnbError(f'serving needs {fault.name}: pip install "sfnb[server]"') from None
    from sfnb.server.app import App
    from sfnb.server.checks import inputs
    from sfnb.server.hurry import protocol

    inputs()  # compiled now, and not while the first client waits
    app = App(service, settings)
    config = uvicorn.Config(
        app,
        http=protocol(settings),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        limit_concurrency=settings.connections,
    )
    return uvicorn.Server(config), app
