"""EventBridge Scheduler in this process, asked as the API asks, and the kind "schedule" of triggers.

Source: EventBridge Scheduler API reference and user guide, "Schedule types", "Templated targets".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.engine.clock import uuid_of
from sfnb.triggers.deliveries import Delivery
from sfnb.triggers.events import in_seconds
from sfnb.triggers.inputs import ScheduleFacts, scheduler_input
from sfnb.triggers.kept import resource
from sfnb.triggers.paging import page
from sfnb.triggers.records import Trigger, arn
from sfnb.triggers.recurring import Plan
from sfnb.triggers.refusals import ConflictException, ResourceNotFoundException, ValidationException
from sfnb.triggers.scheduled import check_scheduled, started, templated
from sfnb.triggers.schedules import FlexibleTimeWindow, InvalidSchedule, Schedule, read_schedule, read_window
from sfnb.triggers.tags import Tags

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

DEFAULT = "default"
GROUP = "scheduleGroup"
PRINCIPAL = "scheduler.amazonaws.com"
LATEST_START = timedelta(minutes=5)
"""How long ago a new schedule may have begun."""

Params = dict[str, Any]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group of schedules. asked: see `_asked`."""

    name: str
    created: datetime
    asked: str | None = None


class Schedules:
    """The schedules that run here."""

    def __init__(self, here: Triggers) -> None:
        self._here = here

    def check(self, trigger: Trigger) -> None:
        """Raises ValidationException."""
        schedule_of(trigger)
        _window_of(trigger)

    def begin(self, trigger: Trigger) -> None:
        if trigger.settings.get("State", "ENABLED") == "ENABLED":
            plan = Plan(trigger, schedule_of(trigger), self._fire, self._over, _window_of(trigger))
            self._here.recurring.begin(plan)

    def end(self, trigger: Trigger) -> None:
        self._here.recurring.end(trigger.key)

    def words(self, trigger: Trigger) -> str:
        return schedule_of(trigger).words

    def missed(self, trigger: Trigger) -> str:
        return self._here.recurring.missed(trigger, schedule_of(trigger))

    def state(self, settings: dict[str, Any], enabled: bool) -> dict[str, Any]:
        return {**settings, "State": "ENABLED" if enabled else "DISABLED"}

    def arn(self, trigger: Trigger) -> str:
        world, group = self._here.world, trigger.settings.get("GroupName", DEFAULT)
        return arn("scheduler", world.region, world.account, f"schedule/{group}/{trigger.settings['Name']}")

    def _fire(self, trigger: Trigger, moment: datetime) -> list[Delivery]:
        target, source = trigger.settings["Target"], self.arn(trigger)
        id = uuid_of(f"{source} {trigger.created.isoformat()} {self._here.recurring.moment_key(moment)}")
        facts = ScheduleFacts(arn=source, time=moment, execution_id=id, attempt=None)
        given = (
            scheduler_input(target["Input"], facts)
            if target.get("Input")
            else self._notice(source, moment, id)
        )
        target, given = templated(target, given)
        return [
            Delivery(
                id=id,
                trigger=trigger.key,
                source=source,
                principal=PRINCIPAL,
                target=target,
                input=given,
                received=self._here.world.clock.now(),
                name=id,
                trace_header=target.get("TraceHeader"),
            )
        ]

    def _notice(self, source: str, moment: datetime, id: str) -> str:
        """What a target is given that was told no input."""
        event = {
            "version": "0",
            "id": id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": self._here.world.account,
            "time": in_seconds(moment),
            "region": self._here.world.region,
            "resources": [source],
            "detail": "{}",
        }
        return msgspec.json.encode(event).decode()

    def _over(self, trigger: Trigger) -> None:
        if trigger.settings.get("ActionAfterCompletion") == "DELETE":
            self._here.remove(trigger.key)


def schedule_of(trigger: Trigger) -> Schedule:
    """Raises ValidationException."""
    settings = trigger.settings
    try:
        return read_schedule(
            settings["ScheduleExpression"],
            timezone=settings.get("ScheduleExpressionTimezone", "UTC"),
            start=_moment(settings.get("StartDate")),
            end=_moment(settings.get("EndDate")),
        )
    except InvalidSchedule as fault:
        raise ValidationException(str(fault)) from None


def _window_of(trigger: Trigger) -> FlexibleTimeWindow:
    try:
        return read_window(trigger.settings.get("FlexibleTimeWindow") or {"Mode": "OFF"})
    except InvalidSchedule as fault:
        raise ValidationException(str(fault)) from None


def _moment(given: datetime | str | None) -> datetime | None:
    """As it was given, or as it was kept."""
    return msgspec.convert(given, datetime) if isinstance(given, str) else given


class Scheduler(Tags):
    """The schedules of this account, by group."""

    def create_schedule(self, params: Params) -> Params:
        with self._here.changing:
            key = _key(params)
            known, asked = self._here.get(key), _asked(params)
            if known is not None:
                if asked is None or known.options.get("asked") != asked:
                    raise ConflictException(f"Schedule {params['Name']} already exists.")
                return {"ScheduleArn": self._kind.arn(known)}
            self._check_start(params, None)
            return {"ScheduleArn": self._put(params, None, {} if asked is None else {"asked": asked})}

    def update_schedule(self, params: Params) -> Params:
        with self._here.changing:
            known = self._known(params)
            self._check_start(params, known)
            return {"ScheduleArn": self._put(params, known)}

    def _check_start(self, params: Params, known: Trigger | None) -> None:
        """Raises ValidationException where it was to begin long ago, unless it stands so already."""
        start = _moment(params.get("StartDate"))
        if start is None or params["ScheduleExpression"].startswith("at("):
            return
        if known is not None and _moment(known.settings.get("StartDate")) == start:
            return
        if start < self._here.world.clock.now() - LATEST_START:
            raise ValidationException("The StartDate you specify cannot be earlier than 5 minutes ago.")

    def get_schedule(self, params: Params) -> Params:
        known = self._known(params)
        return {
            "State": "ENABLED",
            "ScheduleExpressionTimezone": "UTC",
            "ActionAfterCompletion": "NONE",
            **known.settings,
            **{
                name: _moment(known.settings[name])
                for name in ("StartDate", "EndDate")
                if name in known.settings
            },
            "Arn": self._kind.arn(known),
            "CreationDate": known.created,
            "LastModificationDate": known.updated or known.created,
        }

    def delete_schedule(self, params: Params) -> Params:
        self._here.remove(self._known(params).key)
        return {}

    def list_schedules(self, params: Params) -> Params:
        group, state = params.get("GroupName"), params.get("State")
        if group is not None:
            self._group(group)
        schedules = [
            each
            for each in self._here.of_kind("schedule")
            if group in (None, each.settings.get("GroupName", DEFAULT))
            and each.settings["Name"].startswith(params.get("NamePrefix", ""))
            and state in (None, each.settings.get("State", "ENABLED"))
        ]
        found, token = page(schedules, params, limit="MaxResults")
        return {"Schedules": [self._told(each) for each in found], **token}

    def create_schedule_group(self, params: Params) -> Params:
        with self._here.changing:
            name = params["Name"]
            known, asked = self._groups().get(name), _asked(params)
            if known is not None and asked is not None and known.asked == asked:
                return {"ScheduleGroupArn": self._group_arn(name)}
            if name == DEFAULT or known is not None:
                raise ConflictException(f"Schedule group {name} already exists.")
            group = Group(name=name, created=self._here.world.clock.now(), asked=asked)
            self._here.shelf.keep(resource(f"{GROUP}:{name}", GROUP, group))
            self._set_tags(self._group_arn(name), params.get("Tags", []))
            return {"ScheduleGroupArn": self._group_arn(name)}

    def get_schedule_group(self, params: Params) -> Params:
        return self._group_told(self._group(params["Name"]))

    def delete_schedule_group(self, params: Params) -> Params:
        """With all its schedules."""
        with self._here.changing:
            group = self._group(params["Name"])
            if group.name == DEFAULT:
                raise ValidationException("The default schedule group cannot be deleted.")
            for each in self._here.of_kind("schedule"):
                if each.settings.get("GroupName", DEFAULT) == group.name:
                    self._here.remove(each.key)
            self._here.shelf.keep(drop=[f"{GROUP}:{group.name}"])
            self._drop_tags(self._group_arn(group.name))
            return {}

    def list_schedule_groups(self, params: Params) -> Params:
        names = [DEFAULT, *self._groups()]
        groups = [self._group(name) for name in names if name.startswith(params.get("NamePrefix", ""))]
        found, token = page(groups, params, limit="MaxResults")
        return {"ScheduleGroups": [self._group_told(each) for each in found], **token}

    def tag_resource(self, params: Params) -> Params:
        self._check_tagged(params["ResourceArn"])
        self._set_tags(params["ResourceArn"], params["Tags"])
        return {}

    def untag_resource(self, params: Params) -> Params:
        self._check_tagged(params["ResourceArn"])
        self._set_tags(params["ResourceArn"], [], tuple(params["TagKeys"]))
        return {}

    def list_tags_for_resource(self, params: Params) -> Params:
        self._check_tagged(params["ResourceArn"])
        tags = self._tags(params["ResourceArn"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _check_tagged(self, arn: str) -> None:
        if ":schedule-group/" not in arn:
            raise ValidationException(f"{arn} is not the ARN of a schedule group, which alone has tags.")
        group = self._group(arn.rpartition("/")[2])
        if arn != self._group_arn(group.name):
            raise ResourceNotFoundException(f"{arn} is no schedule group of this account and region.")

    @property
    def _kind(self) -> Schedules:
        kind = self._here.kind("schedule")
        assert isinstance(kind, Schedules)
        return kind

    def put(self, params: Params, options: dict[str, Any]) -> str:
        """Make a schedule, or change it; answers with the trigger's key. options: see `Trigger`."""
        with self._here.changing:
            self._put(params, self._here.get(_key(params)), options)
            return _key(params)

    def _put(self, params: Params, known: Trigger | None, options: dict[str, Any] | None = None) -> str:
        group = params.get("GroupName", DEFAULT)
        self._group(group)
        check_scheduled(params["Target"])
        now = self._here.world.clock.now()
        settings = {name: value for name, value in params.items() if name != "ClientToken"}
        new = self._here.recurring.is_new(known)
        trigger = Trigger(
            kind="schedule",
            name=_named(params),
            settings={**settings, "GroupName": group},
            targets=(started(params["Target"]),),
            created=now if known is None or new else known.created,
            updated=None if known is None else now,
            enabled=params.get("State", "ENABLED") == "ENABLED",
            options=options or ({} if known is None else known.options),
            reached=None if new else now,
            **({} if known is None else {"counts": known.counts}),
        )
        if new:  # in a calendar, a run of another one may still go on by its time
            trigger.counts = msgspec.structs.replace(trigger.counts, execution=None)
        self._here.put(trigger)
        return self._kind.arn(trigger)

    def _known(self, params: Params) -> Trigger:
        known = self._here.get(_key(params))
        if known is None:
            raise ResourceNotFoundException(f"Schedule {params['Name']} does not exist.")
        return known

    def _told(self, trigger: Trigger) -> Params:
        settings = trigger.settings
        return {
            "Arn": self._kind.arn(trigger),
            "Name": settings["Name"],
            "GroupName": settings.get("GroupName", DEFAULT),
            "State": settings.get("State", "ENABLED"),
            "CreationDate": trigger.created,
            "LastModificationDate": trigger.updated or trigger.created,
            "Target": {"Arn": settings["Target"]["Arn"]},
        }

    def _groups(self) -> dict[str, Group]:
        return {group.name: group for group in self._here.shelf.all(GROUP, Group)}

    def _group(self, name: str) -> Group:
        if name == DEFAULT:
            return Group(name=DEFAULT, created=self._here.began)
        known = self._here.shelf.find(f"{GROUP}:{name}", Group)
        if known is None:
            raise ResourceNotFoundException(f"Schedule group {name} does not exist.")
        return known

    def _group_arn(self, name: str) -> str:
        return arn("scheduler", self._here.world.region, self._here.world.account, f"schedule-group/{name}")

    def _group_told(self, group: Group) -> Params:
        return {
            "Arn": self._group_arn(group.name),
            "Name": group.name,
            "State": "ACTIVE",
            "CreationDate": group.created,
            "LastModificationDate": group.created,
        }


def _asked(params: Params) -> str | None:
    """What tells a request that is made again by its ClientToken; None where it has none."""
    if not params.get("ClientToken"):
        return None
    return uuid_of(msgspec.json.encode(params, order="sorted").decode())


def _key(params: Params) -> str:
    return f"schedule:{_named(params)}"


def _named(params: Params) -> str:
    group: str = params.get("GroupName", DEFAULT)
    return params["Name"] if group == DEFAULT else f"{group}/{params['Name']}"
