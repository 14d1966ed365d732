"""Routes of API Gateway that start a state machine: the kind "http".

They are served under `/api` by the server of this process: by `sfnb serve`, or by one that begins with the
first route. `http/` knows what a request becomes; here is what keeps the routes, and what they ask.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sfnb.errors import SfnbError, StoreFault
from sfnb.triggers import PREFIX
from sfnb.triggers.http.app import RoutesApp
from sfnb.triggers.http.plan import compile_route
from sfnb.triggers.http.ports import Action, StartRefused
from sfnb.triggers.http.route import HttpIntegration, Route, decode_route
from sfnb.triggers.ports import Assumed, Refused
from sfnb.triggers.records import Trigger
from sfnb.triggers.refusals import ValidationException

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

PRINCIPAL = "apigateway.amazonaws.com"


class Routes:
    """The routes that are served here."""

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._routes: Mapping[str, tuple[Trigger, Route]] = {}
        """Another one after each change, as requests read it meanwhile."""
        self._counting = threading.Lock()

    def check(self, trigger: Trigger) -> None:
        """Raises RouteRefused; ValidationException where another trigger has the same route."""
        route = decode_route(trigger.settings)
        compile_route(route)
        for key, (_, other) in self._routes.items():
            if key != trigger.key and _place(other) == _place(route):
                raise ValidationException(
                    f"{route.route_key} is there already: it is '{key.partition(':')[2]}', remove that before"
                )

    def begin(self, trigger: Trigger) -> None:
        """At the port that it had in an earlier process, if a server begins for it."""
        route = decode_route(trigger.settings)
        port = urlsplit(self._here.world.serve(trigger.options.get("port"))).port
        if trigger.options.get("port") != port:
            trigger.options = {**trigger.options, "port": port}
            self._here.save(trigger)
        self._routes = {**self._routes, trigger.key: (trigger, route)}

    def end(self, trigger: Trigger) -> None:
        self._routes = {key: each for key, each in self._routes.items() if key != trigger.key}

    def words(self, trigger: Trigger) -> str:
        route = decode_route(trigger.settings)
        waits = " and waits for its end" if route.integration.action == "StartSyncExecution" else ""
        return f"{route.route_key}{waits}"

    def missed(self, trigger: Trigger) -> str:
        """Nobody hears what was asked meanwhile."""
        return ""

    def state(self, settings: dict[str, Any], enabled: bool) -> dict[str, Any]:
        """API Gateway has no such thing: one that is not enabled is not there."""
        return settings

    def url(self, trigger: Trigger) -> str:
        """Where a route is served, or has been: `http://127.0.0.1:8083/api/orders`.

        Raises SfnbError where it has never been.
        """
        route = decode_route(trigger.settings)
        stage = route.api.stage_name
        path = route.route_key.partition(" ")[2] if " " in route.route_key else "/"
        port = trigger.options.get("port")
        server = self._here.world.served() if trigger.key in self._routes else None
        if server is None and port is None:
            raise SfnbError(f"{trigger.name} has not been served yet")
        server = server or f"http://127.0.0.1:{port}"
        return f"{server}{PREFIX}{'' if stage == '$default' else f'/{stage}'}{path}"

    @property
    def any(self) -> bool:
        return bool(self._routes)

    @cached_property
    def app(self) -> RoutesApp:
        """What answers requests for them."""
        world = self._here.world
        return RoutesApp(
            self._enabled,
            self._start,
            world.clock,
            prefix=PREFIX,
            account=world.account,
            region=world.region,
            on_matched=self._matched,
            on_dropped=self._dropped,
        )

    def _enabled(self) -> list[Route]:
        return [route for trigger, route in self._routes.values() if trigger.enabled]

    def _trigger(self, route: Route) -> Trigger | None:
        return next((trigger for trigger, each in self._routes.values() if each is route), None)

    def _matched(self, route: Route) -> None:
        trigger = self._trigger(route)
        if trigger is not None:
            with self._counting:
                trigger.counts.match(self._here.world.clock.now())

    def _dropped(self, route: Route, why: str) -> None:
        trigger = self._trigger(route)
        if trigger is not None:
            with self._counting:
                trigger.counts.drop(why)

    def _start(self, route: Route, action: Action, parameters: dict[str, str]) -> Mapping[str, Any]:
        """Perform an action of Step Functions' API for a route; raises StartRefused."""
        role, world = _role_of(route), self._here.world
        resource = parameters.get("stateMachineArn") or parameters.get("executionArn") or ""
        trigger = self._trigger(route)
        if role is not None:
            source = trigger.key if trigger is not None else route.route_key
            assumed = Assumed(
                role=role,
                principal=PRINCIPAL,
                source=f"arn:aws:execute-api:{world.region}:{world.account}:{source}",
                action=f"states:{action}",
                resource=resource,
            )
            try:
                world.check_role(assumed)
            except Refused as fault:
                raise StartRefused("AccessDeniedException", str(fault)) from None
        try:
            answer = world.ask(action, parameters, trigger=None if trigger is None else trigger.key)
        except StoreFault as fault:
            raise StartRefused("ServiceUnavailable", str(fault), 503) from None
        except Refused as fault:
            raise StartRefused(fault.code, str(fault), 503 if fault.again else fault.status) from None
        if trigger is not None and action.startswith("Start"):
            with self._counting:
                trigger.counts.start(str(answer["executionArn"]))
        return answer


def _place(route: Route) -> tuple[object, ...]:
    """What two routes cannot have in common, as it is not said which one is meant then."""
    return route.api.stage_name, route.key.method, route.key.shape


def _role_of(route: Route) -> str | None:
    integration = route.integration
    return (
        integration.credentials_arn if isinstance(integration, HttpIntegration) else integration.credentials
    )
