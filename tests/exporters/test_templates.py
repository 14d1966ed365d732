"""Templates that deploy a machine: tools accept them, and the definition reads back as it was."""

from __future__ import annotations

import json
import re
import shutil
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
from sfnb.errors import SfnbError
from sfnb.exporters import BESIDE, TEMPLATES, Deployable
from sfnb.iam import trust_policy
from tests.exporters.test_exporters import REAL_WORLD, TRAPS

CFN_LINT = "from cfnlint.runner import main; main()"
ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/mine"
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
    return substituted(properties.get("DefinitionString") or json.dumps(properties["Definition"]), properties)


def substituted(given: str, properties: dict[str, Any]) -> Any:
    """A text with DefinitionSubstitutions in it, also that of a file, as CloudFormation fills it in."""
    filled = {
        name: pseudo(value, name) for name, value in properties.get("DefinitionSubstitutions", {}).items()
    }
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
    assert sam["Resources"]["StateMachine"]["Properties"]["DefinitionUri"] == "orders.sam.asl.json"
    assert json.loads(BESIDE["sam-definition"](deployable(tree))) == tree


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

    assert cfn_lint(file) == []


def cfn_lint(file: Path) -> Any:
    """What it finds wrong with a template."""
    command = [sys.executable, "-c", CFN_LINT, "--format", "json", str(file)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(found.stdout) if found.stdout else found.stderr


def test_terraform_has_the_role_the_policy_and_the_settings() -> None:
    text = TEMPLATES["terraform"](full(tags={"team": 'the "shop" ${x}'}))
    parsed = hcl2.loads(text)
    kinds = [kind.strip('"') for resource in parsed["resource"] for kind in resource]

    assert kinds == ["aws_iam_role", "aws_iam_role_policy", "aws_sfn_state_machine"]
    machine = hcl_of(text)
    assert machine["role_arn"] == "${aws_iam_role.orders.arn}"
    assert machine["logging_configuration"][0]["include_execution_data"] in (True, "true")
    assert machine["tracing_configuration"][0]["enabled"] in (True, "true")
    assert '"arn:${data.aws_partition.current.partition}:s3:::b/$${aws:username}/*"' in text
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
    assert f'role_arn   = "{mine}"' in terraform


def test_a_policy_variable_is_not_filled_in_by_cloudformation() -> None:
    template = yaml.safe_load(TEMPLATES["cloudformation"](full()))
    policy = template["Resources"]["StateMachineRole"]["Properties"]["Policies"][0]["PolicyDocument"]

    assert policy["Statement"][0]["Resource"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:orders"},
        {"Fn::Sub": "arn:${AWS::Partition}:s3:::b/${!aws:username}/*"},
    ]


def test_rights_are_in_the_partition_of_the_template_unless_they_name_an_account() -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint": "https://example.com",
            "Method": "GET",
            "Authentication": {"ConnectionArn": f"arn:aws:events:{REGION}:999988887777:connection/tea/1"},
        },
        "End": True,
    }
    machine = sfnb.load({"StartAt": "Call", "States": {"Call": task}}, name="orders")
    template = yaml.safe_load(machine.export("cloudformation"))
    role = template["Resources"]["StateMachineRole"]["Properties"]
    resources = [
        resource
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        for resource in statement["Resource"]
    ]

    assert {"Fn::Sub": "arn:${AWS::Partition}:secretsmanager:*:*:secret:events!connection/*"} in resources
    assert f"arn:aws:events:{REGION}:999988887777:connection/tea/1" in resources
    assert "arn:${data.aws_partition.current.partition}:secretsmanager:*:*:" in machine.export("terraform")
    assert '"arn:aws:states:::http:invoke"' in machine.export("terraform")
    assert "arn:aws:secretsmanager:*:*:" in machine.export("terraform", portable=False)


@pytest.mark.skipif(shutil.which("terraform") is None, reason="needs terraform")
@pytest.mark.parametrize(
    "machine", [full(tags={"team": "x", "a longer one": "y"}), full(role_arn=ROLE), deployable()]
)
def test_terraform_would_lay_it_out_the_same(machine: Deployable) -> None:
    text = TEMPLATES["terraform"](machine)
    command = ["terraform", "fmt", "-no-color", "-"]
    laid_out = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout

    assert laid_out == text


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


@pytest.mark.parametrize(
    ("format", "meant"),
    [
        ("cfn", "cloudformation"),
        ("CloudFormation", "cloudformation"),
        ("teraform", "terraform"),
        ("YML", "yaml"),
    ],
)
def test_a_format_that_is_misspelt_is_guessed(format: str, meant: str) -> None:
    machine = sfnb.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})

    with pytest.raises(
        SfnbError, match=f"no such format: '{format}'; did you mean {meant}\\? There are json, "
    ):
        machine.export(format)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tags": "x"}, "tags is 'x', and has to be a dict of texts, such as {'team': 'shop'}"),
        ({"tags": {"count": 1}}, "tags is {'count': 1}, and has to be a dict of texts"),
        ({"role_arn": "a b"}, "role_arn is 'a b', and has to be the ARN of a role, such as 'arn:aws:iam::"),
        ({"role_arn": "${Other}"}, "role_arn is '${Other}', and has to be"),
        ({"role_arn": 5}, "role_arn is 5, and has to be"),
    ],
)
@pytest.mark.parametrize("format", TEMPLATES)
def test_an_option_that_will_not_do_is_told(format: str, options: dict[str, Any], says: str) -> None:
    machine = sfnb.load(TREE, name="orders")

    with pytest.raises(SfnbError, match=re.escape(says)):
        machine.export(format, **options)


def test_a_placeholder_of_the_definition_may_stand_for_the_role() -> None:
    template = yaml.safe_load(sfnb.load(TREE, name="orders").export("sam", role_arn="${PriceFunction}"))

    assert template["Resources"]["StateMachine"]["Properties"]["Role"] == {"Fn::Sub": "${PriceFunction}"}


@pytest.mark.skipif(not REAL_WORLD.exists(), reason="needs published definitions")
@pytest.mark.parametrize("format", ["cloudformation", "terraform"])
def test_published_definitions_read_back(format: str) -> None:
    for file in sorted(REAL_WORLD.glob("*.asl.json")):
        machine = deployable(read_text(file.read_bytes()).tree)  # type: ignore[arg-type]
        text = TEMPLATES[format](machine)
        assert definition_in(text, format, machine.names) == machine.tree, file.name
