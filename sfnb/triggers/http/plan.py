"""A route made ready: everything in it that is text of some language has been read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from sfnb.triggers.http.answers import SERVICE_CONTENT_TYPE, Answer, Refusal, error_json, service_json
from sfnb.triggers.http.http_api import HttpPlan, compile_http
from sfnb.triggers.http.mapping import MappingRefused, ServiceAnswer, Source
from sfnb.triggers.http.models import BadRequest, ModelRefused, Validate, check_request, compile_models
from sfnb.triggers.http.ports import Action, Start
from sfnb.triggers.http.request import Request, context_of
from sfnb.triggers.http.rest_api import IntegrationRefused, NotUnderstood, RestPlan, compile_rest
from sfnb.triggers.http.route import HttpIntegration, Route, RouteRefused, check_route
from sfnb.triggers.ports import Refused


class Outcome(msgspec.Struct, frozen=True):
    """why: nothing was started, if not None."""

    answer: Answer
    why: str | None = None


class Plan(msgspec.Struct, frozen=True, eq=False):
    route: Route
    integration: HttpPlan | RestPlan
    models: Mapping[str, Validate]

    def perform(self, request: Request, api_key: str | None, start: Start) -> Outcome:
        """Check a request, ask Step Functions, word the answer; raises Refusal."""
        self._check(request)
        context = context_of(request, self.route, api_key)
        stage_variables = self.route.api.stage_variables
        source = Source(request, context, stage_variables)
        why: str | None = None
        try:
            if isinstance(self.integration, HttpPlan):
                arguments = self.integration.arguments(source)
            else:
                arguments = self.integration.arguments(request, context, stage_variables)
            answer = start(self.route, cast(Action, self.route.integration.action), arguments)
            response = _response(200, service_json(answer), request)
        except NotUnderstood as fault:
            why = f"{self._passed_on(request)}SerializationException: {fault}"
            response = _response(400, error_json("SerializationException", str(fault)), request)
        except Refused as fault:
            why = f"{self._passed_on(request)}{fault.code}: {fault}"
            response = _response(fault.status, error_json(fault.code, str(fault)), request)
        if isinstance(self.integration, HttpPlan):
            answered = self.integration.answer(Source(request, context, stage_variables, response))
        else:
            answered = self.integration.answer(request, response, context, stage_variables)
        return Outcome(answered, why)

    def _passed_on(self, request: Request) -> str:
        told = self.integration.passed_on(request) if isinstance(self.integration, RestPlan) else ""
        return f"{told}; " if told else ""

    def _check(self, request: Request) -> None:
        try:
            check_request(self.route, self.models, request)
        except BadRequest as fault:
            kind = "BAD_REQUEST_PARAMETERS" if fault.message == fault.why else "BAD_REQUEST_BODY"
            raise Refusal(kind, fault.message, fault.why) from None


def compile_route(route: Route) -> Plan:
    """Raises RouteRefused where a template, a mapping, a pattern or a schema cannot be read."""
    check_route(route)
    integration = route.integration
    try:
        if isinstance(integration, HttpIntegration):
            return Plan(route, compile_http(integration), compile_models(route))
        return Plan(route, compile_rest(integration), compile_models(route))
    except (MappingRefused, IntegrationRefused) as fault:
        raise RouteRefused(f"{route.route_key}: Integration.{fault}") from None
    except ModelRefused as fault:
        raise RouteRefused(f"{route.route_key}: {fault}") from None
    except RecursionError:
        raise RouteRefused(f"{route.route_key}: it is nested too deeply") from None


def _response(status: int, body: str, request: Request) -> ServiceAnswer:
    headers = {"content-type": SERVICE_CONTENT_TYPE, "x-amzn-requestid": request.request_id}
    return ServiceAnswer(status, headers, body)
