"""Signatures, as botocore makes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from sfnb.errors import SfnbError
from sfnb.server.auth import Headers, Key, Signatures, Unauthorized, read_keys

KEY = Key(access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI")
SESSION = Key(access_key_id="ASIAEXAMPLE", secret_access_key="bPxRfiCYEXAMPLE", session_token="a/token")
REGION = "us-east-1"
BODY = b'{"maxResults": 5}'
TARGET = "AWSStepFunctions.ListStateMachines"


def signed(
    key: Key = KEY,
    *,
    secret: str | None = None,
    region: str = REGION,
    service: str = "states",
    body: bytes = BODY,
    more: dict[str, str] | None = None,
) -> list[tuple[str, str]]:
    """The headers of a request that botocore signs, now."""
    headers = {"Host": "localhost:8083", "X-Amz-Target": TARGET, **(more or {})}
    request: Any = AWSRequest("POST", "http://localhost:8083/", data=body, headers=headers)
    credentials = Credentials(key.access_key_id, secret or key.secret_access_key, key.session_token)
    SigV4Auth(credentials, service, region).add_auth(request)
    return [(name.lower(), value) for name, value in request.headers.items()]


def check(headers: Headers, *, keys: list[Key] | None = None, body: bytes = BODY, late: float = 0) -> None:
    now = datetime.now(UTC) + timedelta(seconds=late)
    Signatures(keys or [KEY, SESSION], REGION).check("POST", "/", headers, body, now)


def changed(headers: Headers, name: str, old: str, new: str) -> list[tuple[str, str]]:
    found = dict(headers)
    assert old in found[name]
    return list({**found, name: found[name].replace(old, new)}.items())


def without(headers: Headers, name: str) -> list[tuple[str, str]]:
    return [(each, value) for each, value in headers if each != name]


def code(headers: Headers, **options: Any) -> str:
    with pytest.raises(Unauthorized) as refused:
        check(headers, **options)
    return refused.value.code


def test_what_is_signed_with_a_key_comes_in() -> None:
    check(signed())


def test_so_does_what_is_signed_with_a_session() -> None:
    check(signed(SESSION))


def test_headers_that_botocore_would_not_sign_may_be_signed() -> None:
    """Other SDKs sign more than botocore does."""
    headers = {"host": "localhost:8083", "user-agent": "aws-sdk-other", "x-amz-target": TARGET}
    request: Any = AWSRequest("POST", "http://localhost:8083/", data=BODY, headers=headers)
    signer: Any = SigV4Auth(Credentials(KEY.access_key_id, KEY.secret_access_key), "states", REGION)
    signer.headers_to_sign = lambda request: HTTPHeaders.from_dict(
        {name.lower(): value for name, value in request.headers.items()}
    )
    signer.add_auth(request)

    assert "user-agent" in request.headers["Authorization"]
    check([(name.lower(), value) for name, value in request.headers.items()])


def test_what_is_not_signed_does_not() -> None:
    assert code(without(signed(), "authorization")) == "MissingAuthenticationTokenException"


def test_nor_what_is_signed_with_another_secret() -> None:
    assert code(signed(secret="another")) == "InvalidSignatureException"


def test_nor_with_a_key_that_is_not_known() -> None:
    unknown = Key(access_key_id="AKIDOTHER", secret_access_key="x")

    assert code(signed(unknown)) == "UnrecognizedClientException"


def test_nor_a_session_with_another_token() -> None:
    headers = changed(signed(SESSION), "x-amz-security-token", "a/token", "b/token")

    assert code(headers) == "UnrecognizedClientException"


def test_nor_a_session_that_has_ended() -> None:
    ended = Key(
        access_key_id="A", secret_access_key="s", session_token="t", expires=datetime(2020, 1, 1, tzinfo=UTC)
    )

    assert code(signed(ended), keys=[ended]) == "ExpiredTokenException"


def test_nor_another_body() -> None:
    assert code(signed(), body=b'{"maxResults": 6}') == "InvalidSignatureException"


def test_nor_another_operation() -> None:
    headers = changed(signed(), "x-amz-target", "List", "Delete")

    assert code(headers) == "InvalidSignatureException"


def test_nor_an_operation_that_was_not_signed() -> None:
    headers = [*without(signed(), "x-amz-target")]
    unsigned = changed(headers, "authorization", ";x-amz-target", "")

    assert code([*unsigned, ("x-amz-target", TARGET)]) == "InvalidSignatureException"


@pytest.mark.parametrize("late", [301, -301])
def test_nor_what_was_signed_more_than_five_minutes_ago_or_ahead(late: float) -> None:
    assert code(signed(), late=late) == "InvalidSignatureException"
    check(signed(), late=late * 0.95)


def test_nor_what_is_signed_for_elsewhere() -> None:
    assert code(signed(region="eu-west-1")) == "InvalidSignatureException"
    assert code(signed(service="dynamodb")) == "InvalidSignatureException"


def test_a_body_may_go_unsigned() -> None:
    headers = signed(more={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})

    check(headers, body=b"anything")


def test_but_not_by_a_header_that_is_not_signed_itself() -> None:
    headers = [*signed(), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]

    check(headers)
    assert code(headers, body=b"anything") == "InvalidSignatureException"


def test_a_hash_that_is_not_the_bodys_is_refused() -> None:
    headers = signed(more={"X-Amz-Content-SHA256": "0" * 64})

    assert code(headers) == "InvalidSignatureException"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer abc",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 =,,=,",
        "AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=x",
    ],
)
def test_what_is_no_signature_is_incomplete(authorization: str) -> None:
    headers = [*without(signed(), "authorization"), ("authorization", authorization)]

    assert code(headers) == "IncompleteSignatureException"


@pytest.mark.parametrize("stamp", ["", "yesterday", "20260101T000000"])
def test_a_date_that_is_none_is_incomplete(stamp: str) -> None:
    headers = [*without(signed(), "x-amz-date"), ("x-amz-date", stamp)]

    assert code(headers) == "IncompleteSignatureException"


def test_keys_are_read_from_a_file_like_that_of_the_aws_cli(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text(
        "[default]\naws_access_key_id = AKID\naws_secret_access_key = s%cret\n\n"
        "[session]\naws_access_key_id = ASIA\naws_secret_access_key = other\naws_session_token = t\n"
        "expiration = 2030-01-01T00:00:00Z\n"
    )

    assert read_keys(file) == [
        Key(access_key_id="AKID", secret_access_key="s%cret"),
        Key(
            access_key_id="ASIA",
            secret_access_key="other",
            session_token="t",
            expires=datetime(2030, 1, 1, tzinfo=UTC),
        ),
    ]


@pytest.mark.parametrize("text", ["", "[a]\naws_access_key_id = AKID\n", "top-secret", "[a]\n[a]\n", "\xff"])
def test_a_file_without_keys_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials"
    file.write_text(text, encoding="latin-1")

    with pytest.raises(SfnbError) as refused:
        read_keys(file)
    assert "top-secret" not in str(refused.value)


def test_a_key_does_not_show_its_secret() -> None:
    assert repr(SESSION) == "Key(ASIAEXAMPLE)"
    assert "bPx" not in f"{SESSION}"
