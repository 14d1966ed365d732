"""Templates that deploy a machine: tools accept them, and the definition reads back as it was."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import sfnb
from sfnb.asl.source import read_text
from sfnb.cli import main
from sfnb.errors import SfnbError
from sfnb.exporters import TEMPLATES, Deployable
from sfnb.iam import trust_policy
from tests.exporters.test_exporters import REAL_WORLD, TRAPS

CFN_LINT = "from cfnlint.runner import main; main()"
ACCOUNT, REGION = "123456789012", "us-east-1"
TREE: dict[str, Any] = {
    "Comment": "Prices and ships an order",
    "StartAt": "Price",
    "States": {
        "Price": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${PriceFunction}", "Payload.$": "$"},
            "Next": "Queue",
        },
        "Queue": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {
                "QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/orders",
                "MessageBody": "%{x} ${!y} $${z",
            },
            "Next": "Ship",
        },
        "Ship": {
            "Type": "Task",
            "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ship",
            "End": True,
        },
    },
}
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/states/orders:*"


def deployable(tree: dict[str, Any] = TREE, **more: Any) -> Deployable:
    return Deployable(name="orders", type="STANDARD", tree=tree, trust=trust_policy(ACCOUNT), **more)


# Readers, as the tools that take the templates read them


def definition_in(text: str, format: str, names: list[str]) -> Any:
    """The definition that is deployed to sfnb's own account, with its placeholders still in it."""
    if format == "terraform":
        (heredoc,) = re.findall(r"definition = (<<EOT\n.*?\nEOT)\n", text, re.DOTALL)
        return json.loads(terraform_text(heredoc, names))
    properties = yaml.safe_load(text)["Resources"]["StateMachine"]["Properties"]
    filled = {
        name: pseudo(value, name) for name, value in properties.get("DefinitionSubstitutions", {}).items()
    }
    given = properties.get("DefinitionString") or json.dumps(properties["Definition"])
    return json.loads(
        re.sub(
            r"\$\{([\w.:-]+)\}",
            lambda found: json.dumps(filled[found[1]])[1:-1] if found[1] in filled else found[0],
            given,
        )
    )


def pseudo(value: dict[str, str], name: str) -> str:
    """What CloudFormation fills in; for a parameter, the placeholder that it was made for."""
    known = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:]+)\}", lambda found: known[found[1]], value["Fn::Sub"])
    return known.get(value["Ref"], f"${{{name}}}")


def hcl_of(text: str) -> dict[str, Any]:
    """The attributes of the state machine; raises where the text is not HCL."""
    parsed = hcl2.loads(text)
    (machine,) = [
        body
        for resource in parsed["resource"]
        for kind, named in resource.items()
        if kind.strip('"') == "aws_sfn_state_machine"
        for body in named.values()
    ]
    found: dict[str, Any] = machine
    return found


def terraform_text(given: str, names: list[str]) -> str:
    """What Terraform makes of a heredoc. Source: Terraform language, "Strings and Templates"."""
    given = given.strip('"').removeprefix("<<EOT\n").removesuffix("EOT").rstrip("\n")
    variables = {re.sub(r"[^\w-]", "", name): name for name in names}
    filled = {
        "data.aws_partition.current.partition": "aws",
        "data.aws_region.current.name": REGION,
        "data.aws_caller_identity.current.account_id": ACCOUNT,
        '"$"': "$",
    } | {f"var.{variable}": f"${{{name}}}" for variable, name in variables.items()}
    return re.sub(
        r"\$\$\{|%%\{|\$\{([^}]*)\}",
        lambda found: found[0][1:] if found[1] is None else filled[found[1]],
        given,
    )


# The definition


@pytest.mark.parametrize("format", TEMPLATES)
@pytest.mark.parametrize("portable", [True, False], ids=["portable", "as it is"])
def test_the_definition_reads_back_as_it_was(format: str, portable: bool) -> None:
    text = TEMPLATES[format](deployable(portable=portable))

    assert definition_in(text, format, ["PriceFunction"]) == TREE
    assert (ACCOUNT in text) is not portable


@pytest.mark.parametrize("format", ["cloudformation", "terraform"])
@settings(deadline=None)
@given(texts=st.lists(st.sampled_from((*TRAPS, "${a}", "$${a}", "%{ if }", "${", "}")), max_size=4))
def test_any_text_in_it_does(format: str, texts: list[str]) -> None:
    tree = {"States": {"Say": {"Result": [*texts, None, 1.0, {"Ref": "x", "Fn::Sub": "y"}]}}}
    machine = deployable(tree)

    assert definition_in(TEMPLATES[format](machine), format, machine.names) == tree


@pytest.mark.parametrize("value", [None, 1.5, {"Ref": "x"}, {"Fn::Sub": "x"}, {"Condition": "x"}])
def test_what_cloudformation_would_change_is_a_text_and_for_sam_a_file(value: Any) -> None:
    tree = {"States": {"Say": {"Result": [value]}}}
    cloudformation = yaml.safe_load(TEMPLATES["cloudformation"](deployable(tree)))
    sam = yaml.safe_load(TEMPLATES["sam"](deployable(tree)))

    assert json.loads(cloudformation["Resources"]["StateMachine"]["Properties"]["DefinitionString"]) == tree
    assert sam["Resources"]["StateMachine"]["Properties"]["DefinitionUri"] == "orders.asl.json"


@pytest.mark.parametrize("format", TEMPLATES)
def test_equal_machines_give_equal_bytes(format: str) -> None:
    tags = {"b": "2", "a": "1"}

    assert TEMPLATES[format](deployable(tags=tags)) == TEMPLATES[format](
        deployable(tags=dict(sorted(tags.items())))
    )


@pytest.mark.parametrize("format", ["cloudformation", "sam"])
def test_an_arn_inside_of_a_query_is_local_too(format: str) -> None:
    tree = {
        "States": {
            "Say": {"Output": f"{{% 'arn:aws:sqs:{REGION}:{ACCOUNT}:' & $x %}}"},
            "OwnRegion": "${OwnRegion}",
        }
    }
    text = TEMPLATES[format](deployable(tree))

    assert ACCOUNT not in text.replace(f"'{ACCOUNT}'", "")
    assert definition_in(text, format, []) == tree


# The rest of a template


def full(**more: Any) -> Deployable:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Send",
                "Effect": "Allow",
                "Action": ["sqs:SendMessage"],
                "Resource": [f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders", "arn:aws:s3:::b/${aws:username}/*"],
            }
        ],
    }
    given = {
        "policy": policy,
        "tags": {"team": "the shop"},
        "level": "ALL",
        "include_data": True,
        "log_groups": (LOG_GROUP,),
        "tracing": True,
        "description": "Prices and ships an order",
    }
    return deployable(**(given | more))


@pytest.mark.parametrize("format", ["cloudformation", "sam"])
@pytest.mark.parametrize(
    "machine", [full(), full(role_arn=f"arn:aws:iam::{ACCOUNT}:role/mine"), deployable()]
)
def test_cfn_lint_finds_nothing_wrong(format: str, machine: Deployable, tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATES[format](machine), encoding="utf-8")
    command = [sys.executable, "-c", CFN_LINT, "--format", "json", str(file)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout + found.stderr
    assert json.loads(found.stdout) == []


def test_terraform_has_the_role_the_policy_and_the_settings() -> None:
    text = TEMPLATES["terraform"](full(tags={"team": 'the "shop" ${x}'}))
    parsed = hcl2.loads(text)
    kinds = [kind.strip('"') for resource in parsed["resource"] for kind in resource]

    assert kinds == ["aws_iam_role", "aws_iam_role_policy", "aws_sfn_state_machine"]
    machine = hcl_of(text)
    assert machine["role_arn"] == "${aws_iam_role.orders.arn}"
    assert machine["logging_configuration"][0]["include_execution_data"] in (True, "true")
    assert machine["tracing_configuration"][0]["enabled"] in (True, "true")
    assert '"arn:aws:s3:::b/$${aws:username}/*"' in text
    assert '"team" = "the \\"shop\\" $${x}"' in text


def test_a_role_that_is_there_is_not_made() -> None:
    mine = f"arn:aws:iam::{ACCOUNT}:role/mine"
    cloudformation = yaml.safe_load(TEMPLATES["cloudformation"](full(role_arn=mine)))
    terraform = TEMPLATES["terraform"](full(role_arn=mine, portable=False))

    assert list(cloudformation["Resources"]) == ["StateMachine"]
    assert cloudformation["Resources"]["StateMachine"]["Properties"]["RoleArn"] == {
        "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/mine"
    }
    assert "aws_iam_role" not in terraform
    assert f'role_arn = "{mine}"' in terraform


def test_a_policy_variable_is_not_filled_in_by_cloudformation() -> None:
    template = yaml.safe_load(TEMPLATES["cloudformation"](full()))
    policy = template["Resources"]["StateMachineRole"]["Properties"]["Policies"][0]["PolicyDocument"]

    assert policy["Statement"][0]["Resource"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:orders"},
        "arn:aws:s3:::b/${aws:username}/*",
    ]


# By a machine


def test_a_machine_is_exported_with_the_policy_that_it_needs() -> None:
    machine = sfnb.load(TREE, name="orders")
    template = yaml.safe_load(machine.export("cloudformation", tags={"team": "shop"}))
    role = template["Resources"]["StateMachineRole"]["Properties"]

    actions = {
        action
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        for action in statement["Action"]
    }
    assert actions >= {"lambda:InvokeFunction", "sqs:SendMessage"}
    assert template["Description"] == "Prices and ships an order"
    assert template["Resources"]["StateMachine"]["Properties"]["Tags"] == [{"Key": "team", "Value": "shop"}]


def test_a_format_that_is_not_there_is_named_with_those_that_are() -> None:
    machine = sfnb.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})

    with pytest.raises(SfnbError, match="no such format: 'pdf'; there are json, yaml, cloudformation, sam, "):
        machine.export("pdf")


@pytest.mark.skipif(not REAL_WORLD.exists(), reason="needs published definitions")
@pytest.mark.parametrize("format", ["cloudformation", "terraform"])
def test_published_definitions_read_back(format: str) -> None:
    for file in sorted(REAL_WORLD.glob("*.asl.json")):
        machine = deployable(read_text(file.read_bytes()).tree)  # type: ignore[arg-type]
        text = TEMPLATES[format](machine)
        assert definition_in(text, format, machine.names) == machine.tree, file.name


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["-f", "cloudformation"], "AWSTemplateFormatVersion"),
        (["-f", "sam", "--role-arn", f"arn:aws:iam::{ACCOUNT}:role/mine"], "AWSTemplateFormatVersion"),
        (["-o", "orders.tf"], 'data "aws_'),
    ],
)
def test_the_command_writes_templates(
    arguments: list[str],
    begins: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("orders.asl.json").write_text(json.dumps(TREE), encoding="utf-8")

    assert main(["export", "orders.asl.json", *arguments]) == 0
    output = Path("orders.tf")
    written = output.read_text(encoding="utf-8") if output.exists() else capsys.readouterr().out
    assert written.startswith(begins)
    assert ("role/mine" in written) == ("--role-arn" in arguments)
