"""Routes of API Gateway that start a state machine: the kind "http".

They are served under `/api` by the server of this process: by `sfnb serve`, or by one that begins with the
first route. `http/` knows what a request becomes; here is what keeps the routes, and what they ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sfnb.triggers import PREFIX
from sfnb.triggers.http.app import RoutesApp
from sfnb.triggers.http.cors import allows
from sfnb.triggers.http.plan import compile_route
from sfnb.triggers.http.ports import Action
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
        self._routes: dict[str, tuple[Trigger, Route]] = {}

    def check(self, trigger: Trigger) -> None:
        """Raises RouteRefused; ValidationException where another trigger has the same route."""
        route = decode_route(trigger.settings)
        compile_route(route)
        for key, (_, other) in self._routes.items():
            same = (other.route_key, other.api.stage_name) == (route.route_key, route.api.stage_name)
            if same and key != trigger.key:
                raise ValidationException(f"{route.route_key} starts another: remove '{key}' before")

    def begin(self, trigger: Trigger) -> None:
        self._routes[trigger.key] = trigger, decode_route(trigger.settings)
        self._here.world.serve()

    def end(self, trigger: Trigger) -> None:
        self._routes.pop(trigger.key, None)

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
        """Where a route is served: `http://127.0.0.1:8083/api/orders`."""
        route = decode_route(trigger.settings)
        stage = route.api.stage_name
        path = route.route_key.partition(" ")[2] if " " in route.route_key else "/"
        return f"{self._here.world.serve()}{PREFIX}{'' if stage == '$default' else f'/{stage}'}{path}"

    @property
    def any(self) -> bool:
        return bool(self._routes)

    def lets_in(self, origin: str) -> bool:
        """Whether pages of an origin may call one of the routes."""
        known = [route.api.cors_configuration for route in self._enabled()]
        return any(cors is not None and allows(cors, origin) for cors in known)

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
            trigger.counts.match(self._here.world.clock.now())

    def _dropped(self, route: Route, why: str) -> None:
        trigger = self._trigger(route)
        if trigger is not None:
            trigger.counts.drop(why)

    def _start(self, route: Route, action: Action, parameters: dict[str, str]) -> Mapping[str, Any]:
        """Perform an action of Step Functions' API for a route; raises Refused."""
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
                raise Refused("AccessDeniedException", str(fault), status=400) from None
        answer = world.ask(action, parameters)
        if trigger is not None and action.startswith("Start"):
            trigger.counts.start(str(answer["executionArn"]))
        return answer


def _role_of(route: Route) -> str | None:
    integration = route.integration
    return (
        integration.credentials_arn if isinstance(integration, HttpIntegration) else integration.credentials
    )
