"""Routes as an ASGI application: a request in, an execution started, AWS's answer out.

    request → RouteTable → Admission → body, bounded → Plan.perform, in a thread → answer, CORS

It needs no framework, so it mounts anywhere: in the server, in a kernel, in a test.

Source: API Gateway guide, "HTTP APIs", "REST APIs", and their quotas.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec

from sfnb.bodies import Gone, TooLarge
from sfnb.engine.clock import Clock, new_name
from sfnb.errors import SfnbError
from sfnb.triggers.http.admission import Admission, Forbidden, TooManyRequests
from sfnb.triggers.http.answers import JSON, Answer, Refusal, refused
from sfnb.triggers.http.cors import allows, answer_headers, is_preflight, preflight_headers
from sfnb.triggers.http.openapi import openapi
from sfnb.triggers.http.plan import Outcome, Plan, compile_route
from sfnb.triggers.http.ports import Start
from sfnb.triggers.http.reading import Limits, Pairs, TooSlow, read_body, read_headers
from sfnb.triggers.http.request import QueryRefused, Request, context_of, read_query
from sfnb.triggers.http.route import Cors, Route
from sfnb.triggers.http.route_key import Found, Keyed, PathRefused, RouteTable, split_path
from sfnb.triggers.http.threads import GivenUp, Threads

log = logging.getLogger("sfnb")


class RoutesApp:
    """What an ASGI server calls for each request under `prefix`.

    routes: asked at each request; made ready again when they are others than before.
    on_matched: told of each request that is for a route, on_dropped: of each that started nothing, and why.
    """

    def __init__(
        self,
        routes: Callable[[], Sequence[Route]],
        start: Start,
        clock: Clock,
        *,
        prefix: str = "",
        account: str = "123456789012",
        region: str = "us-east-1",
        title: str = "sfnb",
        limits: Limits | None = None,
        on_matched: Callable[[Route], None] = lambda route: None,
        on_dropped: Callable[[Route, str], None] = lambda route, why: None,
    ) -> None:
        self._routes = routes
        self._start = start
        self._clock = clock
        self._prefix = prefix.rstrip("/")
        self._account = account
        self._region = region
        self._title = title
        self._limits = limits or Limits()
        self._on_matched = on_matched
        self._on_dropped = on_dropped
        self._admission = Admission()
        self._threads = {waits: Threads(self._limits.calls) for waits in (False, True)}
        """Apart for what waits for executions, minutes at worst, so that nothing quick waits behind it."""
        self._held = 0
        self._known: tuple[Route, ...] = ()
        self._table: RouteTable[Plan] = RouteTable(())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        try:
            answer = await _Exchange(self, scope, receive).answer()
        except Gone:
            return
        await _send(send, answer, has_body=scope["method"] != "HEAD")

    def give_up(self) -> None:
        """Answer all that waits for executions with 503, as the loop that runs is about to end."""
        self._threads[True].give_up()

    def lets_in(self, scope: Any, headers: Mapping[str, str]) -> bool:
        """Whether CORS lets pages of the request's origin call the route that it is for."""
        path = _under(self._prefix, scope)
        origin = headers.get("origin", "")
        try:
            cors = None if path is None else self.cors(scope["method"], split_path(path), headers)
        except PathRefused:
            return False
        return cors is not None and allows(cors, origin)

    def cors(self, method: str, parts: list[str], headers: Mapping[str, str]) -> Cors | None:
        """What holds for a request: that of its route; where no route is of its path and method, whichever
        there is in its stage.

        method: of the request; a preflight names another.
        """
        asked = headers["access-control-request-method"] if is_preflight(method, headers) else method
        table = self.table()
        found = table.find(asked, parts)
        if found is not None:
            return _cors_of(found.route)
        return next((cors for plan in table.stage_of(parts) if (cors := _cors_of(plan))), None)

    def table(self) -> RouteTable[Plan]:
        """The routes made ready; one that cannot be is left out, and logged."""
        routes = tuple(self._routes())
        if len(routes) != len(self._known) or any(
            a is not b for a, b in zip(routes, self._known, strict=True)
        ):
            self._table = RouteTable(list(_ready(routes)))
            self._known = routes
        return self._table


def _ready(routes: Sequence[Route]) -> Any:
    for route in routes:
        try:
            stage = route.api.stage_name
            yield Keyed(
                route.key, compile_route(route), None if stage == "$default" else stage, route.is_rest
            )
        except SfnbError as fault:
            log.error("the route %s is left out: %s", route.route_key, fault)


class _Exchange:
    """One request and its answer."""

    def __init__(self, app: RoutesApp, scope: Any, receive: Any) -> None:
        self._app = app
        self._scope = scope
        self._receive = receive
        self._id = new_name()
        self._table = app.table()
        self._route: Route | None = None
        self._is_rest = False
        self._cors: Cors | None = None
        self._sent = Pairs({}, {})
        self._request: Request | None = None

    async def answer(self) -> Answer:
        """Raises Gone."""
        try:
            answer = await self._answer()
        except Refusal as refusal:
            answer = self._refused(refusal)
        except TooSlow:
            why = "the body took too long to come in"
            answer = _last(self._refused(Refusal("BAD_REQUEST_BODY", "Request Timeout", why, status=408)))
        except TooLarge:
            why = f"the body has more than {self._app._limits.body_bytes:,} bytes"
            answer = _last(self._refused(Refusal("REQUEST_TOO_LARGE", "Request Entity Too Large", why)))
        return self._with_cors(answer)

    async def _answer(self) -> Answer:
        app, scope = self._app, self._scope
        self._sent = self._headers()
        raw = self._path()
        parts = self._parts(raw)
        self._cors = app.cors(scope["method"], parts, self._sent.joined)
        body = await read_body(self._receive, self._sent.joined.get("content-length"), app._limits)
        if self._cors is not None and is_preflight(scope["method"], self._sent.joined):
            return Answer(204, tuple(preflight_headers(self._cors, self._sent.joined).items()), b"")
        found = self._table.find(scope["method"], parts)
        if found is None:
            return self._unknown(raw, parts)
        self._route, self._is_rest = found.route.route, found.route.route.is_rest
        app._on_matched(self._route)
        moment = app._clock.now()
        key = self._admit(moment)
        self._request = self._read(found, raw, body, moment)
        outcome = await self._perform(found.route, key)
        if outcome.why is not None:
            app._on_dropped(self._route, outcome.why)
        return outcome.answer

    def _headers(self) -> Pairs:
        try:
            return read_headers(self._scope["headers"], self._app._limits)
        except TooLarge:
            why = f"the headers have more than {self._app._limits.header_bytes:,} bytes"
            kind, words = "BAD_REQUEST_PARAMETERS", "Request Header Fields Too Large"
            raise Refusal(kind, words, why, status=431) from None

    def _path(self) -> str:
        """As it was sent, after the prefix."""
        path = _under(self._app._prefix, self._scope)
        if path is None:
            raise Refusal("RESOURCE_NOT_FOUND", "Not Found", f"no path under {self._app._prefix}")
        return path

    @staticmethod
    def _parts(raw: str) -> list[str]:
        try:
            return split_path(raw)
        except PathRefused as fault:
            raise Refusal("BAD_REQUEST_PARAMETERS", "Bad Request", str(fault)) from None

    def _unknown(self, raw: str, parts: list[str]) -> Answer:
        """The description of the routes at the root; elsewhere what API Gateway says of no route."""
        if raw == "/" and self._scope["method"] in ("GET", "HEAD"):
            document = openapi(self._app._known, self._app._title, self._url())
            return Answer(200, (("content-type", JSON),), msgspec.json.encode(document))
        stage = self._table.stage_of(parts)
        if stage and all(plan.route.is_rest for plan in stage):
            self._is_rest = True
            words = "Missing Authentication Token"
            raise Refusal("MISSING_AUTHENTICATION_TOKEN", words, "no route has this path and method")
        raise Refusal("RESOURCE_NOT_FOUND", "Not Found", "no route has this path and method")

    def _url(self) -> str:
        host = self._sent.joined.get("host", "localhost")
        return f"{self._scope.get('scheme', 'http')}://{host}{self._app._prefix}"

    def _admit(self, moment: datetime) -> str | None:
        assert self._route is not None
        try:
            key = self._app._admission.admit(self._route, self._sent.joined, moment)
        except Forbidden:
            raise Refusal("INVALID_API_KEY", "Forbidden", "x-api-key is none of the API's keys") from None
        except TooManyRequests:
            raise Refusal(
                "THROTTLED", "Too Many Requests", "more requests than the throttle lets in"
            ) from None
        return key.value if key else None

    def _read(self, found: Found[Plan], raw: str, body: bytes, moment: datetime) -> Request:
        route = found.route.route
        stage = route.api.stage_name
        client = self._scope.get("client")
        try:
            return Request(
                method=self._scope["method"],
                path=raw if stage == "$default" else raw[len(stage) + 1 :] or "/",
                headers=self._sent.joined,
                sent_headers=self._sent.as_sent,
                query=read_query(self._scope["query_string"].decode("latin-1")),
                variables=found.variables,
                body=body.decode(),
                source_ip=client[0] if client else "",
                received=moment,
                request_id=self._id,
                account=self._app._account,
                region=self._app._region,
            )
        except QueryRefused as fault:
            raise Refusal("BAD_REQUEST_PARAMETERS", "Bad Request", str(fault)) from None
        except UnicodeDecodeError:
            raise Refusal("BAD_REQUEST_BODY", "Bad Request", "the body is not UTF-8") from None

    async def _perform(self, plan: Plan, key: str | None) -> Outcome:
        app, request = self._app, self._request
        assert request is not None
        size = len(request.body)
        if app._held + size > app._limits.held_bytes:
            why = "too many bodies are being dealt with"
            raise Refusal("INTEGRATION_FAILURE", "Service Unavailable", why)
        app._held += size
        try:
            async with asyncio.timeout(plan.route.integration.timeout_in_millis / 1000):
                threads = app._threads[plan.route.integration.action == "StartSyncExecution"]
                return await threads.run(partial(plan.perform, request, key, app._start))
        except TimeoutError:
            why = f"no answer within {plan.route.integration.timeout_in_millis:,} ms, as on AWS"
            if plan.route.is_rest:
                raise Refusal("INTEGRATION_TIMEOUT", "Endpoint request timed out", why) from None
            raise Refusal("INTEGRATION_TIMEOUT", "Service Unavailable", why, status=503) from None
        except GivenUp:
            why = "the server stopped before there was an answer"
            raise Refusal("INTEGRATION_FAILURE", "Service Unavailable", why) from None
        except Refusal:
            raise
        except Exception as fault:
            # The words of the fault may quote a payload: the log has its type and place alone.
            places = "".join(traceback.format_tb(fault.__traceback__))
            log.error("%s failed with %s\n%s", plan.route.route_key, type(fault).__name__, places)
            words = "Internal server error" if plan.route.is_rest else "Internal Server Error"
            raise Refusal("API_CONFIGURATION_ERROR", words, f"{type(fault).__name__}; see the log") from None
        finally:
            app._held -= size

    def _refused(self, refusal: Refusal) -> Answer:
        route = self._route
        if route is None:
            return refused(refusal, self._id, None, is_rest=self._is_rest)
        self._app._on_dropped(route, refusal.why)
        context = context_of(self._request, route) if self._request else None
        return refused(refusal, self._id, route.api, is_rest=self._is_rest, context=context)

    def _with_cors(self, answer: Answer) -> Answer:
        if self._cors is None or answer.status == 204:
            return answer
        kept = [(name, value) for name, value in answer.headers if not name.startswith("access-control-")]
        own = answer_headers(self._cors, self._sent.joined)
        return Answer(answer.status, (*kept, *own.items()), answer.body)


def _under(prefix: str, scope: Any) -> str | None:
    """The path as it was sent, after the prefix; None where it is elsewhere."""
    raw = scope.get("raw_path")
    path: str = raw.decode("latin-1") if raw else quote(scope["path"])
    if path != prefix and not path.startswith(f"{prefix}/"):
        return None
    return path[len(prefix) :] or "/"


def _cors_of(plan: Plan) -> Cors | None:
    return plan.route.api.cors_configuration


def _last(answer: Answer) -> Answer:
    """Nothing more is to come on this connection: what is left of the request is not read."""
    return Answer(answer.status, (*answer.headers, ("connection", "close")), answer.body)


async def _send(send: Any, answer: Answer, *, has_body: bool) -> None:
    headers = [(name.encode("latin-1", "replace"), value.encode()) for name, value in answer.headers]
    if answer.status != 204:
        headers += [(b"content-length", b"%d" % len(answer.body)), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body if has_body else b""})
