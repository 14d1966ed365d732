"""The machine as a CloudFormation template, with its role and what starts it; and as a SAM template.

The definition stands in the template as an object, with DefinitionSubstitutions for its placeholders. Where
that would not come out as it went in, CloudFormation is given the definition as a text, and SAM, which knows
no such thing, the name of a file: a template must not hold null, takes `Ref` and `Fn::` for its own, and
tells no 1.0 from 1.
Source: CloudFormation guide, AWS::StepFunctions::StateMachine; SAM guide, AWS::Serverless::StateMachine.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sfnb.exporters.deployable import (
    PLACEHOLDER,
    Deployable,
    Own,
    identifier,
    replaced,
    rights_with_own,
    with_own,
)
from sfnb.exporters.json_ import export_json
from sfnb.exporters.page import MACHINE, PSEUDO, ROLE, Page, is_safe, tags_of
from sfnb.exporters.triggers import write_cloudformation
from sfnb.exporters.yaml_ import export_yaml

VERSION = "2010-09-09"
TRANSFORM = "AWS::Serverless-2016-10-31"
PARTS = ("Partition", "Region", "AccountId")
MOST_DESCRIPTION_BYTES = 1024


def export_cloudformation(machine: Deployable) -> str:
    """A template in YAML: the state machine, its role unless it has one, a parameter for each `${Name}`."""
    template = _Template(machine)
    properties: dict[str, Any] = {
        "StateMachineName": machine.name,
        "StateMachineType": machine.type,
        "RoleArn": template.sub(machine.role_arn) if machine.role_arn else {"Fn::GetAtt": [ROLE, "Arn"]},
    }
    if is_safe(machine.tree):
        properties["Definition"] = template.definition
    else:
        properties["DefinitionString"] = json.dumps(template.definition, indent=2, ensure_ascii=False)
    if template.substitutions:
        properties["DefinitionSubstitutions"] = template.substitutions
    if machine.logs:
        properties["LoggingConfiguration"] = template.logging()
    if machine.tracing:
        properties["TracingConfiguration"] = {"Enabled": True}
    if machine.tags:
        properties["Tags"] = tags_of(machine)
    resources = {} if machine.role_arn else {ROLE: template.role()}
    resources[MACHINE] = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    return export_yaml(template.whole(resources, template.page(sam=False)))


def export_sam(machine: Deployable) -> str:
    """A template in YAML. Where the definition cannot stand in it, it is taken from `sam_definition_file`."""
    template = _Template(machine)
    properties: dict[str, Any] = {"Name": machine.name, "Type": machine.type}
    if machine.role_arn:
        properties["Role"] = template.sub(machine.role_arn)
    elif machine.policy is not None:
        properties["Policies"] = [template.sub(machine.policy)]
    else:
        properties["Policies"] = []
    file = sam_definition_file(machine)
    if file is None:
        properties["Definition"] = template.definition
    else:
        properties["DefinitionUri"] = file
    if template.substitutions:
        properties["DefinitionSubstitutions"] = template.substitutions
    if machine.logs:
        properties["Logging"] = template.logging()
    if machine.tracing:
        properties["Tracing"] = {"Enabled": True}
    if machine.tags:
        properties["Tags"] = dict(sorted(machine.tags.items()))
    page = template.page(sam=True)
    if page.events:
        properties["Events"] = page.events
    resources = {MACHINE: {"Type": "AWS::Serverless::StateMachine", "Properties": properties}}
    return export_yaml(template.whole(resources, page, Transform=TRANSFORM))


def sam_definition_file(machine: Deployable) -> str | None:
    """The file, beside the SAM template, that it takes the definition from; None where it needs none.

    It is never called as the file that a definition of this name was read from: it is not the same text.
    """
    return None if is_safe(machine.tree) else f"{machine.name}.sam.asl.json"


def export_sam_definition(machine: Deployable) -> str:
    """The text for that file: JSON with a placeholder for each of the template's DefinitionSubstitutions."""
    return export_json(_Template(machine).definition)


class _Template:
    """The parts that both have.

    definition: with a placeholder for what is local. substitutions: for these and for the definition's own.
    """

    def __init__(self, machine: Deployable) -> None:
        self.machine = machine
        taken = {MACHINE, ROLE}
        self._parameters = {name: identifier(name, taken) for name in machine.names}
        self.substitutions: dict[str, Any] = {
            name: {"Ref": parameter} for name, parameter in self._parameters.items()
        }
        self._taken = set(machine.names)
        self._wholes: dict[str, str] = {}
        self.definition = replaced(machine.tree, self._localised)

    def _localised(self, text: str) -> str:
        """A text of the definition, with placeholders for what is local.

        An ARN or URL as a whole gets one placeholder: only so does cfn-lint take it for a Resource.
        """
        filled = with_own(self.machine, text, PSEUDO)
        if filled == text:
            return text
        if "${" not in text and (text.startswith(("arn:", "https:")) or filled == PSEUDO.account):
            if text not in self._wholes:
                name = self._wholes[text] = identifier(_named_after(text), self._taken)
                self.substitutions[name] = {"Fn::Sub": filled}
            return f"${{{self._wholes[text]}}}"
        return with_own(self.machine, text, Own(*(self._part(word) for word in PARTS)))

    def _part(self, word: str) -> str:
        """The placeholder for a part of the local account's names."""
        marker = f"Own{word}"
        if marker not in self._wholes:
            self._wholes[marker] = identifier(marker, self._taken)
            self.substitutions[self._wholes[marker]] = {"Ref": f"AWS::{word}"}
        return f"${{{self._wholes[marker]}}}"

    def sub(self, value: Any) -> Any:
        """A value outside of the definition, with Fn::Sub where the template has to fill something in."""
        return replaced(value, self._sub)

    def _sub(self, text: str) -> Any:
        named = PLACEHOLDER.sub(
            lambda found: (
                f"${{{self._parameters[found[1]]}}}" if found[1] in self._parameters else f"${{!{found[1]}}}"
            ),
            text,
        )
        filled = rights_with_own(self.machine, named, PSEUDO)
        has_parameter = any(name in self._parameters for name in PLACEHOLDER.findall(text))
        return {"Fn::Sub": filled} if has_parameter or filled != named else text

    def role(self) -> dict[str, Any]:
        properties: dict[str, Any] = {"AssumeRolePolicyDocument": self.sub(self.machine.trust)}
        if self.machine.policy is not None:
            document = self.sub(self.machine.policy)
            properties["Policies"] = [{"PolicyName": "StateMachinePolicy", "PolicyDocument": document}]
        if self.machine.tags:
            properties["Tags"] = tags_of(self.machine)
        return {"Type": "AWS::IAM::Role", "Properties": properties}

    def logging(self) -> dict[str, Any]:
        logging: dict[str, Any] = {
            "Level": self.machine.level,
            "IncludeExecutionData": self.machine.include_data,
        }
        if self.machine.log_groups:
            logging["Destinations"] = [
                {"CloudWatchLogsLogGroup": {"LogGroupArn": self.sub(arn)}} for arn in self.machine.log_groups
            ]
        return logging

    def page(self, *, sam: bool) -> Page:
        """What starts the machine."""
        page = Page(self.machine, set(self._parameters.values()), sam=sam)
        write_cloudformation(page)
        return page

    def whole(self, resources: dict[str, Any], page: Page, **more: str) -> dict[str, Any]:
        whole: dict[str, Any] = {"AWSTemplateFormatVersion": VERSION, **more}
        if self.machine.description:
            cut = self.machine.description.encode()[:MOST_DESCRIPTION_BYTES].decode(errors="ignore")
            whole["Description"] = cut
        parameters = {
            parameter: {"Type": "String", "Description": self.machine.about(name)}
            for name, parameter in self._parameters.items()
        }
        told = {
            "Metadata": {"Notes": page.notes} if page.notes else {},
            "Parameters": parameters | page.parameters,
            "Conditions": page.conditions,
        }
        whole |= {name: part for name, part in told.items() if part}
        whole["Resources"] = resources | page.resources
        outputs = {"StateMachineArn": {"Value": {"Ref": MACHINE}}}
        whole["Outputs"] = outputs | {name: page.plain(output) for name, output in page.outputs.items()}
        return whole


def _named_after(text: str) -> str:
    """
    >>> _named_after("arn:aws:lambda:us-east-1:123456789012:function:ship-it")
    'ShipItArn'
    """
    words = re.findall(r"[A-Za-z0-9]+", re.split("[:/]", text)[-1])
    kind = "Arn" if text.startswith("arn:") else "Url" if text.startswith("https:") else "Account"
    named = "".join(word[0].upper() + word[1:] for word in words if not word.isdigit())
    return f"{named}{kind}"
