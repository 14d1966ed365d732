"""The rights that clusters and their work need: Amazon EMR in its three kinds, and Amazon EKS.

Source: AWS guide, "How Step Functions generates IAM policies for integrated services", a page per service.
"""

from __future__ import annotations

from collections.abc import Iterator

from sfnb.iam.given import UNKNOWN, text
from sfnb.iam.jobs import api_action, or_any
from sfnb.iam.needed import Need, job, pass_role
from sfnb.iam.places import ANYWHERE, Place

EMR = {
    "createCluster": "RunJobFlow",
    "terminateCluster": "TerminateJobFlows",
    "addStep": "AddJobFlowSteps",
    "cancelStep": "CancelSteps",
    "setClusterTerminationProtection": "SetTerminationProtection",
    "modifyInstanceFleetByName": "ModifyInstanceFleet",
    "modifyInstanceGroupByName": "ModifyInstanceGroups",
}
"""What EMR itself calls the actions."""

EMR_BY_NAME = {
    "modifyInstanceFleetByName": "ListInstanceFleets",
    "modifyInstanceGroupByName": "ListInstanceGroups",
}
"""A fleet or group is looked up by its name first."""


def emr(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    cluster = place.named("elasticmapreduce", "cluster/{}", text(given, "ClusterId"))
    if action == "createCluster":
        yield from _create_cluster(place, given, sync)
        return
    yield Need(action=f"elasticmapreduce:{EMR[action]}", resource=cluster)
    if action in EMR_BY_NAME:
        yield Need(action=f"elasticmapreduce:{EMR_BY_NAME[action]}", resource=cluster)
    if sync:
        steps = action == "addStep"
        yield from job(
            place,
            cluster,
            wait=("elasticmapreduce:DescribeStep" if steps else "elasticmapreduce:DescribeCluster",),
            stop=("elasticmapreduce:CancelSteps",) if steps else (),
            rule=f"StepFunctionsGetEventForEMR{EMR[action]}Rule",
        )


def _create_cluster(place: Place, given: object, sync: bool) -> Iterator[Need]:
    yield Need(action="elasticmapreduce:RunJobFlow")
    yield Need(action="elasticmapreduce:AddTags", phase="beyond")
    for field, principal in (
        ("ServiceRole", "elasticmapreduce.amazonaws.com"),
        ("JobFlowRole", "ec2.amazonaws.com"),
        ("AutoScalingRole", "application-autoscaling.amazonaws.com"),
    ):
        role = text(given, field)
        if role is not None and given is not UNKNOWN:
            yield pass_role(place, role, principal)
    if given is UNKNOWN:
        yield pass_role(place, UNKNOWN, "elasticmapreduce.amazonaws.com")
        yield pass_role(place, UNKNOWN, "ec2.amazonaws.com")
        yield pass_role(place, UNKNOWN, "application-autoscaling.amazonaws.com")
    if sync:
        yield from job(
            place,
            place.arn("elasticmapreduce", "cluster/*"),
            wait=("elasticmapreduce:DescribeCluster",),
            stop=("elasticmapreduce:TerminateJobFlows",),
            rule="StepFunctionsGetEventForEMRRunJobFlowRule",
        )


def emr_containers(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    prefix = "emr-containers"
    if action == "createVirtualCluster":
        yield Need(action="emr-containers:CreateVirtualCluster")
        yield _linked_role(place, "emr-containers.amazonaws.com", "AWSServiceRoleForAmazonEMRContainers")
        return
    field = "VirtualClusterId" if action == "startJobRun" else "Id"
    cluster = place.named(prefix, "/virtualclusters/{}", text(given, field))
    if action == "deleteVirtualCluster":
        yield Need(action="emr-containers:DeleteVirtualCluster", resource=cluster)
        if sync:
            yield from job(place, cluster, wait=("emr-containers:DescribeVirtualCluster",))
        return
    role = or_any(text(given, "ExecutionRoleArn"))
    key = "emr-containers:ExecutionRoleArn"
    yield Need(
        action="emr-containers:StartJobRun",
        resource=cluster,
        context=((key, role),),
        where=((key, "StringEquals"),),
    )
    if sync:
        runs = cluster if cluster == ANYWHERE else f"{cluster}/jobruns/*"
        wait, stop = ("emr-containers:DescribeJobRun",), ("emr-containers:CancelJobRun",)
        yield from job(place, runs, wait=wait, stop=stop)


SERVERLESS = {
    "createApplication": ("GetApplication", "DeleteApplication", "Application"),
    "startApplication": ("GetApplication", "StopApplication", "Application"),
    "stopApplication": ("GetApplication", "", "Application"),
    "deleteApplication": ("GetApplication", "", "Application"),
    "startJobRun": ("GetJobRun", "CancelJobRun", "Job"),
    "cancelJobRun": ("GetJobRun", "", "Job"),
}
"""By action: what sees how it goes, what stops it, and the word in the name of its rule."""


def emr_serverless(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    prefix = "emr-serverless"
    application = place.named(prefix, "/applications/{}", text(given, "ApplicationId"))
    wait, stop, word = SERVERLESS[action]
    watched = application
    if action == "createApplication":
        yield Need(action="emr-serverless:CreateApplication", resource=place.arn(prefix, "/*"))
        yield _linked_role(place, "ops.emr-serverless.amazonaws.com", "AWSServiceRoleForAmazonEMRServerless")
        watched = place.arn(prefix, "/applications/*")
    elif action == "cancelJobRun":
        run = text(given, "JobRunId")
        watched = ANYWHERE if application == ANYWHERE else f"{application}/jobruns/{or_any(run)}"
        yield Need(action="emr-serverless:CancelJobRun", resource=watched)
    else:
        yield Need(action=api_action(prefix, action), resource=application)
    if action == "startJobRun":
        yield pass_role(place, text(given, "ExecutionRoleArn"), "emr-serverless.amazonaws.com")
        watched = ANYWHERE if application == ANYWHERE else f"{application}/jobruns/*"
    if sync:
        yield from job(
            place,
            watched,
            wait=(f"emr-serverless:{wait}",),
            stop=(f"emr-serverless:{stop}",) if stop else (),
            rule=f"StepFunctionsGetEventsForEMRServerless{word}Rule",
        )


def _linked_role(place: Place, principal: str, name: str) -> Need:
    """The role of the service's own, which is made with its first use in an account."""
    return Need(
        action="iam:CreateServiceLinkedRole",
        resource=place.arn("iam", f"role/aws-service-role/{principal}/{name}*", region=""),
        phase="beyond",
        context=(("iam:AWSServiceName", principal),),
        where=(("iam:AWSServiceName", "StringEquals"),),
    )


EKS_PARTS = {
    "Nodegroup": ("NodegroupName", "nodegroup"),
    "FargateProfile": ("FargateProfileName", "fargateprofile"),
}


def eks(place: Place, given: object, action: str, sync: bool) -> Iterator[Need]:
    """`runJob` and `call` ask Kubernetes, which authorizes them itself: no policy speaks of them."""
    if action in ("runJob", "call"):
        return
    is_create = action.startswith("create")
    kind = action.removeprefix("create").removeprefix("delete")
    if kind == "Cluster":
        yield from _eks_cluster(place, given, is_create, sync)
        return
    cluster = text(given, "ClusterName")
    field, word = EKS_PARTS[kind]
    name = text(given, field)
    arn = ANYWHERE
    if isinstance(cluster, str):
        arn = place.arn("eks", f"{word}/{cluster}/{or_any(name)}/*")
    on = place.named("eks", "cluster/{}", cluster) if is_create else arn
    yield Need(action=api_action("eks", action), resource=on)
    if is_create:
        role = text(given, "NodeRole" if kind == "Nodegroup" else "PodExecutionRoleArn")
        principal = "eks.amazonaws.com" if kind == "Nodegroup" else "eks-fargate-pods.amazonaws.com"
        yield pass_role(place, role, principal)
    if is_create and kind == "Nodegroup":
        yield Need(action="ec2:DescribeSubnets", phase="beyond")
        for right in ("iam:GetRole", "iam:ListAttachedRolePolicies"):
            yield Need(action=right, resource=place.arn("iam", "role/*", region=""), phase="beyond")
    if sync:
        stop = (f"eks:Delete{kind}",) if is_create else ()
        yield from job(place, arn, wait=(f"eks:Describe{kind}",), stop=stop)


def _eks_cluster(place: Place, given: object, is_create: bool, sync: bool) -> Iterator[Need]:
    arn = place.named("eks", "cluster/{}", text(given, "Name"))
    if is_create:
        yield Need(action="eks:CreateCluster")
        yield pass_role(place, text(given, "RoleArn"), "eks.amazonaws.com")
    else:
        yield Need(action="eks:DeleteCluster", resource=arn)
    if sync:
        yield from job(
            place, arn, wait=("eks:DescribeCluster",), stop=("eks:DeleteCluster",) if is_create else ()
        )
