"""The way to the services that the environment has endpoints for, and to no other.

    AWS_ENDPOINT_URL              every service is there
    AWS_ENDPOINT_URL_<SERVICE>    this one is; what is named nowhere is not called, though botocore would

So a queue of one's own can be called, and the account of the credentials that happen to be there is left
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfnb.integrations.aws import Aws

NAME = "AWS_ENDPOINT_URL"
OURS = f"{NAME}_SFN"
"""It leads clients to this server, and is no service that a task calls."""


def has_endpoints(environment: Mapping[str, str]) -> bool:
    """Whether the environment names an endpoint for services that tasks call.

    >>> has_endpoints({"AWS_ENDPOINT_URL_SQS": "http://localhost:9324"})
    True
    >>> has_endpoints({"AWS_ENDPOINT_URL_SFN": "http://localhost:8083", "AWS_PROFILE": "work"})
    False
    """
    names = {name for name, value in environment.items() if value and name != OURS}
    return NAME in names or any(name.startswith(f"{NAME}_") for name in names)


class Endpoints(Aws):
    """boto3, for services that have an endpoint; another is not reached, which is the task's failure.

    environment: that of the process; botocore reads it too.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._environment = environment

    @property
    def place(self) -> str:
        """Where calls go, in a few words."""
        return self._environment.get(NAME) or f"what {NAME}_<SERVICE> names"

    def has(self, service: str) -> bool:
        """Whether a service, by botocore's name of it, has an endpoint."""
        own = f"{NAME}_{self.model(service).service_id.replace(' ', '_').upper()}"
        return bool(self._environment.get(NAME) or self._environment.get(own))

    def client(self, service: str, *, region: str, role_arn: str | None = None) -> Any:
        """As `Aws.client`; raises a BotoCoreError where there is no endpoint."""
        for needed in (service, "sts") if role_arn is not None else (service,):
            if not self.has(needed):
                raise _no_endpoint(needed)
        return super().client(service, region=region, role_arn=role_arn)


def _no_endpoint(service: str) -> Exception:
    from botocore.exceptions import BotoCoreError

    class NoEndpoint(BotoCoreError):  # type: ignore[misc]
        fmt = "{name} and its like name no endpoint for '{service}'; --aws lets AWS itself be called"

    return NoEndpoint(name=NAME, service=service)
