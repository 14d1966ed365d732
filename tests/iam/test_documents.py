"""Documents as IAM takes them, and what is said of others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sfnb.iam.documents import MalformedPolicy, read_document
from sfnb.iam.policy import Policy
from tests.iam.calls import allowing


@pytest.mark.parametrize(
    "given",
    [
        allowing("sqs:SendMessage"),
        json.dumps(allowing("sqs:SendMessage")),
        json.dumps(allowing("sqs:SendMessage")).encode(),
        {"Version": "2012-10-17", "Statement": allowing("sqs:SendMessage")["Statement"][0]},
        {"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}},
    ],
)
def test_a_document_is_read_from_an_object_and_from_text(given: Any) -> None:
    (rule,) = read_document(given, "orders").rules

    assert (rule.place, rule.actions, rule.resources) == ("Statement[0]", ("sqs:SendMessage",), ("*",))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{", "policy 'p' is not JSON: "),
        ([], "policy 'p' is list, expected a JSON object"),
        ({"Version": "2020-01-01"}, "policy 'p', Version: found '2020-01-01', expected '2012-10-17'"),
        ({}, "policy 'p', Statement: expected a list of statements"),
        ({"Statement": ["x"]}, "policy 'p', Statement[0]: expected an object"),
        (allowing("a:B", effect="allow"), "Statement[0], Effect: found 'allow', expected 'Allow' or 'Deny'"),
        (allowing("a:B", Actions=[]), "Statement[0]: unknown field 'Actions'; there are Action, "),
        (allowing("a:B", NotAction="c:D"), "Statement[0]: expected Action or NotAction, one of the two"),
        (allowing("SendMessage"), "Statement[0], Action: 'SendMessage' has no service, as in "),
        (allowing("a:B", on=[]), "Statement[0], Resource: expected a text or a list of texts, found []"),
        (allowing("a:B", Principal="*"), "Statement[0]: a role's own policy has no Principal"),
        (
            allowing("a:B", Condition={"StringLikes": {}}),
            "Statement[0], Condition: unknown operator 'StringLikes'",
        ),
        (allowing("a:B", Condition={"ForAnyValue:Null": {}}), "unknown operator 'ForAnyValue:Null'"),
        (allowing("a:B", Condition={"Bool": 1}), "Condition/Bool: expected an object of keys"),
    ],
)
def test_a_fault_is_told_with_its_place(given: Any, message: str) -> None:
    with pytest.raises(MalformedPolicy) as raised:
        read_document(given, "p")
    assert message in str(raised.value)


def test_a_policy_that_grants_nothing_is_a_document() -> None:
    assert read_document(Policy(()), "p").rules == ()


def test_a_trust_policy_has_principals_and_no_resources() -> None:
    trust = {
        "Statement": {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    }
    (rule,) = read_document(trust, "trust", trust=True).rules
    assert rule.principals == (("AWS", ("123456789012",)),)

    with pytest.raises(MalformedPolicy, match="Principal: expected"):
        read_document({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}, "t", trust=True)
