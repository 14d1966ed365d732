"""`sfnb serve`; of all the package, this alone reads the environment."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sfnb.cli.streams import WELL, say, write

if TYPE_CHECKING:
    from sfnb.deliveries.logs import LogFile
    from sfnb.resuming import Resumption
    from sfnb.server.serve import Place
    from sfnb.server.settings import Settings
    from sfnb.service import StepFunctions

EXAMPLES = """\
examples:
  sfnb serve
  sfnb serve --port 0 --store machines.db --tasks tasks.py
  AWS_ENDPOINT_URL=http://localhost:4566 sfnb serve     services are called there
  aws stepfunctions list-state-machines --endpoint-url http://127.0.0.1:8083

environment:
  AWS_ACCOUNT_ID      of all ARNs; 123456789012 unless given
  AWS_DEFAULT_REGION  or AWS_REGION; us-east-1 unless given
  AWS_ENDPOINT_URL    or AWS_ENDPOINT_URL_<SERVICE>: tasks that no function stands for call services there.
                      Without it nothing goes to AWS, whatever credentials there are, unless --aws is given
  SFN_MOCK_CONFIG     the same as --mock-config

Clients put "sync-" before the host for StartSyncExecution and TestState, which most machines cannot find:
AWS_DISABLE_HOST_PREFIX_INJECTION=true in their environment, or Config(inject_host_prefix=False), stops that.
"""

HOW_TO_KEEP = " (a machine of a notebook is kept by its keep(), a function comes with --tasks)"
SYNC_PREFIX = (
    "StartSyncExecution and TestState need AWS_DISABLE_HOST_PREFIX_INJECTION=true at the client,"
    " or Config(inject_host_prefix=False)"
)
TOLD = 18
"""Of how many interrupted executions a line is written, and how many functions are named."""


def add_options(parser: argparse.ArgumentParser) -> None:
    from sfnb.server.settings import PORT

    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help=f"{PORT} unless given; 0: a free one"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen at; 127.0.0.1 unless given"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="one more name by which clients know this machine; may be repeated, * lets in any",
    )
    parser.add_argument(
        "--store",
        default="memory",
        metavar="PATH",
        help="a file that keeps machines and executions, so that they go on; in memory unless given",
    )
    parser.add_argument(
        "--durability",
        choices=("full", "normal"),
        default="full",
        help="whether the file survives a power cut (full, unless told) or the end of the process (normal)",
    )
    parser.add_argument(
        "-t",
        "--tasks",
        action="append",
        default=[],
        metavar="MODULE",
        help="a .py file or a module with Python functions that stand for Resources; may be repeated",
    )
    parser.add_argument(
        "--aws", action="store_true", help="really call AWS for tasks that no function stands for"
    )
    parser.add_argument(
        "--mock-config", metavar="FILE", help="a mock file; StartExecution names a case: ARN#CASE"
    )
    parser.add_argument(
        "--log-file",
        metavar="FILE",
        help="where machines with a log configuration write their records, as JSON Lines, besides CloudWatch",
    )
    parser.add_argument(
        "--buckets", metavar="FOLDER", help="the folder that stands for S3; ./buckets unless given"
    )
    parser.add_argument(
        "--skip-waits", action="store_true", help="jump over waits and the pauses before retries"
    )
    parser.add_argument(
        "--require-auth",
        action="store_true",
        help="answer only requests that are signed, with the keys of --keys or of the environment;"
        " those for routes of API Gateway for the service execute-api",
    )
    parser.add_argument("--keys", metavar="FILE", help="a file like ~/.aws/credentials, for --require-auth")


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """Serve the API of AWS Step Functions: boto3, the AWS CLI, SAM and Terraform can use it."""
    from sfnb.server.hosts import is_loopback
    from sfnb.server.serve import Server

    settings = settings_of(options, os.environ)
    with _taken(settings) as place:
        service = prepare(options, os.environ)
        # The task tokens of what was interrupted are open before the first request is read.
        first = partial(go_on, service)
        with (
            closing(service),
            _only_server_of(service),
            _until_told() as told,
            Server(service, settings, first, place) as server,
        ):
            if not is_loopback(options.host) and settings.keys is None:
                say(f"warning: whoever can reach {options.host} may call; --require-auth asks for keys")
            if os.environ.get("WAIT_TIME_SCALE", "1") != "1":
                say("warning: WAIT_TIME_SCALE is not followed; --skip-waits jumps over every wait")
            write(f"sfnb serves AWS Step Functions at {server.url}", answers)
            say("\n".join(_surroundings(service)))
            while server.is_running and not told.wait(1):
                pass
    return WELL


def settings_of(options: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Raises SfnbError where signatures are asked for and there is no key."""
    from sfnb.errors import SfnbError
    from sfnb.server.auth import Key, read_keys
    from sfnb.server.settings import Settings

    keys: tuple[Key, ...] | None = None
    if options.keys and not options.require_auth:
        raise SfnbError("--keys is for --require-auth")
    if options.require_auth and options.keys:
        keys = tuple(read_keys(Path(options.keys)))
    elif options.require_auth:
        if not environment.get("AWS_ACCESS_KEY_ID") or not environment.get("AWS_SECRET_ACCESS_KEY"):
            raise SfnbError(
                "--require-auth needs keys: --keys FILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        keys = (
            Key(
                access_key_id=environment["AWS_ACCESS_KEY_ID"],
                secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                session_token=environment.get("AWS_SESSION_TOKEN"),
            ),
        )
    return Settings(host=options.host, port=options.port, allow_hosts=tuple(options.allow_host), keys=keys)


def prepare(options: argparse.Namespace, environment: Mapping[str, str]) -> StepFunctions:
    """The service, as the options and the environment want it; raises SfnbError where they are wrong."""
    from sfnb.cli.tasks import load_tasks
    from sfnb.default import service as default
    from sfnb.default import use_buckets
    from sfnb.engine.clock import JumpClock
    from sfnb.keeping import keep_in_file
    from sfnb.server.endpoints import has_endpoints, without_own

    environment = without_own(environment, options.host, options.port)
    service = default()
    service.account = _account(environment.get("AWS_ACCOUNT_ID") or service.account)
    service.region = environment.get("AWS_DEFAULT_REGION") or environment.get("AWS_REGION") or service.region
    if options.skip_waits:
        service.clock = JumpClock
    if options.aws or has_endpoints(environment):
        _connect(service, environment, options)
    mocks = options.mock_config or environment.get("SFN_MOCK_CONFIG")
    if mocks:
        service.mock_file = _mock_file(mocks)
    if options.log_file is not None:
        service.log_sinks.append(_log_file(options.log_file))
    if options.buckets is not None:
        use_buckets(options.buckets)
    for module in options.tasks:
        load_tasks(module)
    if options.store != "memory":
        keep_in_file(service, Path(options.store), options.durability)
    return service


def _surroundings(service: StepFunctions) -> Iterator[str]:
    """Where executions are kept, which functions stand for Resources, where calls of services go, and what
    clients need for the two operations before whose host they put "sync-".
    """
    from sfnb.keeping import kept_in

    path, aws = kept_in(service), service.registry.aws
    forgotten = "memory, until this process ends (--store FILE keeps them)"
    yield f"  machines and executions are kept in {path or forgotten}"
    names = list(service.registry.functions)
    more = f" and {len(names) - TOLD:,} more" if len(names) > TOLD else ""
    yield f"  functions for Resources: {', '.join(names[:TOLD]) or 'none (--tasks FILE)'}{more}"
    nowhere = "nowhere (AWS_ENDPOINT_URL=... or --aws lets them go somewhere)"
    yield f"  calls of services go to {aws.place}" if aws is not None else f"  calls of services go {nowhere}"
    yield f"  {SYNC_PREFIX}"


def go_on(service: StepFunctions) -> None:
    """Go on with what was interrupted, and with what starts executions, and say so."""
    from sfnb import resuming
    from sfnb.engine.ports import TRIGGER

    manner = resuming.Manner(on_output=resuming.to_output)
    resumption = resuming.resume(service, (), manner, resuming.after_the_cell)
    if resumption.executions or resumption.waiting or resumption.refused:
        say("\n".join(_told(resumption)))
    if service.store.resources(TRIGGER):
        for trigger, missed in service.triggers.adopt():
            words = service.triggers.words(trigger)
            say(f"  {trigger.kind} {trigger.name}: {words}{f'; {missed}' if missed else ''}")
        for trigger, runs in service.triggers.all():
            if runs != "here":
                say(f"  {trigger.kind} {trigger.name} does not run here: it {runs}{HOW_TO_KEEP}")


def _told(resumption: Resumption) -> Iterator[str]:
    """The counts, and a few of the executions: first those that need something."""
    yield resumption.headline
    rows = sorted(resumption.rows(), key=lambda row: row[2] == "goes on")
    for machine, name, what, why in rows[:TOLD]:
        yield f"  {machine} {name} {what}: {why}".rstrip(": ")
    if len(rows) > TOLD:
        yield f"  and {len(rows) - TOLD:,} more"


def _account(text: str) -> str:
    from sfnb.errors import SfnbError

    if not (text.isascii() and text.isdecimal() and len(text) == 12):
        raise SfnbError(f"AWS_ACCOUNT_ID is '{text}': an account has twelve digits")
    return text


def _connect(service: StepFunctions, environment: Mapping[str, str], options: argparse.Namespace) -> None:
    """Let tasks call AWS, or what has an endpoint; buckets are a folder where S3 has none."""
    from sfnb.default import use_buckets
    from sfnb.integrations.aws import Aws
    from sfnb.server.endpoints import Endpoints, is_at

    endpoints = Endpoints(environment)
    way = Aws() if options.aws else endpoints
    service.connect(way)
    way.prepare("lambda", region=service.region)
    if not options.aws and not endpoints.has("s3"):
        use_buckets("buckets")
    bus = endpoints.url("events")
    # AWS itself takes no events in its own name, and the buses of this server have them anyway.
    if bus and not is_at(bus, options.host, options.port):
        service.announce(way)


def _log_file(given: str) -> LogFile:
    """Opened once now: better to know at the start that it cannot be written."""
    from sfnb.deliveries.logs import LogFile
    from sfnb.errors import SfnbError

    path = Path(given)
    try:
        path.open("a", encoding="utf-8").close()
    except OSError as fault:
        raise SfnbError(f"cannot write the log file '{given}': {fault.strerror}") from None
    return LogFile(path)


def _mock_file(given: str) -> Path:
    """Read once now: better to know what is wrong with it before anything is started."""
    from sfnb.errors import SfnbError
    from sfnb.mocks.file import read_mock_file

    path = Path(given)
    try:
        read_mock_file(path)
    except OSError as fault:
        raise SfnbError(f"cannot read the mock file '{given}': {fault.strerror}") from None
    return path


@contextmanager
def _taken(settings: Settings) -> Iterator[Place]:
    """The place of the server that is to begin: what the tasks define meanwhile is served there and nowhere
    else, as it may ask for keys.
    """
    from sfnb.default import service
    from sfnb.server.serve import Place

    world = service().world
    place = world.place = Place(settings)
    try:
        yield place
    finally:
        world.place = None
        place.close()


@contextmanager
def _only_server_of(service: StepFunctions) -> Iterator[None]:
    """Raises SfnbError where another server keeps its machines in the same file."""
    from sfnb.errors import SfnbError
    from sfnb.keeping import kept_in
    from sfnb.stores.sqlite.locks import HeldLock, is_held

    path = kept_in(service)
    if path is None:
        yield
        return
    mark = path.with_name(f"{path.name}.server")
    if is_held(mark):
        raise SfnbError(f"another server keeps its machines in '{path}': end it, or give another --store")
    lock = HeldLock(mark)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; at the second of them the process ends at once."""
    told = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def tell(number: int, frame: object) -> None:
        told.set()
        for each in before:
            signal.signal(each, signal.SIG_DFL)

    for number in before:
        signal.signal(number, tell)
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
