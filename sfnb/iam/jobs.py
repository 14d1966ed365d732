"""The rights that jobs need: to begin one, to see how it goes, to stop it, to hear of its end.

Source: AWS guide, "How Step Functions generates IAM policies for integrated services", a page per service.
"""

from __future__ import annotations

from collections.abc import Iterator

from sfnb.iam.given import UNKNOWN, Value, items, text
from sfnb.iam.needed import Need, job, pass_role
from sfnb.iam.places import ANYWHERE, Place, object_arn, uri_arn


def api_action(prefix: str, action: str) -> str:
    """
    >>> api_action("glue", "startJobRun")
    'glue:StartJobRun'
    """
    return f"{prefix}:{action[0].upper()}{action[1:]}"


def or_any(name: Value) -> str:
    return name if isinstance(name, str) and name else ANYWHERE


def batch(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    definition, queue = text(given, "JobDefinition"), text(given, "JobQueue")
    arn = place.named("batch", "job-definition/{}", definition)
    revisions = () if arn == ANYWHERE or arn.rpartition("/")[2].count(":") else (f"{arn}:*",)
    yield Need(action="batch:SubmitJob", resource=arn, also=revisions)
    jobs = place.arn("batch", "job/*")
    queues = place.named("batch", "job-queue/{}", queue)
    yield Need(action="batch:SubmitJob", resource=queues, also=(jobs,))
    if sync:
        yield from job(place, ANYWHERE, wait=("batch:DescribeJobs",))
        rule = "StepFunctionsGetEventsForBatchJobsRule"
        yield from job(place, jobs, wait=(), stop=("batch:TerminateJob",), rule=rule)


def ecs(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    """The roles of a task are in its definition, which is not known here, unless they are overridden."""
    arn = place.named("ecs", "task-definition/{}", text(given, "TaskDefinition"))
    revisions = () if arn == ANYWHERE or ":" in arn.rpartition("/")[2] else (f"{arn}:*",)
    yield Need(action="ecs:RunTask", resource=arn, also=revisions)
    for role in ("TaskRoleArn", "ExecutionRoleArn"):
        found = text(given, "Overrides", role)
        yield pass_role(
            place, found, "ecs-tasks.amazonaws.com", "call" if isinstance(found, str) else "beyond"
        )
    if sync:
        tasks = _tasks_of(place, text(given, "Cluster"))
        rule = "StepFunctionsGetEventsForECSTaskRule"
        yield from job(place, tasks, wait=("ecs:DescribeTasks",), stop=("ecs:StopTask",), rule=rule)


def _tasks_of(place: Place, cluster: Value) -> str:
    """The tasks of a cluster: an ARN of the cluster ends in its name."""
    if cluster is UNKNOWN:
        return ANYWHERE
    name = "default" if cluster is None else cluster
    return place.arn("ecs", f"task/{name.rpartition('/')[2]}/*")


def glue(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    arn = place.named("glue", "job/{}", text(given, "JobName"))
    yield Need(action="glue:StartJobRun", resource=arn)
    if sync:
        yield from job(place, arn, wait=("glue:GetJobRun", "glue:GetJobRuns"), stop=("glue:BatchStopJobRun",))


def databrew(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    arn = place.named("databrew", "job/{}", text(given, "Name"))
    yield Need(action="databrew:StartJobRun", resource=arn)
    if sync:
        yield from job(place, arn, wait=("databrew:ListJobRuns",), stop=("databrew:StopJobRun",))


def mediaconvert(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    queue, template = text(given, "Queue"), text(given, "JobTemplate")
    presets = place.arn("mediaconvert", "presets/*")
    queues = place.named("mediaconvert", "queues/{}", "Default" if queue is None else queue)
    yield Need(action="mediaconvert:CreateJob", resource=queues, also=(presets,))
    if template is not None:
        arn = place.named("mediaconvert", "jobTemplates/{}", template)
        yield Need(action="mediaconvert:CreateJob", resource=arn)
    yield pass_role(place, text(given, "Role"), "mediaconvert.amazonaws.com")
    if sync:
        yield from job(
            place,
            place.arn("mediaconvert", "jobs/*"),
            wait=("mediaconvert:GetJob",),
            stop=("mediaconvert:CancelJob",),
            rule="StepFunctionsGetEventsForMediaConvertJobRule",
        )


SAGEMAKER_JOBS = {
    "createTrainingJob": ("TrainingJob", "training-job", "TrainingJobs"),
    "createTransformJob": ("TransformJob", "transform-job", "TransformJobs"),
    "createProcessingJob": ("ProcessingJob", "processing-job", "ProcessingJobs"),
    "createHyperParameterTuningJob": ("HyperParameterTuningJob", "hyper-parameter-tuning-job", "TuningJobs"),
    "createLabelingJob": ("LabelingJob", "labeling-job", "LabelingJobs"),
}
"""By action: how the job is called in actions, in ARNs and in the name of its rule."""

SAGEMAKER_THINGS = {
    "createModel": (("ModelName", "model"),),
    "createEndpointConfig": (("EndpointConfigName", "endpoint-config"),),
    "createEndpoint": (("EndpointName", "endpoint"), ("EndpointConfigName", "endpoint-config")),
    "updateEndpoint": (("EndpointName", "endpoint"), ("EndpointConfigName", "endpoint-config")),
}


def sagemaker(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    """Names are in small letters in SageMaker's ARNs. Step Functions tags what it creates."""
    kind, word, rule = SAGEMAKER_JOBS.get(action, ("", "", ""))
    things = SAGEMAKER_THINGS.get(action, ((f"{kind}Name", word),))
    arns = [_in_small_letters(place, word, text(given, field)) for field, word in things]
    for arn in arns:
        yield Need(action=api_action("sagemaker", action), resource=arn)
    yield Need(action="sagemaker:AddTags", resource=arns[0], phase="beyond")
    role = text(given, "ExecutionRoleArn" if action == "createModel" else "RoleArn")
    if role is not None:
        yield pass_role(place, role, "sagemaker.amazonaws.com")
    if sync:
        yield Need(action="sagemaker:ListTags", resource=arns[0], phase="wait")
        yield from job(
            place,
            arns[0],
            wait=(f"sagemaker:Describe{kind}",),
            stop=(f"sagemaker:Stop{kind}",),
            rule=f"StepFunctionsGetEventsForSageMaker{rule}Rule",
        )


def _in_small_letters(place: Place, word: str, name: Value) -> str:
    return place.named("sagemaker", f"{word}/{{}}", name.lower() if isinstance(name, str) else name)


CODEBUILD_ACTIONS = {
    "startBuild": ("StartBuild", "BatchGetBuilds", "StopBuild"),
    "startBuildBatch": ("StartBuildBatch", "BatchGetBuildBatches", "StopBuildBatch"),
    "retryBuildBatch": ("StartBuildBatch", "BatchGetBuildBatches", "StopBuildBatch"),
}


def codebuild(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    """The id of a build is `PROJECT:UUID`."""
    name = text(given, "ProjectName")
    if action == "batchGetReports":
        for report in _each(items(given, "ReportArns")):
            arn = report.replace(":report/", ":report-group/").rpartition(":")[0] if report else ANYWHERE
            yield Need(action="codebuild:BatchGetReports", resource=arn)
        return
    ids = _each(items(given, "Ids")) if action == "batchDeleteBuilds" else [None]
    for each in ids:
        project = name if action.startswith("start") else _project(each or text(given, "Id"))
        arn = place.named("codebuild", "project/{}", project)
        yield Need(action=api_action("codebuild", action), resource=arn)
        if sync:
            rule, wait, stop = CODEBUILD_ACTIONS[action]
            yield from job(
                place,
                arn,
                wait=(f"codebuild:{wait}",),
                stop=(f"codebuild:{stop}",),
                rule=f"StepFunctionsGetEventForCodeBuild{rule}Rule",
            )


def _each(values: object) -> list[str | None]:
    """The texts of a list; None for one that is not known."""
    return [v if isinstance(v, str) else None for v in values] if isinstance(values, list) else [None]


def _project(build: Value) -> Value:
    if not isinstance(build, str):
        return build
    arn, _, build_id = build.rpartition("/")
    return (
        f"{arn.rpartition(':')[0]}:project/{build_id.partition(':')[0]}" if arn else build.partition(":")[0]
    )


RESULT_RIGHTS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")
BUCKET_RIGHTS = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
CATALOGUE_RIGHTS = tuple(
    f"glue:{action}"
    for action in (
        "BatchGetPartition",
        "GetDatabase",
        "GetDatabases",
        "GetPartition",
        "GetPartitions",
        "GetTable",
        "GetTables",
    )
)


def athena(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    """What a query reads is in its text, so the tables and the data of all are granted to read."""
    group = text(given, "WorkGroup")
    arn = ANYWHERE
    if action == "startQueryExecution":
        arn = place.named("athena", "workgroup/{}", "primary" if group is None else group)
    yield Need(action=api_action("athena", action), resource=arn)
    if action == "getQueryResults":
        yield Need(action="s3:GetObject", phase="beyond")
    if action != "startQueryExecution":
        return
    catalog = text(given, "QueryExecutionContext", "Catalog")
    yield Need(
        action="athena:GetDataCatalog",
        resource=place.named("athena", "datacatalog/{}", "AwsDataCatalog" if catalog is None else catalog),
        phase="beyond",
    )
    location = text(given, "ResultConfiguration", "OutputLocation")
    results = uri_arn(place, location)
    results = results if results == ANYWHERE else f"{results.rstrip('/')}/*"
    for right in RESULT_RIGHTS:
        yield Need(action=right, resource=results, phase="beyond")
    for right in ("s3:GetObject", *BUCKET_RIGHTS, *CATALOGUE_RIGHTS, "lakeformation:GetDataAccess"):
        yield Need(action=right, phase="beyond")
    if sync:
        waits = ("athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup")
        yield from job(place, arn, wait=waits, stop=("athena:StopQueryExecution",))


def model_customization(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    base = text(given, "BaseModelIdentifier")
    plain = isinstance(base, str) and not base.startswith("arn:")
    model = place.arn("bedrock", f"foundation-model/{base}", account="") if plain else or_any(base)
    jobs = place.arn("bedrock", "model-customization-job/*")
    also = () if model == ANYWHERE else (jobs, place.arn("bedrock", "custom-model/*"))
    yield Need(action="bedrock:CreateModelCustomizationJob", resource=model, also=also)
    yield pass_role(place, text(given, "RoleArn"), "bedrock.amazonaws.com")
    if sync:
        wait, stop = ("bedrock:GetModelCustomizationJob",), ("bedrock:StopModelCustomizationJob",)
        yield from job(place, jobs, wait=wait, stop=stop)


def result_objects(place: Place, bucket: Value, prefix: Value) -> str:
    """Where a ResultWriter writes."""
    folder = prefix.strip("/") if isinstance(prefix, str) else prefix
    return object_arn(place, bucket, folder or None, "/*" if isinstance(folder, str) else "")
