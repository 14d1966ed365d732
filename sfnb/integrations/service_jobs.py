"""The jobs that actions of optimized services begin: what tells of their end, and what stops them.

What AWS is known to do is told by the guide's page of each service and by recordings. Where neither says
what the result of a job is, it is what describes the job.
Source: AWS guide, "Integrating optimized services" and its pages; botocore's models.
"""

from __future__ import annotations

from sfnb.integrations import ecs
from sfnb.integrations.jobs import Ask, Ends, Given, Job, Told

REASON = "The execution that waited for it was stopped"
"""What a service is told when a job is cancelled."""


def _ends(status: str, good: str, bad: str = "") -> Ends:
    """By the names of the statuses, with blanks between."""
    return Ends(status=status, good=frozenset(good.split()), bad=frozenset(bad.split()))


BATCH_JOB = Job(
    describe=Ask("DescribeJobs", {"jobs": [Told("JobId")]}),
    found="Jobs.0",
    ends=_ends("Status", "SUCCEEDED", "FAILED"),
    cancel=Ask("TerminateJob", {"jobId": Told("JobId"), "reason": REASON}),
)
BREW_RUN = Job(
    describe=Ask("DescribeJobRun", {"Name": Given("Name"), "RunId": Told("RunId")}),
    ends=_ends("State", "SUCCEEDED", "FAILED STOPPED TIMEOUT"),
    cancel=Ask("StopJobRun", {"Name": Given("Name"), "RunId": Told("RunId")}),
)
BUILD = Job(
    describe=Ask("BatchGetBuilds", {"ids": [Told("Build.Id")]}),
    found="Builds.0",
    under="Build",
    ends=_ends("BuildStatus", "SUCCEEDED", "FAILED FAULT TIMED_OUT STOPPED"),
    cancel=Ask("StopBuild", {"id": Told("Build.Id")}),
)
BUILD_BATCH = Job(
    describe=Ask("BatchGetBuildBatches", {"ids": [Told("BuildBatch.Id")]}),
    found="BuildBatches.0",
    under="BuildBatch",
    ends=_ends("BuildBatchStatus", "SUCCEEDED", "FAILED FAULT TIMED_OUT STOPPED"),
    cancel=Ask("StopBuildBatch", {"id": Told("BuildBatch.Id")}),
)
CLUSTER_TASK = Job(
    describe=Ask(
        "DescribeTasks", {"cluster": Told("Tasks.0.ClusterArn"), "tasks": [Told("Tasks.0.TaskArn")]}
    ),
    found="Tasks.0",
    ends=ecs.exited,
    cancel=Ask(
        "StopTask",
        {"cluster": Told("Tasks.0.ClusterArn"), "task": Told("Tasks.0.TaskArn"), "reason": REASON},
    ),
)
CUSTOMIZATION = Job(
    describe=Ask("GetModelCustomizationJob", {"jobIdentifier": Given("jobName")}),
    ends=_ends("Status", "Completed", "Failed Stopped"),
    cancel=Ask("StopModelCustomizationJob", {"jobIdentifier": Given("jobName")}),
)
GLUE_RUN = Job(
    describe=Ask("GetJobRun", {"JobName": Given("JobName"), "RunId": Told("JobRunId")}),
    found="JobRun",
    ends=_ends("JobRunState", "SUCCEEDED", "FAILED TIMEOUT STOPPED ERROR EXPIRED"),
    cancel=Ask("BatchStopJobRun", {"JobName": Given("JobName"), "JobRunIds": [Told("JobRunId")]}),
)
QUERY = Job(
    describe=Ask("GetQueryExecution", {"QueryExecutionId": Told("QueryExecutionId")}),
    found="QueryExecution",
    under="QueryExecution",
    ends=_ends("Status.State", "SUCCEEDED", "FAILED CANCELLED"),
    cancel=Ask("StopQueryExecution", {"QueryExecutionId": Told("QueryExecutionId")}),
)
POD_RUN = Job(
    describe=Ask("DescribeJobRun", {"id": Told("Id"), "virtualClusterId": Told("VirtualClusterId")}),
    found="JobRun",
    under="JobRun",
    ends=_ends("State", "COMPLETED", "FAILED CANCELLED"),
    cancel=Ask("CancelJobRun", {"id": Told("Id"), "virtualClusterId": Told("VirtualClusterId")}),
)
STEP = Job(
    describe=Ask("DescribeStep", {"ClusterId": Given("JobFlowId"), "StepId": Told("StepId")}),
    found="Step",
    under="Step",
    keeps="StepId",
    ends=_ends("Status.State", "COMPLETED", "FAILED CANCELLED INTERRUPTED"),
    cancel=Ask("CancelSteps", {"ClusterId": Given("JobFlowId"), "StepIds": [Told("StepId")]}),
)
TRANSCODING = Job(
    describe=Ask("GetJob", {"Id": Told("Job.Id")}),
    found="Job",
    under="Job",
    ends=_ends("Status", "COMPLETE", "CANCELED ERROR"),
    cancel=Ask("CancelJob", {"Id": Told("Job.Id")}),
)


VIRTUAL_CLUSTER_DELETION = Job(
    describe=Ask("DescribeVirtualCluster", {"id": Told("Id")}),
    found="VirtualCluster",
    under="VirtualCluster",
    ends=_ends("State", "TERMINATED", "ARRESTED"),
)


def emr_cluster(good: str, bad: str) -> Job:
    """A cluster that is to reach a state; AWS leaves it as it is when nobody waits any more."""
    return Job(
        describe=Ask("DescribeCluster", {"ClusterId": Told("ClusterId")}),
        found="Cluster",
        under="Cluster",
        keeps="ClusterId",
        ends=_ends("Status.State", good, bad),
    )


def emr_termination() -> Job:
    """A cluster that is to end."""
    return Job(
        describe=Ask("DescribeCluster", {"ClusterId": Given("JobFlowIds.0")}),
        found="Cluster",
        under="Cluster",
        ends=_ends("Status.State", "TERMINATED", "TERMINATED_WITH_ERRORS"),
    )


def application(good: str, bad: str = "", *, cancel: str | None = None) -> Job:
    """An application of EMR Serverless that is to reach a state."""
    arguments = {"applicationId": Told("ApplicationId")}
    return Job(
        describe=Ask("GetApplication", arguments),
        found="Application",
        under="Application",
        ends=_ends("State", good, bad),
        cancel=None if cancel is None else Ask(cancel, arguments),
    )


def serverless_run(good: str, bad: str, *, cancel: str | None = None) -> Job:
    """A job run of EMR Serverless."""
    arguments = {"applicationId": Told("ApplicationId"), "jobRunId": Told("JobRunId")}
    return Job(
        describe=Ask("GetJobRun", arguments),
        found="JobRun",
        under="JobRun",
        ends=_ends("State", good, bad),
        cancel=None if cancel is None else Ask(cancel, arguments),
    )


def eks_creation(thing: str, **arguments: Given) -> Job:
    """thing: as in `DescribeNodegroup`. AWS leaves it as it is when nobody waits any more."""
    return Job(
        describe=Ask(f"Describe{thing}", dict(arguments)),
        found=thing,
        under=thing,
        ends=_ends("Status", "ACTIVE", "FAILED CREATE_FAILED"),
    )


def eks_deletion(thing: str, **arguments: Given) -> Job:
    """Nothing describes it once it is over."""
    return Job(
        describe=Ask(f"Describe{thing}", dict(arguments)),
        found=thing,
        under=thing,
        ends=_ends("Status", "", "DELETE_FAILED"),
        gone="ResourceNotFoundException",
    )


def sagemaker_job(kind: str) -> Job:
    """kind: as in `DescribeTrainingJob` and TrainingJobName."""
    name = {f"{kind}Name": Given(f"{kind}Name")}
    return Job(
        describe=Ask(f"Describe{kind}", dict(name)),
        ends=_ends(f"{kind}Status", "Completed", "Failed Stopped"),
        cancel=Ask(f"Stop{kind}", dict(name)),
    )
