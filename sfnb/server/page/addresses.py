"""The addresses of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfnb.errors import SfnbError
from sfnb.server.page.actions import ACTIONS
from sfnb.server.page.answers import (
    LARGEST_REQUEST,
    OWN,
    Refused,
    answer,
    asked,
    file,
    number,
    reading,
    refusal,
)
from sfnb.server.page.assets import asset, shell
from sfnb.server.page.event_pages import event_data, events_data
from sfnb.server.page.lists import counts_data, executions_data, machine_data, machines_data
from sfnb.server.page.looking import Looks
from sfnb.server.page.tally import Tally
from sfnb.service import StepFunctions

SHELLS = ("/", "/machines/{arn:path}", "/executions/{arn:path}")


def routes(service: StepFunctions) -> list[Route]:
    """All that the page of a service needs, to be mounted at the root.

    Who mounts them refuses requests for a Host that is none of the server's own.
    """
    reads = _reads(service, Tally(service), Looks(service))
    return [
        *(Route(path, _shell, methods=["GET"]) for path in SHELLS),
        Route("/page/assets/{name}", _asset, methods=["GET"]),
        *(Route(f"/page/data/{name}", reading(read), methods=["GET"]) for name, read in reads.items()),
        *(
            Route(f"/page/do/{name}", _acting(service, act), methods=["POST"])
            for name, act in ACTIONS.items()
        ),
    ]


def _reads(service: StepFunctions, tally: Tally, looks: Looks) -> dict[str, Callable[[Request], Any]]:
    """What can be read, by the last part of the address."""
    return {
        "machines": lambda request: machines_data(service, tally),
        "machine": lambda request: machine_data(service, tally, asked(request, "arn")),
        "counts": lambda request: counts_data(service, tally, asked(request, "machine")),
        "executions": lambda request: executions_data(
            service,
            request.query_params.get("machine"),
            request.query_params.get("status"),
            request.query_params.get("name"),
            number(request, "offset", 0),
            number(request, "limit", 50),
        ),
        "execution": lambda request: looks.standing(asked(request, "arn")),
        "drawing": lambda request: looks.drawn(asked(request, "arn")),
        "trace": lambda request: looks.trace(asked(request, "arn"), request.query_params.get("seen")),
        "visit": lambda request: looks.data(
            asked(request, "arn"),
            number(request, "visit", 0) - 1,
            request.query_params.get("whole", ""),
            request.query_params.get("seen"),
        ),
        "timeline": lambda request: looks.timeline(asked(request, "arn"), service.clock().now),
        "children": lambda request: looks.children(
            asked(request, "arn"), asked(request, "map_run"), number(request, "offset", 0)
        ),
        "events": lambda request: events_data(
            service, asked(request, "arn"), number(request, "after", 0), number(request, "limit", 100)
        ),
        "event": lambda request: event_data(
            service, asked(request, "arn"), number(request, "id", 0), request.query_params.get("whole", "")
        ),
    }


def _shell(request: Request) -> Response:
    return file(request, shell(), "text/html; charset=utf-8")


def _asset(request: Request) -> Response:
    found = asset(request.path_params["name"])
    if found is None:
        return refusal(Refused(404, "there is no such file"))
    return file(request, *found)


def _acting(
    service: StepFunctions, act: Callable[[StepFunctions, dict[str, Any]], dict[str, Any]]
) -> Callable[[Request], Any]:
    """An endpoint that does what a button says, asked by the page itself."""

    async def endpoint(request: Request) -> Response:
        try:
            wanted = await _wanted(request, act.__name__)
            return answer(await run_in_threadpool(act, service, wanted))
        except SfnbError as fault:
            return refusal(fault)

    return endpoint


async def _wanted(request: Request, what: str) -> dict[str, Any]:
    """The JSON object that was sent; raises Refused where it is none, or may be another page's.

    what: it is asked for, "start".
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get(OWN) is None or kind != "application/json" or site not in ("same-origin", "none"):
        raise Refused(403, f"only this server's own page may ask for that: it sends JSON and {OWN}")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_REQUEST:
            too_large = "the input" if what == "start" else f"what was sent to '{what}'"
            raise Refused(
                413, f"{too_large} is too large: the request has more than {LARGEST_REQUEST:,} bytes"
            )
    try:
        wanted = msgspec.json.decode(body)
    except msgspec.DecodeError as fault:
        raise Refused(400, f"that is not JSON: {fault}") from None
    if not isinstance(wanted, dict):
        raise Refused(400, "a JSON object was expected")
    return wanted
