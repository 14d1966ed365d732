"""The server as an ASGI application: who may come in, the APIs, the page and `/health` besides.

Step Functions and EventBridge are at POST /, and answered before any routing: what is called a thousand times
a second goes the shortest way. The services that speak REST have the paths of their models.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from sfnb import __version__
from sfnb.bodies import Gone, TooLarge, read_whole
from sfnb.engine.clock import RealClock
from sfnb.server.auth import Headers, Signatures, Unauthorized
from sfnb.server.caller import Caller
from sfnb.server.calls import Calls
from sfnb.server.hosts import ForeignRequest, Hosts
from sfnb.server.rest import REST_APIS, addressed
from sfnb.server.rest import Request as RestRequest
from sfnb.server.rest import dispatch as dispatch_rest
from sfnb.server.settings import Settings
from sfnb.server.wire import Answer, api_of, dispatch, refusal
from sfnb.service import StepFunctions
from sfnb.triggers import PREFIX

ROUTES = "execute-api"
"""What requests for routes are signed for, where they have to be."""
POLL = "AWSStepFunctions.GetActivityTask"
"""It waits for something to be given away, which must not go to a client that is there no more."""
STOPPING = "this server is being stopped"
NO_PAGE = "There is no page where requests have to be signed (--require-auth): the API is at POST /."
NOT_FOUND = "There is nothing at this address: the API is at POST /, the server's health at /health"
DRAINED = 8
"""How many times the largest size a request may be and still be read to its end."""


class Refused(Exception):
    """A request that no action hears of."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


class App:
    """What uvicorn calls for each request. calls: those under way, to be given up when the server stops."""

    def __init__(self, service: StepFunctions, settings: Settings) -> None:
        self.calls = Calls()
        self._service = service
        self._settings = settings
        self._hosts = Hosts(settings.host, settings.allow_hosts)
        keys = settings.keys
        self._signatures = None if keys is None else Signatures(keys, service.region)
        self._clock = RealClock()
        self._rest = Starlette(
            routes=list(_routes(service, settings, self.calls)),
            exception_handlers={404: partial(_not_found, has_page=keys is None)},
        )

    def give_up(self) -> None:
        """Answer all that is under way, as the server stops; on the loop's thread."""
        self.calls.give_up()
        if self._service.has_triggers and self._service.triggers.routes is not None:
            self._service.triggers.routes.app.give_up()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = _headers(scope)
        found = dict(headers)
        try:
            if self._is_route(scope["path"]):
                await self._route(scope, receive, send, found)
                return
            self._check_names(found)
            rest_api = None
            if scope["method"] != "POST" or scope["path"] != "/":
                rest_api = addressed(scope["method"], _raw_path(scope), found)
                if rest_api is None:
                    await self._rest(scope, receive, send)
                    return
            answer = await self._answer(scope, receive, headers, found, rest_api)
        except Refused as fault:
            answer = fault.answer
        except Gone:
            return
        await _send(send, answer)

    def _is_route(self, path: str) -> bool:
        """Whether it is where routes of API Gateway are, if there are any."""
        if not path.startswith(PREFIX) or not self._service.has_triggers:
            return False
        return path[len(PREFIX) :][:1] in ("", "/") and self._service.triggers.routes is not None

    async def _route(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str]) -> None:
        """Pages of other origins may call what CORS lets them.

        Where requests have to be signed, those for routes have to be too, as for API Gateway's authorization
        type AWS_IAM; so no page calls them there, since browsers send preflights without a signature.
        """
        from sfnb.triggers.http.reading import BODY_BYTES

        routes = self._service.triggers.routes
        assert routes is not None
        is_let_in = "origin" in headers and routes.app.lets_in(scope, headers)
        self._check_names({"host": headers.get("host", "")} if is_let_in else headers)
        if self._signatures is not None:
            body = await self._read(receive, headers, BODY_BYTES)
            self._check_signature(self._signatures, scope, _headers(scope), body, ROUTES)
            receive = _replayed(body, receive)
        await routes.app(scope, receive, send)

    def _check_names(self, headers: Mapping[str, str]) -> None:
        try:
            self._hosts.check(headers.get("host"), headers.get("origin"), headers.get("sec-fetch-site"))
        except ForeignRequest as fault:
            raise Refused(refusal("AccessDeniedException", str(fault), status=403)) from None

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        headers: Headers,
        found: Mapping[str, str],
        rest_api: str | None,
    ) -> Answer:
        """rest_api: the service that is asked, where it is one that speaks REST."""
        body = await self._read(receive, found, self._settings.body_bytes)
        target = found.get("x-amz-target")
        if self._signatures is not None:
            signed_for = rest_api or api_of(target).signing_name
            self._check_signature(self._signatures, scope, headers, body, signed_for)
        if rest_api is not None:
            request = RestRequest(scope["method"], _raw_path(scope), _query(scope), body)
            answer = await self.calls.answer(
                partial(dispatch_rest, self._service, rest_api, request), Caller()
            )
        else:
            answer = await self._answer_target(receive, target, body)
        return answer or _last(refusal("ServiceUnavailable", STOPPING, status=503))

    async def _read(self, receive: Receive, headers: Mapping[str, str], most: int) -> bytes:
        """The body; raises Refused where it is too large or too slow, Gone."""
        try:
            async with asyncio.timeout(self._settings.read_seconds):
                return await _body(receive, headers, most)
        except TimeoutError:
            raise Refused(
                _last(refusal("RequestTimeoutException", "the request took too long to come in", status=408))
            ) from None

    async def _answer_target(self, receive: Receive, target: str | None, body: bytes) -> Answer | None:
        """None where the server stops first."""
        caller = Caller(self._service.registry.activities.look_again)
        call = partial(dispatch, self._service, target, body)
        if target != POLL:
            return await self.calls.answer(call, caller)
        watch = asyncio.ensure_future(_watch(receive, caller))
        try:
            return await self.calls.answer(call, caller)
        finally:
            watch.cancel()

    def _check_signature(
        self, signatures: Signatures, scope: Scope, headers: Headers, body: bytes, service: str
    ) -> None:
        query = _query(scope)
        target = _raw_path(scope) + (f"?{query}" if query else "")
        try:
            signatures.check(scope["method"], target, headers, body, self._clock.now(), service)
        except Unauthorized as fault:
            if service == ROUTES:
                raise Refused(_unauthorized(fault)) from None
            status = 403 if service in REST_APIS else 400
            raise Refused(refusal(fault.code, str(fault), status=status)) from None


def _headers(scope: Scope) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]


def _replayed(body: bytes, receive: Receive) -> Receive:
    """As if the body were still to come."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


def _raw_path(scope: Scope) -> str:
    """The path as it came, percent-encoded."""
    path: bytes = scope["raw_path"]
    return path.decode("latin-1")


def _query(scope: Scope) -> str:
    query: bytes = scope["query_string"]
    return query.decode("latin-1")


async def _watch(receive: Receive, caller: Caller) -> None:
    """Tell when the client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass
    caller.go()


async def _body(receive: Receive, headers: Mapping[str, str], most: int) -> bytes:
    """Raises Refused where it is larger than `most` bytes, Gone."""
    try:
        return await read_whole(receive, headers.get("content-length"), most, drained=DRAINED)
    except TooLarge:
        words = f"a request takes {most:,} bytes at most"
        raise Refused(_last(refusal("RequestEntityTooLargeException", words, status=413))) from None


def _unauthorized(fault: Unauthorized) -> Answer:
    """As API Gateway tells it."""
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": fault.code}
    return Answer(403, headers, msgspec.json.encode({"message": str(fault)}))


def _last(answer: Answer) -> Answer:
    """Nothing more is to come on this connection: what is left of the request is not read."""
    return Answer(answer.status, {**answer.headers, "Connection": "close"}, answer.body)


async def _send(send: Send, answer: Answer) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    headers.append((b"content-length", b"%d" % len(answer.body)))
    start: Message = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})


async def _not_found(request: Request, fault: Exception, *, has_page: bool) -> Response:
    """A sentence for a person, who may expect the page."""
    if has_page:
        words = f"{NOT_FOUND}, the page at /."
    else:
        words = NO_PAGE if request.url.path == "/" else f"{NOT_FOUND}."
    return PlainTextResponse(f"{words}\n", 404, {"X-Content-Type-Options": "nosniff"})


def _routes(service: StepFunctions, settings: Settings, calls: Calls) -> Iterator[BaseRoute]:
    """All but the API. A browser cannot sign, so there is no page where signatures are asked for."""

    async def health(request: Request) -> Response:
        told: dict[str, Any] = {
            "status": "ok",
            "service": "sfnb",
            "version": __version__,
            "account": service.account,
            "region": service.region,
            "requests": len(calls),
        }
        return Response(msgspec.json.encode(told), media_type="application/json")

    yield Route("/health", health)
    if settings.keys is None:
        from sfnb.server.page import routes

        yield from routes(service)
