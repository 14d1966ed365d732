"""Jobs of AWS services from beginning to end: what they come to, and how they are stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import Struct

from sfnb.engine.clock import JumpClock
from sfnb.engine.facts import AnswerDropped
from sfnb.integrations.aws import Aws
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.values import decode
from tests.integrations.aws_jobs import (
    REGION,
    SOON,
    Change,
    Seen,
    batch_job,
    build,
    changed,
    cluster_step,
    cluster_task,
    glue_run,
    query,
    refused,
    run,
    task,
    training_job,
    types,
)

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")

SYNC = ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


class Case(Struct, frozen=True, kw_only=True):
    """A job of a service.

    prepare: makes what it needs and answers with its parameters. describe, stop: operations.
    status: where the result tells how it ended. ended, failed, running: make the answer to `describe` say so.
    stopped: what the service is told when the job is stopped, but for ids.
    """

    resource: str
    client: str
    prepare: Callable[[Aws], dict[str, Any]]
    describe: str
    status: str
    good: str
    ended: Change
    failed: Change
    running: Change
    stop: str
    stopped: dict[str, Any]


def setting(path: str, value: str) -> Change:
    """Put a value at a dotted path of botocore's answer."""
    *steps, last = path.split(".")

    def change(parsed: dict[str, Any]) -> None:
        place: Any = parsed
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[last] = value

    return change


def exit_code(code: int) -> Change:
    def change(parsed: dict[str, Any]) -> None:
        (stopped,) = parsed["tasks"]
        stopped["lastStatus"] = "STOPPED"
        stopped["containers"][0]["exitCode"] = code

    return change


REASON = {"reason": "The execution that waited for it was stopped"}
CASES = {
    "batch": Case(
        resource="batch:submitJob",
        client="batch",
        prepare=batch_job,
        describe="DescribeJobs",
        status="Status",
        good="SUCCEEDED",
        ended=setting("jobs.0.status", "SUCCEEDED"),
        failed=setting("jobs.0.status", "FAILED"),
        running=setting("jobs.0.status", "RUNNING"),
        stop="TerminateJob",
        stopped=REASON,
    ),
    "ecs": Case(
        resource="ecs:runTask",
        client="ecs",
        prepare=cluster_task,
        describe="DescribeTasks",
        status="LastStatus",
        good="STOPPED",
        ended=exit_code(0),
        failed=exit_code(3),
        running=setting("tasks.0.lastStatus", "RUNNING"),
        stop="StopTask",
        stopped=REASON,
    ),
    "glue": Case(
        resource="glue:startJobRun",
        client="glue",
        prepare=glue_run,
        describe="GetJobRun",
        status="JobRunState",
        good="SUCCEEDED",
        ended=setting("JobRun.JobRunState", "SUCCEEDED"),
        failed=setting("JobRun.JobRunState", "TIMEOUT"),
        running=setting("JobRun.JobRunState", "RUNNING"),
        stop="BatchStopJobRun",
        stopped={"JobName": "job"},
    ),
    "sagemaker": Case(
        resource="sagemaker:createTrainingJob",
        client="sagemaker",
        prepare=training_job,
        describe="DescribeTrainingJob",
        status="TrainingJobStatus",
        good="Completed",
        ended=setting("TrainingJobStatus", "Completed"),
        failed=setting("TrainingJobStatus", "Failed"),
        running=setting("TrainingJobStatus", "InProgress"),
        stop="StopTrainingJob",
        stopped={"TrainingJobName": "training"},
    ),
    "emr": Case(
        resource="elasticmapreduce:addStep",
        client="emr",
        prepare=cluster_step,
        describe="DescribeStep",
        status="Step.Status.State",
        good="COMPLETED",
        ended=setting("Step.Status.State", "COMPLETED"),
        failed=setting("Step.Status.State", "FAILED"),
        running=setting("Step.Status.State", "RUNNING"),
        stop="CancelSteps",
        stopped={},
    ),
    "athena": Case(
        resource="athena:startQueryExecution",
        client="athena",
        prepare=query,
        describe="GetQueryExecution",
        status="QueryExecution.Status.State",
        good="SUCCEEDED",
        ended=setting("QueryExecution.Status.State", "SUCCEEDED"),
        failed=setting("QueryExecution.Status.State", "CANCELLED"),
        running=setting("QueryExecution.Status.State", "QUEUED"),
        stop="StopQueryExecution",
        stopped={},
    ),
    "codebuild": Case(
        resource="codebuild:startBuild",
        client="codebuild",
        prepare=build,
        describe="BatchGetBuilds",
        status="Build.BuildStatus",
        good="SUCCEEDED",
        ended=setting("builds.0.buildStatus", "SUCCEEDED"),
        failed=setting("builds.0.buildStatus", "FAULT"),
        running=setting("builds.0.buildStatus", "IN_PROGRESS"),
        stop="StopBuild",
        stopped={},
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def aws() -> Iterator[Aws]:
    with moto.mock_aws(config={"batch": {"use_docker": False}}):
        yield Aws(region=REGION)


@pytest.fixture
def service(aws: Aws) -> Iterator[StepFunctions]:
    service = StepFunctions(aws=aws)
    yield service
    service.close()


def at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value[step]
    return value


def test_a_job_that_ends_well_is_described_in_the_result(
    case: Case, aws: Aws, service: StepFunctions
) -> None:
    parameters = case.prepare(aws)
    changed(aws, case.client, case.describe, case.running, times=3)
    asked = Seen(aws, case.client, case.describe)
    if case.client == "emr":  # whose steps never end here
        changed(
            aws, "emr", case.describe, lambda parsed: case.ended(parsed) if len(asked.calls) > 3 else None
        )

    execution = run(service, f"{case.resource}.sync", parameters)

    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    assert at(execution.output, case.status) == case.good
    assert types(execution)[2:6] == SYNC
    assert len(asked.calls) >= 4


def test_a_job_that_fails_fails_the_task_with_all_that_is_known_of_it(
    case: Case, aws: Aws, service: StepFunctions
) -> None:
    parameters = case.prepare(aws)
    changed(aws, case.client, case.describe, case.failed)

    execution = run(service, f"{case.resource}.sync", parameters)

    assert execution.error == "States.TaskFailed"
    cause = decode(str(execution.cause))
    assert at(cause, case.status)
    assert types(execution)[4:6] == ["TaskSubmitted", "TaskFailed"]


def test_a_job_that_nobody_waits_for_any_more_is_stopped(
    case: Case, aws: Aws, service: StepFunctions
) -> None:
    parameters = case.prepare(aws)
    changed(aws, case.client, case.describe, case.running)
    asked, stopped = Seen(aws, case.client, case.describe), Seen(aws, case.client, case.stop)
    machine = load_machine(service, task(f"{case.resource}.sync", parameters), name="machine")
    execution = machine.start(clock=JumpClock())
    assert asked.asked.wait(SOON)

    execution.stop()

    assert execution.wait(SOON)
    assert execution.status == "ABORTED"
    assert case.stopped.items() <= stopped.first().items()
    assert all(stopped.first().values())


def test_a_job_that_takes_too_long_is_stopped(aws: Aws, service: StepFunctions) -> None:
    parameters = glue_run(aws)
    changed(aws, "glue", "GetJobRun", CASES["glue"].running)
    stopped = Seen(aws, "glue", "BatchStopJobRun")

    execution = run(service, "glue:startJobRun.sync", parameters, TimeoutSeconds=20)

    assert execution.error == "States.Timeout"
    assert stopped.first()["JobName"] == "job"


def test_a_clock_that_jumps_does_not_jump_over_the_end_of_a_job(aws: Aws, service: StepFunctions) -> None:
    """Between the answer to the submission and the first question nothing runs that could hold it."""
    execution = run(service, "glue:startJobRun.sync", glue_run(aws), TimeoutSeconds=600)

    assert execution.status == "SUCCEEDED"


def test_a_sibling_that_fails_stops_the_job(aws: Aws, service: StepFunctions) -> None:
    changed(aws, "glue", "GetJobRun", CASES["glue"].running)
    asked, stopped = Seen(aws, "glue", "GetJobRun"), Seen(aws, "glue", "BatchStopJobRun")
    job = task("glue:startJobRun.sync", glue_run(aws))
    failing = {"StartAt": "Fails", "States": {"Fails": {"Type": "Task", "Resource": "fail", "End": True}}}
    both = {"Type": "Parallel", "Branches": [job, failing], "End": True}

    def fail() -> None:
        assert asked.asked.wait(SOON)
        raise ValueError("the sibling has failed")

    service.registry.functions["fail"] = fail
    machine = load_machine(service, {"StartAt": "Both", "States": {"Both": both}}, name="machine")
    execution = machine.start(clock=JumpClock())

    assert execution.wait(SOON)
    assert execution.error == "ValueError"
    assert stopped.first()["JobName"] == "job"


class Held:
    """Holds the answer of an operation back until it is let go. called: the operation has been done."""

    def __init__(self) -> None:
        self.called, self.let_go = threading.Event(), threading.Event()

    def __call__(self, parsed: dict[str, Any]) -> None:
        self.called.set()
        assert self.let_go.wait(SOON)


def test_a_job_whose_submission_returns_after_the_execution_was_stopped_is_stopped(
    aws: Aws, service: StepFunctions
) -> None:
    parameters, held = glue_run(aws), Held()
    changed(aws, "glue", "StartJobRun", held)
    asked, stopped = Seen(aws, "glue", "GetJobRun"), Seen(aws, "glue", "BatchStopJobRun")
    machine = load_machine(service, task("glue:startJobRun.sync", parameters), name="machine")
    execution = machine.start(clock=JumpClock())
    assert held.called.wait(SOON)
    execution.stop()
    assert execution.wait(SOON)
    assert not stopped.calls

    held.let_go.set()

    assert stopped.first()["JobName"] == "job"
    assert all(stopped.first()["JobRunIds"])
    assert not asked.calls
    assert types(execution)[-1] == "ExecutionAborted"


def test_a_job_whose_submission_returns_after_a_sibling_has_failed_is_stopped(
    aws: Aws, service: StepFunctions
) -> None:
    parameters, held = glue_run(aws), Held()
    changed(aws, "glue", "StartJobRun", held)
    stopped = Seen(aws, "glue", "BatchStopJobRun")
    job = task("glue:startJobRun.sync", parameters)
    failing = {"StartAt": "Fails", "States": {"Fails": {"Type": "Task", "Resource": "fail", "End": True}}}
    catch = [{"ErrorEquals": ["ValueError"], "Next": "After"}]
    both = {"Type": "Parallel", "Branches": [job, failing], "Catch": catch, "End": True}
    after = {"Type": "Task", "Resource": "after", "End": True}

    def fail() -> None:
        assert held.called.wait(SOON)
        raise ValueError("the sibling has failed")

    def let_go() -> str:
        held.let_go.set()
        return str(stopped.first()["JobName"])

    service.registry.functions.update(fail=fail, after=let_go)
    machine = load_machine(
        service, {"StartAt": "Both", "States": {"Both": both, "After": after}}, name="machine"
    )
    execution = machine.start(clock=JumpClock())

    assert execution.wait(SOON)
    assert execution.output == "job"
    assert [event.outcome for event in execution.log if isinstance(event, AnswerDropped)] == ["succeeded"]
    assert "TaskSubmitted" not in types(execution)


def test_a_function_stands_before_a_job(aws: Aws, service: StepFunctions) -> None:
    service.registry.functions["glue:startJobRun.sync"] = lambda parameters: {"JobRunState": "SUCCEEDED"}
    started = Seen(aws, "glue", "StartJobRun")

    execution = run(service, "glue:startJobRun.sync", {"JobName": "job"})

    assert execution.output == {"JobRunState": "SUCCEEDED"}
    assert not started.calls


def test_a_job_that_is_only_begun_is_not_followed(case: Case, aws: Aws, service: StepFunctions) -> None:
    parameters = case.prepare(aws)
    asked = Seen(aws, case.client, case.describe)

    execution = run(service, case.resource, parameters)

    output: Any = execution.output
    assert "TaskSubmitted" not in types(execution)
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert not asked.calls


@pytest.mark.parametrize(
    "fault", [refused("ThrottlingException", 400), refused("InternalServiceException", 500)]
)
def test_a_service_that_cannot_tell_now_is_asked_again(
    fault: Change, aws: Aws, service: StepFunctions
) -> None:
    parameters = glue_run(aws)
    changed(aws, "glue", "GetJobRun", fault, times=2)

    assert run(service, "glue:startJobRun.sync", parameters).status == "SUCCEEDED"


def test_a_service_that_will_not_tell_fails_the_task(aws: Aws, service: StepFunctions) -> None:
    parameters = glue_run(aws)
    changed(aws, "glue", "GetJobRun", refused("AccessDeniedException", 400))

    execution = run(service, "glue:startJobRun.sync", parameters)

    assert execution.error == "Glue.AccessDeniedException"
    assert "Service: AWSGlue; Status Code: 400; Error Code: AccessDeniedException" in str(execution.cause)


def test_a_job_that_is_not_known_yet_is_waited_for(aws: Aws, service: StepFunctions) -> None:
    """Batch tells of a job only some time after it has taken it."""
    parameters = batch_job(aws)
    changed(aws, "batch", "DescribeJobs", lambda parsed: parsed.update(jobs=[]), times=2)

    assert run(service, "batch:submitJob.sync", parameters).status == "SUCCEEDED"


def test_a_job_is_refused_as_aws_words_it(aws: Aws, service: StepFunctions) -> None:
    execution = run(service, "glue:startJobRun.sync", {"JobName": "none"})

    assert execution.error == "Glue.EntityNotFoundException"
    assert str(execution.cause).endswith("; Proxy: null)")
    assert "TaskSubmitted" not in types(execution)


# What is particular to one service


def test_glue_tells_the_name_of_the_job_with_its_run(aws: Aws, service: StepFunctions) -> None:
    """Source: a recording of a Glue job, TaskSubmitted."""
    output: Any = run(service, "glue:startJobRun", glue_run(aws)).output

    assert list(output) == ["JobRunId", "SdkHttpMetadata", "SdkResponseMetadata", "JobName"]
    assert output["JobName"] == "job"


def test_moments_are_milliseconds(aws: Aws, service: StepFunctions) -> None:
    output: Any = run(service, "glue:startJobRun.sync", glue_run(aws)).output

    assert output["StartedOn"] > 1_700_000_000_000


@pytest.mark.parametrize("how", [".sync", ".waitForTaskToken"])
def test_a_task_that_could_not_be_placed_fails_who_waits(how: str, aws: Aws, service: StepFunctions) -> None:
    """Source: AWS guide, "Run Amazon ECS or Fargate tasks with Step Functions"."""
    parameters = cluster_task(aws)
    failure = {"arn": "arn", "reason": "RESOURCE:MEMORY"}
    changed(aws, "ecs", "RunTask", lambda parsed: parsed.update(tasks=[], failures=[failure]))

    waiting = run(service, f"ecs:runTask{how}", parameters)
    asking: Any = run(service, "ecs:runTask", parameters).output

    assert waiting.error == "AmazonECS.Unknown"
    cause: Any = decode(str(waiting.cause))
    assert cause["Failures"] == [{"Arn": "arn", "Reason": "RESOURCE:MEMORY"}]
    assert asking["Failures"] == cause["Failures"]


def test_a_container_that_could_not_start_fails_the_task(aws: Aws, service: StepFunctions) -> None:
    parameters = cluster_task(aws)

    def change(parsed: dict[str, Any]) -> None:
        parsed["tasks"][0].update(lastStatus="STOPPED", stopCode="TaskFailedToStart")
        del parsed["tasks"][0]["containers"][0]["exitCode"]

    changed(aws, "ecs", "DescribeTasks", change)

    assert run(service, "ecs:runTask.sync", parameters).error == "States.TaskFailed"


def test_a_build_is_known_again_when_it_is_asked_for_twice(aws: Aws, service: StepFunctions) -> None:
    parameters = build(aws)
    started = Seen(aws, "codebuild", "StartBuild")

    run(service, "codebuild:startBuild", parameters)
    run(service, "codebuild:startBuild", {**parameters, "IdempotencyToken": "mine"})

    ours, theirs = (call["idempotencyToken"] for call in started.calls)
    assert len(ours) == 36
    assert theirs == "mine"


CLUSTER = {
    "Name": "cluster",
    "Instances": {"MasterInstanceType": "m4.large", "InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": True},
    "JobFlowRole": "role",
    "ServiceRole": "role",
}


def test_a_cluster_is_waited_for_until_it_takes_steps_and_until_it_has_ended(
    aws: Aws, service: StepFunctions
) -> None:
    made: Any = run(service, "elasticmapreduce:createCluster.sync", CLUSTER).output
    cluster = {"ClusterId": made["ClusterId"]}
    ended: Any = run(service, "elasticmapreduce:terminateCluster.sync", cluster).output

    assert made["Cluster"]["Status"]["State"] == "WAITING"
    assert ended["Cluster"]["Status"]["State"] == "TERMINATED"


def test_a_step_is_cancelled_by_its_id_alone(aws: Aws, service: StepFunctions) -> None:
    parameters = cluster_step(aws)
    cancelled = Seen(aws, "emr", "CancelSteps")
    step: Any = run(service, "elasticmapreduce:addStep", parameters).output
    assert list(step) == ["StepId", "SdkHttpMetadata", "SdkResponseMetadata"]

    cluster = {"ClusterId": parameters["ClusterId"]}
    run(service, "elasticmapreduce:cancelStep", {**cluster, "StepId": step["StepId"]})

    assert cancelled.first() == {**cluster, "StepIds": [step["StepId"]]}


def test_an_instance_group_is_found_by_its_name(aws: Aws, service: StepFunctions) -> None:
    made: Any = run(service, "elasticmapreduce:createCluster", CLUSTER).output
    change = {
        "ClusterId": made["ClusterId"],
        "InstanceGroupName": "master",
        "InstanceGroup": {"InstanceCount": 3},
    }
    modified = Seen(aws, "emr", "ModifyInstanceGroups")

    known = run(service, "elasticmapreduce:modifyInstanceGroupByName", change)
    unknown = run(
        service, "elasticmapreduce:modifyInstanceGroupByName", {**change, "InstanceGroupName": "none"}
    )

    assert known.status == "SUCCEEDED"
    (group,) = modified.first()["InstanceGroups"]
    groups = aws.client("emr", region=REGION).list_instance_groups(ClusterId=made["ClusterId"])
    assert group == {"InstanceCount": 3, "InstanceGroupId": groups["InstanceGroups"][0]["Id"]}
    assert unknown.error == "ElasticMapReduce.InvalidRequestException"


REFUSED = [
    (
        "elasticmapreduce:createCluster",
        {**CLUSTER, "Steps": []},
        'The field "Steps" is not supported by Step Functions',
    ),
    ("elasticmapreduce:createCluster", {"Name": "n", "Instances": {}}, "KeepJobFlowAliveWhenNoSteps"),
    ("elasticmapreduce:addStep", {"Step": {}}, "The field 'ClusterId' is required but was missing"),
    ("glue:startJobRun.sync", {}, "The field 'JobName' is required but was missing"),
    (
        "batch:submitJob",
        {"JobName": "n", "JobQueue": "q", "JobDefinition": "d", "X": 1},
        'The field "X" is not supported by Step Functions',
    ),
]


@pytest.mark.parametrize(("resource", "parameters", "fault"), REFUSED)
def test_parameters_that_will_not_do_are_refused_before_anything_is_scheduled(
    resource: str, parameters: dict[str, Any], fault: str, service: StepFunctions
) -> None:
    execution = run(service, resource, parameters)

    assert execution.error == "States.Runtime"
    assert fault in str(execution.cause)
    assert "TaskScheduled" not in types(execution)


def test_a_cluster_and_its_nodes_are_waited_for_until_they_are_gone(aws: Aws, service: StepFunctions) -> None:
    role = "arn:aws:iam::123456789012:role/role"
    subnets = aws.client("ec2", region=REGION).describe_subnets()["Subnets"]
    subnet = subnets[0]["SubnetId"]
    group = {"ClusterName": "k8s", "NodegroupName": "nodes"}
    cluster = {"Name": "k8s", "RoleArn": role, "ResourcesVpcConfig": {"SubnetIds": [subnet]}}

    made: Any = run(service, "eks:createCluster.sync", cluster).output
    nodes = {**group, "NodeRole": role, "Subnets": [subnet]}
    nodegroup: Any = run(service, "eks:createNodegroup.sync", nodes).output
    gone: Any = run(service, "eks:deleteNodegroup.sync", group).output
    ended = run(service, "eks:deleteCluster.sync", {"Name": "k8s"})

    assert made["Cluster"]["Status"] == nodegroup["Nodegroup"]["Status"] == "ACTIVE"
    assert gone["Nodegroup"]["NodegroupName"] == "nodes"
    assert ended.status == "SUCCEEDED"


def test_an_application_is_waited_for_through_its_life(aws: Aws, service: StepFunctions) -> None:
    parameters = {"Name": "spark", "ReleaseLabel": "emr-6.6.0", "Type": "SPARK"}
    made: Any = run(service, "emr-serverless:createApplication.sync", parameters).output
    application = {"ApplicationId": made["Application"]["ApplicationId"]}

    states = [
        run(service, f"emr-serverless:{action}Application.sync", application).output
        for action in ("start", "stop", "delete")
    ]

    assert [at(told, "Application.State") for told in states] == ["STARTED", "STOPPED", "TERMINATED"]
    begun: Any = run(service, "emr-serverless:stopApplication", application).output
    assert begun["ApplicationId"] == application["ApplicationId"]


# After a crash


def test_a_job_is_followed_again_after_a_crash_from_the_log_alone(
    case: Case, aws: Aws, service: StepFunctions
) -> None:
    parameters = case.prepare(aws)
    changed(aws, case.client, case.describe, case.ended)
    tree = task(f"{case.resource}.sync", parameters)
    machine = load_machine(service, tree, name="machine")
    whole = machine.start(clock=JumpClock())
    assert whole.wait(SOON)
    log = list(whole.log)
    cut = next(place for place, event in enumerate(log) if event.type == "TaskSubmitted") + 1
    submitted = Seen(aws, case.client, SUBMISSIONS[case.client])

    after = StepFunctions(aws=aws)
    machine = load_machine(after, tree, name="machine")
    after.store.append(whole.arn, log[:cut], after=0)
    again = after.resume_execution(whole.arn, machine=machine.record, clock=JumpClock())
    ended = again.wait(SOON)
    history = [event.type for event in after.get_execution_history(whole.arn) if event.id]
    after.close()

    assert ended
    assert history == types(whole)
    assert not submitted.calls


SUBMISSIONS = {
    "athena": "StartQueryExecution",
    "batch": "SubmitJob",
    "codebuild": "StartBuild",
    "ecs": "RunTask",
    "emr": "AddJobFlowSteps",
    "glue": "StartJobRun",
    "sagemaker": "CreateTrainingJob",
}
