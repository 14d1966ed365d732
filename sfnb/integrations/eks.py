"""arn:aws:states:::eks:call and eks:runJob: the Kubernetes API of a cluster is asked.

Source: AWS guide, "Create and manage Amazon EKS clusters with Step Functions".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from sfnb.engine.ports import AwsSession, Handle, JobReport, TaskCall, Work, World
from sfnb.errors import TaskError
from sfnb.integrations.http_request import is_loopback
from sfnb.integrations.jobs import Ask, Follower, Job, find
from sfnb.integrations.kubernetes import Cluster, Query
from sfnb.integrations.service import Service, parameters_refused
from sfnb.values import Json, Payload, decode

METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH")
CLUSTER = ("ClusterName", "CertificateAuthority", "Endpoint")


class EksCall(Service):
    """Parameters {ClusterName, CertificateAuthority, Endpoint, Method, Path, QueryParameters, RequestBody};
    answers {ResponseBody, StatusCode, StatusText}.
    """

    def reach(self, call: TaskCall, world: World) -> Work | None:
        if world.aws is None:
            return None
        given = checked(call, (*CLUSTER, "Method", "Path"), ("QueryParameters", "RequestBody"))
        cluster, method = _cluster(call, world.aws, given), str(given["Method"])
        if method not in METHODS:
            raise parameters_refused(call, [f"The value for the field 'Method' must be one of {METHODS}"])
        query = _query(call, given.get("QueryParameters"))

        def perform(_: Json) -> Json:
            return cluster.request(method, str(given["Path"]), query, given.get("RequestBody"))

        return Work(name="eks:call", function=perform, argument=call.payload)


class RunJob(Service):
    """Parameters {ClusterName, CertificateAuthority, Endpoint, Namespace, Job, LogOptions}; answers as
    `EksCall` does. `.sync` answers with the job, and its `logs` where those are asked for.
    """

    def reach(self, call: TaskCall, world: World) -> Work | None:
        if world.aws is None:
            return None
        given = checked(call, (*CLUSTER, "Job"), ("Namespace", "LogOptions"))
        cluster = _cluster(call, world.aws, given)
        jobs = f"/apis/batch/v1/namespaces/{quote(str(given.get('Namespace', 'default')), safe='')}/jobs"
        job = _job(call, given["Job"])
        options = given.get("LogOptions")
        logs = Logs(cluster, jobs, options if isinstance(options, dict) else {})
        _query(call, logs.options.get("LogParameters"))

        def perform(_: Json) -> Json:
            return cluster.request("POST", jobs, [], job)

        def follow(submission: Payload, report: JobReport) -> Handle:
            name = find(submission.value, "ResponseBody.metadata.name")
            ask = _asking(cluster, f"{jobs}/{quote(str(name), safe='')}", logs)
            return Follower(JOB, submission.value, ask, call.clock, report)

        follows = ".sync" in call.resource
        return Work(
            name="eks:runJob", function=perform, argument=call.payload, follow=follow if follows else None
        )


def finished(job: Json) -> bool | None:
    """Whether a Kubernetes Job is complete, or has failed; None while it goes on.

    >>> finished({"status": {"conditions": [{"type": "Failed", "status": "True"}]}})
    False
    """
    conditions = find(job, "status.conditions")
    for condition in conditions if isinstance(conditions, list) else []:
        kind, holds = find(condition, "type"), find(condition, "status")
        if kind in ("Complete", "Failed") and holds == "True":
            return kind == "Complete"
    return None


JOB = Job(describe=Ask("GET", {}), ends=finished, cancel=Ask("DELETE", {}))
"""Its operations are methods of HTTP."""


def _asking(cluster: Cluster, path: str, logs: Logs) -> Callable[[Ask], Json]:
    def ask(question: Ask) -> Json:
        query = [("propagationPolicy", "Background")] if question.operation == "DELETE" else []
        job = cluster.request(question.operation, path, query, None)["ResponseBody"]
        if finished(job) is None or not logs.options.get("RetrieveLogs") or not isinstance(job, dict):
            return job
        return {**job, "logs": logs.of(job)}

    return ask


class Logs:
    """The logs of a job's pods, as well as they can be had. options: LogOptions."""

    def __init__(self, cluster: Cluster, jobs: str, options: dict[str, Json]) -> None:
        self.cluster = cluster
        self.pods = jobs.replace("/apis/batch/v1/", "/api/v1/").removesuffix("jobs") + "pods"
        self.options = options

    def of(self, job: Json) -> Json:
        """{pods: {POD: {containers: {CONTAINER: {log}}}}}; {error, cause} where a log cannot be had."""
        query = [("labelSelector", f"job-name={find(job, 'metadata.name')}")]
        pods: dict[str, Json] = {}
        try:
            listed = find(self.cluster.request("GET", self.pods, query, None), "ResponseBody.items")
        except TaskError:
            listed = []
        for pod in listed if isinstance(listed, list) else []:
            name, containers = str(find(pod, "metadata.name")), find(pod, "spec.containers")
            names = [str(find(c, "name")) for c in containers] if isinstance(containers, list) else []
            pods[name] = {"containers": {each: self._log(name, each) for each in names}}
        return {"pods": pods}

    def _log(self, pod: str, container: str) -> Json:
        query = [("container", container), *_pairs(self.options.get("LogParameters"))]
        path = f"{self.pods}/{quote(pod, safe='')}/log"
        try:
            answer = self.cluster.send("GET", path, query, None)
        except TaskError as fault:
            return {"error": fault.error, "cause": fault.cause}
        text = answer.content.decode(errors="replace")
        if not answer.succeeded:
            return {"error": f"EKS.{answer.status}", "cause": text}
        if not self.options.get("RawLogs"):
            try:
                return {"log": decode(text)}
            except ValueError:
                return {"log": text}
        return {"log": text}


# Parameters


def checked(call: TaskCall, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Json]:
    """The parameters, without those that are null; raises EvaluationError."""
    value = call.payload.value
    given: dict[str, Json] = {}
    if isinstance(value, dict):
        given = {name: item for name, item in value.items() if item is not None}
    faults = [
        f'The field "{name}" is not supported by Step Functions'
        for name in given
        if name not in required + optional
    ]
    faults += [f"The field '{name}' is required but was missing" for name in required if name not in given]
    faults += [
        f"The value for the field '{name}' must be a STRING"
        for name in (*CLUSTER, "Method", "Path", "Namespace")
        if name in given and not isinstance(given[name], str)
    ]
    if faults:
        raise parameters_refused(call, faults)
    return given


def _cluster(call: TaskCall, aws: AwsSession, given: dict[str, Json]) -> Cluster:
    endpoint = str(given["Endpoint"])
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise parameters_refused(call, ["The value for the field 'Endpoint' must be an HTTPS URL"])
    return Cluster(
        name=str(given["ClusterName"]),
        authority=re.sub(r"\s", "", str(given["CertificateAuthority"])),
        endpoint=endpoint,
        call=call,
        aws=aws,
    )


def _job(call: TaskCall, job: Json) -> Json:
    """The definition of a Job, which may be given as JSON text."""
    if isinstance(job, str):
        try:
            job = decode(job)
        except ValueError:
            raise parameters_refused(call, ["The value for the field 'Job' must be valid JSON"]) from None
    if not isinstance(job, dict):
        raise parameters_refused(call, ["The value for the field 'Job' must be an object"])
    return job


def _query(call: TaskCall, parameters: Json) -> Query:
    """A map of lists of texts as pairs."""
    good = parameters is None or (
        isinstance(parameters, dict)
        and all(isinstance(v, list) and all(isinstance(each, str) for each in v) for v in parameters.values())
    )
    if not good:
        raise parameters_refused(call, ["Query parameters must be a map of STRING to a list of STRING"])
    return _pairs(parameters)


def _pairs(parameters: Json) -> Query:
    if not isinstance(parameters, dict):
        return []
    return [
        (name, str(value))
        for name, values in parameters.items()
        for value in (values if isinstance(values, list) else [])
    ]
