"""A state machine as its definition shows it: its text, states, picture, and the rights that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sfnb.asl import machine as asl
from sfnb.asl.graph import Graph
from sfnb.asl.source import Source
from sfnb.errors import Diagnostic, render_diagnostics
from sfnb.service import StateMachineRecord, StepFunctions

if TYPE_CHECKING:
    from sfnb.iam import Policy, Role
    from sfnb.renderers import Picture


class Defined:
    """What is in a definition that a service keeps under a name."""

    def __init__(self, service: StepFunctions, record: StateMachineRecord) -> None:
        self._service = service
        self._record = record

    @property
    def record(self) -> StateMachineRecord:
        """What the service keeps of it."""
        return self._record

    @property
    def name(self) -> str:
        return self._record.name

    @property
    def arn(self) -> str:
        return self._record.arn

    @property
    def definition(self) -> str:
        """The text as it was given."""
        return self._record.source.text

    @property
    def source(self) -> Source:
        """The definition's text, which knows where each part of it stands."""
        return self._record.source

    @property
    def tree(self) -> dict[str, Any]:
        """The definition as plain Python values; a copy."""
        import copy

        tree = self._record.source.tree
        assert isinstance(tree, dict)
        return copy.deepcopy(tree)

    @property
    def role(self) -> Role | None:
        """The role that its calls are held to; None where no policies of it are known: then it may do all.

        orders.role = sfnb.role("orders", [policy])     # or its name or ARN
        orders.role = None                              # it has that of every machine that was given none
        """
        return self._service.registry.roles.get(self._record.role_arn)

    @role.setter
    def role(self, role: Role | str | None) -> None:
        from sfnb.iam.roles import arn_of
        from sfnb.service.machines import Changes

        arn = self._service.default_role() if role is None else arn_of(role, self._service.account)
        self._record = self._service.update_state_machine(self.arn, Changes(role_arn=arn)).record

    def iam_policy(self) -> Policy:
        """What its role needs, and no more; a table with the reasons, and `.json` for IAM."""
        from sfnb.iam.generate import policy_of

        return policy_of(self._record, self.tree)

    def trust_policy(self) -> dict[str, Any]:
        """The trust policy of its role: Step Functions may take it on, for this machine alone."""
        from sfnb.iam.trust import trust_policy

        return trust_policy(machine_arn=self.arn)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is allowed and yet looks wrong, the parameters of services included."""
        from sfnb.task_parameters import parameter_warnings

        return (*self._record.warnings, *parameter_warnings(self._record.source.tree))

    @property
    def outline(self) -> Graph:
        """Nodes and edges, for renderers."""
        return asl.graph(self._record.definition)

    @property
    def states(self) -> list[str]:
        """The names of all states, those inside Parallel and Map included."""
        return [state.name for state in asl.walk(self._record.definition)]

    def graph(self) -> Picture:
        """The machine's picture; Jupyter shows it as SVG, a terminal as an outline."""
        from sfnb.renderers import picture

        return picture(self.outline, title=self.name)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.graph()._repr_mimebundle_()

    def __repr__(self) -> str:
        count = len(self.states)
        warnings = self.warnings
        note = "\n" + render_diagnostics(self._record.source, warnings) if warnings else ""
        return f"StateMachine {self.name!r}: {count} state{'s' * (count != 1)}{note}"
