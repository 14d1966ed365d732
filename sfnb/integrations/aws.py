"""The way to AWS through boto3, which is imported when the first client is made.

Nothing goes to AWS unless a service is given such a session: sfnb works offline by default.
"""

from __future__ import annotations

import contextlib
import importlib.util
import threading
from functools import cache
from typing import Any

from sfnb.errors import SfnbError


class Aws:
    """boto3 with credentials as botocore finds them. Fulfils the port `AwsSession`.

    endpoint_url: where every call goes instead, as to a local stand-in for AWS.
    region: instead of the one botocore finds and, where it finds none, the service's own.
    profile: of the shared configuration files. Raises SfnbError where boto3 is not installed.
    proxies: as botocore's Config has them; None: as the environment says.
    """

    proxies: dict[str, str] | None = None
    in_process = False

    def __init__(
        self, *, endpoint_url: str | None = None, region: str | None = None, profile: str | None = None
    ) -> None:
        if importlib.util.find_spec("boto3") is None:
            raise SfnbError('calls to AWS need boto3: pip install "sfnb[aws]"')
        self._endpoint_url = endpoint_url
        self._region = region
        self._profile = profile
        self._lock = threading.Lock()
        self._models: dict[str, Any] = {}
        self._sessions: dict[str | None, Any] = {}
        self._clients: dict[tuple[str, str, str | None, str | None], Any] = {}

    @property
    def place(self) -> str:
        """Where calls go, in a few words."""
        if self._endpoint_url is not None:
            return self._endpoint_url
        return "AWS" if self._profile is None else f"AWS, as the profile {self._profile}"

    def model(self, service: str) -> Any:
        """botocore's model of a service; needs no credentials."""
        with self._lock:
            if service not in self._models:
                self._models[service] = with_models(None).get_service_model(service)
            return self._models[service]

    def client(
        self, service: str, *, region: str, role_arn: str | None = None, only: str | None = None
    ) -> Any:
        """The client of a service, made once; its calls assume the role where one is given.

        region: where none is set. only: the region, whatever is set.
        """
        key = (service, region, role_arn, only)
        with self._lock:  # sessions are not for several threads, clients are
            if key not in self._clients:
                session = self._session(role_arn, region)
                client = session.client(
                    service,
                    region_name=only or self._region or session.region_name or region,
                    endpoint_url=self._endpoint_url,
                    config=_config(service, self.proxies),
                )
                if service in PATIENT:
                    client.meta.events.register("needs-retry", _after_a_lost_connection)
                self._clients[key] = keeping_headers(client)
            return self._clients[key]

    def prepare(self, service: str, *, region: str) -> None:
        """Make a client before it is needed, in a thread of its own.

        The first one takes half a second, in which a task may be timed out. What is wrong is told by the call
        that needs it.
        """

        def make() -> None:
            from botocore.exceptions import BotoCoreError

            with contextlib.suppress(BotoCoreError):
                self.model(service)
                self.client(service, region=region)

        threading.Thread(target=make, name=f"sfnb {service}", daemon=True).start()

    def credentials(self, *, region: str, role_arn: str | None = None) -> Any:
        """botocore's credentials, for a request that no client makes; None where it finds none."""
        with self._lock:
            return self._session(role_arn, region).get_credentials()

    def _new_session(self, **given: str | None) -> Any:
        """A boto3 session with the credentials and the region that are given, else with those it finds."""
        import boto3

        session = with_models(None if given else self._profile)
        return boto3.Session(botocore_session=session, **given)

    def _session(self, role_arn: str | None, region: str) -> Any:
        if role_arn not in self._sessions:
            session = self._new_session()
            if role_arn is not None:
                assumed = self._assume(session, role_arn, region)
                session = self._new_session(**assumed, region_name=session.region_name)
            self._sessions[role_arn] = session
        return self._sessions[role_arn]

    def _assume(self, session: Any, role_arn: str, region: str) -> dict[str, str]:
        sts = session.client(
            "sts",
            region_name=self._region or session.region_name or region,
            endpoint_url=self._endpoint_url,
            config=_config("sts", self.proxies),
        )
        given = sts.assume_role(RoleArn=role_arn, RoleSessionName="sfnb")["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }


PATIENT = ("lambda", "bedrock-runtime", "bedrock-agentcore")
"""Services whose answer may take as long as the work does; Lambda's limit is 15 minutes."""


def _config(service: str, proxies: dict[str, str] | None) -> Any:
    """S3 is not asked for checksums that Step Functions does not ask for: its results would tell them.

    Many calls may run side by side, each with a connection. A function that answers is called once: who
    retries is Retry.
    """
    from botocore.config import Config

    config = Config(response_checksum_validation="when_required", max_pool_connections=64, proxies=proxies)
    if service in PATIENT:
        return config.merge(Config(read_timeout=930, retries={"total_max_attempts": 1}))
    return config


MOST_LOST = 3
"""How often a call is made again whose connection was lost, as by the AWS SDK for Java 1."""
LOST_PAUSE_SECONDS = 0.05


def _after_a_lost_connection(
    attempts: int, caught_exception: BaseException | None = None, **_: Any
) -> float | None:
    """How long to wait before a call is made again; None: it is not.

    A connection that was closed without a byte of an answer, as one that was kept for too long, tells nothing
    of the function. The other retries of botocore are off.
    """
    from botocore.exceptions import ConnectionClosedError

    lost = isinstance(caught_exception, ConnectionClosedError) and attempts <= MOST_LOST
    return LOST_PAUSE_SECONDS * attempts if lost else None


def with_models(profile: str | None) -> Any:
    """A botocore session that shares what others have read of botocore's models: most of a client's cost."""
    import botocore.session

    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", models(session.get_config_variable("data_path")))
    return session


@cache
def models(data_path: str | None = None) -> Any:
    """botocore's loader of its models, which remembers what it has read."""
    from botocore.loaders import create_loader

    return create_loader(data_path)


def keeping_headers(client: Any) -> Any:
    """`client`, whose answers tell the HTTP headers as they were spelled: botocore lowers them."""

    def keep(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        parsed.setdefault("ResponseMetadata", {})["RawHeaders"] = list(http_response.headers.items())

    client.meta.events.register("after-call", keep)
    return client
