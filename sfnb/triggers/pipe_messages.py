"""The queue that a pipe reads: messages received, gathered, deleted, left.

Source: SQS API reference, ReceiveMessage, DeleteMessageBatch, ChangeMessageVisibilityBatch; EventBridge user
guide, "Amazon SQS as a source", whose records they become.
"""

from __future__ import annotations

import logging
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from sfnb.triggers.ports import Refused, World
from sfnb.triggers.targets import with_client
from sfnb.values import Json, size_bytes

log = logging.getLogger("sfnb")

Item = TypeVar("Item")

POLL_SECONDS = 1
"""How long a call waits for messages: a pipe that is to end waits for it."""
AT_ONCE = 10
"""How many messages SQS receives or deletes by one call."""
MOST_BYTES = 6 * 1024 * 1024
"""Of the bodies of a batch; then it is not gathered further."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was received. receipt: what it is deleted by. record: of it, as pipes have them."""

    id: str
    receipt: str
    record: dict[str, Json]

    @property
    def body(self) -> str:
        return str(self.record["body"])

    @property
    def group(self) -> str:
        """In which a FIFO queue keeps to the order; "" where it is none."""
        attributes = self.record["attributes"]
        return str(attributes.get("MessageGroupId", "")) if isinstance(attributes, dict) else ""


class Queue:
    """A queue, by its ARN. Every call raises Refused."""

    def __init__(self, world: World, arn: str) -> None:
        self._world = world
        self._arn = arn
        self._found: tuple[Any, str] | None = None

    def gather(self, batch: int, window: int, stop: threading.Event) -> list[Message]:
        """Up to `batch` messages, of up to `window` seconds after the first; none where none came soon.

        Where there is no window, what is there already.
        """
        first = self._receive(min(batch, AT_ONCE), POLL_SECONDS)
        gathered = {message.id: message for message in first}
        if not gathered or (not window and batch <= AT_ONCE):
            return first
        until = time.monotonic() + self._patience(window)
        while len(gathered) < batch and _size(gathered.values()) < MOST_BYTES and not stop.is_set():
            left = until - time.monotonic()
            if window and left <= 0:
                break
            try:
                more = self._receive(min(batch - len(gathered), AT_ONCE), POLL_SECONDS if left >= 1 else 0)
            except Refused as fault:
                log.warning("%s: %s; what was received before goes on", self._arn, fault)
                break
            gathered |= {message.id: message for message in more}
            if not more and not window:
                break
            if not more and left < 1:
                stop.wait(min(left, 0.1))
        return list(gathered.values())

    def _patience(self, window: int) -> float:
        """Seconds; half of the time after which the queue shows a message again, at most."""
        if not window:
            return 0

        def ask(client: Any, url: str) -> Any:
            return client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])

        try:
            hidden = int(self._call(ask)["Attributes"]["VisibilityTimeout"])
        except Refused as fault:
            log.warning("%s: %s; what was received goes on by itself", self._arn, fault)
            return 0
        return min(window, hidden / 2)

    def _receive(self, most: int, seconds: int) -> list[Message]:
        told = self._call(
            lambda client, url: client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=seconds,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        )
        return [
            Message(
                id=message["MessageId"],
                receipt=message["ReceiptHandle"],
                record=_record(message, self._arn),
            )
            for message in told.get("Messages", [])
        ]

    def delete(self, messages: Sequence[Message]) -> set[str]:
        """Answers with the ids of those that could not be deleted, and logs why."""
        left: set[str] = set()
        for part in _parts(messages):
            entries = [{"Id": str(n), "ReceiptHandle": each.receipt} for n, each in enumerate(part)]

            def delete(client: Any, url: str, entries: list[dict[str, str]] = entries) -> Any:
                return client.delete_message_batch(QueueUrl=url, Entries=entries)

            try:
                failed = self._call(delete).get("Failed", [])
            except Refused as fault:
                failed = [{"Id": entry["Id"], "Message": str(fault)} for entry in entries]
            if failed:
                log.warning("%s: messages cannot be deleted: %s", self._arn, failed[0].get("Message"))
            left |= {part[int(each["Id"])].id for each in failed}
        return left

    def release(self, messages: Sequence[Message]) -> None:
        """Let others receive these at once; where that fails, they may in a while."""
        for part in _parts(messages):
            entries = [
                {"Id": str(n), "ReceiptHandle": each.receipt, "VisibilityTimeout": 0}
                for n, each in enumerate(part)
            ]

            def show(client: Any, url: str, entries: list[dict[str, Any]] = entries) -> Any:
                return client.change_message_visibility_batch(QueueUrl=url, Entries=entries)

            try:
                self._call(show)
            except Refused as fault:
                log.debug("%s: %s", self._arn, fault)

    def _call(self, call: Callable[[Any, str], Any]) -> Any:
        return with_client(self._world, "sqs", lambda client: call(client, self._url(client)))

    def _url(self, client: Any) -> str:
        """As this client reaches it: another AWS may have been taken."""
        if self._found is None or self._found[0] is not client:
            self._found = (client, client.get_queue_url(QueueName=self._arn.rpartition(":")[2])["QueueUrl"])
        return self._found[1]


def _record(message: dict[str, Any], arn: str) -> dict[str, Json]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }


def _attribute(value: dict[str, Any]) -> Json:
    given: dict[str, Json] = {}
    if "StringValue" in value:
        given["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        given["binaryValue"] = b64encode(value["BinaryValue"]).decode()
    return {**given, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}


def _size(messages: Any) -> int:
    return sum(size_bytes(message.body) for message in messages)


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]
