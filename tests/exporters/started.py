"""A machine with a trigger of each kind."""

from __future__ import annotations

import json
from typing import Any

from sfnb.exporters.deployable import Deployable, Starter
from sfnb.iam import trust_policy

HERE = "us-east-1:123456789012"
ORDERS = f"arn:aws:states:{HERE}:stateMachine:orders"
SHIPPING = f"arn:aws:states:{HERE}:stateMachine:shipping"
QUEUE = f"arn:aws:sqs:{HERE}:orders"
DEAD = f"arn:aws:sqs:{HERE}:dead"
MINE = f"arn:aws:iam::{HERE.partition(':')[2]}:role/mine"
REAL = "arn:aws:iam::444455556666:role/starter"
TREE: dict[str, Any] = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}

AFTER = {
    "source": ["aws.states"],
    "detail": {"status": ["SUCCEEDED"], "stateMachineArn": [SHIPPING, ORDERS], "n": [{"numeric": [">", 5]}]},
}
EVENT = Starter(
    kind="event",
    name="orders-after",
    settings={
        "Name": "orders-after",
        "EventPattern": json.dumps(AFTER),
        "State": "DISABLED",
        "Targets": [
            {
                "Id": "sfnb",
                "Arn": ORDERS,
                "RoleArn": MINE,
                "InputTransformer": {
                    "InputPathsMap": {"total": "$.detail.total"},
                    "InputTemplate": '{"total": <total>, "plain": "${total}"}',
                },
                "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600},
                "DeadLetterConfig": {"Arn": DEAD},
            }
        ],
    },
)
ON_A_BUS = Starter(
    kind="event",
    name="shop/placed",
    settings={
        "Name": "placed",
        "EventBusName": "shop",
        "Description": "orders that are placed",
        "EventPattern": '{"source": ["shop"], "detail": {"total": [null, 1.5, {"exists": false}]}}',
        "Targets": [
            {"Id": "a", "Arn": ORDERS, "Input": '{"kind": "placed"}'},
            {"Id": "b", "Arn": SHIPPING},
            {"Id": "c", "Arn": f"{ORDERS}:prod", "RoleArn": REAL, "InputPath": "$.detail"},
        ],
    },
)
HOURLY = Starter(
    kind="event",
    name="orders-hourly",
    settings={
        "Name": "orders-hourly",
        "ScheduleExpression": "rate(1 hour)",
        "State": "ENABLED",
        "Targets": [{"Id": "sfnb", "Arn": ORDERS, "Input": "{}"}],
    },
)
LANDED = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created"],
    "detail": {"bucket": {"name": ["incoming"]}},
}
FILE = Starter(
    kind="file",
    name="orders-file",
    settings={
        "Name": "orders-file",
        "EventBusName": "default",
        "EventPattern": json.dumps(LANDED),
        "State": "ENABLED",
        "Targets": [{"Id": "sfnb", "Arn": ORDERS}],
    },
)
SCHEDULE = Starter(
    kind="schedule",
    name="reports/nightly",
    settings={
        "Name": "nightly",
        "GroupName": "reports",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "StartDate": "2027-01-01T00:00:00Z",
        "EndDate": "2028-01-01T00:00:00Z",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "State": "ENABLED",
        "Target": {
            "Arn": ORDERS,
            "RoleArn": MINE,
            "Input": '{"at": "<aws.scheduler.scheduled-time>", "plain": "${at}"}',
            "RetryPolicy": {"MaximumRetryAttempts": 1},
            "DeadLetterConfig": {"Arn": DEAD},
        },
    },
)
WEEKLY = Starter(
    kind="schedule",
    name="orders-weekly",
    settings={
        "Name": "orders-weekly",
        "GroupName": "default",
        "ScheduleExpression": "rate(7 days)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": ORDERS, "RoleArn": MINE, "Input": "{}"},
    },
)
PIPE = Starter(
    kind="queue",
    name="orders-queue",
    settings={
        "Name": "orders-queue",
        "Source": QUEUE,
        "SourceParameters": {
            "SqsQueueParameters": {"BatchSize": 5, "MaximumBatchingWindowInSeconds": 10},
            "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"kind": ["${kind}"]}}'}]},
        },
        "Enrichment": f"arn:aws:lambda:{HERE}:function:enrich",
        "EnrichmentParameters": {"InputTemplate": '{"n": <$.body.n>}'},
        "Target": ORDERS,
        "TargetParameters": {
            "InputTemplate": '{"n": <$.n>}',
            "StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"},
        },
        "DesiredState": "RUNNING",
    },
)
HTTP = Starter(
    kind="http",
    name="orders",
    settings={
        "Name": "orders",
        "StageName": "v1",
        "StageVariables": {"colour": "blue"},
        "CorsConfiguration": {
            "AllowOrigins": ["https://shop.example"],
            "AllowMethods": ["POST"],
            "MaxAge": 60,
        },
        "Throttle": {"RateLimit": 2.5, "BurstLimit": 5},
        "Routes": [
            {
                "RouteKey": "POST /orders/{id}",
                "OperationName": "place",
                "Integration": {
                    "IntegrationSubtype": "StepFunctions-StartExecution",
                    "RequestParameters": {
                        "StateMachineArn": ORDERS,
                        "Input": "$request.body",
                        "Name": "${request.path.id}-x",
                        "Region": "us-east-1",
                    },
                    "ResponseParameters": {"200": {"overwrite:statuscode": "202"}},
                },
            },
            {
                "RouteKey": "DELETE /orders/{id}",
                "Integration": {
                    "IntegrationSubtype": "StepFunctions-StopExecution",
                    "RequestParameters": {"ExecutionArn": "$request.body.execution"},
                    "CredentialsArn": MINE,
                    "TimeoutInMillis": 5000,
                },
            },
        ],
    },
)
VTL = (
    f'#set($x = 1)\n{{"stateMachineArn": "{ORDERS}", "name": "${{x}}-%{{y}}",'
    """ "input": "$util.escapeJavaScript($input.json('$'))"}"""
)
REST = Starter(
    kind="rest",
    name="orders rest",
    settings={
        "Name": "orders",
        "StageName": "$default",
        "CorsConfiguration": {"AllowOrigins": ["https://shop.example"]},
        "Throttle": {"RateLimit": 10.0, "BurstLimit": 20},
        "ApiKeys": [{"Name": "shop", "Enabled": True}],
        "Document": {
            "openapi": "3.0.1",
            "info": {"title": "orders", "version": "1.0"},
            "servers": [{"url": "/"}],
            "paths": {
                "/orders": {
                    "post": {
                        "responses": {"200": {"description": "An answer"}},
                        "security": [{"api_key": []}],
                        "x-amazon-apigateway-integration": {
                            "type": "aws",
                            "httpMethod": "POST",
                            "uri": "arn:aws:apigateway:us-east-1:states:action/StartExecution",
                            "requestTemplates": {"application/json": VTL},
                            "responses": {"default": {"statusCode": "200"}},
                        },
                    },
                    "options": {
                        "responses": {"204": {"description": "What may be called"}},
                        "x-amazon-apigateway-integration": {
                            "type": "mock",
                            "requestTemplates": {"application/json": '{"statusCode": 204}'},
                            "responses": {"default": {"statusCode": "204"}},
                        },
                    },
                }
            },
            "components": {
                "schemas": {"Order": {"type": "object", "properties": {"n": {"multipleOf": 0.5}}}},
                "securitySchemes": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
            },
        },
    },
)
IOT = Starter(
    kind="iot",
    name="orders-iot",
    settings={
        "sql": "SELECT *, topic(2) AS sensor FROM 'sensors/+/temp' WHERE temp > 30",
        "awsIotSqlVersion": "2016-03-23",
        "ruleDisabled": False,
        "actions": [
            {
                "stepFunctions": {
                    "stateMachineName": "orders",
                    "executionNamePrefix": "${topic(2)}-",
                    "roleArn": MINE,
                }
            },
            {
                "sqs": {
                    "queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/orders",
                    "roleArn": MINE,
                    "useBase64": False,
                }
            },
        ],
        "errorAction": {"republish": {"topic": "errors/${topic()}", "qos": 1, "roleArn": MINE}},
    },
)
OF_EACH_KIND = (EVENT, ON_A_BUS, HOURLY, FILE, SCHEDULE, WEEKLY, PIPE, HTTP, REST, IOT)


def machine(*triggers: Starter, **more: Any) -> Deployable:
    return Deployable(
        name="orders",
        type="STANDARD",
        tree=TREE,
        trust=trust_policy("123456789012"),
        triggers=triggers,
        **more,
    )
