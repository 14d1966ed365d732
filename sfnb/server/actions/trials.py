"""TestState."""

from __future__ import annotations

from typing import Any

from sfnb.service import StepFunctions
from sfnb.trial.request import request_of


def test_state(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    return service.test_state(request_of(params))
