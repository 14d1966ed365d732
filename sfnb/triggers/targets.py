"""Where something can be delivered: a row of `TARGETS` for each service, by what an ARN says.

Source: EventBridge API reference, Target; EventBridge guide, "Event bus targets".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sfnb.triggers.deliveries import Delivery
from sfnb.triggers.ports import Assumed, Refused, Start, World
from sfnb.triggers.records import queue_of, region_of, service_of
from sfnb.values import Payload

THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "ServiceUnavailable"})

Put = Callable[[list[dict[str, Any]]], Any]
"""Puts entries on a bus, as PutEvents takes them."""


class Way(NamedTuple):
    """How a service is given something. action: the right that it takes."""

    action: str
    send: Callable[[World, Delivery], str | None]


def send(world: World, delivery: Delivery) -> str | None:
    """Deliver; answers with the execution that has begun, if it is one. Raises Refused."""
    arn = delivery.target.get("Arn", "")
    way = TARGETS.get(service_of(arn))
    if way is None:
        raise Refused(
            "UNSUPPORTED_TARGET",
            f"{arn or 'a target without an ARN'} is none that can be reached from here, which are"
            f" those of {', '.join(TARGETS)}",
        )
    role = delivery.target.get("RoleArn")
    if role:
        world.check_role(
            Assumed(
                role=role,
                principal=delivery.principal,
                source=delivery.source,
                action=way.action,
                resource=arn,
            )
        )
    return way.send(world, delivery)


def _payload(delivery: Delivery) -> Payload:
    try:
        return Payload.of_text(delivery.input)
    except ValueError as fault:
        raise Refused("INVALID_JSON", f"the input that was made for the target is no JSON: {fault}") from None


def _state_machine(world: World, delivery: Delivery) -> str | None:
    if delivery.target.get("Name"):  # its own: one that there is already may be another's
        parameters = {
            "stateMachineArn": delivery.target["Arn"],
            "input": delivery.input,
            "name": delivery.target["Name"],
            "traceHeader": delivery.trace_header,
        }
        given = {name: value for name, value in parameters.items() if value is not None}
        return str(world.ask("StartExecution", given, trigger=delivery.trigger)["executionArn"])
    start = Start(
        machine=delivery.target["Arn"],
        input=_payload(delivery),
        name=delivery.name,
        trigger=delivery.trigger,
        trace_header=delivery.trace_header,
    )
    return world.start(start).arn


def _function(world: World, delivery: Delivery) -> str | None:
    """Called without waiting for what it answers, as EventBridge does; called again where it fails."""
    world.call(delivery.target["Arn"], _payload(delivery))
    return None


def _queue(world: World, delivery: Delivery) -> str | None:
    arn = delivery.target["Arn"]
    more = {}
    group = delivery.target.get("SqsParameters", {}).get("MessageGroupId")
    if group:
        more["MessageGroupId"] = group
    with_client(
        world,
        "sqs",
        lambda client: client.send_message(
            QueueUrl=client.get_queue_url(**queue_of(arn))["QueueUrl"],
            MessageBody=delivery.input,
            **more,
        ),
        region_of(arn),
    )
    return None


def _topic(world: World, delivery: Delivery) -> str | None:
    arn = delivery.target["Arn"]
    with_client(
        world, "sns", lambda client: client.publish(TopicArn=arn, Message=delivery.input), region_of(arn)
    )
    return None


def with_client(world: World, service: str, call: Callable[[Any], Any], region: str | None = None) -> Any:
    """Call a service of AWS; raises Refused, to be tried again where it was busy or out of reach.

    region: see `World.client`.
    """
    from botocore.exceptions import BotoCoreError, ClientError, InvalidRegionError, ParamValidationError

    try:
        return call(world.client(service, region))
    except ClientError as fault:
        error = fault.response.get("Error", {})
        status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        code = error.get("Code", "Unknown")
        again = status >= 500 or code in THROTTLED
        raise Refused(code, error.get("Message") or str(fault), again=again) from None
    except (ParamValidationError, InvalidRegionError) as fault:
        raise Refused("ValidationException", str(fault)) from None
    except BotoCoreError as fault:
        raise Refused(type(fault).__name__, str(fault), again=True) from None


TARGETS: Mapping[str, Way] = {
    "states": Way("states:StartExecution", _state_machine),
    "lambda": Way("lambda:InvokeFunction", _function),
    "sqs": Way("sqs:SendMessage", _queue),
    "sns": Way("sns:Publish", _topic),
}
