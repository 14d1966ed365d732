"""Which Python function stands for a Resource, and what a call reaches where none does.

A function belongs to one machine (by state or by name) or to the whole service; a machine's own
come first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from sfnb.engine.activities import Activities
from sfnb.engine.clock import Clock
from sfnb.engine.ports import Access, AwsSession, Executions, Integration, Queued, TaskCall, Work
from sfnb.engine.tokens import TaskTokens
from sfnb.errors import StatesError
from sfnb.integrations import integration_for
from sfnb.integrations.connections import Connection
from sfnb.integrations.http_exchange import Exchange
from sfnb.items.permitted import Permit
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.engine.ports import Permissions
    from sfnb.iam.roles import Roles

Function = Callable[..., Any]

IN_PROCESS = ("events", "scheduler", "pipes")
"""Services that this process is itself, by botocore's names, besides Step Functions."""


class Held(Protocol):
    """A state machine that is held to its role."""

    @property
    def arn(self) -> str: ...
    @property
    def role_arn(self) -> str: ...


class Registry:
    """Python functions by name, and what else calls can reach. Fulfils the port `World`.

    aws: the way to AWS; None: nothing goes there. executions: Step Functions in this process.
    permissions: the roles that machines are held to; None while there are none.
    step_functions: the way to what this process is itself: Step Functions, EventBridge.
    connections: those of HTTP Tasks, by name. exchanges: what they say and hear, by the ARNs of executions
    that want to know.
    """

    def __init__(self, *, aws: AwsSession | None = None, executions: Executions | None = None) -> None:
        self.functions: dict[str, Function] = {}
        self.aws = aws
        self.executions = executions
        self.step_functions: AwsSession | None = None
        self.connections: dict[str, Connection] = {}
        self.exchanges: dict[str, list[Exchange]] = {}
        self.permissions: Permissions | None = None
        self.tokens = TaskTokens()
        self.activities = Activities()
        self._machines: dict[str, MachineTasks] = {}
        self.watchers: list[Callable[[], None]] = []
        """Called when there is something more that calls can reach."""

    def changed(self) -> None:
        """Tell whoever waits for a function, or for another way to make a call."""
        for watcher in list(self.watchers):
            watcher()

    @property
    def roles(self) -> Roles:
        """The roles whose policies are known."""
        from sfnb.iam.roles import Roles

        if not isinstance(self.permissions, Roles):
            self.permissions = Roles()
        return self.permissions

    def way(self, service: str) -> AwsSession | None:
        """Step Functions is this process; so is EventBridge, unless calls go to an account or a server."""
        if service == "stepfunctions":
            return self.step_functions
        if service in IN_PROCESS and (self.aws is None or self.aws.in_process):
            return self.step_functions
        return self.aws

    def permit(self, machine: Held, region: str, clock: Clock) -> Permit:
        """Asks the role of a machine, whenever that is known, what its Distributed Maps may do."""

        def refusal(action: str, resource: str, context: tuple[tuple[str, str], ...]) -> StatesError | None:
            if self.permissions is None:
                return None
            access = Access(
                action=action,
                resource=resource,
                role_arn=machine.role_arn,
                machine=machine.arn,
                region=region,
                moment=clock.now(),
                context=context,
            )
            return self.permissions.denial(access)

        return Permit(machine=machine.arn, refusal=refusal)

    def machine(self, arn: str) -> MachineTasks:
        """The functions of one machine; they outlive its definition."""
        if arn not in self._machines:
            self._machines[arn] = MachineTasks(self)
        return self._machines[arn]


class MachineTasks:
    """A machine's functions, with those of the service behind them. Fulfils the port `Tasks`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.tokens = registry.tokens
        self.activities = registry.activities
        self.functions: dict[str, Function] = {}
        """By state name, function name or Resource."""

    def integration(self, resource: str) -> Integration:
        return integration_for(resource)

    def answer(self, state: str, call: TaskCall, attempt: int) -> Payload | StatesError | None:
        """Every call is made."""
        return None

    def work(self, state: str, call: TaskCall, integration: Integration) -> Work | Queued | None:
        """The function that stands for the call, else the call itself, where there is a way.

        Raises StatesError where the machine's role may not make it.
        """
        work = self._way(state, call, integration)
        permissions = self._registry.permissions
        if permissions is not None and not isinstance(work, Queued):
            refusal = permissions.refusal(call)
            if refusal is not None:
                raise refusal
        return work

    def _way(self, state: str, call: TaskCall, integration: Integration) -> Work | Queued | None:
        found = self.function(state, call, integration)
        if found is None:
            return integration.reach(call, self._registry)
        name, function = found
        return Work(name=name, function=function, argument=integration.argument(call), stands_in=True)

    def function(self, state: str, call: TaskCall, integration: Integration) -> tuple[str, Function] | None:
        """By the state's name, then by what the Resource names, in the machine and then in the service.

        A function for `sqs:sendMessage` stands for `sqs:sendMessage.waitForTaskToken` as well.
        """
        own = self.functions.get(state)
        if own is not None:
            return state, own
        name = integration.function_name(call)
        bare = name.removesuffix(".waitForTaskToken") if name is not None else None
        for key in (call.resource, name, bare):
            for functions in (self.functions, self._registry.functions):
                if key is not None and key in functions:
                    return key, functions[key]
        return None
