"""What CloudFormation and Terraform make of a template, with an account, a region and names for resources."""

from __future__ import annotations

import json
import re
from typing import Any

import hcl2
import yaml

ACCOUNT, REGION = "999988887777", "eu-west-1"
"""Where templates are deployed to; not where sfnb believes to be."""
ORDERS = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
}
DATA = {
    "data.aws_partition.current.partition": "aws",
    "data.aws_region.current.name": REGION,
    "data.aws_caller_identity.current.account_id": ACCOUNT,
    "aws_sfn_state_machine.orders.arn": ORDERS,
    "aws_sfn_state_machine.orders.name": "orders",
}


def by_cloudformation(text: str, **given: str) -> dict[str, Any]:
    """The resources by logical id, each {"Type", "Properties"}; one whose condition is false is left out.

    given: parameters that are not what they are unless told.
    """
    template = yaml.safe_load(text)
    parameters = {name: each.get("Default", "") for name, each in template.get("Parameters", {}).items()}
    parameters |= given
    holds = {
        name: parameters[each["Fn::Equals"][0]["Ref"]] == each["Fn::Equals"][1]
        for name, each in template.get("Conditions", {}).items()
    }
    made = {
        id: each
        for id, each in template["Resources"].items()
        if "Condition" not in each or holds[each["Condition"]]
    }

    def named(name: str) -> str:
        if name in PSEUDO | parameters:
            return (PSEUDO | parameters)[name]
        id, _, attribute = name.partition(".")
        assert id in made, f"{name} is not in the template"
        if id == "StateMachine":
            return {"": ORDERS, "Arn": ORDERS, "Name": "orders"}[attribute]
        return f"<{id}{'.' if attribute else ''}{attribute}>"

    def substituted(text: str, more: dict[str, str]) -> str:
        def fill(found: re.Match[str]) -> str:
            if found[1]:
                return f"${{{found[2]}}}"
            return more[found[2]] if found[2] in more else named(found[2])

        return re.sub(r"\$\{(!?)([^}]*)\}", fill, text)

    def filled(value: Any) -> Any:
        match value:
            case {"Ref": str(name)}:
                return named(name)
            case {"Fn::GetAtt": [str(id), str(attribute)]}:
                return named(f"{id}.{attribute}")
            case {"Fn::If": [str(condition), then, otherwise]}:
                return filled(then if holds[condition] else otherwise)
            case {"Fn::Sub": str(inner)}:
                return substituted(inner, {})
            case {"Fn::Sub": [str(inner), dict(more)]}:
                return substituted(inner, more)
            case dict():
                return {name: filled(item) for name, item in value.items()}
            case list():
                return [filled(item) for item in value]
        return value

    return {id: {**each, "Properties": filled(each.get("Properties", {}))} for id, each in made.items()}


def by_terraform(text: str) -> dict[str, Any]:
    """The fields of resources, by address; a nested block is a list of fields."""
    found: dict[str, Any] = {}
    for resource in hcl2.loads(text).get("resource", []):
        for kind, named in resource.items():
            for label, fields in named.items():
                found[f"{_bare(kind)}.{_bare(label)}"] = _evaluated(fields)
    return found


def _bare(text: str) -> str:
    return text.strip('"')


def _evaluated(value: Any) -> Any:
    match value:
        case dict():
            return {
                _evaluated(name) if name.startswith('"') else name: _evaluated(item)
                for name, item in value.items()
                if name != "__is_block__"
            }
        case list():
            return [_evaluated(item) for item in value]
        case str():
            return _text(value)
    return value


def _text(given: str) -> str:
    """What a quoted text, a heredoc or an expression comes to. Source: Terraform language, "Strings"."""
    if given.startswith('"<<EOT\n'):
        return _filled(given[1:-1].removeprefix("<<EOT\n").removesuffix("EOT"))
    if given.startswith('"'):
        return _filled(json.loads(given))
    return _filled(given)


def _filled(text: str) -> str:
    def fill(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0][1:]
        if found[1] == '"$"':
            return "$"
        return DATA.get(found[1], f"<{found[1]}>")

    return re.sub(r"\$\$\{|%%\{|\$\{([^}]*)\}", fill, text)
