"""Which Python function stands for a Resource.

A function belongs to one machine (by state or by name) or to the whole service; a machine's own
come first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sfnb.engine.ports import Integration, TaskCall
from sfnb.integrations import integration_for

Function = Callable[..., Any]


class Registry:
    """Python functions by name."""

    def __init__(self) -> None:
        self.functions: dict[str, Function] = {}
        self._machines: dict[str, MachineTasks] = {}

    def machine(self, arn: str) -> MachineTasks:
        """The functions of one machine; they outlive its definition."""
        if arn not in self._machines:
            self._machines[arn] = MachineTasks(self)
        return self._machines[arn]


class MachineTasks:
    """A machine's functions, with those of the service behind them. Fulfils the port `Tasks`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.functions: dict[str, Function] = {}
        """By state name, function name or Resource."""

    def integration(self, resource: str) -> Integration:
        return integration_for(resource)

    def function(self, state: str, call: TaskCall, integration: Integration) -> tuple[str, Function] | None:
        """By the state's name, then by what the Resource names, in the machine and then in the service."""
        own = self.functions.get(state)
        if own is not None:
            return state, own
        name = integration.function_name(call)
        for key in (call.resource, name):
            for functions in (self.functions, self._registry.functions):
                if key is not None and key in functions:
                    return key, functions[key]
        return None
