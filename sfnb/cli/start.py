"""`sfnb start`: an execution begun where machines are served, through boto3."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

from sfnb.cli.streams import FAILED, INTERRUPTED, WELL, coloured, json_escapes, say, write

if TYPE_CHECKING:
    from sfnb.values import Payload

EXAMPLES = """\
examples:
  sfnb start orders --input '{"id": 7}'              prints the execution's ARN
  sfnb start orders --input @order.json --wait | jq .total
  fetch-order | sfnb start orders --input - --sync   an EXPRESS machine, to its end in one call
  sfnb start orders --endpoint-url http://127.0.0.1:9000 --name first --json
  sfnb start orders --aws --profile shop --region eu-central-1 --wait

A machine is named by its name or by its ARN, also of a version or an alias; ARN#CASE names a case of
the server's mock file. Ctrl-C ends the waiting, not the execution.
"""

LOCAL = "http://127.0.0.1:8083"
"""Where `sfnb serve` is, unless it is told otherwise."""
FIRST_SECONDS, LONGEST_SECONDS = 0.05, 2.0
"""How long is waited between two questions, at first and at most."""
SYNC_SECONDS = 330
"""How long a synchronous start may take to be answered: an EXPRESS execution has five minutes."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("machine", metavar="MACHINE", help="a state machine's name or its ARN")
    parser.add_argument(
        "-i",
        "--input",
        default="{}",
        metavar="JSON",
        help="JSON text, @FILE, or - for standard input; {} unless given",
    )
    parser.add_argument("--name", help="the execution's name; the server draws one unless given")
    ending = parser.add_mutually_exclusive_group()
    ending.add_argument(
        "--wait", action="store_true", help="wait for the end, and print the output instead of the ARN"
    )
    ending.add_argument(
        "--sync", action="store_true", help="StartSyncExecution: an EXPRESS machine's output in one call"
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--endpoint-url",
        default=LOCAL,
        metavar="URL",
        help=f"where machines are served; {LOCAL} unless given",
    )
    place.add_argument("--aws", action="store_true", help="on AWS itself")
    parser.add_argument("--profile", help="whose credentials and region are taken, as the AWS CLI knows them")
    parser.add_argument("--region", help="of AWS; the profile's unless given")
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """Start an execution on a running `sfnb serve`, or on AWS.

    With --wait or --sync the exit code says whether it succeeded.
    """
    from sfnb.cli.inputs import read_input

    payload = read_input(options.input, definition="")
    with _told_where(options):
        client = client_of(options)
        machine = machine_arn(client, options.machine)
        if options.sync:
            return _synchronously(client, machine, payload, options, answers)
        return _start(client, machine, payload, options, answers)


def _start(client: Any, machine: str, payload: Payload, options: argparse.Namespace, answers: TextIO) -> int:
    from sfnb.deploy.clients import call

    if options.wait:
        _check_followed(client, machine)
    answer = call(client, "start_execution", stateMachineArn=machine, input=payload.text, name=options.name)
    arn: str = answer["executionArn"]
    if options.wait:
        try:
            return _concluded(_followed(client, arn), options, answers)
        except KeyboardInterrupt:
            say(f"no longer waiting; the execution goes on: {arn}")
            return INTERRUPTED
    write(_json(answer) if options.json else arn, answers, escape=json_escapes)
    return WELL


def _synchronously(
    client: Any, machine: str, payload: Payload, options: argparse.Namespace, answers: TextIO
) -> int:
    from sfnb.deploy.clients import call

    answer = call(
        client, "start_sync_execution", stateMachineArn=machine, input=payload.text, name=options.name
    )
    return _concluded(answer, options, answers)


# The machine


def machine_arn(client: Any, name: str) -> str:
    """The ARN of the machine that `name` means; raises SfnbError with a near miss."""
    from sfnb.asl.ways import did_you_mean
    from sfnb.deploy.clients import pages
    from sfnb.errors import SfnbError

    if name.startswith("arn:"):
        return name
    wanted, mark, case = name.partition("#")
    known: dict[str, str] = {}
    for each in pages(client, "list_state_machines", "stateMachines"):
        known[each["name"]] = each["stateMachineArn"]
    if wanted in known:
        return f"{known[wanted]}{mark}{case}"
    near = did_you_mean(wanted, known)
    there = "there are none: create-state-machine makes one" if not known else _some(list(known))
    raise SfnbError(f"there is no state machine '{wanted}'; {near or there}")


def _some(names: list[str]) -> str:
    """
    >>> _some(["a", "b"]), _some([str(n) for n in range(8)])
    ('there are a, b', 'there are 0, 1, 2, 3, 4 and 3 more')
    """
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return f"there are {', '.join(names[:5])}{more}"


def _check_followed(client: Any, machine: str) -> None:
    """Raises SfnbError for an EXPRESS machine: nobody can be asked what became of its executions."""
    from sfnb.deploy.clients import call
    from sfnb.errors import SfnbError

    described = call(client, "describe_state_machine", stateMachineArn=machine.partition("#")[0])
    if described.get("type") == "EXPRESS":
        raise SfnbError(
            f"{described['name']} is an EXPRESS machine, whose executions cannot be asked after: "
            "--sync instead of --wait has the output"
        )


# The end


def _followed(client: Any, arn: str) -> dict[str, Any]:
    """What DescribeExecution says once it has ended."""
    from sfnb.deploy.clients import call

    pause = FIRST_SECONDS
    while True:
        described = call(client, "describe_execution", executionArn=arn)
        if described["status"] not in ("RUNNING", "PENDING_REDRIVE"):
            return described
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_SECONDS)


def _concluded(answer: dict[str, Any], options: argparse.Namespace, answers: TextIO) -> int:
    """Print the output, or the whole answer, and say how it ended; the exit code."""
    status = answer["status"]
    reason = ": ".join(filter(None, (answer.get("error"), answer.get("cause"))))
    say(f"{options.machine} {coloured(status)}" + (f": {reason}" if reason else ""))
    if options.json:
        write(_json(answer), answers, escape=json_escapes)
    elif answer.get("output") is not None:
        write(answer["output"], answers, escape=json_escapes)
    return WELL if status == "SUCCEEDED" else FAILED


def _json(answer: dict[str, Any]) -> str:
    """An answer as the AWS CLI prints it."""
    import json

    told = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return json.dumps(told, indent=4, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


# The place


def client_of(options: argparse.Namespace) -> Any:
    """boto3's client of where the options say.

    Of a server that is not AWS it signs with the credentials that are found at hand, if there are any.
    Raises SfnbError where boto3 is not installed or finds no region or profile.
    """
    from sfnb.errors import SfnbError

    try:
        import boto3
        import botocore.session
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, NoRegionError
    except ImportError:
        raise SfnbError('this needs boto3: pip install "sfnb[aws]"') from None
    config = Config(read_timeout=SYNC_SECONDS)
    if options.sync or not options.aws:  # sent again, it would begin again; and where nobody is, nobody comes
        config = config.merge(Config(retries={"total_max_attempts": 1}))
    try:
        if options.aws:
            session = boto3.Session(profile_name=options.profile, region_name=options.region)
            return session.client("stepfunctions", config=config)
        _check_url(options.endpoint_url)
        inner = botocore.session.Session(profile=options.profile)
        for provider in ("container-role", "iam-role"):  # would be asked over the network
            inner.get_component("credential_provider").remove(provider)
        unsigned = {} if inner.get_credentials() else {"signature_version": UNSIGNED}
        config = config.merge(Config(inject_host_prefix=False, **unsigned))  # sync-127.0.0.1 is no host
        region = options.region or inner.get_config_variable("region") or "us-east-1"
        session = boto3.Session(botocore_session=inner, region_name=region)
        return session.client("stepfunctions", endpoint_url=options.endpoint_url, config=config)
    except NoRegionError:
        raise SfnbError("--aws needs a region: --region eu-central-1, or a profile that has one") from None
    except (BotoCoreError, ValueError) as fault:
        raise SfnbError(f"no client of Step Functions: {fault}") from None


def _check_url(url: str) -> None:
    from sfnb.errors import SfnbError

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SfnbError(f"--endpoint-url '{url}' is no address such as {LOCAL}")


@contextmanager
def _told_where(options: argparse.Namespace) -> Iterator[None]:
    """Says where nobody answers, and what would."""
    from sfnb.errors import SfnbError

    try:
        yield
    except SfnbError as fault:
        if options.aws or not _is_unreachable(fault.__context__):
            raise
        serve = "`sfnb serve`"
        port = urlsplit(options.endpoint_url).port
        if options.endpoint_url != LOCAL and port:
            serve = f"`sfnb serve --port {port}`"
        raise SfnbError(f"nothing answers at {options.endpoint_url}: {serve} starts a server") from None


def _is_unreachable(fault: BaseException | None) -> bool:
    if fault is None:
        return False
    from botocore.exceptions import ConnectionClosedError, ConnectionError, ConnectTimeoutError

    return isinstance(fault, (ConnectionError, ConnectionClosedError, ConnectTimeoutError))
