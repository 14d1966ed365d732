"""The one service behind the functions of the package, made when it is first needed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import msgspec

from sfnb.asl.ways import did_you_mean
from sfnb.engine.clock import uuid_of
from sfnb.engine.records import ExecutionFilter
from sfnb.engine.tokens import InvalidOutput, TaskDoesNotExist
from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.integrations.aws import Aws
from sfnb.integrations.connections import Parameters, made
from sfnb.items.folder import FolderBuckets
from sfnb.jsonable import NotJson, to_payload
from sfnb.keeping import Durability
from sfnb.machine import StateMachine, load_machine, register
from sfnb.service import ExecutionDoesNotExist, MachineType, StepFunctions
from sfnb.values import Json, decode

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.deploy.execution import AwsExecution
    from sfnb.iam.roles import Role
    from sfnb.integrations.aws_seed import Made
    from sfnb.integrations.local_aws import LocalAws
    from sfnb.mocks.answers import Given
    from sfnb.resuming import Resumption
    from sfnb.service.continuing import OnLost

Function = TypeVar("Function", bound=Callable[..., Any])

AwsPlace = Literal["account", "local", "off"]

MOST_COMPARED = 200
"""How many of the latest executions a misspelt name is compared with."""


@functools.cache
def service() -> StepFunctions:
    """The service that `load`, `task` and the magics use."""
    return StepFunctions()


def load(
    definition: str | bytes | dict[str, Any] | Path,
    *,
    name: str | None = None,
    unlimited: bool = False,
    type: MachineType = "STANDARD",
) -> StateMachine:
    """A state machine from JSON or YAML text, a Python dict, or a file.

    definition: text; a dict; a Path, or a str that names an existing .json, .yaml or .yml file.
    name: "machine" and a number unless told; the name of a machine that exists gives it a new
        definition and keeps its tasks.
    unlimited: lift the bound of 1 MiB.
    type: an EXPRESS machine runs for five minutes at most, and waits for no job or callback.
    Raises DefinitionError with every finding.

    >>> load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="hello").run({"n": 1}).output
    {'n': 1}
    """
    return load_machine(service(), definition, name=name, unlimited=unlimited, type=type)


@overload
def task(function: Function, /) -> Function: ...
@overload
def task(name: str, /) -> Callable[[Function], Function]: ...
def task(function: Any, /) -> Any:
    """Let a Python function stand for a Resource of its name, or of the name that is given.

    >>> @task
    ... def price(order): return {**order, "price": 3}
    >>> @task("arn:aws:lambda:us-east-1:123456789012:function:ship")
    ... def ship_it(order): return "shipped"

    One parameter receives the whole payload; parameters named (event, context) are Lambda's; several
    others are filled by the payload's keys.
    """
    registry = service().registry
    return register(registry, registry.functions, function)


def executions(
    machine: str | None = None,
    status: str | Sequence[str] | None = None,
    name: str | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
    limit: int | None = 1_000,
) -> pd.DataFrame:
    """The executions that are kept, newest first, a row each; of other sessions too.

    Columns: name, machine, status, started, stopped (UTC), duration, events, error, redrives, origin (what
    it was forked from), arn. `get_execution` opens one.
    machine: its name or ARN. status: one or several; INTERRUPTED is one. name: with * and ?.
    after, before: aware datetimes that it began at or after, and before. limit: None for all.
    """
    from sfnb import keeping

    wanted, only_interrupted = keeping.wanted(machine, status, name, after, before)
    found = keeping.records_of(service(), limit, wanted=wanted, only_interrupted=only_interrupted)
    return keeping.executions_frame(found)


def get_execution(name: str) -> Execution:
    """The execution of this name or ARN, of any session, also a map run's child.

    Raises ExecutionDoesNotExist, and SfnbError where more than one has the name.
    """
    if name.startswith("arn:"):
        return execution_of(name)
    records = [each for each in service().list_executions(ExecutionFilter(name=name)) if each.name == name]
    if not records:
        latest = service().list_executions(ExecutionFilter(limit=MOST_COMPARED))
        near = did_you_mean(name, (record.name for record in latest))
        raise ExecutionDoesNotExist(f"there is no execution '{name}'" + (f"; {near}" if near else ""))
    if len(records) > 1:
        raise SfnbError(f"more than one is called '{name}': {', '.join(each.arn for each in records)}")
    return execution_of(records[0].arn)


def execution_of(arn: str) -> Execution:
    """The execution of this ARN, also that of a map run's child; raises ExecutionDoesNotExist."""
    return Execution(service(), service().execution(arn))


def use_store(path: str | Path | None = None, *, durability: Durability = "full") -> None:
    """Keep what named machines run in a file, from now on; what is under way stays where it is.

    path: in your data folder unless given. Machines that were given no name stay in memory.
    durability: "full" survives a power cut; "normal", quicker, the end of the process; with "memory" nothing
        outlives the process: so it is in a script that says nothing.
    Raises StoreFault where the file cannot be opened; nothing is changed then.
    """
    from sfnb import keeping

    keeping.keep_in_file(service(), None if path is None else Path(path), durability)


def resume(
    *executions: str | Execution, on_lost: OnLost = "repeat", mock: Given | None = None, wait: bool = True
) -> Resumption:
    """Go on with interrupted executions, all or these, each from where its log ends; returns at once.

    executions: Executions, or their names or ARNs. Nothing is raised because one cannot go on: the Resumption
        has `.executions`, which go on; `.waiting`, by name the functions that others wait for, to go on by
        themselves when these are there; and `.refused`, by name why others cannot.
    on_lost: a task that had been called and had not answered is called again, or it fails, as `TaskLost`.
    mock: again, where functions were among the mocks. wait: also for functions that are needed later.
    """
    from sfnb import resuming

    manner = resuming.Manner(on_lost=on_lost, mock=mock, wait=wait, on_output=resuming.to_output)
    return resuming.resume(service(), executions, manner, resuming.after_the_cell)


def use_buckets(folder: str | Path) -> None:
    """Let a folder stand for S3, with a folder in it for each bucket; it need not exist yet.

    Distributed Maps read their items from it and write their results there. Unless told, it is the folder
    `buckets` where the process runs; after `use_aws` it is S3 itself.
    """
    service().buckets = FolderBuckets(Path(folder).expanduser())


def pull(
    arn: str, *, profile: str | None = None, region: str | None = None, client: Any = None
) -> StateMachine | AwsExecution:
    """What is on AWS, fetched: a state machine, or an execution, by its ARN.

    A machine comes with its role, settings and tags, under its name; one of this name here gets them.
    An execution has the tables and pictures of one that ran here; `fork` goes on here from any of its events,
    `replay` runs it again with what its tasks had answered.
    profile, region: as boto3 knows them; the ARN's region unless given. client: instead, a boto3 client.
    Raises SfnbError where AWS refuses or there is no such thing.
    """
    from sfnb.deploy import pulling
    from sfnb.deploy.clients import client_of

    _, _, _, there, *_ = [*arn.split(":"), "", "", "", ""]
    return pulling.pull(service(), arn, client_of(client, profile, region or there or None))


def machines() -> list[StateMachine]:
    """Every state machine of this process, oldest first."""
    return [StateMachine(service(), record) for record in service().list_state_machines()]


def task_tokens() -> pd.DataFrame:
    """Every task that waits for its token, a row each, oldest first.

    Columns: token, execution (its ARN), state, resource, since (UTC), input (the task's parameters).
    """
    import pandas as pd

    tokens = service().list_task_tokens()
    fields = ("token", "execution", "state", "resource", "since", "input")
    return pd.DataFrame({name: [getattr(token, name) for token in tokens] for name in fields})


def send_task_success(token: str, output: object = None) -> None:
    """Answer a task that waits for its token; `output`, anything that can be JSON, is its result.

    Raises TaskTimedOut where nobody waits any more, TaskDoesNotExist, InvalidToken, InvalidOutput.
    """
    try:
        payload = to_payload(output, "output")
    except NotJson as fault:
        raise InvalidOutput(f"the output is not JSON: {fault}") from None
    with _told_of_interrupted():
        service().send_task_success(token, payload)


def send_task_failure(token: str, error: str | None = None, cause: str | None = None) -> None:
    """Fail a task that waits for its token; raises as `send_task_success` does."""
    with _told_of_interrupted():
        service().send_task_failure(token, error, cause)


def send_task_heartbeat(token: str) -> None:
    """Show that the task behind a token is being worked at: its HeartbeatSeconds begin anew."""
    with _told_of_interrupted():
        service().send_task_heartbeat(token)


@contextmanager
def _told_of_interrupted() -> Iterator[None]:
    """A token that nobody knows may be that of an execution that was interrupted."""
    try:
        yield
    except TaskDoesNotExist as fault:
        count = len(service().interrupted_executions())
        if not count:
            raise
        noun = "an execution is" if count == 1 else f"{count:,} executions are"
        raise TaskDoesNotExist(
            f"{fault}; {noun} interrupted and may wait for it: sfnb.resume() first, or %asl resume"
        ) from None


class ActivityTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker of an activity is given.

    input: the value itself, as a task function would get it; it is the caller's to change.
    """

    task_token: str
    input: Json


def create_activity(name: str) -> str:
    """Make an activity, for tasks whose work a loop of your own does; answers with its ARN.

    There may be one of this name already. Raises InvalidName.
    """
    arn = service().create_activity(name).arn
    service().registry.changed()
    return arn


def get_activity_task(activity: str, *, wait_seconds: float = 60) -> ActivityTask | None:
    """The next task of an activity, to be answered by its token; None where none comes in time.

    activity: its name or ARN. The task's `input` is a Python value; `StepFunctions.get_activity_task`
    answers with JSON text, as AWS does. Raises ActivityDoesNotExist.
    """
    arn = activity if activity.startswith("arn:") else service().create_activity(activity).arn
    task = service().get_activity_task(arn, wait_seconds=wait_seconds)
    return None if task is None else ActivityTask(task_token=task.task_token, input=decode(task.input))


def create_connection(
    name: str,
    *,
    basic: tuple[str, str] | None = None,
    api_key: tuple[str, str] | None = None,
    oauth: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, str] | None = None,
) -> str:
    """Let HTTP Tasks make calls with the connection of this name; answers with an ARN for it.

    It stands for every EventBridge connection so called, so a definition may keep the ARN that it has in AWS.
    basic: user and password. api_key: a header's name and its value. oauth: endpoint, client_id,
    client_secret and, unless it is POST, method. headers, query, body: sent besides; they win over a task's.
    Raises SfnbError unless it is of one kind. Nothing of this is shown or kept: it ends with the process.
    """
    known = service().registry
    arn = f"arn:aws:events:{service().region}:{service().account}:connection/{name}/{uuid_of(name)}"
    added = Parameters(headers=dict(headers or {}), query=dict(query or {}), body=dict(body or {}))
    known.connections[name] = made(arn, basic, api_key, oauth, added)
    known.changed()
    return arn


def role(
    name: str,
    policies: Sequence[object] | Mapping[str, object] = (),
    *,
    trust: object = None,
    boundary: object = None,
) -> Role:
    """Hold the machines that have this role to its policies: a call that they do not allow fails as on AWS.

    name: or an ARN. policies: documents by their names, or a list of them; each a dict, JSON text, or what
    `machine.iam_policy()` made. trust: who may take it on, as a document; everybody unless told.
    boundary: the most it may have. Raises MalformedPolicy with the place of the fault.

    >>> nothing = role("nothing")
    >>> load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}).role = nothing
    """
    from sfnb.iam.roles import arn_of, make_role

    arn = arn_of(name, service().account)
    return service().registry.roles.add(make_role(arn, policies, trust=trust, boundary=boundary))


def use_aws(
    where: AwsPlace = "account",
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    seed: StateMachine | Sequence[StateMachine] = (),
    fresh: bool = False,
) -> None:
    """From now on a service task that no Python function stands for is really called, and the buckets of
    Distributed Maps are S3's.

    where: "account" for the credentials that boto3 finds, or `profile` of the shared files; "local" for an
        AWS in this process, which needs nothing and costs nothing; "off" for none, as at the start.
    region: instead of the configured one. endpoint_url: where every call goes instead.
    seed: machines; what their definitions name is made in the local AWS. fresh: it is emptied first.
    Raises SfnbError where a package is missing: `pip install "sfnb[aws]"`, `pip install "sfnb[local-aws]"`.
    """
    if where == "off":
        service().disconnect()
        return
    if where == "local":
        seed_aws(seed, region=region, fresh=fresh)
        return
    if where != "account" or seed or fresh:
        raise SfnbError('use_aws takes "account", "local" or "off"; seed and fresh are for "local"')
    service().connect(Aws(endpoint_url=endpoint_url, region=region, profile=profile))
    service().registry.changed()


def seed_aws(
    machines: StateMachine | Sequence[StateMachine], *, region: str | None = None, fresh: bool = False
) -> list[Made]:
    """Take the AWS in this process, and make in it what definitions name; tells what became of each thing."""
    local = _local_aws(region or service().region)
    if fresh:
        local.empty()
    if service().registry.aws is not local:
        service().connect(local)
        service().registry.changed()
    if not machines:
        return []
    from sfnb.integrations.aws_seed import seed

    chosen = [machines] if isinstance(machines, StateMachine) else list(machines)
    return seed([machine.tree for machine in chosen], local, local.region)


@functools.cache
def _local_aws(region: str) -> LocalAws:
    """One for a region, as long as the process lives."""
    from sfnb.integrations.local_aws import LocalAws

    return LocalAws(region=region)


def aws_client(name: str) -> Any:
    """A boto3 client of the AWS that tasks call: `sfnb.aws_client("sqs")`.

    Raises SfnbError where they call none.
    """
    aws = service().registry.aws
    if aws is None:
        raise SfnbError(
            'no AWS is in use: sfnb.use_aws("local") takes one in this process, or %asl aws local'
        )
    return aws.client(name, region=service().region)
