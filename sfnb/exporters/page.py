"""What triggers add to a CloudFormation or SAM template, and how a template says what it fills in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from sfnb.exporters.deployable import Deployable, Own, identifier, replaced, with_own
from sfnb.exporters.rights import Role, Roles, starts

MACHINE, ROLE = "StateMachine", "StateMachineRole"
PSEUDO = Own("${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}")
"""What Fn::Sub knows."""
_HELD = "\ue000"
"""Stands for the `$` of what is filled in."""
DOLLAR = "Dollar"
"""What Fn::Sub is told to fill in for a `$` that it would not know how to leave alone."""
_LEFT_ALONE = re.compile(r"\$\{(?=[^${}!]*\})")


class Sub(msgspec.Struct, frozen=True):
    """A text for Fn::Sub: `${Name}`, `${Name.Attribute}`, and what stays as `escaped` has it."""

    text: str

    @property
    def intrinsic(self) -> dict[str, Any]:
        if found := re.fullmatch(r"\$\{([A-Za-z0-9:]+)\}", self.text):
            return {"Ref": found[1]}
        if found := re.fullmatch(r"\$\{([A-Za-z0-9]+)\.([A-Za-z]+)\}", self.text):
            return {"Fn::GetAtt": [found[1], found[2]]}
        if f"${{{DOLLAR}}}" in self.text:
            return {"Fn::Sub": [self.text, {DOLLAR: "$"}]}
        return {"Fn::Sub": self.text}


class Either(msgspec.Struct, frozen=True):
    """One of two values, by a condition."""

    condition: str
    then: Any
    otherwise: Any


class Page:
    """Parts of a template, gathered. taken: logical ids and parameters that there are.

    sam: whether it is a SAM template, where what starts the machine may stand in its `Events`.
    """

    def __init__(self, machine: Deployable, taken: set[str], *, sam: bool) -> None:
        self.machine = machine
        self.sam = sam
        self.parameters: dict[str, Any] = {}
        self.conditions: dict[str, Any] = {}
        self.events: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.notes: list[str] = []
        self._taken = {MACHINE, ROLE, "Role"} | taken  # SAM calls an event of Role as the role
        self._resources: dict[str, Any] = {}
        self._roles = Roles()
        self._role_ids: dict[str, str] = {}
        self._once: dict[str, str] = {}

    # What is written

    def add(self, name: str, kind: str, properties: Mapping[str, Any], **more: Any) -> str:
        """A resource, called after `name`; its logical id. What is None is left out."""
        id = self.id(name)
        self.put(id, kind, properties, **more)
        return id

    def put(self, id: str, kind: str, properties: Mapping[str, Any], **more: Any) -> None:
        given = {key: self.plain(value) for key, value in properties.items() if value is not None}
        self._resources[id] = {"Type": kind, **more, "Properties": given}

    def event(self, name: str, kind: str, properties: Mapping[str, Any]) -> None:
        """An event of the machine, in a SAM template."""
        given = {key: self.plain(value) for key, value in properties.items() if value is not None}
        self.events[self.id(name)] = {"Type": kind, "Properties": given}

    def unless_there(
        self,
        kind: str,
        name: str,
        what: str,
        properties: Mapping[str, Any],
        *,
        is_new: bool = True,
        **more: Any,
    ) -> Either:
        """A resource that several templates may need, or that is there: a parameter says who makes it.

        Answers with its name, in either case.
        """
        key = f"{kind} {name}"
        condition = f"{_words(f'make {name} {what}')}"
        if key not in self._once:
            parameter = self.id(f"{name} {what} is new")
            self.parameters[parameter] = {
                "Type": "String",
                "AllowedValues": ["true", "false"],
                "Default": str(is_new).lower(),
                "Description": f"Whether the {what} {name} is to be made; false where it is there already",
            }
            condition = identifier(condition, set(self.conditions))
            self.conditions[condition] = {"Fn::Equals": [{"Ref": parameter}, "true"]}
            self._once[key] = self.add(f"{name} {what}", kind, properties, Condition=condition, **more)
        id = self._once[key]
        return Either(self._resources[id]["Condition"], Sub(f"${{{id}}}"), name)

    def secret(self, name: str, about: str, **more: Any) -> Sub:
        """A parameter that whoever deploys has to give, and that is not shown."""
        parameter = self.id(name)
        self.parameters[parameter] = {"Type": "String", "NoEcho": True, "Description": about, **more}
        return Sub(f"${{{parameter}}}")

    def note(self, sentence: str) -> None:
        """Something to tell in the template's Metadata."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def id(self, name: str) -> str:
        return identifier(_words(name) or "Trigger", self._taken)

    # What is pointed to

    def own(self, value: Any) -> Any:
        """A value in which the local account and region are the template's own."""
        return replaced(value, self._text)

    def _text(self, text: str) -> Sub | str:
        kept = escaped(text)
        filled = with_own(self.machine, kept, PSEUDO)
        return text if filled == kept else Sub(filled)

    def arn(self, arn: str) -> Sub | str:
        """An ARN; that of the machine is asked for."""
        more = starts(self.machine, arn)
        return self._text(arn) if more is None else Sub(f"${{{MACHINE}}}{more}")

    def name(self) -> Sub:
        """The machine's name."""
        return Sub(f"${{{MACHINE}.Name}}")

    def role(self, name: str, service: str) -> Role:
        """A role that is written along, to be granted something."""
        return self._roles.get(name, service)

    def role_arn(self, name: str) -> Sub:
        if name not in self._role_ids:
            self._role_ids[name] = self.id(f"{name} role")
        return Sub(f"${{{self._role_ids[name]}.Arn}}")

    def document(self, tree: Any) -> Any:
        """A value filled in by `own`, as an object where a template can hold it, else as a text."""
        return tree if is_safe(tree) else self.json(tree)

    def json(self, tree: Any) -> Sub | str:
        """The same as a text."""
        text = json.dumps(_held(tree), indent=2, ensure_ascii=False)
        if _HELD not in text:
            return text
        return Sub(escaped(text).replace(_HELD, "$"))

    def plain(self, value: Any) -> Any:
        """A value as it stands in the template."""
        match value:
            case Sub():
                return value.intrinsic
            case Either():
                options = [self.plain(value.then), self.plain(value.otherwise)]
                return {"Fn::If": [value.condition, *options]}
            case dict():
                return {key: self.plain(item) for key, item in value.items()}
            case list() | tuple():
                return [self.plain(item) for item in value]
        return value

    @property
    def resources(self) -> dict[str, Any]:
        """All that was added, the roles first."""
        roles: dict[str, Any] = {}
        account = self._text(self.machine.account)
        for name, role in self._roles:
            self.role_arn(name)
            properties: dict[str, Any] = {"AssumeRolePolicyDocument": self.plain(role.trust(account))}
            document = self.plain(role.policy)
            properties["Policies"] = [{"PolicyName": "TriggerPolicy", "PolicyDocument": document}]
            if self.machine.tags:
                properties["Tags"] = tags_of(self.machine)
            roles[self._role_ids[name]] = {"Type": "AWS::IAM::Role", "Properties": properties}
        return roles | self._resources


def escaped(text: str) -> str:
    """A text that Fn::Sub leaves as it is: it takes `${!Name}` for `${Name}`, and knows no lone `${`.

    >>> escaped("${x} ${")
    '${!x} ${Dollar}{'
    """
    return _LEFT_ALONE.sub("\ue001", text).replace("${", f"${{{DOLLAR}}}{{").replace("\ue001", "${!")


def tags_of(machine: Deployable) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(machine.tags.items())]


def is_safe(value: Any) -> bool:
    """Whether an object comes through CloudFormation as it is."""
    if isinstance(value, dict):
        return all(
            not key.startswith("Fn::") and key not in ("Ref", "Condition") and is_safe(item)
            for key, item in value.items()
        )
    if isinstance(value, list):
        return all(is_safe(item) for item in value)
    return value is not None and not isinstance(value, float)


def _held(value: Any) -> Any:
    match value:
        case Sub():
            # What stays is escaped with all the rest.
            known = value.text.replace("${!", "\ue001{").replace(f"${{{DOLLAR}}}", "\ue001")
            return known.replace("${", f"{_HELD}{{").replace("\ue001", "$")
        case dict():
            return {key: _held(item) for key, item in value.items()}
        case list() | tuple():
            return [_held(item) for item in value]
    return value


def _words(name: str) -> str:
    """
    >>> _words("orders POST /orders/{id}")
    'OrdersPOSTOrdersId'
    """
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", name))
