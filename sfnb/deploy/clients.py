"""boto3's clients for whoever deploys, runs elsewhere or fetches back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from sfnb.errors import SfnbError

if TYPE_CHECKING:
    from sfnb.engine.ports import AwsSession
    from sfnb.service import StepFunctions

ALL = 1_000
"""The largest page that Step Functions gives."""


class Refused(SfnbError):
    """AWS refused a call; `code` is its error's name."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def client_of(
    client: Any,
    profile: str | None,
    region: str | None,
    service: str = "stepfunctions",
    *,
    in_use: InUse | None = None,
) -> Any:
    """The client that was given, or one of the AWS in use unless a profile is named, or one with credentials
    and endpoint as botocore finds them.

    Raises SfnbError where boto3 is not installed or finds no region or profile, or the client is of another
    service.
    """
    if client is not None:
        return _checked(client, service)
    if in_use is not None and profile is None:
        return in_use.client(service, region)
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, NoRegionError
    except ImportError:
        raise SfnbError('AWS needs boto3: pip install "sfnb[aws]"') from None
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
        made = session.client(service)
        if not is_aws(made):
            made = session.client(
                service, config=Config(inject_host_prefix=False)
            )  # sync-localhost is no host
    except NoRegionError:
        raise SfnbError("no client of AWS without a region: region=..., or profile=... with one") from None
    except (BotoCoreError, ValueError) as fault:
        raise SfnbError(f"no client of AWS: {fault}") from None
    return made


class InUse(NamedTuple):
    """The AWS that tasks call, and the region where none is configured."""

    aws: AwsSession
    region: str

    def client(self, service: str, region: str | None) -> Any:
        """Raises SfnbError."""
        from botocore.exceptions import BotoCoreError

        try:
            return self.aws.client(service, region=self.region, only=region)
        except (BotoCoreError, ValueError) as fault:
            raise SfnbError(f"no client of {self.aws.place}: {fault}") from None


def in_use_by(service: StepFunctions) -> InUse | None:
    aws = service.registry.aws
    return None if aws is None else InUse(aws, service.region)


def _checked(client: Any, service: str) -> Any:
    """`client`, if it is one of `service`."""
    model = getattr(getattr(client, "meta", None), "service_model", None)
    found = getattr(model, "service_name", None)
    if found != service:
        what = f"of '{found}'" if found else f"no client but {type(client).__name__}"
        raise SfnbError(f"the client that is given is {what}: boto3.client('{service}') is what is needed")
    return client


def is_aws(client: Any) -> bool:
    """Whether a client calls AWS itself."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def call(client: Any, operation: str, **params: Any) -> dict[str, Any]:
    """One call; what is None is left out. Raises Refused, and SfnbError where AWS cannot be reached."""
    from botocore.exceptions import BotoCoreError, ClientError

    given = {name: value for name, value in params.items() if value is not None}
    try:
        answer: dict[str, Any] = getattr(client, operation)(**given)
    except ClientError as fault:
        error = fault.response.get("Error", {})
        raise Refused(error.get("Code", ""), f"{error.get('Code')}: {error.get('Message')}") from None
    except BotoCoreError as fault:
        raise SfnbError(f"AWS cannot be asked: {fault}") from None
    return answer


def pages(client: Any, operation: str, key: str, **params: Any) -> Iterator[dict[str, Any]]:
    """What a list has, page after page; raises as `call` does."""
    token = None
    while True:
        answer = call(client, operation, nextToken=token, maxResults=ALL, **params)
        yield from answer[key]
        token = answer.get("nextToken")
        if not token:
            return


def find_machine(client: Any, name: str) -> str | None:
    """The ARN of the state machine of this name, if there is one."""
    found = pages(client, "list_state_machines", "stateMachines")
    return next((each["stateMachineArn"] for each in found if each["name"] == name), None)
