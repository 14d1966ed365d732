"""The Kubernetes API of a cluster, of which a small server on this computer has what is asked for."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sfnb.engine.clock import JumpClock
from sfnb.integrations.aws import Aws
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.values import decode
from tests.integrations.aws_jobs import REGION, SOON, run, task, types

pytest.importorskip("boto3")
pytest.importorskip("moto")

JOBS = "/apis/batch/v1/namespaces/default/jobs"
PODS = "/api/v1/namespaces/default/pods"
DEFINITION = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "pi"}}


class Api:
    """The cluster: what was asked of it, and how its one job stands.

    ends: the condition that the job comes to when it has been asked for so often.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, Any], str]] = []
        self.tokens: list[str] = []
        self.ends = "Complete"
        self.asked_before_end = 2
        self.refuses = 0
        self.deleted = threading.Event()

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        if self.refuses:
            return self.refuses, {"kind": "Status", "code": self.refuses}
        match method, path:
            case "POST", "/apis/batch/v1/namespaces/default/jobs":
                return 201, DEFINITION
            case "GET", "/apis/batch/v1/namespaces/default/jobs/pi":
                return 200, {**DEFINITION, "status": self._status(path)}
            case "DELETE", _:
                self.deleted.set()
                return 200, {"kind": "Status"}
            case "GET", "/api/v1/namespaces/default/pods":
                return 200, {"items": [{"metadata": {"name": "pod"}, "spec": {"containers": CONTAINERS}}]}
            case "GET", "/api/v1/namespaces/default/pods/pod/log":
                return 200, {"digits": 3.14}
        return 404, {"kind": "Status", "code": 404}

    def _status(self, path: str) -> dict[str, Any]:
        asked = len([each for each in self.requests if each[1] == path])
        if asked <= self.asked_before_end:
            return {"active": 1}
        return {
            "conditions": [{"type": "Suspended", "status": "False"}, {"type": self.ends, "status": "True"}]
        }


CONTAINERS = [{"name": "one"}, {"name": "two"}]


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def server(api: Api) -> Iterator[ThreadingHTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        def serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            api.requests.append((self.command, parts.path, parse_qs(parts.query), body))
            api.tokens.append(str(self.headers["Authorization"]))
            status, told = api.answer(self.command, parts.path)
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_PATCH = serve

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[StepFunctions]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    service = StepFunctions(aws=Aws(region=REGION))
    yield service
    service.close()


def cluster(server: ThreadingHTTPServer) -> dict[str, Any]:
    port = server.server_address[1]
    return {"ClusterName": "k8s", "CertificateAuthority": "", "Endpoint": f"http://127.0.0.1:{port}"}


def test_a_resource_is_read_as_the_cluster_has_it(
    api: Api, server: ThreadingHTTPServer, service: StepFunctions
) -> None:
    query = {"labelSelector": ["job-name=pi"]}
    asked = {**cluster(server), "Method": "GET", "Path": PODS, "QueryParameters": query}

    output: Any = run(service, "eks:call", asked).output

    assert list(output) == ["ResponseBody", "StatusCode", "StatusText"]
    assert (output["StatusCode"], output["StatusText"]) == (200, "OK")
    assert output["ResponseBody"]["items"][0]["metadata"] == {"name": "pod"}
    assert api.requests == [("GET", PODS, query, "")]


def test_the_token_is_a_signed_url_that_names_the_cluster(
    api: Api, server: ThreadingHTTPServer, service: StepFunctions
) -> None:
    """Source: aws-iam-authenticator, "API Authorization from Outside a Cluster"."""
    run(service, "eks:call", {**cluster(server), "Method": "GET", "Path": PODS})

    kind, _, token = api.tokens[0].partition(" k8s-aws-v1.")
    url = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    query = parse_qs(url.query)
    assert (kind, url.scheme, query["Action"]) == ("Bearer", "https", ["GetCallerIdentity"])
    assert "x-k8s-aws-id" in query["X-Amz-SignedHeaders"][0].split(";")
    assert query["X-Amz-Credential"][0].startswith("AKIDEXAMPLE/")


def test_a_refusal_of_the_cluster_is_the_error_with_all_of_its_answer(
    api: Api, server: ThreadingHTTPServer, service: StepFunctions
) -> None:
    """Source: AWS guide, "Create and manage Amazon EKS clusters with Step Functions"."""
    api.refuses = 401

    execution = run(service, "eks:call", {**cluster(server), "Method": "GET", "Path": PODS})

    assert execution.error == "EKS.401"
    assert decode(str(execution.cause)) == {
        "ResponseBody": {"kind": "Status", "code": 401},
        "StatusCode": 401,
        "StatusText": "Unauthorized",
    }


def test_a_job_is_only_begun_unless_it_is_waited_for(
    api: Api, server: ThreadingHTTPServer, service: StepFunctions
) -> None:
    output: Any = run(service, "eks:runJob", {**cluster(server), "Job": json.dumps(DEFINITION)}).output

    assert (output["StatusCode"], output["ResponseBody"]["metadata"]) == (201, {"name": "pi"})
    ((method, path, _, body),) = api.requests
    assert (method, path, json.loads(body)) == ("POST", JOBS, DEFINITION)


def test_a_job_that_is_waited_for_brings_its_logs(
    api: Api, server: ThreadingHTTPServer, service: StepFunctions
) -> None:
    options = {"RetrieveLogs": True, "LogParameters": {"tailLines": ["6"]}}

    execution = run(service, "eks:runJob.sync", {**cluster(server), "Job": DEFINITION, "LogOptions": options})

    output: Any = execution.output
    assert output["status"]["conditions"][1]["type"] == "Complete"
    log = {"log": {"digits": 3.14}}
    assert output["logs"] == {"pods": {"pod": {"containers": {"one": log, "two": log}}}}
    assert api.requests[-1][2] == {"container": ["two"], "tailLines": ["6"]}
    assert "TaskSubmitted" in types(execution)


def test_logs_are_left_as_they_are_where_that_is_asked_for(
    api: Api, server: ThreadingHTTPServer, service: StepFunctions
) -> None:
    options = {"RetrieveLogs": True, "RawLogs": True}

    output: Any = run(
        service, "eks:runJob.sync", {**cluster(server), "Job": DEFINITION, "LogOptions": options}
    ).output

    assert output["logs"]["pods"]["pod"]["containers"]["one"] == {"log": '{"digits": 3.14}'}


def test_a_job_that_fails_fails_the_task(
    api: Api, server: ThreadingHTTPServer, service: StepFunctions
) -> None:
    api.ends = "Failed"

    execution = run(service, "eks:runJob.sync", {**cluster(server), "Job": DEFINITION})

    assert execution.error == "States.TaskFailed"
    cause: Any = decode(str(execution.cause))
    assert cause["metadata"] == {"name": "pi"}


def test_a_job_that_nobody_waits_for_any_more_is_deleted(
    api: Api, server: ThreadingHTTPServer, service: StepFunctions
) -> None:
    api.asked_before_end = 1_000_000
    tree = task("eks:runJob.sync", {**cluster(server), "Job": DEFINITION})
    execution = load_machine(service, tree, name="machine").start(clock=JumpClock())
    while len(api.requests) < 3:
        assert not execution.wait(0.01)

    execution.stop()

    assert api.deleted.wait(SOON)
    deleted = [request[:3] for request in api.requests if request[0] == "DELETE"]
    assert deleted == [("DELETE", f"{JOBS}/pi", {"propagationPolicy": ["Background"]})]


@pytest.mark.parametrize(
    ("resource", "parameters", "fault"),
    [
        ("eks:call", {"Method": "GET"}, "The field 'Path' is required but was missing"),
        ("eks:call", {"Method": "TRACE", "Path": "/"}, "The value for the field 'Method' must be one of"),
        ("eks:runJob", {}, "The field 'Job' is required but was missing"),
        ("eks:runJob", {"Job": "{"}, "The value for the field 'Job' must be valid JSON"),
        (
            "eks:call",
            {"Method": "GET", "Path": "/", "Endpoint": "http://example.com"},
            "The value for the field 'Endpoint' must be an HTTPS URL",
        ),
        ("eks:call", {"Method": "GET", "Path": "/", "QueryParameters": {"a": "b"}}, "Query parameters must"),
    ],
)
def test_parameters_that_will_not_do_are_refused_before_anything_is_scheduled(
    resource: str,
    parameters: dict[str, Any],
    fault: str,
    server: ThreadingHTTPServer,
    service: StepFunctions,
) -> None:
    execution = run(service, resource, {**cluster(server), **parameters})

    assert execution.error == "States.Runtime"
    assert fault in str(execution.cause)
    assert "TaskScheduled" not in types(execution)


# Whom to believe


def certificate(folder: Path) -> tuple[Path, str]:
    """A file with a certificate for this computer and its key; and its authority, PEM in Base64.

    As in EKS, the authority says of itself nothing but that it is one.
    """
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    own, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    cluster = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    today = datetime.now(UTC)

    def made(subject: x509.Name, public: Any, extension: Any, *, critical: bool) -> bytes:
        builder = x509.CertificateBuilder(name, subject, public, x509.random_serial_number())
        builder = builder.not_valid_before(today - timedelta(days=1))
        builder = builder.not_valid_after(today + timedelta(days=1))
        signed = builder.add_extension(extension, critical).sign(own, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    addresses = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    authority = made(name, own.public_key(), constraints, critical=True)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "kubernetes.pem"
    path.write_bytes(made(cluster, key.public_key(), addresses, critical=False) + secret)
    return path, base64.b64encode(authority).decode()


def test_the_cluster_is_believed_by_its_own_certificate_alone(
    tmp_path: Path, api: Api, server: ThreadingHTTPServer, service: StepFunctions
) -> None:
    path, authority = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    port = server.server_address[1]
    asked = {
        **cluster(server),
        "Endpoint": f"https://127.0.0.1:{port}",
        "CertificateAuthority": authority,
        "Method": "GET",
        "Path": PODS,
    }
    _, another = certificate(tmp_path)

    believed = run(service, "eks:call", asked)
    doubted = run(service, "eks:call", {**asked, "CertificateAuthority": another})
    senseless = run(service, "eks:call", {**asked, "CertificateAuthority": "%%"})

    assert believed.status == "SUCCEEDED", believed.cause
    assert doubted.error == "EKS.SdkClientException"
    assert "certificate" in str(doubted.cause).lower()
    assert senseless.error == "States.Runtime"
