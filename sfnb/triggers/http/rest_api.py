"""An integration of a REST API: templates make the service's request, and the answer of what it said.

Source: API Gateway guide, "Method request behavior for payloads without mapping templates", "Set up an
integration response in API Gateway", "Override your API's request and response parameters".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sfnb.errors import SfnbError
from sfnb.triggers.http.answers import JSON, Answer, Refusal, header_text, identified
from sfnb.triggers.http.mapping import ServiceAnswer
from sfnb.triggers.http.request import Request
from sfnb.triggers.http.response_parameters import HeaderFind, compile_headers
from sfnb.triggers.http.route import IntegrationResponse, RestIntegration
from sfnb.triggers.http.vtl import Template, TemplateError
from sfnb.triggers.http.vtl.methods import linear_regex
from sfnb.triggers.http.vtl.run import RenderFault
from sfnb.triggers.http.vtl.variables import BodyUnparsed, Input, variables
from sfnb.values import Json, decode

INTERNAL = "Internal server error"
TAKEN = frozenset({
    "stateMachineArn", "name", "input", "traceHeader", "includedData", "executionArn", "error", "cause",
})  # fmt: skip
"""What the actions of a route take. Step Functions pays no heed to anything else that it is sent."""


class IntegrationRefused(SfnbError):
    """Templates or patterns that cannot be read; says which and why."""


class ResponsePlan(msgspec.Struct, frozen=True):
    """pattern: a compiled regular expression; None for the default."""

    status: int
    pattern: Any
    templates: Mapping[str, Template]
    headers: Mapping[str, HeaderFind]


class RestPlan(msgspec.Struct, frozen=True):
    """An integration whose templates have been read."""

    passthrough: str
    templates: Mapping[str, Template]
    responses: tuple[ResponsePlan, ...]

    def arguments(
        self, request: Request, context: dict[str, Json], stage_variables: Mapping[str, str]
    ) -> dict[str, str]:
        """What Step Functions is asked; raises Refusal."""
        text = self._request(request, context, stage_variables)
        try:
            asked = decode(text)
        except (ValueError, RecursionError) as fault:
            why = "it is nested too deeply" if isinstance(fault, RecursionError) else str(fault)
            raise NotUnderstood(f"what is sent to Step Functions is no JSON: {why}: {text[:200]}") from None
        if not isinstance(asked, dict):
            raise NotUnderstood("what is sent to Step Functions is no JSON object")
        for name, value in asked.items():
            if name in TAKEN and not isinstance(value, str | None):
                hint = "; a template writes it as $util.escapeJavaScript($input.json('$'))"
                raise NotUnderstood(f"{name!r} is no string{hint if name == 'input' else ''}")
        return {name: value for name, value in asked.items() if name in TAKEN and isinstance(value, str)}

    def passed_on(self, request: Request) -> str:
        """Why Step Functions got a body as it came, where templates are for other types; else ""."""
        kind = request.content_type
        if kind in self.templates or not self.templates:
            return ""
        known = next(iter(self.templates))
        return (
            f"came as {kind:.80}, so no template took it for the input: send it with "
            f"-H 'Content-Type: {known}'"
        )

    def _request(self, request: Request, context: dict[str, Json], stage_variables: Mapping[str, str]) -> str:
        template = self.templates.get(request.content_type)
        if template is None:
            if self.passthrough == "NEVER" or (self.templates and self.passthrough == "WHEN_NO_TEMPLATES"):
                known = ", ".join(self.templates) or "none"
                why = f"no template for {request.content_type!r:.80}, but for {known}"
                raise Refusal("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type", why)
            return request.body or "{}"
        given = Input(request.body, request.variables, request.last_query, request.sent_headers)
        return _rendered(template, given, context, stage_variables, "request body")

    def answer(
        self,
        request: Request,
        response: ServiceAnswer,
        context: dict[str, Json],
        stage_variables: Mapping[str, str],
    ) -> Answer:
        """What the client gets; raises Refusal where no integration response is for it, or it fails."""
        plan = self._chosen(response.status)
        kind = JSON if JSON in plan.templates else next(iter(plan.templates), JSON)
        template = plan.templates.get(kind)
        headers = {"content-type": kind}
        headers |= {
            name: header_text(value) for name, find in plan.headers.items() if (value := find(response))
        }
        body = response.body
        context.pop("responseOverride", None)
        if template is not None:
            given = Input(response.body, request.variables, request.last_query, request.sent_headers)
            body = _rendered(template, given, context, stage_variables, "response body")
        status = _overridden(plan.status, headers, context.get("responseOverride"))
        own = identified(request.request_id, is_rest=True)
        return Answer(status, (*headers.items(), *own), body.encode(errors="replace"))

    def _chosen(self, status: int) -> ResponsePlan:
        default = None
        for plan in self.responses:
            if plan.pattern is None:
                default = plan
            elif plan.pattern.fullmatch(str(status)):
                return plan
        if default is None:
            why = f"no integration response is for the status {status}"
            raise Refusal("API_CONFIGURATION_ERROR", INTERNAL, why)
        return default


class NotUnderstood(Exception):
    """Step Functions itself would refuse the request: SerializationException."""


def compile_rest(integration: RestIntegration) -> RestPlan:
    """Raises IntegrationRefused."""
    templates = _templates(integration.request_templates, "RequestTemplates")
    responses: list[ResponsePlan] = []
    for index, response in enumerate(integration.integration_responses):
        responses.append(_response(response, f"IntegrationResponses[{index}]"))
    if not responses:
        raise IntegrationRefused("IntegrationResponses: there is none")
    return RestPlan(integration.passthrough_behavior, templates, tuple(responses))


def _response(response: IntegrationResponse, where: str) -> ResponsePlan:
    if not (response.status_code.isdecimal() and 200 <= int(response.status_code[:4]) <= 599):
        raise IntegrationRefused(f"{where}.StatusCode: {response.status_code!r:.20} is not 200 to 599")
    try:
        pattern = linear_regex(response.selection_pattern) if response.selection_pattern else None
        headers = compile_headers(response.response_parameters)
    except RenderFault as fault:
        raise IntegrationRefused(f"{where}: {fault}") from None
    templates = _templates(response.response_templates, f"{where}.ResponseTemplates")
    return ResponsePlan(int(response.status_code), pattern, templates, headers)


def _templates(texts: Mapping[str, str], where: str) -> dict[str, Template]:
    found: dict[str, Template] = {}
    for kind, text in texts.items():
        try:
            found[kind.lower()] = Template(text)
        except TemplateError as fault:
            raise IntegrationRefused(f"{where}[{kind}]: {fault}") from None
    return found


def _rendered(
    template: Template,
    given: Input,
    context: dict[str, Json],
    stage_variables: Mapping[str, str],
    what: str,
) -> str:
    try:
        return template.render(variables(given, context, stage_variables))
    except TemplateError as fault:
        if isinstance(fault.__cause__, BodyUnparsed) and what == "request body":
            words = f"Could not parse request body into json: {fault.__cause__}"
            raise Refusal("BAD_REQUEST_BODY", words, str(fault)) from None
        raise Refusal("API_CONFIGURATION_ERROR", INTERNAL, str(fault)) from None


def _overridden(status: int, headers: dict[str, str], override: Any) -> int:
    """The status; `$context.responseOverride.status` and `.header.NAME` have the last word."""
    if not isinstance(override, dict):
        return status
    changed = override.get("header")
    for name, value in (changed if isinstance(changed, dict) else {}).items():
        if isinstance(name, str) and name.isascii() and name.replace("-", "").replace("_", "").isalnum():
            headers[name.lower()] = header_text(str(value))
    given = str(override.get("status", status)).removesuffix(".0")
    if not (given.isdecimal() and 200 <= int(given[:4]) <= 599):
        why = f"$context.responseOverride.status is {given!r:.40}, no status from 200 to 599"
        raise Refusal("API_CONFIGURATION_ERROR", INTERNAL, why)
    return int(given)
