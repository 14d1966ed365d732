"""`%asl aws`: where calls of services go."""

from __future__ import annotations

from argparse import Namespace
from importlib.util import find_spec

from sfnb.asl.ways import did_you_mean
from sfnb.default import service
from sfnb.default.reach import seed_aws, use_aws
from sfnb.notebook import display as look
from sfnb.notebook.options import Parser, Usage
from sfnb.notebook.things import Variables, machine_named

PLACES = ("local", "profile", "off")


def aws(options: Namespace, variables: Variables) -> object:
    """Show where calls of services go; take an AWS of this process, a real one, or none.

    `local` starts an AWS in this process, to be filled and emptied at will. `profile` calls your own account,
    with the credentials that boto3 finds, or with those of NAME. `off` calls nothing, as at the start.
    """
    _check(options)
    if options.where == "local":
        chosen = [machine_named(name, variables) for name in options.seed]
        made = seed_aws(chosen, region=options.region, fresh=options.fresh)
        if options.seed:
            return look.table(("what", "name", "note"), made, empty="nothing of AWS is named there")
    elif options.where == "profile":
        _check_profile(options.name)
        use_aws(profile=options.name, region=options.region, endpoint_url=options.endpoint_url)
    elif options.where == "off":
        use_aws("off")
    return look.pairs(_told())


def _check(options: Namespace) -> None:
    """Raises Usage for what does not go together."""
    for given, what, place in (
        (options.seed, "--seed", "local"),
        (options.fresh, "--fresh", "local"),
        (options.endpoint_url, "--endpoint-url", "profile"),
        (options.name, f"'{options.name}'", "profile"),
    ):
        if given and options.where != place:
            raise Usage(f"%asl aws: {what} is for `%asl aws {place}`")
    if options.region and options.where not in ("local", "profile"):
        raise Usage("%asl aws: --region is for `%asl aws local` and `%asl aws profile`")


def _check_profile(name: str | None) -> None:
    """Raises Usage for a profile that is not configured, which else the first call would tell."""
    if name is None or find_spec("botocore") is None:
        return
    from botocore.session import Session

    known = Session().available_profiles
    if name in known:
        return
    near = did_you_mean(name, known)
    there = near or (f"there are {', '.join(known)}" if known else "none is configured in ~/.aws/config")
    raise Usage(f"%asl aws: no profile is called '{name}'; {there}")


def _told() -> list[tuple[str, str]]:
    registry = service().registry
    if registry.aws is None:
        calls = "nowhere: Python functions stand for services, else a call fails"
    else:
        calls = registry.aws.place
    folder = getattr(service().buckets, "folder", None)
    rows = [("calls go to", calls), ("buckets", "S3 there" if folder is None else f"the folder {folder}")]
    if registry.connections:
        rows.append(("connections", ", ".join(registry.connections)))
    return rows


def add_aws_options(parser: Parser) -> None:
    parser.add_argument("where", nargs="?", choices=PLACES, help="what to take from now on")
    parser.add_argument("name", nargs="?", metavar="NAME", help="a profile of your configuration")
    parser.add_argument(
        "--seed",
        nargs="+",
        action="extend",
        default=[],
        metavar="MACHINE",
        help="make what these state machines name: tables, queues, topics, buckets, event buses, Glue jobs",
    )
    parser.add_argument("--fresh", action="store_true", help="empty the local AWS first")
    parser.add_argument("--region", help="instead of the configured one")
    parser.add_argument("--endpoint-url", metavar="URL", help="where every call goes instead")
