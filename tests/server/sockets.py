"""Ways to a server on a socket."""

from __future__ import annotations

import socket
from typing import Any

import boto3
import httpx
from botocore.config import Config

from sfnb.server.auth import Key
from sfnb.server.serve import Server

WORK = "arn:aws:states:us-east-1:123456789012:activity:work"
ROLE = "arn:aws:iam::123456789012:role/sfn"
LIST = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}
KEY = Key(access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI")


def boto(server: Server, key: Key = KEY, **options: Any) -> Any:
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, **options)
    return boto3.Session(
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        aws_session_token=key.session_token,
        region_name="us-east-1",
    ).client("stepfunctions", endpoint_url=server.url, config=config)


def post(server: Server, body: bytes = b"{}", headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.post(server.url, content=body, headers={**LIST, **(headers or {})}, trust_env=False)


def raw(server: Server, request: bytes) -> bytes:
    """What comes back on a connection of its own, until the server closes it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
        return answer
