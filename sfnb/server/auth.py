"""Who may call: AWS's signatures, version 4, checked with botocore's own signer.

Source: AWS guide, "AWS Signature Version 4 for API requests"; the errors' words are those of its services.
"""

from __future__ import annotations

import configparser
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from sfnb.errors import SfnbError

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "states"
"""What requests for Step Functions are signed for."""
SKEW = timedelta(minutes=5)
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STAMP = "%Y%m%dT%H%M%SZ"

NO_MATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)
BAD_TOKEN = "The security token included in the request is invalid."
EXPIRED_TOKEN = "The security token included in the request is expired"

Headers = Sequence[tuple[str, str]]
"""As they came; names in lower case."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials that may call. Nothing shows the secret.

    session_token: has to come with each request where it is given. expires: when they end.
    """

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    expires: datetime | None = None

    def __repr__(self) -> str:
        return f"Key({self.access_key_id})"


class Unauthorized(SfnbError):
    """A request that is not let in. code: AWS's error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What an Authorization header says. scope: date, region, service, "aws4_request"."""

    access_key_id: str
    scope: tuple[str, ...]
    headers: tuple[str, ...]
    signature: str


def read_keys(path: Path) -> list[Key]:
    """The keys of a file in the format of `~/.aws/credentials`; `expiration` there ends one.

    Raises SfnbError where the file cannot be read or has none.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        keys = [_key(parser[section]) for section in parser.sections()]
    except (OSError, UnicodeDecodeError) as fault:
        raise SfnbError(f"cannot read the keys in '{path}': {fault}") from None
    except (configparser.Error, KeyError, ValueError):  # whose words may quote a secret
        raise SfnbError(f"'{path}' is no file of keys: it has to look like ~/.aws/credentials") from None
    if not keys:
        raise SfnbError(f"there is no key in '{path}'")
    return keys


def _key(section: Mapping[str, str]) -> Key:
    expires = section.get("expiration")
    moment = None if expires is None else datetime.fromisoformat(expires)
    return Key(
        access_key_id=section["aws_access_key_id"],
        secret_access_key=section["aws_secret_access_key"],
        session_token=section.get("aws_session_token"),
        expires=moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment,
    )


class Signatures:
    """Checks that requests are signed with one of some keys, for a region."""

    def __init__(self, keys: Sequence[Key], region: str) -> None:
        self._keys = {key.access_key_id: key for key in keys}
        self._region = region

    def check(
        self,
        method: str,
        target: str,
        headers: Headers,
        body: bytes,
        now: datetime,
        service: str = SERVICE,
    ) -> None:
        """Raises Unauthorized. target: path and query as they came. service: what it has to be signed for."""
        found = dict(headers)
        if "authorization" not in found:
            raise Unauthorized("MissingAuthenticationTokenException", "Missing Authentication Token")
        signed = read_authorization(found["authorization"])
        if "x-amz-target" in found and "x-amz-target" not in signed.headers:
            raise Unauthorized("InvalidSignatureException", NO_MATCH)  # anybody could name another operation
        stamp = found.get("x-amz-date", "")
        self._check_moment(signed, stamp, now)
        self._check_scope(signed, stamp, service)
        key = self._keys.get(signed.access_key_id)
        if key is None or not _equal(key.session_token or "", found.get("x-amz-security-token", "")):
            raise Unauthorized("UnrecognizedClientException", BAD_TOKEN)
        if key.expires is not None and now >= key.expires:
            raise Unauthorized("ExpiredTokenException", EXPIRED_TOKEN)
        declared = found.get("x-amz-content-sha256", UNSIGNED_PAYLOAD)
        if declared != UNSIGNED_PAYLOAD and not _equal(declared, hashlib.sha256(body).hexdigest()):
            raise Unauthorized("InvalidSignatureException", NO_MATCH)
        if not _equal(_signature(key, signed, method, target, headers, body, stamp), signed.signature):
            raise Unauthorized("InvalidSignatureException", NO_MATCH)

    def _check_moment(self, signed: Signed, stamp: str, now: datetime) -> None:
        try:
            moment = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
        except ValueError:
            raise Unauthorized(
                "IncompleteSignatureException",
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ) from None
        shown = f"{now:{STAMP}}"
        if moment < now - SKEW:
            ago = f"{now - SKEW:{STAMP}} ({shown} - 5 min.)"
            raise Unauthorized(
                "InvalidSignatureException", f"Signature expired: {stamp} is now earlier than {ago}"
            )
        if moment > now + SKEW:
            ahead = f"{now + SKEW:{STAMP}} ({shown} + 5 min.)"
            raise Unauthorized(
                "InvalidSignatureException", f"Signature not yet current: {stamp} is still later than {ahead}"
            )

    def _check_scope(self, signed: Signed, stamp: str, expected: str) -> None:
        date, region, service, end = signed.scope
        if end != "aws4_request":
            wrong = f"Credential should be scoped with a valid terminator: 'aws4_request', not '{end}'."
        elif service != expected:
            wrong = f"Credential should be scoped to correct service: '{expected}'. "
        elif region != self._region:
            wrong = f"Credential should be scoped to a valid region, not '{region}'. "
        elif date != stamp[:8]:
            wrong = (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{date}' != '{stamp[:8]}', from '{stamp}'."
            )
        else:
            return
        raise Unauthorized("InvalidSignatureException", wrong)


def read_authorization(header: str) -> Signed:
    """Raises Unauthorized where it is not what AWS's SDKs send."""
    algorithm, _, rest = header.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Authorization header requires the algorithm '{ALGORITHM}'.")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
    if missing:
        words = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise _incomplete(words)
    access_key_id, *scope = parts["Credential"].split("/")
    if len(scope) != 4:
        raise _incomplete(f"Credential must have exactly 5 slash-delimited elements, not {len(scope) + 1}.")
    headers = tuple(parts["SignedHeaders"].lower().split(";"))
    if "host" not in headers:
        words = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        raise Unauthorized("InvalidSignatureException", words)
    return Signed(
        access_key_id=access_key_id, scope=tuple(scope), headers=headers, signature=parts["Signature"]
    )


def _signature(
    key: Key, signed: Signed, method: str, target: str, headers: Headers, body: bytes, stamp: str
) -> str:
    """What the signature has to be. Only the signed headers count, but all of them."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method=method, url=f"http://localhost{target}", data=body)
    for name, value in headers:
        if name in signed.headers:
            request.headers[name] = value
    request.context["timestamp"] = stamp
    credentials = Credentials(key.access_key_id, key.secret_access_key)
    signer = SigV4Auth(credentials, signed.scope[2], signed.scope[1])
    signer.headers_to_sign = lambda each: each.headers  # botocore itself would leave some out
    canonical = signer.canonical_request(request)
    signature: str = signer.signature(signer.string_to_sign(request, canonical), request)
    return signature


def _equal(one: str, other: str) -> bool:
    """In a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def _incomplete(words: str) -> Unauthorized:
    return Unauthorized("IncompleteSignatureException", words)
