"""Where a machine is, and how the ARNs of what it calls are spelled there."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from sfnb.iam.given import Value

ANYWHERE = "*"

_queue_host = re.compile(
    r"(?:(?:sqs\.)?(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.|sqs\.(?P<local>[a-z0-9-]+)\.localhost)"
)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The account and region of a state machine, with its ARN as far as that is known.

    account, region: "*" where they are not known. machine: the machine's name; "*" likewise.
    """

    partition: str = "aws"
    region: str = ANYWHERE
    account: str = ANYWHERE
    machine: str = ANYWHERE

    @property
    def machine_arn(self) -> str:
        return self.arn("states", f"stateMachine:{self.machine}")

    def arn(self, service: str, rest: str, *, region: str | None = None, account: str | None = None) -> str:
        """
        >>> Place(region="eu-west-1", account="123456789012").arn("sqs", "orders")
        'arn:aws:sqs:eu-west-1:123456789012:orders'
        """
        region = self.region if region is None else region
        account = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{region}:{account}:{rest}"

    def named(self, service: str, template: str, name: Value) -> str:
        """The ARN of what a parameter names, by name or by ARN; "*" where the name is not known.

        >>> Place(region="us-east-1", account="123456789012").named("dynamodb", "table/{}", "orders")
        'arn:aws:dynamodb:us-east-1:123456789012:table/orders'
        """
        if not isinstance(name, str) or not name:
            return ANYWHERE
        return name if name.startswith("arn:") else self.arn(service, template.format(name))


def place_of(machine_arn: str) -> Place:
    """Where the machine with this ARN is; a version, an alias and a map run's label are left away.

    >>> place_of("arn:aws:states:us-east-1:123456789012:stateMachine:orders/rows").machine
    'orders'
    """
    parts = machine_arn.split(":")
    if len(parts) < 7:
        return Place()
    return Place(partition=parts[1], region=parts[3], account=parts[4], machine=parts[6].partition("/")[0])


def function_arns(place: Place, name: Value, qualifier: Value = None) -> tuple[str, ...]:
    """The ARN of a Lambda function, and for one without a qualifier that of all its versions as well.

    >>> function_arns(Place(region="us-east-1", account="1"), "price")[1]
    'arn:aws:lambda:us-east-1:1:function:price:*'
    """
    if not isinstance(name, str) or not name:
        return (ANYWHERE,)
    arn = name if name.startswith("arn:") else place.arn("lambda", f"function:{_bare_name(name)}")
    if len(arn.split(":")) > 7:
        return (arn,)
    if isinstance(qualifier, str):
        return (f"{arn}:{qualifier}",)
    return (arn, f"{arn}:*")


def _bare_name(name: str) -> str:
    """`123456789012:function:price:PROD` is a partial ARN."""
    return name.partition("function:")[2] or name


def queue_arn(place: Place, url: Value) -> str:
    """The ARN of the queue at a URL.

    >>> queue_arn(Place(), "https://sqs.us-east-1.amazonaws.com/123456789012/orders")
    'arn:aws:sqs:us-east-1:123456789012:orders'
    """
    if not isinstance(url, str):
        return ANYWHERE
    if url.startswith("arn:"):
        return url
    parts = urlsplit(url)
    account, _, name = parts.path.strip("/").rpartition("/")
    if not name:
        return ANYWHERE
    found = _queue_host.match(parts.netloc)
    region = (found["region"] or found["local"]) if found else None
    account = account.rpartition("/")[2]
    return place.arn("sqs", name, region=region, account=account or None)


def machine_parts(arn: Value) -> tuple[str, str, str] | None:
    """Region, account and name of a state machine, from its ARN; None where it is not known.

    >>> machine_parts("arn:aws:states:us-east-1:123456789012:stateMachine:orders:PROD")
    ('us-east-1', '123456789012', 'orders')
    """
    if not isinstance(arn, str) or len(parts := arn.split(":")) < 7:
        return None
    return parts[3], parts[4], parts[6].partition("/")[0]


def bucket_arn(place: Place, bucket: Value) -> str:
    """
    >>> bucket_arn(Place(), "photos")
    'arn:aws:s3:::photos'
    """
    if not isinstance(bucket, str) or not bucket:
        return ANYWHERE
    return bucket if bucket.startswith("arn:") else place.arn("s3", bucket, region="", account="")


def object_arn(place: Place, bucket: Value, key: Value, ending: str = "") -> str:
    """The ARN of an object, or of all whose key begins so; of all of the bucket where the key is not known.

    >>> object_arn(Place(), "photos", "cats/", "*"), object_arn(Place(), "photos", None)
    ('arn:aws:s3:::photos/cats/*', 'arn:aws:s3:::photos/*')
    """
    within = bucket_arn(place, bucket)
    if within == ANYWHERE:
        return ANYWHERE
    return f"{within}/{key}{ending}" if isinstance(key, str) else f"{within}/*"


def uri_arn(place: Place, uri: Value) -> str:
    """The ARN of the object at `s3://BUCKET/KEY`."""
    if not isinstance(uri, str) or not uri.startswith("s3://"):
        return ANYWHERE
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return object_arn(place, bucket, key)


def role_arn(place: Place, role: Value) -> str:
    """A role by ARN or by name."""
    if not isinstance(role, str) or not role:
        return ANYWHERE
    return role if role.startswith("arn:") else place.arn("iam", f"role/{role}", region="")
