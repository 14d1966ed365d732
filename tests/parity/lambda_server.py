"""Lambda's HTTP API, as far as Invoke: the functions of a case, behind a port of their own.

It answers as AWS does: Python's JSON with its blanks, a failure told in `X-Amz-Function-Error`.
Source: AWS Lambda API reference, "Invoke"; shared/parity/README.md, "Lambda functions".
"""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from .lambdas import Handler, LambdaError, RawPayload

INVOKE = ("/2015-03-31/functions/", "/invocations")
LOG_TYPE, INVOCATION_TYPE = "X-Amz-Log-Type", "X-Amz-Invocation-Type"


class Invoked(msgspec.Struct, frozen=True, kw_only=True):
    """A call as it arrived. reference: the FunctionName. headers: their names in lower case."""

    reference: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def name(self) -> str:
        return function_name(self.reference)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}


class LambdaServer:
    """Serves on 127.0.0.1, at `url`, from the moment it is made.

    functions: by name. fails: those that fail with the payload they answer. refusals: answers in place of
    functions. calls: oldest first. account, region: of ARNs in messages. bare: no header is sent, the body
    ends with the connection. lost: how many calls from now on get no answer, as the connection is closed.
    """

    def __init__(self, *, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.functions: dict[str, Handler] = {}
        self.fails: set[str] = set()
        self.bare = False
        self.lost = 0
        self.refusals: dict[str, Answer] = {}
        self.calls: list[Invoked] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        serve = functools.partial(self._server.serve_forever, poll_interval=0.02)
        threading.Thread(target=serve, name="lambda", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, call: Invoked) -> Answer:
        self.calls.append(call)
        if call.name in self.refusals:
            return self.refusals[call.name]
        handler = self.functions.get(call.name)
        if handler is None:
            arn = f"arn:aws:lambda:{self.region}:{self.account}:function:{call.name}:$LATEST"
            return refused(404, "ResourceNotFoundException", f"Function not found: {arn}")
        try:
            event = json.loads(call.body) if call.body else {}
        except ValueError:
            return refused(400, "InvalidRequestContentException", "Could not parse request body into json")
        match call.headers.get(INVOCATION_TYPE.lower()):
            case "Event":
                threading.Thread(target=_outcome, args=(handler, event), daemon=True).start()
                return Answer(status=202)
            case "DryRun":
                return Answer(status=204)
        body, failed = _outcome(handler, event)
        headers = {"X-Amz-Executed-Version": "$LATEST"}
        if failed or call.name in self.fails:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if call.headers.get(LOG_TYPE.lower()) == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(b"START\nEND\n").decode()
        return Answer(body=body, headers=headers)


class _Server(ThreadingHTTPServer):
    request_queue_size = 256  # five by default, and of many who come at once some are turned away


def _outcome(handler: Handler, event: Any) -> tuple[bytes, bool]:
    """The payload, and whether the function failed."""
    try:
        answer = handler(event, None)
    except LambdaError as failure:
        payload = {
            "errorMessage": failure.error_message,
            "errorType": failure.error_type,
            "requestId": str(uuid.uuid4()),
            "stackTrace": failure.stack_trace,
        }
        return json.dumps(payload).encode(), True
    text = answer.text if isinstance(answer, RawPayload) else json.dumps(answer, ensure_ascii=False)
    return text.encode(), False


def refused(status: int, code: str, message: str) -> Answer:
    body = json.dumps({"Type": "User", "Message": message}).encode()
    return Answer(status=status, body=body, headers={"x-amzn-ErrorType": code})


def function_name(reference: str) -> str:
    """The name in a FunctionName: a name, an ARN or a part of one, with or without a qualifier."""
    parts = reference.split(":")
    return parts[parts.index("function") + 1] if "function" in parts else parts[0]


def _handler(served: LambdaServer) -> type[BaseHTTPRequestHandler]:
    class Invocations(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer is sent in one piece, which the other side does not keep waiting for

        def do_POST(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if served.lost:
                served.lost -= 1
                self.close_connection = True
                return
            before, after = INVOKE
            if not (url.path.startswith(before) and url.path.endswith(after)):
                self._send(refused(404, "UnknownOperationException", url.path))
                return
            reference = unquote(url.path[len(before) : -len(after)])
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = parse_qs(url.query)
            call = Invoked(reference=reference, query=query, headers=headers, body=body)
            self._send(served.invoke(call))

        def _send(self, answer: Answer) -> None:
            headers = {"x-amzn-RequestId": str(uuid.uuid4()), **answer.headers}
            if answer.status != 204:
                headers["Content-Length"] = str(len(answer.body))
            self.close_connection = served.bare
            self.send_response(answer.status)
            for name, value in headers.items() if not served.bare else ():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
                self.wfile.write(answer.body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing is printed."""

    return Invocations
