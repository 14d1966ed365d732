"""EventBridge Pipes in this process, asked as the API asks, and the kind "queue" of triggers.

Source: EventBridge Pipes API reference and user guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sfnb.triggers.paging import page
from sfnb.triggers.pipe_running import Pipe, is_here
from sfnb.triggers.pipe_settings import DEFAULT_BATCH, Plan, read_plan
from sfnb.triggers.ports import Refused
from sfnb.triggers.records import Counts, Trigger, arn, service_of
from sfnb.triggers.refusals import ConflictException, NotFoundException, ValidationException
from sfnb.triggers.tags import TAGS, Tags

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

Params = dict[str, Any]

PARAMETERS = ("SourceParameters", "EnrichmentParameters", "TargetParameters")
"""Settings that an update changes member by member."""


class Queues:
    """The pipes that run here. The kind "queue" of triggers."""

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._pipes: dict[str, Pipe] = {}
        self._ending: dict[str, Pipe] = {}

    def check(self, trigger: Trigger) -> None:
        """Raises ValidationException."""
        self._check_machines(read_plan(trigger.settings))

    def begin(self, trigger: Trigger) -> None:
        if trigger.enabled:
            plan, before = read_plan(trigger.settings), self._ending.pop(trigger.key, None)
            pipe = Pipe(self._here, trigger, plan, self.arn(trigger.name), before)
            self._pipes[trigger.key] = pipe
            pipe.begin()

    def end(self, trigger: Trigger) -> None:
        """What is under way is waited for only where the store is left: see `wait`."""
        pipe = self._pipes.pop(trigger.key, None)
        if pipe is not None:
            pipe.stop()
            self._ending[trigger.key] = pipe
        self._ending = {key: each for key, each in self._ending.items() if not each.ended}
        if self._here.leaving:
            for each in self._pipes.values():  # none waits for the others
                each.stop()
            for each in self._ending.values():
                each.end()

    def wait(self, key: str) -> None:
        """Wait a little for what one has under way that was ended."""
        pipe = self._ending.get(key)
        if pipe is not None:
            pipe.end()

    def words(self, trigger: Trigger) -> str:
        plan = read_plan(trigger.settings)
        pipe = self._pipes.get(trigger.key)
        batch = f", up to {plan.batch:,} at a time" if plan.batch > 1 else ""
        kept = f" like {' or '.join(each.text for each in plan.filters)}" if plan.filters else ""
        why = f" ({pipe.reason})" if pipe is not None and pipe.reason else ""
        return f"messages of {plan.queue}{kept}{batch}{why}"

    def missed(self, trigger: Trigger) -> str:
        """The queue keeps what came meanwhile."""
        return ""

    def state(self, settings: dict[str, Any], enabled: bool) -> dict[str, Any]:
        return {**settings, "DesiredState": "RUNNING" if enabled else "STOPPED"}

    def arn(self, name: str) -> str:
        world = self._here.world
        return arn("pipes", world.region, world.account, f"pipe/{name}")

    def get(self, key: str) -> Pipe | None:
        """One that runs here."""
        return self._pipes.get(key)

    def _check_machines(self, plan: Plan) -> None:
        """Raises ValidationException where a STANDARD machine would have to answer."""
        enrichment = plan.enrichment
        if service_of(enrichment) == "states" and self._type(enrichment) == "STANDARD":
            raise ValidationException(
                f"Enrichment is {enrichment}, a STANDARD machine, and a pipe is enriched by an EXPRESS one."
            )
        if plan.service == "states" and plan.synchronous and self._type(plan.target) == "STANDARD":
            raise ValidationException(
                f"Target is {plan.target}, a STANDARD machine, for which InvocationType REQUEST_RESPONSE is"
                " not supported: FIRE_AND_FORGET is due."
            )

    def _type(self, machine: str) -> str:
        """STANDARD or EXPRESS; "" where that is not known yet."""
        try:
            told = self._here.world.ask("DescribeStateMachine", {"stateMachineArn": machine})
        except Refused:
            return ""
        return str(told["type"])


class Pipes(Tags):
    """The pipes of this account."""

    def create_pipe(self, params: Params) -> Params:
        with self._here.changing:
            if self._here.get(_key(params)) is not None:
                raise ConflictException(f"Pipe {params['Name']} already exists.")
            settings = {name: value for name, value in params.items() if name != "Tags"}
            trigger = self._put(settings, None)
            if params.get("Tags"):
                self._set_tags(self.pipe_arn(trigger.name), _pairs(params["Tags"]))
            return self._changed(trigger, "CREATING")

    def update_pipe(self, params: Params) -> Params:
        """What is not given stays. Of what belongs to a service, all is replaced that is given of it."""
        with self._here.changing:
            known = self._known(params)
            settings = {**known.settings, **params}
            for name in PARAMETERS:
                if name in params and name in known.settings:
                    settings[name] = {**known.settings[name], **params[name]}
            return self._changed(self._put(settings, known), "UPDATING")

    def describe_pipe(self, params: Params) -> Params:
        known = self._known(params)
        state, reason = self._state(known)
        arn = self.pipe_arn(known.name)
        tags = self._tags(arn)
        source = known.settings.get("SourceParameters", {})
        queue = {"BatchSize": DEFAULT_BATCH, **source.get("SqsQueueParameters", {})}
        return {
            **known.settings,
            **self._changed(known, state),
            "SourceParameters": {**source, "SqsQueueParameters": queue},
            **({"StateReason": reason[:512]} if reason else {}),
            **({"Tags": tags} if tags else {}),
        }

    def delete_pipe(self, params: Params) -> Params:
        known = self._known(params)
        self._here.remove(known.key)
        self._here.shelf.keep(drop=[f"{TAGS}:{self.pipe_arn(known.name)}"])
        return {**self._changed(known, "DELETING"), "DesiredState": "DELETED"}

    def list_pipes(self, params: Params) -> Params:
        pipes = [
            each
            for each in self._here.of_kind("queue")
            if each.name.startswith(params.get("NamePrefix", ""))
            and params.get("DesiredState") in (None, _desired(each))
            and params.get("CurrentState") in (None, self._state(each)[0])
            and each.settings["Source"].startswith(params.get("SourcePrefix", ""))
            and each.settings["Target"].startswith(params.get("TargetPrefix", ""))
        ]
        found, token = page(sorted(pipes, key=lambda each: each.name), params)
        return {"Pipes": [self._told(each) for each in found], **token}

    def start_pipe(self, params: Params) -> Params:
        return self._enable(params, True, "STARTING")

    def stop_pipe(self, params: Params) -> Params:
        return self._enable(params, False, "STOPPING")

    def tag_resource(self, params: Params) -> Params:
        self._set_tags(self._tagged(params), _pairs(params["tags"]))
        return {}

    def untag_resource(self, params: Params) -> Params:
        self._set_tags(self._tagged(params), [], tuple(params["tagKeys"]))
        return {}

    def list_tags_for_resource(self, params: Params) -> Params:
        return {"tags": self._tags(self._tagged(params))}

    def pipe_arn(self, name: str) -> str:
        return self._kind.arn(name)

    def put(self, settings: Params) -> str:
        """Make a pipe, or change it; answers with the trigger's key."""
        with self._here.changing:
            return self._put(settings, self._here.get(_key(settings))).key

    @property
    def _kind(self) -> Queues:
        kind = self._here.kind("queue")
        assert isinstance(kind, Queues)
        return kind

    def _put(self, given: Params, known: Trigger | None) -> Trigger:
        """`options["needs"]`: what has to be there again, in another process, before messages are taken."""
        now, world = self._here.world.clock.now(), self._here.world
        settings = {"DesiredState": "RUNNING", **given}
        if settings["DesiredState"] == "RUNNING":
            self._check_aws()
        used = [settings["Target"], settings.get("Enrichment") or ""]
        trigger = Trigger(
            kind="queue",
            name=settings["Name"],
            settings=settings,
            targets=(settings["Target"],),
            created=now if known is None else known.created,
            updated=None if known is None else now,
            enabled=settings["DesiredState"] == "RUNNING",
            options={"needs": [each for each in used if each and is_here(world, each)]},
            counts=Counts() if known is None else known.counts,
        )
        return self._here.put(trigger)

    def _check_aws(self) -> None:
        """Raises ValidationException where there is no AWS with a queue to read."""
        try:
            self._here.world.client("sqs")
        except Refused as fault:
            raise ValidationException(str(fault)) from None

    def _known(self, params: Params) -> Trigger:
        known = self._here.get(_key(params))
        if known is None:
            raise NotFoundException(f"Pipe {params['Name']} does not exist.")
        return known

    def _enable(self, params: Params, enabled: bool, state: str) -> Params:
        known = self._known(params)
        self._here.enable(known.key, enabled)
        return self._changed(self._known(params), state)

    def _state(self, trigger: Trigger) -> tuple[str, str]:
        """CurrentState and StateReason."""
        if not trigger.enabled:
            return "STOPPED", ""
        pipe = self._kind.get(trigger.key)
        return ("RUNNING", "") if pipe is None else (pipe.state, pipe.reason)

    def _changed(self, trigger: Trigger, state: str) -> Params:
        """What every operation answers."""
        return {
            "Arn": self.pipe_arn(trigger.name),
            "Name": trigger.name,
            "DesiredState": _desired(trigger),
            "CurrentState": state,
            "CreationTime": trigger.created,
            "LastModifiedTime": trigger.updated or trigger.created,
        }

    def _told(self, trigger: Trigger) -> Params:
        state, reason = self._state(trigger)
        names = ("Source", "Target", "Enrichment")
        return {
            **self._changed(trigger, state),
            **{name: trigger.settings[name] for name in names if trigger.settings.get(name)},
            **({"StateReason": reason[:512]} if reason else {}),
        }

    def _tagged(self, params: Params) -> str:
        """Raises NotFoundException."""
        arn: str = params["resourceArn"]
        known = self._known({"Name": arn.rpartition("/")[2]})
        if arn != self.pipe_arn(known.name):
            raise NotFoundException(f"{arn} is no pipe of this account and region.")
        return arn


def _key(params: Mapping[str, Any]) -> str:
    return f"queue:{params['Name']}"


def _desired(trigger: Trigger) -> str:
    return "RUNNING" if trigger.enabled else "STOPPED"


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
