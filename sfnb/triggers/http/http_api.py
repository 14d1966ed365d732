"""An integration of an HTTP API: parameters mapped from the request, the service's answer passed on.

Source: API Gateway guide, "Create AWS service integrations for HTTP APIs", "Integration subtype reference".
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sfnb.triggers.http.answers import Answer, Refusal, header_text, identified
from sfnb.triggers.http.mapping import (
    STATIC_RESPONSE_STATUS,
    Find,
    MappingRefused,
    ResponseChange,
    Source,
    compile_response,
    compile_value,
)
from sfnb.triggers.http.route import HttpIntegration

REGION = "Region"
"""Where the service is called: here there is one only."""


class HttpPlan(msgspec.Struct, frozen=True):
    """An integration whose mappings have been read."""

    parameters: Mapping[str, Find]
    changes: Mapping[int, tuple[ResponseChange, ...]]

    def arguments(self, source: Source) -> dict[str, str]:
        """What Step Functions is asked, named as its API names it; what was not there is left out."""
        found = {name: find(source) for name, find in self.parameters.items() if name != REGION}
        return {name[0].lower() + name[1:]: value for name, value in found.items() if value is not None}

    def answer(self, source: Source) -> Answer:
        """What the client gets of the answer in `source`; raises Refusal."""
        response = source.response
        assert response is not None
        status, headers = response.status, dict(response.headers)
        for change in self.changes.get(response.status, ()):
            value = change.find(source)
            if change.header is None:
                status = _status(value)
                continue
            before = headers.pop(change.header, None)
            if change.verb == "remove" or value is None:
                continue
            value = header_text(value)
            headers[change.header] = f"{before},{value}" if before and change.verb == "append" else value
        own = identified(source.request.request_id, is_rest=False)
        return Answer(status, (*headers.items(), *own), response.body.encode())


def compile_http(integration: HttpIntegration) -> HttpPlan:
    """Raises MappingRefused, naming the parameter."""
    parameters: dict[str, Find] = {}
    for name, value in integration.request_parameters.items():
        try:
            parameters[name] = compile_value(value)
        except MappingRefused as fault:
            raise MappingRefused(f"RequestParameters.{name}: {fault}") from None
    return HttpPlan(parameters, compile_response(integration.response_parameters))


def _status(value: str | None) -> int:
    if value is None or not STATIC_RESPONSE_STATUS.fullmatch(value):
        why = f"overwrite:statuscode gave {value!r:.40}, no status from 200 to 599"
        raise Refusal("API_CONFIGURATION_ERROR", "Internal Server Error", why)
    return int(value)
