"""What starts a machine is in its templates: tools accept them, and they say what the triggers say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from sfnb.exporters import TEMPLATES
from sfnb.exporters.deployable import Starter
from sfnb.exporters.triggers import WRITERS
from tests.exporters import deployed, started
from tests.exporters.started import OF_EACH_KIND, machine
from tests.exporters.test_templates import cfn_lint

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {"cloudformation": "cloudformation.yaml", "sam": "sam.yaml", "terraform": "tf"}
AWS = ["cloudformation", "sam"]
NAMES = [starter.name for starter in OF_EACH_KIND]


def cloudformation(*triggers: Starter, format: str = "cloudformation", **more: Any) -> dict[str, Any]:
    return deployed.by_cloudformation(TEMPLATES[format](machine(*triggers, **more)))


def terraform(*triggers: Starter, **more: Any) -> dict[str, Any]:
    return deployed.by_terraform(TEMPLATES["terraform"](machine(*triggers, **more)))


def of_type(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in resources.values() if each["Type"] == kind]


def policy(resources: dict[str, Any], role: str) -> list[tuple[str, list[str]]]:
    """What a role may do: actions, by resource."""
    (inline,) = resources[role]["Properties"]["Policies"]
    return [(each["Resource"][0], each["Action"]) for each in inline["PolicyDocument"]["Statement"]]


# All kinds


def test_every_kind_has_an_example() -> None:
    assert {starter.kind for starter in OF_EACH_KIND} == set(WRITERS)


@pytest.mark.parametrize("format", TEMPLATES)
def test_the_templates_are_those_that_were_looked_at(format: str) -> None:
    """SFNB_GOLDEN=1 writes them anew; then look at the difference."""
    file = GOLDEN / f"triggers.{ENDINGS[format]}"
    text = TEMPLATES[format](machine(*OF_EACH_KIND, tags={"team": "shop"}))
    if os.environ.get("SFNB_GOLDEN"):
        file.write_text(text, encoding="utf-8")

    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("format", TEMPLATES)
def test_the_order_in_which_triggers_were_made_does_not_matter(format: str) -> None:
    assert TEMPLATES[format](machine(*OF_EACH_KIND)) == TEMPLATES[format](machine(*reversed(OF_EACH_KIND)))


@pytest.mark.parametrize("format", AWS)
def test_cfn_lint_finds_nothing_wrong(format: str, tmp_path: Path) -> None:
    """With all triggers at once, and with each alone."""
    for number, triggers in enumerate([OF_EACH_KIND, *((each,) for each in OF_EACH_KIND)]):
        text = TEMPLATES[format](machine(*triggers))
        (tmp_path / f"template{number}.yaml").write_text(text, encoding="utf-8")

    assert cfn_lint(tmp_path / "*.yaml") == []


@pytest.mark.parametrize("trigger", OF_EACH_KIND, ids=NAMES)
def test_terraform_is_read_back(trigger: Starter) -> None:
    assert len(hcl2.loads(TEMPLATES["terraform"](machine(trigger)))["resource"]) > 2


@pytest.mark.skipif(shutil.which("terraform") is None, reason="needs terraform")
def test_terraform_would_lay_it_out_the_same() -> None:
    text = TEMPLATES["terraform"](machine(*OF_EACH_KIND, tags={"team": "shop", "x": "y"}))
    command = ["terraform", "fmt", "-no-color", "-"]
    laid_out = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout

    assert laid_out == text


@pytest.mark.parametrize("format", TEMPLATES)
def test_the_local_account_is_nowhere_unless_arns_are_to_stay(format: str) -> None:
    assert "123456789012" not in TEMPLATES[format](machine(*OF_EACH_KIND))
    assert "123456789012" in TEMPLATES[format](machine(*OF_EACH_KIND, portable=False))


@pytest.mark.parametrize("format", TEMPLATES)
def test_without_triggers_there_is_nothing_of_them(format: str) -> None:
    text = TEMPLATES[format](machine())

    assert not any(word in text for word in ("Metadata", "Conditions", "Events", "events", "scheduler", "#"))


# Rules


@pytest.mark.parametrize(
    ("starter", "number"), [(started.EVENT, 0), (started.FILE, 0), (started.ON_A_BUS, 0)]
)
def test_the_pattern_is_the_one_that_was_given(starter: Starter, number: int) -> None:
    given = starter.settings["EventPattern"].replace(started.HERE, f"{deployed.REGION}:{deployed.ACCOUNT}")
    (rule,) = of_type(cloudformation(starter), "AWS::Events::Rule")
    (block,) = [each for name, each in terraform(starter).items() if "event_rule" in name]
    pattern = rule["EventPattern"]

    assert (json.loads(pattern) if isinstance(pattern, str) else pattern) == json.loads(given)
    assert json.loads(block["event_pattern"]) == json.loads(given)


def test_a_pattern_that_a_template_cannot_hold_is_a_text() -> None:
    (rule,) = of_type(cloudformation(started.ON_A_BUS), "AWS::Events::Rule")

    assert json.loads(rule["EventPattern"])["detail"]["total"] == [None, 1.5, {"exists": False}]


def test_a_rule_has_the_machine_for_its_target_and_a_role_for_it_alone() -> None:
    resources = cloudformation(started.EVENT)
    (rule,) = of_type(resources, "AWS::Events::Rule")
    (target,) = rule["Targets"]

    assert (rule["Name"], rule["State"]) == ("orders-after", "DISABLED")
    assert (target["Arn"], target["RoleArn"]) == (deployed.ORDERS, "<EventsRole.Arn>")
    assert target["InputTransformer"] == started.EVENT.settings["Targets"][0]["InputTransformer"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600}
    assert target["DeadLetterConfig"] == {"Arn": f"arn:aws:sqs:{deployed.REGION}:{deployed.ACCOUNT}:dead"}
    assert policy(resources, "EventsRole") == [(deployed.ORDERS, ["states:StartExecution"])]
    (trust,) = resources["EventsRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": deployed.ACCOUNT}}


def test_the_same_in_terraform() -> None:
    found = terraform(started.EVENT)
    target = found["aws_cloudwatch_event_target.orders-after"]

    assert (target["arn"], target["role_arn"]) == (deployed.ORDERS, "<aws_iam_role.orders-events.arn>")
    assert target["input_transformer"] == [
        {
            "input_paths": {"total": "$.detail.total"},
            "input_template": '{"total": <total>, "plain": "${total}"}',
        }
    ]
    (granted,) = json.loads(found["aws_iam_role_policy.orders-events"]["policy"])["Statement"]
    assert (granted["Action"], granted["Resource"]) == (["states:StartExecution"], [deployed.ORDERS])
    trust = json.loads(found["aws_iam_role.orders-events"]["assume_role_policy"])["Statement"][0]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": deployed.ACCOUNT}}


def test_a_role_of_another_account_is_there_and_stays() -> None:
    (rule,) = of_type(cloudformation(started.ON_A_BUS), "AWS::Events::Rule")

    assert [(each["Id"], each["Arn"], each["RoleArn"]) for each in rule["Targets"]] == [
        ("a", deployed.ORDERS, "<EventsRole.Arn>"),
        ("c", f"{deployed.ORDERS}:prod", started.REAL),
    ]
    assert terraform(started.ON_A_BUS)["aws_cloudwatch_event_target.orders-shop-placed-c"]["arn"] == (
        f"{deployed.ORDERS}:prod"
    )


def test_where_arns_stay_a_role_is_one_that_is_there() -> None:
    resources = cloudformation(started.EVENT, portable=False)
    (rule,) = of_type(resources, "AWS::Events::Rule")

    assert rule["Targets"][0]["RoleArn"] == started.MINE
    assert "EventsRole" not in resources


def test_a_rule_that_starts_others_too_becomes_one_of_the_machine_alone_and_this_is_told() -> None:
    (rule,) = of_type(cloudformation(started.ON_A_BUS), "AWS::Events::Rule")
    notes = yaml.safe_load(TEMPLATES["cloudformation"](machine(started.ON_A_BUS)))["Metadata"]["Notes"]
    told = (
        "The rule shop/placed has the target shipping, too, no part of this: the rule here is for the state"
    )

    assert rule["Name"] == "placed-orders"
    assert any(note.startswith(told) for note in notes)
    assert f"# {told}" in TEMPLATES["terraform"](machine(started.ON_A_BUS))


@pytest.mark.parametrize(("is_new", "buses", "on"), [("true", 1, "<ShopEventBus>"), ("false", 0, "shop")])
def test_a_bus_is_made_unless_it_is_there(is_new: str, buses: int, on: str) -> None:
    text = TEMPLATES["cloudformation"](machine(started.ON_A_BUS))
    resources = deployed.by_cloudformation(text, ShopEventBusIsNew=is_new)
    (rule,) = of_type(resources, "AWS::Events::Rule")

    assert (len(of_type(resources, "AWS::Events::EventBus")), rule["EventBusName"]) == (buses, on)


def test_a_bus_that_is_made_comes_before_the_rule_on_it_in_terraform() -> None:
    found = terraform(started.ON_A_BUS)

    assert found["aws_cloudwatch_event_rule.orders-shop-placed"]["depends_on"] == [
        "<aws_cloudwatch_event_bus.shop>"
    ]
    assert found["aws_cloudwatch_event_bus.shop"]["count"] == "<var.shop_event_bus_is_new ? 1 : 0>"


def test_a_name_that_is_too_long_for_a_rule_is_left_to_aws() -> None:
    long = Starter(kind="event", name="o" * 70, settings={**started.EVENT.settings, "Name": "o" * 70})
    (rule,) = of_type(cloudformation(long), "AWS::Events::Rule")

    assert "Name" not in rule


# Files


@pytest.mark.parametrize(("is_new", "buckets"), [("false", 0), ("true", 1)])
def test_a_bucket_is_made_only_if_that_is_asked_for(is_new: str, buckets: int) -> None:
    text = TEMPLATES["cloudformation"](machine(started.FILE))
    made = of_type(deployed.by_cloudformation(text, IncomingBucketIsNew=is_new), "AWS::S3::Bucket")

    assert len(made) == buckets
    for bucket in made:
        assert bucket["NotificationConfiguration"] == {
            "EventBridgeConfiguration": {"EventBridgeEnabled": True}
        }
    assert yaml.safe_load(text)["Parameters"]["IncomingBucketIsNew"]["Default"] == "false"


def test_terraform_lets_a_bucket_that_is_there_tell_eventbridge_once() -> None:
    other = Starter(
        kind="file", name="orders-more", settings={**started.FILE.settings, "Name": "orders-more"}
    )
    found = terraform(started.FILE, other)

    assert [each for name, each in found.items() if "bucket" in name] == [
        {"bucket": "incoming", "eventbridge": True}
    ]


# Schedules


def test_a_schedule_says_all_that_it_said() -> None:
    resources = cloudformation(started.SCHEDULE)
    (schedule,) = of_type(resources, "AWS::Scheduler::Schedule")
    given = started.SCHEDULE.settings
    there = f"arn:aws:sqs:{deployed.REGION}:{deployed.ACCOUNT}:dead"

    told = {name: value for name, value in given.items() if name not in ("Target", "GroupName")}
    assert {name: schedule[name] for name in told} == told
    assert schedule["GroupName"] == "<ReportsScheduleGroup>"
    assert schedule["Target"] == {
        **given["Target"],
        "Arn": deployed.ORDERS,
        "RoleArn": "<SchedulerRole.Arn>",
        "DeadLetterConfig": {"Arn": there},
    }
    assert policy(resources, "SchedulerRole") == [
        (deployed.ORDERS, ["states:StartExecution"]),
        (there, ["sqs:SendMessage"]),
    ]


def test_a_schedule_in_terraform_says_it_too() -> None:
    schedule = terraform(started.SCHEDULE)["aws_scheduler_schedule.orders-reports-nightly"]

    assert schedule["flexible_time_window"] == [{"mode": "FLEXIBLE", "maximum_window_in_minutes": 15}]
    assert schedule["group_name"] == "reports"
    assert (schedule["start_date"], schedule["end_date"]) == ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z")
    (target,) = schedule["target"]
    assert target["input"] == started.SCHEDULE.settings["Target"]["Input"]
    assert target["retry_policy"] == [{"maximum_retry_attempts": 1}]


def test_what_cloudformation_has_no_word_for_is_told() -> None:
    once = Starter(
        kind="schedule",
        name="once",
        settings={**started.WEEKLY.settings, "Name": "once", "ActionAfterCompletion": "DELETE"},
    )

    assert "ActionAfterCompletion" in TEMPLATES["cloudformation"](machine(once))
    assert terraform(once)["aws_scheduler_schedule.orders-once"]["action_after_completion"] == "DELETE"


# Queues


def test_a_pipe_may_receive_enrich_and_start() -> None:
    resources = cloudformation(started.PIPE)
    (pipe,) = of_type(resources, "AWS::Pipes::Pipe")
    given, place = started.PIPE.settings, f"{deployed.REGION}:{deployed.ACCOUNT}"

    for name in ("SourceParameters", "EnrichmentParameters", "TargetParameters", "DesiredState", "Name"):
        assert pipe[name] == given[name]
    assert (pipe["Source"], pipe["Target"]) == (f"arn:aws:sqs:{place}:orders", deployed.ORDERS)
    assert policy(resources, "OrdersQueuePipeRole") == [
        (
            f"arn:aws:sqs:{place}:orders",
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        ),
        (f"arn:aws:lambda:{place}:function:enrich", ["lambda:InvokeFunction"]),
        (deployed.ORDERS, ["states:StartExecution"]),
    ]


def test_a_pipe_in_terraform_waits_for_the_rights_of_its_role() -> None:
    pipe = terraform(started.PIPE)["aws_pipes_pipe.orders-queue"]

    assert pipe["depends_on"] == ["<aws_iam_role_policy.orders-queue-pipe>"]
    (source,) = pipe["source_parameters"]
    assert source["filter_criteria"] == [{"filter": [{"pattern": '{"body": {"kind": ["${kind}"]}}'}]}]
    assert source["sqs_queue_parameters"] == [{"batch_size": 5, "maximum_batching_window_in_seconds": 10}]
    assert pipe["target_parameters"][0]["step_function_state_machine_parameters"] == [
        {"invocation_type": "FIRE_AND_FORGET"}
    ]


# Routes


def test_routes_of_an_http_api_start_and_stop() -> None:
    resources = cloudformation(started.HTTP)
    start, stop = of_type(resources, "AWS::ApiGatewayV2::Integration")
    routes = of_type(resources, "AWS::ApiGatewayV2::Route")
    place = f"{deployed.REGION}:{deployed.ACCOUNT}"

    assert start["RequestParameters"] == {
        "StateMachineArn": deployed.ORDERS,
        "Input": "$request.body",
        "Name": "${request.path.id}-x",
        "Region": deployed.REGION,
    }
    assert start["ResponseParameters"] == {
        "200": {"ResponseParameters": [{"Destination": "overwrite:statuscode", "Source": "202"}]}
    }
    assert stop["CredentialsArn"] == "<ApiRole.Arn>"
    assert [route["RouteKey"] for route in routes] == ["POST /orders/{id}", "DELETE /orders/{id}"]
    assert routes[0]["Target"] == "integrations/<OrdersPOSTOrdersIdIntegration>"
    assert policy(resources, "ApiRole") == [
        (deployed.ORDERS, ["states:StartExecution"]),
        (f"arn:aws:states:{place}:execution:orders:*", ["states:StopExecution"]),
    ]


def test_routes_in_terraform_say_it_too() -> None:
    found = terraform(started.HTTP)
    start = found["aws_apigatewayv2_integration.orders-POST-orders-id"]

    assert start["request_parameters"]["Name"] == "${request.path.id}-x"
    assert start["request_parameters"]["StateMachineArn"] == deployed.ORDERS
    assert start["response_parameters"] == [{"status_code": 200, "mappings": {"overwrite:statuscode": "202"}}]
    assert found["aws_apigatewayv2_route.orders-POST-orders-id"]["target"] == (
        "integrations/<aws_apigatewayv2_integration.orders-POST-orders-id.id>"
    )


@pytest.mark.parametrize("format", TEMPLATES)
def test_a_rest_api_is_its_document_with_the_role_and_the_region_filled_in(format: str) -> None:
    if format == "terraform":
        body = json.loads(terraform(started.REST)["aws_api_gateway_rest_api.orders-rest"]["body"])
        role = "<aws_iam_role.orders-api.arn>"
    else:
        (api,) = of_type(cloudformation(started.REST, format=format), "AWS::ApiGateway::RestApi")
        body, role = json.loads(api["Body"]), "<ApiRole.Arn>"
    given = started.REST.settings["Document"]
    integration = body["paths"]["/orders"]["post"]["x-amazon-apigateway-integration"]

    assert integration["uri"] == f"arn:aws:apigateway:{deployed.REGION}:states:action/StartExecution"
    assert integration["credentials"] == role
    assert "credentials" not in body["paths"]["/orders"]["options"]["x-amazon-apigateway-integration"]
    assert body["components"] == given["components"]
    template = integration["requestTemplates"]["application/json"]
    assert template == started.VTL.replace(started.ORDERS, deployed.ORDERS)


def test_a_document_that_a_template_can_hold_is_an_object_in_it() -> None:
    document = {**started.REST.settings["Document"], "components": {}}
    plain = Starter(kind="rest", name="orders", settings={**started.REST.settings, "Document": document})
    (api,) = of_type(cloudformation(plain), "AWS::ApiGateway::RestApi")

    assert isinstance(api["Body"], dict)


def test_another_document_is_deployed_anew() -> None:
    other = {**started.REST.settings["Document"], "info": {"title": "other", "version": "2"}}
    changed = Starter(
        kind="rest", name=started.REST.name, settings={**started.REST.settings, "Document": other}
    )

    def deployment(starter: Starter) -> str:
        resources = cloudformation(starter)
        return next(id for id, each in resources.items() if each["Type"] == "AWS::ApiGateway::Deployment")

    assert deployment(started.REST) == deployment(started.REST)
    assert deployment(started.REST) != deployment(changed)


def test_what_a_key_says_is_asked_for_and_not_shown() -> None:
    template = yaml.safe_load(TEMPLATES["cloudformation"](machine(started.REST)))
    (key,) = of_type(template["Resources"], "AWS::ApiGateway::ApiKey")

    assert template["Parameters"]["OrdersRestKeyValue"]["NoEcho"] is True
    assert "Default" not in template["Parameters"]["OrdersRestKeyValue"]
    assert key["Value"] == {"Ref": "OrdersRestKeyValue"}
    assert "sensitive   = true" in TEMPLATES["terraform"](machine(started.REST))


# Topics


def test_a_topic_rule_may_do_what_its_actions_do() -> None:
    resources = cloudformation(started.IOT)
    (rule,) = of_type(resources, "AWS::IoT::TopicRule")
    payload, place = rule["TopicRulePayload"], f"{deployed.REGION}:{deployed.ACCOUNT}"

    assert rule["RuleName"] == "orders_iot"
    assert payload["Sql"] == started.IOT.settings["sql"]
    assert payload["Actions"][0] == {
        "StepFunctions": {
            "StateMachineName": "orders",
            "ExecutionNamePrefix": "${topic(2)}-",
            "RoleArn": "<IotRole.Arn>",
        }
    }
    assert payload["Actions"][1]["Sqs"]["UseBase64"] is False
    assert payload["ErrorAction"]["Republish"]["Topic"] == "errors/${topic()}"
    assert policy(resources, "IotRole") == [
        (deployed.ORDERS, ["states:StartExecution"]),
        (f"arn:aws:sqs:{place}:orders", ["sqs:SendMessage"]),
        (f"arn:aws:iot:{place}:topic/errors/*", ["iot:Publish"]),
    ]


def test_a_topic_rule_in_terraform_says_it_too() -> None:
    rule = terraform(started.IOT)["aws_iot_topic_rule.orders-iot"]

    assert rule["sql"] == started.IOT.settings["sql"]
    assert rule["step_functions"] == [
        {
            "state_machine_name": "orders",
            "execution_name_prefix": "${topic(2)}-",
            "role_arn": "<aws_iam_role.orders-iot.arn>",
        }
    ]
    assert rule["error_action"][0]["republish"][0]["topic"] == "errors/${topic()}"


def test_a_rule_that_names_its_machine_by_the_message_may_start_each_that_fits() -> None:
    action = {"stepFunctions": {"stateMachineName": "ord${topic(2)}", "roleArn": started.MINE}}
    rule = Starter(kind="iot", name="any", settings={"sql": "SELECT * FROM 'a'", "actions": [action]})

    assert policy(cloudformation(rule), "IotRole") == [
        (
            f"arn:aws:states:{deployed.REGION}:{deployed.ACCOUNT}:stateMachine:ord*",
            ["states:StartExecution"],
        )
    ]


# SAM


def test_sam_has_events_where_it_can_say_all_of_a_trigger() -> None:
    resources = cloudformation(*OF_EACH_KIND, format="sam")
    events = resources["StateMachine"]["Properties"]["Events"]

    assert {name: each["Type"] for name, each in events.items()} == {
        "OrdersHourly": "Schedule",
        "OrdersFile": "EventBridgeRule",
        "OrdersWeekly": "ScheduleV2",
    }
    assert events["OrdersHourly"]["Properties"] == {
        "Name": "orders-hourly",
        "Schedule": "rate(1 hour)",
        "State": "ENABLED",
        "Target": {"Id": "sfnb"},
        "Input": "{}",
    }
    rules = of_type(resources, "AWS::Events::Rule")
    assert [rule["Name"] for rule in rules] == ["orders-after", "placed-orders"], (
        "disabled; of several targets"
    )
    assert len(of_type(resources, "AWS::Scheduler::Schedule")) == 1, "that with a queue for dead letters"


def test_a_trigger_called_as_sam_calls_what_it_makes_itself_gets_another_id() -> None:
    role = Starter(kind="schedule", name="role", settings={**started.WEEKLY.settings, "Name": "role"})
    resources = cloudformation(role, format="sam")

    assert list(resources["StateMachine"]["Properties"]["Events"]) == ["Role2"]
