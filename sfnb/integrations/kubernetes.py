"""The Kubernetes API of an EKS cluster, at the cluster's own endpoint.

Who calls is told by a token: a URL of STS, signed for the cluster, which the cluster asks in turn. An
endpoint on this computer may be plain HTTP.
Source: AWS guide, "Create and manage Amazon EKS clusters with Step Functions".
"""

from __future__ import annotations

import base64
import ssl
from typing import Any
from urllib.parse import urlsplit

import msgspec

from sfnb.engine.ports import AwsSession, TaskCall
from sfnb.errors import TaskError
from sfnb.integrations.http_exchange import HttpAnswer, NoAnswer, body_of, send
from sfnb.integrations.http_request import HttpRequest, with_query
from sfnb.integrations.jobs import Transient
from sfnb.values import Json, encode

TOKEN_SECONDS = 60
JSON_TYPE = "application/json"
PATCH_TYPE = "application/merge-patch+json"
"""Kubernetes takes no plain JSON as a patch."""

Query = list[tuple[str, str]]


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster's API. authority: its certificate, PEM in Base64."""

    name: str
    authority: str
    endpoint: str
    call: TaskCall
    aws: AwsSession

    def request(self, method: str, path: str, query: Query, body: Json) -> dict[str, Json]:
        """{ResponseBody, StatusCode, StatusText}; raises TaskError where it is no success."""
        answer = self.send(method, path, query, body)
        told: dict[str, Json] = {
            "ResponseBody": body_of(answer),
            "StatusCode": answer.status,
            "StatusText": answer.reason,
        }
        if not answer.succeeded:
            kind = Transient if answer.status in (429, 500, 502, 503, 504) else TaskError
            raise kind(f"EKS.{answer.status}", encode(told))
        return told

    def send(self, method: str, path: str, query: Query, body: Json) -> HttpAnswer:
        headers = [
            ("Host", urlsplit(self.endpoint).netloc),
            ("Accept", "*/*"),
            ("Authorization", f"Bearer {self._token()}"),
        ]
        if body is not None:
            headers.append(("Content-Type", PATCH_TYPE if method == "PATCH" else JSON_TYPE))
        text = body if isinstance(body, str) or body is None else encode(body)
        url = with_query(self.endpoint.rstrip("/") + path, query)
        request = HttpRequest(method=method, url=url, headers=tuple(headers), body=text)
        try:
            return send(request, trust=self._trust())
        except NoAnswer as fault:
            raise Transient("EKS.SdkClientException", str(fault)) from None

    def _trust(self) -> ssl.SSLContext | None:
        if self.endpoint.startswith("http:"):
            return None
        try:
            certificate = base64.b64decode(self.authority, validate=True).decode()
            context = ssl.create_default_context(cadata=certificate)
        except (ValueError, ssl.SSLError):
            cause = "The CertificateAuthority is not a certificate in Base64"
            raise TaskError("States.Runtime", cause) from None
        # The default of Python 3.13; the authorities of EKS lack the key identifiers that it asks for.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    def _token(self) -> str:
        """Source: aws-iam-authenticator, "API Authorization from Outside a Cluster"."""
        role = (self.call.credentials or {}).get("RoleArn")
        client = self.aws.client("sts", region=self.call.region, role_arn=role)
        events = client.meta.events
        events.register("provide-client-params.sts.GetCallerIdentity", _set_aside, unique_id="sfnb-eks-name")
        events.register("before-sign.sts.GetCallerIdentity", _add_header, unique_id="sfnb-eks-header")
        url = client.generate_presigned_url(
            "get_caller_identity",
            Params={"x-k8s-aws-id": self.name},
            ExpiresIn=TOKEN_SECONDS,
            HttpMethod="GET",
        )
        return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _set_aside(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    if "x-k8s-aws-id" in params:
        context["x-k8s-aws-id"] = params.pop("x-k8s-aws-id")


def _add_header(request: Any, **_: Any) -> None:
    name = request.context.get("x-k8s-aws-id")
    if name is not None:
        request.headers["x-k8s-aws-id"] = name
