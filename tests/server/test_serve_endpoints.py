"""What the environment lets tasks call."""

from __future__ import annotations

import pytest

from sfnb.server.endpoints import Endpoints, has_endpoints


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
