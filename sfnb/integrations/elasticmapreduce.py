"""What is particular to elasticmapreduce: actions of its own names, wrapped around those of EMR.

An instance fleet and an instance group are named, and their ids looked up before the call.
Source: AWS guide, "Create and manage Amazon EMR clusters with Step Functions".
"""

from __future__ import annotations

from msgspec.structs import replace

from sfnb.engine.ports import TaskCall, Work, World
from sfnb.errors import TaskError
from sfnb.integrations.calls import Dialect, service_work
from sfnb.integrations.service import parameters_refused
from sfnb.integrations.service_action import Action, Provider, ServiceAction, in_pascal_case
from sfnb.values import Json

Parameters = dict[str, Json]


def stays_alive(parameters: Parameters) -> list[str]:
    """What keeps a cluster from being one that steps can be added to."""
    faults = []
    if "Steps" in parameters:
        faults.append('The field "Steps" is not supported by Step Functions')
    instances = parameters.get("Instances")
    if not isinstance(instances, dict) or instances.get("KeepJobFlowAliveWhenNoSteps") is not True:
        faults.append("The value for the field 'KeepJobFlowAliveWhenNoSteps' must be TRUE")
    return faults


class ModifyByName(ServiceAction):
    """Change the instance fleet, or the instance group, of a name.

    kind: `InstanceFleet` or `InstanceGroup`. plural: the operation takes a list of them.
    """

    def __init__(self, provider: Provider, kind: str, *, plural: bool) -> None:
        operation = f"Modify{kind}s" if plural else f"Modify{kind}"
        super().__init__(provider, Action(operation=operation, needs=("ClusterId", f"{kind}Name", kind)))
        self.kind = kind
        self.plural = plural

    def reach(self, call: TaskCall, world: World) -> Work | None:
        if world.aws is None:
            return None
        aws, cluster = world.aws, {"ClusterId": self.sent(call)["ClusterId"]}
        listing = Dialect(answer=in_pascal_case, refused=self.refused, unreached=self.unreached)
        listed = service_work(call, aws, self.provider.client, f"List{self.kind}s", cluster, listing)

        def modify(member_id: str) -> Work:
            sent = {**cluster, **self._changes(call, member_id)}
            return service_work(
                call, aws, self.provider.client, self.action.operation, sent, self.dialect(call)
            )

        work = modify("to be looked up")  # so that parameters that will not do are refused now

        def perform(argument: Json) -> Json:
            told: Json = modify(self._named(call, listed.function(argument))).function(argument)
            return told

        return replace(work, function=perform)

    def _changes(self, call: TaskCall, member_id: str) -> Parameters:
        changes = self.sent(call)[self.kind]
        if not isinstance(changes, dict):
            raise parameters_refused(call, [f"The value for the field '{self.kind}' must be an object"])
        change: Json = {**changes, f"{self.kind}Id": member_id}
        return {f"{self.kind}s": [change]} if self.plural else {self.kind: change}

    def _named(self, call: TaskCall, listed: Json) -> str:
        name = self.sent(call)[f"{self.kind}Name"]
        members = listed.get(f"{self.kind}s") if isinstance(listed, dict) else None
        for member in members if isinstance(members, list) else []:
            if isinstance(member, dict) and member.get("Name") == name:
                return str(member["Id"])
        raise TaskError(f"{self.prefix}.InvalidRequestException", f"The cluster has no {self.kind} '{name}'")
