"""EventBridge connections: what an HTTP Task adds to its request so that the API lets it in.

A connection made in this process (`sfnb.create_connection`) stands before those of AWS. One of AWS is
described by EventBridge; its credentials are in a secret of Secrets Manager. Nothing of a connection is
ever written to a history: neither its credentials, nor what else it adds.

Source: EventBridge API reference, CreateConnection; AWS guide, "Call HTTPS APIs in Step Functions".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from sfnb.engine.ports import AwsSession, TaskCall
from sfnb.errors import SfnbError, TaskError
from sfnb.values import Json

Kind = Literal["BASIC", "API_KEY", "OAUTH_CLIENT_CREDENTIALS"]

MASK = "REDACTED"
"""Stands for what is secret where a request is shown."""

PREFIX = "Events.ConnectionResource."


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What is added to a request by name: its headers, its query, and the members of its body."""

    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    body: dict[str, str] = {}

    def __repr__(self) -> str:
        return "Parameters(...)"  # they may hold a key

    def masked(self) -> Parameters:
        return Parameters(
            headers=dict.fromkeys(self.headers, MASK),
            query=dict.fromkeys(self.query, MASK),
            body=dict.fromkeys(self.body, MASK),
        )


class OAuth(msgspec.Struct, frozen=True, kw_only=True):
    """Where a token is asked for, with the grant type `client_credentials`. method: GET, POST or PUT."""

    endpoint: str
    method: str
    client_id: str
    client_secret: str
    parameters: Parameters = Parameters()

    def __repr__(self) -> str:
        return f"OAuth({self.endpoint!r})"


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A connection with its credentials, which its `repr` does not show.

    user: of BASIC, or the name of the header of API_KEY. secret: its password, or that header's value.
    oauth: of OAUTH_CLIENT_CREDENTIALS. parameters: what every request is given besides.
    """

    arn: str
    kind: Kind
    user: str = ""
    secret: str = ""
    oauth: OAuth | None = None
    parameters: Parameters = Parameters()

    def __repr__(self) -> str:
        return f"<{self.kind} connection {name_of(self.arn)}>"

    def headers(self, token: str | None = None) -> dict[str, str]:
        """All headers that it adds. token: the access token of OAuth."""
        match self.kind:
            case "BASIC":
                pair = base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
                allowed = {"Authorization": f"Basic {pair}"}
            case "API_KEY":
                allowed = {self.user: self.secret}
            case "OAUTH_CLIENT_CREDENTIALS":
                allowed = {"Authorization": f"Bearer {token}"}
        return {**allowed, **self.parameters.headers}

    def masked(self) -> Connection:
        """The same with nothing in it that is secret; what is shown of a request is made with this."""
        name = "Authorization" if self.kind != "API_KEY" else self.user
        return Connection(
            arn=self.arn, kind="API_KEY", user=name, secret=MASK, parameters=self.parameters.masked()
        )


def name_of(arn: str) -> str:
    """The name of a connection.

    >>> name_of("arn:aws:events:us-east-1:123456789012:connection/Stripe/81210c42"), name_of("Stripe")
    ('Stripe', 'Stripe')
    """
    return arn.rpartition(":")[2].removeprefix("connection/").partition("/")[0]


def known(arn: str, connections: Mapping[str, Any]) -> Connection | None:
    """The connection of this process with the name that an ARN has, wherever it points."""
    found: Connection | None = connections.get(name_of(arn))
    return found


def made(
    arn: str,
    basic: tuple[str, str] | None,
    api_key: tuple[str, str] | None,
    oauth: Mapping[str, str] | None,
    parameters: Parameters,
) -> Connection:
    """A connection of this process; raises SfnbError unless it is of one kind."""
    if (basic is not None) + (api_key is not None) + (oauth is not None) != 1:
        raise SfnbError(
            f"connection '{name_of(arn)}': give one of basic=(user, password), api_key=(header, value), "
            "oauth={'endpoint', 'client_id', 'client_secret'}"
        )
    if basic is not None:
        user, secret = _pair(arn, basic, "basic=(user, password)")
        return Connection(arn=arn, kind="BASIC", user=user, secret=secret, parameters=parameters)
    if api_key is not None:
        user, secret = _pair(arn, api_key, "api_key=(header, value)")
        return Connection(arn=arn, kind="API_KEY", user=user, secret=secret, parameters=parameters)
    way = _oauth(arn, oauth)
    return Connection(arn=arn, kind="OAUTH_CLIENT_CREDENTIALS", oauth=way, parameters=parameters)


def _pair(arn: str, given: object, form: str) -> tuple[str, str]:
    """Two texts; raises SfnbError, which does not repeat what was given: it may be a secret."""
    if not isinstance(given, tuple | list):
        what = f"one {type(given).__name__}"
    elif len(given) != 2:
        what = f"{len(given)} things"
    elif all(isinstance(each, str) for each in given):
        return given[0], given[1]
    else:
        what = "those of other types"
    raise SfnbError(f"connection '{name_of(arn)}': give {form}, a pair of texts, not {what}")


def _oauth(arn: str, oauth: object) -> OAuth:
    needed = ("endpoint", "client_id", "client_secret")
    if not isinstance(oauth, Mapping):
        raise SfnbError(f"connection '{name_of(arn)}': oauth is a dict with {', '.join(needed)}")
    lacking = [name for name in needed if name not in oauth]
    if lacking:
        raise SfnbError(f"connection '{name_of(arn)}': oauth lacks {', '.join(lacking)}")
    return OAuth(
        endpoint=oauth["endpoint"],
        method=oauth.get("method", "POST"),
        client_id=oauth["client_id"],
        client_secret=oauth["client_secret"],
    )


# Those of AWS


def fetch(arn: str, call: TaskCall, aws: AwsSession) -> Connection:
    """A connection of AWS with its credentials; raises TaskError as a failing HTTP Task does."""
    from botocore.exceptions import BotoCoreError, ClientError

    parts = arn.split(":")
    region = parts[3] if len(parts) > 5 and parts[3] else call.region
    role = (call.credentials or {}).get("RoleArn")
    try:
        events = aws.client("events", region=region, role_arn=role)
        told = events.describe_connection(Name=name_of(arn))
        _check_state(told)
        secrets = aws.client("secretsmanager", region=region, role_arn=role)
        secret = json.loads(secrets.get_secret_value(SecretId=told["SecretArn"])["SecretString"])
    except ClientError as fault:
        raise _refused(fault.response.get("Error", {})) from None
    except BotoCoreError as fault:
        raise TaskError(f"{PREFIX}InternalError", str(fault)) from None
    return connection_of(told, secret)


def _check_state(told: Mapping[str, Any]) -> None:
    state = told.get("ConnectionState")
    if state == "AUTHORIZED":
        return
    error = "AuthInProgress" if state in ("AUTHORIZING", "CREATING") else "InvalidConnectionState"
    raise TaskError(f"{PREFIX}{error}", f"The connection {told.get('ConnectionArn')} is {state}")


def _refused(error: Mapping[str, Any]) -> TaskError:
    code = str(error.get("Code", ""))
    names = {
        "ResourceNotFoundException": "ResourceNotFound",
        "AccessDeniedException": "AccessDenied",
        "AccessDenied": "AccessDenied",
        "ConcurrentModificationException": "ConcurrentModification",
    }
    return TaskError(f"{PREFIX}{names.get(code, 'InternalError')}", str(error.get("Message", code)))


def connection_of(told: Mapping[str, Any], secret: Mapping[str, Any]) -> Connection:
    """A connection of what EventBridge tells of it and of the secret that it keeps.

    The secret's keys are in snake_case: `username` and `password`, `api_key_name` and `api_key_value`, or
    those of the client, and `invocation_http_parameters`.
    """
    kind: Kind = told["AuthorizationType"]
    oauth = None
    if kind == "OAUTH_CLIENT_CREDENTIALS":
        client = secret.get("client_parameters") or secret
        public = told.get("AuthParameters", {}).get("OAuthParameters", {})
        oauth = OAuth(
            endpoint=str(secret.get("authorization_endpoint") or public.get("AuthorizationEndpoint")),
            method=str(secret.get("http_method") or public.get("HttpMethod") or "POST"),
            client_id=str(client.get("client_id", "")),
            client_secret=str(client.get("client_secret", "")),
            parameters=_parameters(secret, "oauth_http_parameters", "o_auth_http_parameters"),
        )
    return Connection(
        arn=str(told["ConnectionArn"]),
        kind=kind,
        user=str(secret.get("username") or secret.get("api_key_name") or ""),
        secret=str(secret.get("password") or secret.get("api_key_value") or ""),
        oauth=oauth,
        parameters=_parameters(secret, "invocation_http_parameters"),
    )


def _parameters(secret: Mapping[str, Any], *names: str) -> Parameters:
    found: dict[str, Any] = next((secret[name] for name in names if secret.get(name)), {})

    def pairs(kind: str) -> dict[str, str]:
        return {str(each["key"]): str(each.get("value", "")) for each in found.get(kind) or ()}

    return Parameters(
        headers=pairs("header_parameters"),
        query=pairs("query_string_parameters"),
        body=pairs("body_parameters"),
    )


def token_in(answer: Json) -> str | None:
    """The access token that an authorization endpoint answered with; None where there is none."""
    token = answer.get("access_token") if isinstance(answer, dict) else None
    return token if isinstance(token, str) and token else None
