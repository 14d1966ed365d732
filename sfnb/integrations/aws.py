"""The way to AWS through boto3, which is imported when the first client is made.

Nothing goes to AWS unless a service is given such a session: sfnb works offline by default.
"""

from __future__ import annotations

import importlib.util
import threading
from typing import Any

from sfnb.errors import SfnbError


class Aws:
    """boto3 with credentials as botocore finds them. Fulfils the port `AwsSession`.

    endpoint_url: where every call goes instead, as to a local stand-in for AWS.
    region: instead of the one botocore finds and, where it finds none, the service's own.
    profile: of the shared configuration files. Raises SfnbError where boto3 is not installed.
    """

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
        self._clients: dict[tuple[str, str, str | None], Any] = {}

    def model(self, service: str) -> Any:
        """botocore's model of a service; needs no credentials."""
        with self._lock:
            if service not in self._models:
                import botocore.session

                self._models[service] = botocore.session.get_session().get_service_model(service)
            return self._models[service]

    def client(self, service: str, *, region: str, role_arn: str | None = None) -> Any:
        """The client of a service, made once; its calls assume the role where one is given."""
        key = (service, region, role_arn)
        with self._lock:  # sessions are not for several threads, clients are
            if key not in self._clients:
                session = self._session(role_arn, region)
                self._clients[key] = keeping_headers(
                    session.client(
                        service,
                        region_name=self._region or session.region_name or region,
                        endpoint_url=self._endpoint_url,
                        config=_config(),
                    )
                )
            return self._clients[key]

    def _session(self, role_arn: str | None, region: str) -> Any:
        if role_arn not in self._sessions:
            import boto3

            session = boto3.Session(profile_name=self._profile)
            if role_arn is not None:
                session = boto3.Session(
                    **self._assume(session, role_arn, region), region_name=session.region_name
                )
            self._sessions[role_arn] = session
        return self._sessions[role_arn]

    def _assume(self, session: Any, role_arn: str, region: str) -> dict[str, str]:
        sts = session.client(
            "sts",
            region_name=self._region or session.region_name or region,
            endpoint_url=self._endpoint_url,
        )
        given = sts.assume_role(RoleArn=role_arn, RoleSessionName="sfnb")["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }


def _config() -> Any:
    """S3 is not asked for checksums that Step Functions does not ask for: its results would tell them.

    Many calls may run side by side, each with a connection.
    """
    from botocore.config import Config

    return Config(response_checksum_validation="when_required", max_pool_connections=64)


def keeping_headers(client: Any) -> Any:
    """`client`, whose answers tell the HTTP headers as they were spelled: botocore lowers them."""

    def keep(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        parsed.setdefault("ResponseMetadata", {})["RawHeaders"] = list(http_response.headers.items())

    client.meta.events.register("after-call", keep)
    return client
