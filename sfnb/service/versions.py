"""The actions on versions of state machines, and on the aliases that name them.

Source: AWS API reference, PublishStateMachineVersion, CreateStateMachineAlias; AWS recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import structs

from sfnb.engine.activities import InvalidArn
from sfnb.engine.clock import pick
from sfnb.map_runs import ResourceNotFound
from sfnb.service import shelf
from sfnb.service.arns import machine_arn, unqualified
from sfnb.service.conditions import check_there
from sfnb.service.machines import Machines
from sfnb.service.records import Alias, Holding, Route, StateMachineRecord
from sfnb.service.refusals import (
    ConflictException,
    ServiceQuotaExceededException,
    StateMachineDoesNotExist,
)
from sfnb.trial.refusals import ValidationException

MOST_ALIASES = 100
ROUTING = "INVALID_ROUTING_CONFIGURATION"
ABSENT = "Request references a resource that does not exist."
OTHER_ALIAS = (
    "Failed to create alias because an alias with the same name and a different routing configuration "
    "already exists."
)


class Chosen(NamedTuple):
    """What an ARN stands for when an execution is started. version, alias: ARNs."""

    machine: StateMachineRecord
    version: str | None = None
    alias: str | None = None

    @property
    def qualifiers(self) -> dict[str, str]:
        """As `events.ExecutionStarted` has them."""
        given = {"state_machine_version_arn": self.version, "state_machine_alias_arn": self.alias}
        return {name: arn for name, arn in given.items() if arn is not None}


class Versions(Machines):
    """Publishes, routes and chooses."""

    def publish_state_machine_version(
        self, arn: str, *, revision: str | None = None, description: str | None = None
    ) -> StateMachineRecord:
        """Give a machine as it is now a number; if it has one already, that is its version.

        revision: what it is expected to be; "INITIAL" for a machine that was never changed.
        Raises ConflictException where it is another; StateMachineDoesNotExist, StateMachineDeleting.
        """
        with self._changing:
            holding = self._holding(unqualified(arn))
            record = holding.record
            check_there(holding)
            if revision is not None and revision != (record.revision or "INITIAL"):
                raise ConflictException(
                    f"Failed to publish the State Machine version for revision {revision}. "
                    f"The current State Machine revision is {record.revision or 'INITIAL'}."
                )
            version = self._numbered(holding, record, description)
            if version.version not in holding.versions:
                self._put(holding, record, version)
            return version

    def list_state_machine_versions(self, arn: str) -> list[StateMachineRecord]:
        """Newest first. None of a machine that is not there: AWS knows no error for it."""
        holding = self._holdings().get(unqualified(arn))
        return [] if holding is None else list(holding.versions.values())[::-1]

    def delete_state_machine_version(self, arn: str) -> None:
        """Also one that is not there; raises ConflictException while an alias names it."""
        parsed = machine_arn(arn)
        if parsed.version is None:
            raise InvalidArn(f"Invalid Arn: 'State machine version ARN expected: {arn}'")
        with self._changing:
            holding = self._holdings().get(parsed.machine)
            if holding is None or parsed.version not in holding.versions:
                return
            naming = [alias.name for alias in _naming(holding, parsed.version)]
            if naming:
                raise ConflictException(
                    "Version to be deleted must not be referenced by an alias. "
                    f"Current list of aliases referencing this version: [{', '.join(naming)}]"
                )
            if holding.kept:
                shelf.drop(self.store, arn)
            del holding.versions[parsed.version]

    # Aliases

    def create_state_machine_alias(
        self, name: str, routes: Sequence[tuple[str, int]], description: str | None = None
    ) -> Alias:
        """Name one version, or two with their weights; the same alias may be created again.

        routes: ARNs of versions, and which share of the executions each gets, in per cent.
        Raises ValidationException, ConflictException, ResourceNotFound.
        """
        with self._changing:
            holding, checked = self._routed(routes)
            check_there(holding)
            arn = f"{holding.record.arn}:{name}"
            before = holding.aliases.get(name)
            if before is not None:
                if before.routes != checked or before.description != description:
                    raise ConflictException(OTHER_ALIAS)
                return before
            if len(holding.aliases) >= MOST_ALIASES:
                raise ServiceQuotaExceededException(
                    f"A state machine has {MOST_ALIASES} aliases at most: delete one"
                )
            now = self.clock().now()
            alias = Alias(
                arn=arn,
                name=name,
                description=description,
                routes=checked,
                creation_date=now,
                update_date=now,
            )
            self._keep_alias(holding, alias)
            return alias

    def update_state_machine_alias(
        self,
        arn: str,
        *,
        routes: Sequence[tuple[str, int]] | None = None,
        description: str | None = None,
    ) -> Alias:
        """A change that changes nothing is none. Raises ResourceNotFound, ValidationException,
        StateMachineDeleting.
        """
        with self._changing:
            holding, before = self._alias(arn)
            check_there(holding)
            alias = before
            if routes is not None:
                target, checked = self._routed(routes)
                if target is not holding:
                    raise ValidationException(f"The versions have to be those of '{arn}'", ROUTING)
                alias = structs.replace(alias, routes=checked)
            if description is not None:
                alias = structs.replace(alias, description=description)
            if alias != before:
                alias = structs.replace(alias, update_date=self.clock().now())
                self._keep_alias(holding, alias)
            return alias

    def describe_state_machine_alias(self, arn: str) -> Alias:
        """Raises ResourceNotFound."""
        return self._alias(arn)[1]

    def list_state_machine_aliases(self, arn: str) -> list[Alias]:
        """Those of a machine, or those that name a version; oldest first, as recorded.

        Raises StateMachineDoesNotExist, StateMachineDeleting.
        """
        parsed = machine_arn(arn)
        holding = self._holding(parsed.machine, arn)
        check_there(holding)
        if parsed.version is None:
            return list(holding.aliases.values())
        return _naming(holding, parsed.version)

    def delete_state_machine_alias(self, arn: str) -> None:
        """Raises ResourceNotFound."""
        with self._changing:
            holding, alias = self._alias(arn)
            if holding.kept:
                shelf.drop(self.store, alias.arn)
            del holding.aliases[alias.name]

    def _alias(self, arn: str) -> tuple[Holding, Alias]:
        parsed = machine_arn(arn)
        holding = self._holdings().get(parsed.machine)
        alias = None if holding is None else holding.aliases.get(parsed.qualifier or "")
        if holding is None or alias is None:
            raise ResourceNotFound(ABSENT)
        return holding, alias

    def _keep_alias(self, holding: Holding, alias: Alias) -> None:
        if holding.kept:
            shelf.keep_alias(self.store, alias)
        holding.aliases[alias.name] = alias

    def _routed(self, routes: Sequence[tuple[str, int]]) -> tuple[Holding, tuple[Route, ...]]:
        """The machine whose versions are named, and the routes.

        Raises ValidationException, ResourceNotFound.
        """
        said = ", ".join(arn for arn, _ in routes)
        parsed = [machine_arn(arn) for arn, _ in routes]
        versions = [each.version for each in parsed]
        if None in versions:
            raise ValidationException(
                f"Routing configuration must contain state machine version ARNs. Received: [{said}]", ROUTING
            )
        if len({each.machine for each in parsed}) > 1 or len(set(versions)) < len(versions):
            raise ValidationException(
                "Routing configuration must contain distinct versions of the same state machine. "
                f"Received: [{said}]",
                ROUTING,
            )
        weights = [weight for _, weight in routes]
        if sum(weights) != 100:
            raise ValidationException(
                f"Sum of routing configuration weights must equal 100. Received: {weights}", ROUTING
            )
        holding = self._holdings().get(parsed[0].machine)
        if holding is None or any(version not in holding.versions for version in versions):
            raise ResourceNotFound(ABSENT)
        pairs = zip(versions, weights, strict=True)
        return holding, tuple(
            Route(version=version, weight=weight) for version, weight in pairs if version is not None
        )

    # What an ARN stands for

    def described_state_machine(self, arn: str) -> StateMachineRecord:
        """The machine, or the version that `arn` names, itself or by an alias; raises
        StateMachineDoesNotExist, InvalidArn.
        """
        return self._chosen(arn, lambda routes: routes[0]).machine

    def choose_state_machine(self, arn: str) -> Chosen:
        """What an execution that is started by `arn` runs: of an alias's versions one by its weight.

        Raises StateMachineDoesNotExist, StateMachineDeleting, InvalidArn, ValidationException.
        """
        if machine_arn(arn).label is not None:
            unqualified(arn)
        chosen = self._chosen(arn, lambda routes: routes[pick([route.weight for route in routes])])
        check_there(self._holding(chosen.machine.arn))
        return chosen

    def _chosen(self, arn: str, choose: Callable[[Sequence[Route]], Route]) -> Chosen:
        parsed = machine_arn(arn)
        holding = self._holding(parsed.machine, arn)
        if parsed.qualifier is None:
            return Chosen(holding.record)
        alias = None
        number = parsed.version
        if number is None:
            found = holding.aliases.get(parsed.qualifier)
            alias, number = (None, None) if found is None else (found.arn, choose(found.routes).version)
        version = holding.versions.get(number or 0)
        if version is None:
            raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
        return Chosen(version, f"{version.arn}:{number}", alias)


def _naming(holding: Holding, version: int) -> list[Alias]:
    return [
        alias for alias in holding.aliases.values() if version in (route.version for route in alias.routes)
    ]
