"""What a Resource means, an integration each."""

from __future__ import annotations

from sfnb.engine.ports import Integration
from sfnb.integrations.activity import Activity
from sfnb.integrations.lambda_function import LambdaFunction
from sfnb.integrations.lambda_invoke import LambdaInvoke
from sfnb.integrations.service import Service, service_action

FUNCTION = LambdaFunction()
ACTIVITY = Activity()
SERVICE = Service()

INTEGRATIONS: dict[str, Integration] = {
    "lambda:invoke": LambdaInvoke(),
}
"""By service and action; every other service is `SERVICE`."""


def integration_for(resource: str) -> Integration:
    """The integration that a Resource belongs to; a plain name or a placeholder is a function."""
    parts = resource.split(":")
    if len(parts) < 6 or parts[0] != "arn" or parts[2] != "states":
        return FUNCTION
    if parts[5] == "activity":
        return ACTIVITY if len(parts) > 6 else FUNCTION
    return INTEGRATIONS.get(":".join(service_action(resource)), SERVICE)
