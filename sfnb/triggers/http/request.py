"""A request as a route sees it, and the `$context` that goes with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec

from sfnb.triggers.http.route import Route
from sfnb.values import Json

MOST_PARAMETERS = 1_000


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """headers: by their lower-case names, several of one name joined by commas.

    sent_headers: the same by the names that most clients write: Content-Type.
    path: without the stage, as it was sent. variables: of the path, decoded.
    query: decoded, several of one name as they came.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    sent_headers: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    variables: Mapping[str, str]
    body: str
    source_ip: str
    received: datetime
    request_id: str
    account: str
    region: str

    @property
    def content_type(self) -> str:
        """Without what comes after `;`, lower case; application/json where there is none, as AWS has it."""
        return self.headers.get("content-type", "application/json").partition(";")[0].strip().lower()

    @property
    def last_query(self) -> dict[str, str]:
        """A value for each name: REST APIs take the last."""
        return dict(self.query)

    @property
    def joined_query(self) -> dict[str, str]:
        """A value for each name: HTTP APIs join several with commas."""
        found: dict[str, str] = {}
        for name, value in self.query:
            found[name] = f"{found[name]},{value}" if name in found else value
        return found


class QueryRefused(Exception):
    """A query string that is not read."""


def read_query(text: str) -> tuple[tuple[str, str], ...]:
    """Raises QueryRefused where there are too many parameters, or what they say is not UTF-8."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict")
    except UnicodeDecodeError:
        raise QueryRefused("the query string is not UTF-8") from None
    except ValueError:
        raise QueryRefused(f"the query string has more than {MOST_PARAMETERS:,} parameters") from None
    return tuple(pairs)


def context_of(request: Request, route: Route, api_key: str | None = None) -> dict[str, Json]:
    """`$context`: the names that REST and HTTP APIs share, then their own.

    Source: API Gateway guide, "Variables for data transformations", "Customize HTTP API access logs".
    """
    stage = route.api.stage_name
    prefix = "" if stage == "$default" else f"/{stage}"
    identity: dict[str, Json] = {
        "sourceIp": request.source_ip,
        "userAgent": request.headers.get("user-agent", ""),
    }
    if api_key is not None:
        identity["apiKey"] = api_key
    return {
        "accountId": request.account,
        "apiId": api_id(route.api.name),
        "domainName": request.headers.get("host", ""),
        "httpMethod": request.method,
        "identity": identity,
        "path": prefix + request.path,
        "protocol": "HTTP/1.1",
        "requestId": request.request_id,
        "extendedRequestId": request.request_id,
        "requestTime": request.received.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": round(request.received.timestamp() * 1000),
        "resourcePath": route.route_key.partition(" ")[2],
        "routeKey": route.route_key,
        "stage": stage,
        "authorizer": {},
        "error": {},
    }


def api_id(name: str) -> str:
    """An API has an id on AWS; here it is its name, as far as an id may be that."""
    return re.sub(r"[^a-z0-9]", "", name.lower()) or "api"
