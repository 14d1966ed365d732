"""`@sfnb.function`: a Python function that stands for a Lambda function, and may be started by triggers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sfnb.errors import SfnbError
from sfnb.given import register
from sfnb.on.making import On

if TYPE_CHECKING:
    from sfnb.service import StepFunctions


class Function:
    """A function with an ARN. Call it as it is; `on` says what starts it."""

    def __init__(self, service: StepFunctions, name: str, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._service = service
        self._function = function
        self.name = name

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self._service.region}:{self._service.account}:function:{self.name}"

    @property
    def on(self) -> On:
        """What starts it: `resize.on.file("*.png", bucket="photos")`."""
        return On(self._service, self.arn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"{self.name}: {self.arn}"


def make_function(service: StepFunctions, function: Any) -> Any:
    """See `sfnb.function`."""
    if isinstance(function, str):
        return functools.partial(_made, service, function)
    if not callable(function):
        raise SfnbError(f"a function is what is decorated, found {type(function).__name__}")
    return _made(service, getattr(function, "__name__", type(function).__name__), function)


def _made(service: StepFunctions, name: str, function: Callable[..., Any]) -> Function:
    register(service.registry, service.registry.functions, name)(function)
    made = Function(service, name, function)
    service.take_up_triggers(made.arn)
    return made
