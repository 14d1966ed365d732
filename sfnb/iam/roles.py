"""The roles that are known here, and what they refuse.

A machine whose role is known is held to it: before each call the role's policies are asked, and for
Credentials those of the role that is taken on. A machine with another role may do everything.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from sfnb.engine.clock import uuid_of
from sfnb.engine.ports import Access, TaskCall
from sfnb.errors import SfnbError, StatesError
from sfnb.iam.calls import needs_of, role_need
from sfnb.iam.documents import Document, read_document
from sfnb.iam.evaluate import Decision, Request, evaluate
from sfnb.iam.needed import Need
from sfnb.iam.places import Place, place_of
from sfnb.iam.refusals import Caller, assume_refused, denied, message, refused
from sfnb.iam.trust import PRINCIPAL

Policies = Sequence[object] | Mapping[str, object]

ASSUME = "sts:AssumeRole"
ENFORCED = ("call", "wait", "rule")
"""The phases of which a lack makes a call fail."""


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role, whose policies are known. `sfnb.role` makes one.

    policies: identity policies. trust: who may take it on; None: everybody. boundary: the most it may have.
    """

    arn: str
    policies: tuple[Document, ...]
    trust: Document | None = None
    boundary: Document | None = None

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from sfnb.iam.tables import role_table

        return role_table(self).bundle

    def __repr__(self) -> str:
        from sfnb.iam.tables import role_table

        return role_table(self).text

    def decide(self, need: Need, context: Mapping[str, Sequence[str]]) -> Decision:
        """Whether the policies grant a right."""
        known = {**context, **{key: [value] for key, value in need.context}}
        request = Request(action=need.action, resource=need.resource, context=known)
        return evaluate(self.policies, request, self.boundary)

    def trusts(self, role: str, external_id: str) -> Decision:
        """Whether another role may take it on. external_id: that Step Functions sends, the machine's ARN."""
        if self.trust is None:
            return Decision(allowed=True)
        account = role.split(":")[4]
        context = {
            "sts:ExternalId": [external_id],
            "aws:PrincipalArn": [role],
            "aws:PrincipalAccount": [account],
            "aws:PrincipalType": ["AssumedRole"],
        }
        request = Request(action=ASSUME, context=context, principal=(("AWS", role),))
        return evaluate([self.trust], request)

    def trusts_step_functions(self, machine_arn: str) -> Decision:
        """Whether Step Functions may take it on for a machine."""
        return self.trusts_service(PRINCIPAL, machine_arn)

    def trusts_service(self, principal: str, source: str) -> Decision:
        """Whether a service may take it on. source: for what, an ARN."""
        if self.trust is None:
            return Decision(allowed=True)
        account = source.split(":")[4]
        context = {"aws:SourceArn": [source], "aws:SourceAccount": [account]}
        request = Request(action=ASSUME, context=context, principal=(("Service", principal),))
        return evaluate([self.trust], request)


def make_role(arn: str, policies: Policies = (), *, trust: object = None, boundary: object = None) -> Role:
    """A role of policy documents: a Policy, a dict or JSON text each; raises MalformedPolicy.

    A mapping of names to documents keeps the names; else they are `policy`, `policy-2` and so on.
    """
    if not arn.startswith("arn:") or arn.count(":") < 5:
        raise SfnbError(f"'{arn}' is no ARN of a role, such as 'arn:aws:iam::123456789012:role/orders'")
    named: dict[str, object] = (
        {str(name): document for name, document in policies.items()}
        if isinstance(policies, Mapping) and "Statement" not in policies
        else {f"policy-{n}" if n > 1 else "policy": each for n, each in enumerate(_several(policies), 1)}
    )
    return Role(
        arn=arn,
        policies=tuple(read_document(document, name) for name, document in named.items()),
        trust=None if trust is None else read_document(trust, "trust", trust=True),
        boundary=None if boundary is None else read_document(boundary, "boundary"),
    )


def arn_of(role: Role | str, account: str) -> str:
    """The ARN of a role that is given by itself, by ARN or by name; raises SfnbError for anything else."""
    if isinstance(role, Role):
        return role.arn
    if not isinstance(role, str) or not role:
        raise SfnbError(
            f"a role is given by its name, its ARN, or what sfnb.role made: {role!r} is none of these"
        )
    return role if role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role}"


def _several(policies: object) -> list[object]:
    return list(policies) if isinstance(policies, list | tuple) else [policies]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A call, as far as rights are concerned.

    role: of the machine. target: the role of its Credentials, which then makes the call.
    """

    resource: str
    given: object
    role: str
    target: str | None
    place: Place
    moment: datetime

    @property
    def makes(self) -> str:
        """The role that makes the call."""
        return self.target or self.role

    def context(self, role: str) -> dict[str, list[str]]:
        return _context(role, self.place.region, self.moment)


def _context(role: str, region: str, moment: datetime) -> dict[str, list[str]]:
    """What conditions may ask about any request of a role."""
    return {
        "aws:PrincipalArn": [role],
        "aws:PrincipalAccount": [role.split(":")[4]],
        "aws:PrincipalType": ["AssumedRole"],
        "aws:RequestedRegion": [region],
        "aws:CurrentTime": [moment.isoformat()],
        "aws:EpochTime": [str(int(moment.timestamp()))],
        "aws:SecureTransport": ["true"],
    }


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A right that a call asked for, of which role, and what was decided."""

    role: str
    need: Need
    decision: Decision


class Roles:
    """The roles that are known here, by ARN. Fulfils the port `Permissions`."""

    def __init__(self) -> None:
        self._roles: dict[str, Role] = {}

    def add(self, role: Role) -> Role:
        """Know a role from now on; one with the same ARN is forgotten."""
        self._roles[role.arn] = role
        return role

    def get(self, arn: str) -> Role | None:
        return self._roles.get(arn)

    def forget(self, arn: str) -> None:
        """Let machines with this role do everything again."""
        self._roles.pop(arn, None)

    def __iter__(self) -> Iterator[Role]:
        return iter(list(self._roles.values()))

    def __len__(self) -> int:
        return len(self._roles)

    def refusal(self, call: TaskCall) -> StatesError | None:
        """Why a call is not made; None where it may be, or the role is not known."""
        target = call.credentials.get("RoleArn") if call.credentials else None
        if call.role_arn not in self._roles and target not in self._roles:
            return None
        ask = Ask(
            resource=call.resource,
            given=call.payload.value,
            role=call.role_arn,
            target=target if isinstance(target, str) else None,
            place=_place(call.machine, call.region, call.account),
            moment=call.moment,
        )
        return self._refused(ask, call.request_id)

    def denial(self, access: Access) -> StatesError | None:
        """Why a Distributed Map may not do something; None where it may, or the role is not known."""
        role = self.get(access.role_arn)
        if role is None:
            return None
        need = Need(action=access.action, resource=access.resource, context=access.context)
        decision = role.decide(need, _context(role.arn, access.region, access.moment))
        if decision.allowed:
            return None
        request_id = uuid_of(f"{access.machine} {access.action} {access.resource}")
        return denied(need, decision, Caller(role.arn, request_id.replace("-", ""), request_id))

    def misused(
        self, role: str, *, principal: str, source: str, action: str, resource: str, moment: datetime
    ) -> str | None:
        """Why a service may not do something with a role; None where it may, or the role is not known.

        principal: the service, `events.amazonaws.com`. source: for what it takes the role on, an ARN.
        """
        known = self.get(role)
        if known is None:
            return None
        if not known.trusts_service(principal, source).allowed:
            return f"The role {role} does not let {principal} take it on: its trust policy says who may."
        need = Need(action=action, resource=resource)
        decision = known.decide(need, _context(role, resource.split(":")[3], moment))
        if decision.allowed:
            return None
        return message("", need, decision, Caller(role, uuid_of(f"{source} {action}").replace("-", ""), ""))

    def _refused(self, ask: Ask, request_id: str) -> StatesError | None:
        caller = Caller(ask.makes, request_id.replace("-", ""), request_id)
        for asked in self.asked(ask):
            if asked.decision.allowed or asked.need.phase not in ENFORCED:
                continue
            if ask.target is not None and asked.need.action == ASSUME:
                return assume_refused(ask.role, ask.target)
            return refused(ask.resource, asked.need, asked.decision, caller)
        return None

    def asked(self, ask: Ask) -> list[Asked]:
        """Every right that a call asks for, of roles that are known; first that to take on another role."""
        found = list(self._assumed(ask)) if ask.target is not None else []
        role = self.get(ask.makes)
        if role is not None:
            context = ask.context(role.arn)
            found += [
                Asked(role=role.arn, need=need, decision=role.decide(need, context))
                for need in needs_of(ask.place, ask.resource, ask.given)
            ]
        return found

    def _assumed(self, ask: Ask) -> Iterator[Asked]:
        """The machine's role has to be allowed to take on the other, and the other has to trust it."""
        assert ask.target is not None
        need, own, other = role_need(ask.target), self.get(ask.role), self.get(ask.target)
        if own is not None:
            yield Asked(role=own.arn, need=need, decision=own.decide(need, ask.context(own.arn)))
        if other is not None and other.trust is not None:
            yield Asked(role=other.arn, need=need, decision=other.trusts(ask.role, ask.place.machine_arn))


@functools.lru_cache(maxsize=256)
def _place(machine: str, region: str, account: str) -> Place:
    known = place_of(machine)
    return msgspec.structs.replace(known, region=region or known.region, account=account or known.account)
