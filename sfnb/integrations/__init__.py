"""What a Resource means, an integration each."""

from __future__ import annotations

from sfnb.engine.ports import Integration
from sfnb.integrations.activity import Activity
from sfnb.integrations.api_gateway import ApiGateway
from sfnb.integrations.http_task import HttpTask
from sfnb.integrations.lambda_function import LambdaFunction
from sfnb.integrations.lambda_invoke import LambdaInvoke
from sfnb.integrations.optimized import Optimized
from sfnb.integrations.put_events import PutEvents
from sfnb.integrations.sdk import AwsSdk
from sfnb.integrations.service import Service, bare_action
from sfnb.integrations.service_table import SERVICE_ACTIONS
from sfnb.integrations.start_execution import StartExecution

FUNCTION = LambdaFunction()
ACTIVITY = Activity()
SERVICE = Service()
SDK = AwsSdk()
DYNAMODB = Optimized("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDB")

INTEGRATIONS: dict[str, Integration] = {
    "apigateway:invoke": ApiGateway(),
    **SERVICE_ACTIONS,
    "dynamodb:deleteItem": DYNAMODB,
    "dynamodb:getItem": DYNAMODB,
    "dynamodb:putItem": DYNAMODB,
    "dynamodb:updateItem": DYNAMODB,
    "events:putEvents": PutEvents("EventBridge", "AmazonEventBridge", "AmazonEventBridge"),
    "http:invoke": HttpTask(),
    "lambda:invoke": LambdaInvoke(),
    "sns:publish": Optimized("SNS", "AmazonSNS", "AmazonSNS"),
    "sqs:sendMessage": Optimized("SQS", "AmazonSQS", "AmazonSQS"),
    "states:startExecution": StartExecution(),
}
"""By service and action, whatever the way the answer comes; `aws-sdk:` is `SDK`, all others `SERVICE`."""


def integration_for(resource: str) -> Integration:
    """The integration that a Resource belongs to; a plain name or a placeholder is a function."""
    parts = resource.split(":")
    if len(parts) < 6 or parts[0] != "arn" or parts[2] != "states":
        return FUNCTION
    if parts[5] == "activity":
        return ACTIVITY if len(parts) > 6 else FUNCTION
    if parts[5] == "aws-sdk":
        return SDK
    return INTEGRATIONS.get(":".join(bare_action(resource)), SERVICE)
