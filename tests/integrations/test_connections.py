"""Connections as they are made: of one kind, and with what that kind needs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sfnb.errors import SfnbError
from sfnb.integrations.connections import Connection, Parameters, made

ARN = "arn:aws:events:us-east-1:123456789012:connection/carrier/81210c42"


def make(**kind: Any) -> Connection:
    return made(ARN, **({"basic": None, "api_key": None, "oauth": None} | kind), parameters=Parameters())


@pytest.mark.parametrize("pair", [("bob", "secret"), ["bob", "secret"]])
def test_a_pair_is_taken(pair: Any) -> None:
    connection = make(api_key=pair)

    assert (connection.kind, connection.user, connection.secret) == ("API_KEY", "bob", "secret")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ({"basic": "bob:secret"}, "give basic=(user, password), a pair of texts, not one str"),
        ({"basic": "xy"}, "give basic=(user, password), a pair of texts, not one str"),
        ({"api_key": "x"}, "give api_key=(header, value), a pair of texts, not one str"),
        ({"api_key": {"header": "x", "value": "y"}}, "a pair of texts, not one dict"),
        ({"basic": ()}, "a pair of texts, not 0 things"),
        ({"basic": ("bob", 5)}, "a pair of texts, not those of other types"),
        ({"oauth": "x"}, "oauth is a dict with endpoint, client_id, client_secret"),
        ({"oauth": {"endpoint": "https://x"}}, "oauth lacks client_id, client_secret"),
        ({}, "give one of basic=(user, password), api_key=(header, value), oauth="),
        ({"basic": ("a", "b"), "api_key": ("c", "d")}, "give one of basic="),
    ],
)
def test_what_makes_no_connection_is_told_with_the_right_form(kind: dict[str, Any], says: str) -> None:
    with pytest.raises(SfnbError, match=f"^connection 'carrier': .*{re.escape(says)}") as told:
        make(**kind)
    assert "secret" not in str(told.value).replace("client_secret", "")
