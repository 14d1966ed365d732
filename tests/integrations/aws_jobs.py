"""Jobs of AWS services to test with: moto stands for AWS, and what it says of a job can be changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sfnb.engine.clock import JumpClock
from sfnb.execution import Execution
from sfnb.integrations.aws import Aws
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

REGION = "us-east-1"
SOON = 60.0
Change = Callable[[dict[str, Any]], None]


def task(resource: str, parameters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The definition of a machine of one task."""
    state = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{resource}",
        "Parameters": parameters,
        "End": True,
    }
    return {"StartAt": "It", "States": {"It": {**state, **fields}}}


def run(service: StepFunctions, resource: str, parameters: dict[str, Any], **fields: Any) -> Execution:
    """The execution of such a machine once it has ended, on a clock that jumps."""
    machine = load_machine(service, task(resource, parameters, **fields), name="machine")
    execution = machine.start(clock=JumpClock())
    assert execution.wait(SOON)
    return execution


def types(execution: Execution) -> list[str]:
    return [event.type for event in execution.log if event.id]


def changed(aws: Aws, service: str, operation: str, change: Change, *, times: int = 1000) -> None:
    """What AWS answers to an operation is changed before anybody sees it, the first so many times."""
    left = [times]

    def alter(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        if left[0] > 0:
            left[0] -= 1
            change(parsed)
            if "Error" in parsed:
                http_response.status_code = parsed["ResponseMetadata"]["HTTPStatusCode"]

    aws.client(service, region=REGION).meta.events.register(f"after-call.*.{operation}", alter)


def refused(code: str, status: int) -> Change:
    """The operation fails."""

    def change(parsed: dict[str, Any]) -> None:
        parsed["Error"] = {"Code": code, "Message": "not now"}
        parsed["ResponseMetadata"]["HTTPStatusCode"] = status

    return change


class Seen:
    """The calls of an operation that have been made.

    asked: set by the first.
    """

    def __init__(self, aws: Aws, service: str, operation: str) -> None:
        self.calls: list[dict[str, Any]] = []
        self.asked = threading.Event()
        events = aws.client(service, region=REGION).meta.events
        events.register(f"provide-client-params.*.{operation}", self._see)

    def _see(self, params: dict[str, Any], **_: Any) -> None:
        self.calls.append(params)
        self.asked.set()

    def first(self) -> dict[str, Any]:
        assert self.asked.wait(SOON)
        return self.calls[0]


# What has to be there before a job can begin; each answers with the parameters of one


def glue_run(aws: Aws) -> dict[str, Any]:
    aws.client("glue", region=REGION).create_job(Name="job", Role="role", Command={"Name": "glueetl"})
    return {"JobName": "job"}


def batch_job(aws: Aws) -> dict[str, Any]:
    client = aws.client("batch", region=REGION)
    environment = client.create_compute_environment(
        computeEnvironmentName="environment", type="UNMANAGED", state="ENABLED", serviceRole=role(aws)
    )["computeEnvironmentArn"]
    queue = client.create_job_queue(
        jobQueueName="queue",
        state="ENABLED",
        priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
    )["jobQueueArn"]
    container = {"image": "busybox", "vcpus": 1, "memory": 128, "command": ["true"]}
    client.register_job_definition(
        jobDefinitionName="definition", type="container", containerProperties=container
    )
    return {"JobName": "job", "JobQueue": queue, "JobDefinition": "definition"}


def cluster_task(aws: Aws) -> dict[str, Any]:
    client = aws.client("ecs", region=REGION)
    client.create_cluster(clusterName="cluster")
    container = {"name": "container", "image": "busybox", "memory": 128}
    client.register_task_definition(family="family", containerDefinitions=[container])
    subnets = aws.client("ec2", region=REGION).describe_subnets()["Subnets"]
    return {
        "Cluster": "cluster",
        "TaskDefinition": "family",
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": [subnets[0]["SubnetId"]]}},
    }


def training_job(aws: Aws) -> dict[str, Any]:
    return {
        "TrainingJobName": "training",
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "RoleArn": role(aws),
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m4.xlarge", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def cluster_step(aws: Aws) -> dict[str, Any]:
    cluster = aws.client("emr", region=REGION).run_job_flow(
        Name="cluster",
        Instances={"MasterInstanceType": "m4.large", "InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="role",
        ServiceRole="role",
    )
    return {
        "ClusterId": cluster["JobFlowId"],
        "Step": {"Name": "step", "HadoopJarStep": {"Jar": "command-runner.jar"}},
    }


def query(aws: Aws) -> dict[str, Any]:
    location = {"ResultConfiguration": {"OutputLocation": "s3://bucket/"}}
    aws.client("athena", region=REGION).create_work_group(Name="group", Configuration=location)
    return {"QueryString": "select 1", "WorkGroup": "group"}


def build(aws: Aws) -> dict[str, Any]:
    environment = {"type": "LINUX_CONTAINER", "image": "image", "computeType": "BUILD_GENERAL1_SMALL"}
    aws.client("codebuild", region=REGION).create_project(
        name="project",
        source={"type": "S3", "location": "bucket/key"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment=environment,
        serviceRole="arn:aws:iam::123456789012:role/service-role/build",
    )
    return {"ProjectName": "project"}


def role(aws: Aws) -> str:
    made = aws.client("iam", region=REGION).create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    arn: str = made["Role"]["Arn"]
    return arn


# Where moto has nothing


class Http:
    """As much of an HTTP answer as botocore and what listens to it look at."""

    def __init__(self) -> None:
        self.status_code = 200
        self.headers = {"x-amzn-RequestId": "request"}


def answered(aws: Aws, service: str, operation: str, *answers: dict[str, Any]) -> list[dict[str, Any]]:
    """An operation answers so, one after another and the last for good; what it was asked with."""
    asked: list[dict[str, Any]] = []
    left = list(answers)
    events = aws.client(service, region=REGION).meta.events

    def see(params: dict[str, Any], **_: Any) -> None:
        asked.append(params)

    def give(**_: Any) -> tuple[Http, dict[str, Any]]:
        told = left.pop(0) if len(left) > 1 else left[0]
        metadata = {"HTTPStatusCode": 200, "RequestId": "request"}
        return Http(), {**told, "ResponseMetadata": metadata}

    events.register(f"provide-client-params.*.{operation}", see)
    events.register(f"before-call.*.{operation}", give)
    return asked
