"""API Gateway: routes that start a state machine, of HTTP APIs and of REST APIs.

    AWS's JSON → route.decode_route → Route → plan.compile_route → Plan
    a request → app.RoutesApp → Plan.perform → ports.Start

`route.py` has the records, `route_key.py` finds the route of a request. An HTTP API's parameters are mapped
in `mapping.py` and `http_api.py`, a REST API's by templates (`vtl/`) in `rest_api.py`. `models.py`,
`admission.py` and `cors.py` say who comes in with what. `openapi.py` writes it all out, so that it deploys.
"""

from sfnb.triggers.http.app import RoutesApp
from sfnb.triggers.http.openapi import openapi
from sfnb.triggers.http.plan import compile_route
from sfnb.triggers.http.ports import Action, Start, StartRefused
from sfnb.triggers.http.reading import Limits
from sfnb.triggers.http.route import Route, RouteRefused, decode_route
from sfnb.triggers.http.starting import starting_route

__all__ = [
    "Action",
    "Limits",
    "Route",
    "RouteRefused",
    "RoutesApp",
    "Start",
    "StartRefused",
    "compile_route",
    "decode_route",
    "openapi",
    "starting_route",
]
