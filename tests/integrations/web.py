"""A web server on this computer that keeps what it was asked, and answers as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """A request as it came in; headers by their names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class Reply(NamedTuple):
    status: int = 200
    content: bytes = b"{}"
    type: str | None = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


Answer = Callable[[Asked], Reply]


class Web:
    """asked: all requests, oldest first. answer: what is answered to one."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Answer = lambda asked: Reply(content=json.dumps(asked._asdict()).encode())
        self.port = 0

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def only(self) -> Asked:
        (asked,) = self.asked
        return asked

    def says(self, value: Any, status: int = 200) -> None:
        self.answer = lambda asked: Reply(status, json.dumps(value).encode())


@contextmanager
def serving() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body)
            web.asked.append(asked)
            reply = web.answer(asked)
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            if reply.type is not None:
                self.send_header("Content-Type", reply.type)
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever asked may have gone."""

    server = Server(("127.0.0.1", 0), Handler)
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
