"""The other services of a case, made by moto: queues, topics, tables, buckets, buses.

moto is started with the first client, so that a case without such services costs nothing.
"""

from __future__ import annotations

import ast
import json
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from sfnb.integrations.aws import Aws
from sfnb.items.s3 import S3Buckets

from .front import correct
from .runner import ACCOUNT, REGION

if TYPE_CHECKING:
    from botocore.client import BaseClient


class Cloud(Aws):
    """An AWS account with nothing in it."""

    def __init__(self) -> None:
        super().__init__(region=REGION)
        self._mock: Any = None
        self._corrected: dict[str, Any] = {}
        self._made: list[tuple[str, dict[str, Any]]] = []
        self._environment = ExitStack()

    def client(self, service: str, *, region: str = REGION, role_arn: str | None = None) -> BaseClient:
        if self._mock is None:
            self._environment.enter_context(patch.dict(os.environ, MOTO_ACCOUNT_ID=ACCOUNT))
            from moto import mock_aws

            self._mock = mock_aws()
            self._mock.start()
        client = self._corrected.get(service)
        if client is None:
            client = self._corrected[service] = self.corrected(super().client(service, region=region))
        return client

    def corrected(self, client: Any) -> Any:
        return correct(client)

    def made(self, operation: str) -> dict[str, Any]:
        """The parameters and the answer of the first such call."""
        return next(made for made_by, made in self._made if made_by == operation)

    def buckets(self) -> S3Buckets:
        """Its buckets, for the items of a Distributed Map."""
        return S3Buckets(connect=lambda: self.client("s3"))

    def make(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Call boto3 as a recording says it was."""
        from botocore import xform_name

        params = {name: _value(value) for name, value in params.items() if value != ""}
        answer: dict[str, Any] = getattr(self.client(service), xform_name(operation))(**params)
        self._made.append((operation, params | answer))
        return answer

    def collect(self, key: str) -> Any:
        """What the recording looked up besides, by the key it has in `expected`; None for the unknown."""
        if key == "get-s3-object":
            return self._object()
        if key in ("messages", "stepfunctions_events"):
            return self.received()
        return None

    def close(self) -> None:
        if self._mock is not None:
            self._mock.stop()
        self._environment.close()

    def _object(self) -> dict[str, Any]:
        bucket = self.made("CreateBucket")["Bucket"]
        client: Any = self.client("s3")
        listed = client.list_objects_v2(Bucket=bucket)["Contents"]
        found: dict[str, Any] = client.get_object(Bucket=bucket, Key=listed[0]["Key"], ChecksumMode="ENABLED")
        return {**found, "Body": found["Body"].read().decode()}

    def received(self) -> list[Any]:
        return self.messages()

    def messages(self) -> list[Any]:
        """What the queue hands out now."""
        url = self.made("CreateQueue")["QueueUrl"]
        client: Any = self.client("sqs")
        received = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        messages = [json.loads(message["Body"]) for message in received.get("Messages", ())]
        for message in messages:
            if "SignatureVersion" in message:
                message["SignatureVersion"] = "1"  # AWS's default; moto has 2
        return messages


def _value(value: Any) -> Any:
    """Bytes were recorded as Python writes them."""
    return ast.literal_eval(value) if isinstance(value, str) and value.startswith("b'") else value
