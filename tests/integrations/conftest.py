"""A web server that the tasks of a test call, and a world of services."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sfnb.integrations.aws import Aws
from sfnb.service import StepFunctions
from tests.integrations.aws_jobs import REGION
from tests.integrations.services import ACCOUNT, World
from tests.integrations.web import Web, serving
from tests.parity.lambda_server import LambdaServer


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    moto = pytest.importorskip("moto")
    functions = LambdaServer(account=ACCOUNT, region=REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", functions.url)
    with moto.mock_aws(config={"batch": {"use_docker": False}}):
        aws = Aws(region=REGION)
        service = StepFunctions(aws=aws)
        yield World(aws, service, functions)
        service.close()
    functions.close()
