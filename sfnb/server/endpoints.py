"""The way to the services that the environment has endpoints for, and to no other.

    AWS_ENDPOINT_URL              every service is there
    AWS_ENDPOINT_URL_<SERVICE>    this one is; what is named nowhere is not called, though botocore would

So a queue of one's own can be called, and the account of the credentials that happen to be there is left
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sfnb.integrations.aws import Aws
from sfnb.server.hosts import LOOPBACK, WILDCARDS, is_loopback

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


def without_own(environment: Mapping[str, str], host: str, port: int) -> dict[str, str]:
    """The environment but for AWS_ENDPOINT_URL where it leads clients to this very server.

    That may be all of AWS to them; to the server's tasks it is not.
    """
    return {
        name: value for name, value in environment.items() if name != NAME or not is_at(value, host, port)
    }


def is_at(url: str, host: str, port: int) -> bool:
    """Whether a URL is that of a server at a port of this machine. host: the address that it listens at.

    >>> is_at("http://localhost:8083/", "127.0.0.1", 8083), is_at("http://localhost:4566", "127.0.0.1", 8083)
    (True, False)
    """
    try:
        parts = urlsplit(url)
        named, at = parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return False
    everywhere = host in WILDCARDS or host in LOOPBACK
    return at == port and (named == host or (everywhere and is_loopback(named)))


class Endpoints(Aws):
    """boto3, for services that have an endpoint; another is not reached, which is the task's failure.

    environment: that of the process; botocore reads it too.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._environment = environment

    def url(self, service: str) -> str:
        """Where a service is, by botocore's name of it; "" where it is nowhere."""
        own = f"{NAME}_{self.model(service).service_id.replace(' ', '_').upper()}"
        return self._environment.get(own) or self._environment.get(NAME, "")

    @property
    def place(self) -> str:
        """Where calls go, in a few words."""
        return self._environment.get(NAME) or f"what {NAME}_<SERVICE> names"

    def has(self, service: str) -> bool:
        """Whether a service, by botocore's name of it, has an endpoint."""
        return bool(self.url(service))

    def client(
        self, service: str, *, region: str, role_arn: str | None = None, only: str | None = None
    ) -> Any:
        """As `Aws.client`; raises a BotoCoreError where there is no endpoint."""
        for needed in (service, "sts") if role_arn is not None else (service,):
            if not self.has(needed):
                raise _no_endpoint(needed)
        return super().client(service, region=region, role_arn=role_arn, only=only)


def _no_endpoint(service: str) -> Exception:
    from botocore.exceptions import BotoCoreError

    class NoEndpoint(BotoCoreError):  # type: ignore[misc]
        fmt = "{name} and its like name no endpoint for '{service}'; --aws lets AWS itself be called"

    return NoEndpoint(name=NAME, service=service)
