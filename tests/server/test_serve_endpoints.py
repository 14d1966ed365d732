"""What the environment lets tasks call."""

from __future__ import annotations

import pytest

from sfnb.server.endpoints import Endpoints, has_endpoints, is_at, without_own


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"AWS_ENDPOINT_URL": "http://localhost:4566"}, True),
        ({"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://localhost:4566"}, True),
        ({"AWS_ENDPOINT_URL_SFN": "http://localhost:8083"}, False),
        ({"AWS_ENDPOINT_URL": ""}, False),
        ({"AWS_ENDPOINT_URLS": "x", "AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "AKID"}, False),
        ({}, False),
    ],
)
def test_endpoints_of_other_services_count(environment: dict[str, str], expected: bool) -> None:
    assert has_endpoints(environment) is expected


@pytest.mark.parametrize(
    ("url", "host", "expected"),
    [
        ("http://localhost:8083", "127.0.0.1", True),
        ("http://127.0.0.1:8083/", "0.0.0.0", True),
        ("http://[::1]:8083", "::1", True),
        ("http://10.1.1.1:8083", "10.1.1.1", True),
        ("http://127.0.0.1:8083", "10.1.1.1", False),
        ("http://localhost:4566", "127.0.0.1", False),
        ("http://sfnb.example:8083", "127.0.0.1", False),
        ("http://localhost", "127.0.0.1", False),
        ("http://localhost:port", "127.0.0.1", False),
        ("http://[", "127.0.0.1", False),
        ("", "127.0.0.1", False),
    ],
)
def test_a_server_knows_its_own_address(url: str, host: str, expected: bool) -> None:
    assert is_at(url, host, 8083) is expected


def test_what_leads_clients_of_all_services_here_is_no_endpoint_of_tasks() -> None:
    own = {"AWS_ENDPOINT_URL": "http://localhost:8083", "AWS_ENDPOINT_URL_SQS": "http://localhost:1"}

    left = without_own(own, "127.0.0.1", 8083)

    assert Endpoints(left).has("sqs")
    assert not Endpoints(left).has("s3")
    assert without_own(own, "127.0.0.1", 8084) == own


def test_a_service_has_an_endpoint_by_the_name_that_botocore_reads() -> None:
    endpoints = Endpoints({"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://localhost:1"})

    assert endpoints.has("secretsmanager")
    assert not endpoints.has("sqs")
    assert Endpoints({"AWS_ENDPOINT_URL": "http://localhost:1"}).has("sqs")


def test_another_service_is_a_fault_that_tasks_know_of_botocore() -> None:
    from botocore.exceptions import BotoCoreError

    endpoints = Endpoints({"AWS_ENDPOINT_URL_SQS": "http://localhost:1"})

    assert (
        endpoints.client("sqs", region="us-east-1").meta.endpoint_url == "https://sqs.us-east-1.amazonaws.com"
    )
    with pytest.raises(BotoCoreError, match="no endpoint for 'sns'"):
        endpoints.client("sns", region="us-east-1")
    with pytest.raises(BotoCoreError, match="no endpoint for 'sts'"):
        endpoints.client("sqs", region="us-east-1", role_arn="arn:aws:iam::123456789012:role/r")
