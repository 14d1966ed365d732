"""Clients as boto3 makes them, and lists read to their end."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from sfnb.deploy.clients import client_of, find_machine, pages
from sfnb.errors import SfnbError
from sfnb.machine import load_machine
from sfnb.service import StepFunctions


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def test_a_client_that_is_given_is_taken() -> None:
    mine = boto3.client("stepfunctions", region_name="eu-west-1")

    assert client_of(mine, "profile", "region") is mine


def test_what_is_no_client_of_the_service_is_told() -> None:
    queue = boto3.client("sqs", region_name="eu-west-1")

    with pytest.raises(SfnbError, match=r"is of 'sqs': boto3.client\('stepfunctions'\) is what is needed"):
        client_of(queue, None, None)
    with pytest.raises(SfnbError, match=r"is of 'sqs': boto3.client\('iam'\) is what is needed"):
        client_of(queue, None, None, "iam")
    with pytest.raises(SfnbError, match="is no client but str"):
        client_of("eu-west-1", None, None)


@pytest.mark.parametrize(("endpoint", "prefix"), [(None, True), ("http://localhost:8083", False)])
def test_no_prefix_is_put_before_the_host_of_another_endpoint(
    monkeypatch: pytest.MonkeyPatch, endpoint: str | None, prefix: bool
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", endpoint)
    client = client_of(None, None, "eu-west-1")

    assert client.meta.config.inject_host_prefix is prefix
    assert client.meta.endpoint_url == (endpoint or "https://states.eu-west-1.amazonaws.com")


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(SfnbError, match=r"no client of AWS: .*nobody"):
        client_of(None, "nobody", "eu-west-1")


def test_a_list_is_read_to_its_end(
    there: StepFunctions, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfnb.deploy.clients.ALL", 2)
    tree = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    for number in range(5):
        load_machine(there, tree, name=f"machine-{number}")

    assert len(list(pages(client, "list_state_machines", "stateMachines"))) == 5
    assert find_machine(client, "machine-0") is not None
    assert find_machine(client, "machine") is None


def test_what_cannot_be_reached_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(SfnbError, match="AWS cannot be asked: Could not connect"):
        find_machine(client_of(None, None, "eu-west-1"), "orders")
