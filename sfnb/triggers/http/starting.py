"""Routes made of little: where they are and which state machine they start."""

from __future__ import annotations

from sfnb.triggers.http.answers import JSON
from sfnb.triggers.http.route import (
    Api,
    HttpIntegration,
    IntegrationResponse,
    RestIntegration,
    Route,
    RouteRefused,
    check_route,
)
from sfnb.values import encode

REQUEST = (
    '{"stateMachineArn": %s, "input": "$util.escapeJavaScript($input.json(\'$\')).replaceAll("\\\\\'","\'")"}'
)
OUTPUT = """\
#if($input.path('$.status') == 'SUCCEEDED')
$input.path('$.output')
#else
#set($context.responseOverride.status = 500)
{"status": $input.json('$.status'), "error": $input.json('$.error'), "cause": $input.json('$.cause')}
#end"""
"""The machine's output is the answer; a machine that failed is an error of the server."""
FAULT = "{\"message\": $input.json('$.message')}"


def starting_route(
    route_key: str, machine: str, *, sync: bool = False, output: bool = False, rest: bool = False
) -> Route:
    """A route whose request body is the input of `machine`, an ARN.

    sync: the answer is what StartSyncExecution says, after the end; else what StartExecution says.
    output: the answer is the machine's output, which takes a REST API: HTTP APIs map no bodies.
    rest: of a REST API in any case. Raises RouteRefused.
    """
    if output and not sync:
        raise RouteRefused("there is output to answer with only where it is waited for: sync=True")
    action = "StartSyncExecution" if sync else "StartExecution"
    if output or rest:
        integration = _of_rest_api(machine, action, OUTPUT if output else None)
        route = Route(route_key=route_key, integration=integration, api=Api(protocol_type="REST"))
    else:
        parameters = {"StateMachineArn": machine, "Input": "$request.body"}
        subtype = f"StepFunctions-{action}"
        held = HttpIntegration(integration_subtype=subtype, request_parameters=parameters)
        route = Route(route_key=route_key, integration=held)
    check_route(route)
    return route


def _of_rest_api(machine: str, action: str, template: str | None) -> RestIntegration:
    """template: what the answer is made by; None: it is Step Functions' own."""
    region = machine.split(":")[3] if machine.count(":") >= 6 else "us-east-1"
    return RestIntegration(
        uri=f"arn:aws:apigateway:{region}:states:action/{action}",
        request_templates={JSON: REQUEST % encode(machine)},
        integration_responses=(
            IntegrationResponse(
                status_code="200", response_templates={} if template is None else {JSON: template}
            ),
            IntegrationResponse(
                status_code="400", selection_pattern="4\\d{2}", response_templates={JSON: FAULT}
            ),
            IntegrationResponse(
                status_code="500", selection_pattern="5\\d{2}", response_templates={JSON: FAULT}
            ),
        ),
    )
