"""Whether policies allow a request.

Source: IAM user guide, "Policy evaluation logic", "Condition operators".
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.iam.conditions import matches, meets
from sfnb.iam.documents import Document, read_document
from sfnb.iam.evaluate import Request, evaluate
from tests.iam.calls import allowing

QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
SEND = Request(action="sqs:SendMessage", resource=QUEUE)


def allowed(document: dict[str, Any], request: Request = SEND) -> bool:
    return evaluate([read_document(document, "p")], request).allowed


@pytest.mark.parametrize("action", ["sqs:SendMessage", "sqs:*", "*", "SQS:sendmessage", "sqs:Send?essage"])
def test_an_action_is_named_by_pattern_in_any_case(action: str) -> None:
    assert allowed(allowing(action))


@pytest.mark.parametrize("action", ["sqs:SendMessages", "sqs:Receive*", "sns:*"])
def test_another_action_is_not(action: str) -> None:
    assert not allowed(allowing(action))


@pytest.mark.parametrize(
    "resource", [QUEUE, "*", "arn:aws:sqs:*:*:ord*", "arn:aws:sqs:us-east-1:123456789012:order?"]
)
def test_a_resource_is_named_by_pattern(resource: str) -> None:
    assert allowed(allowing("sqs:*", on=resource))


@pytest.mark.parametrize("resource", [QUEUE.upper(), QUEUE + "2", "arn:aws:sqs:us-east-1:123456789012:"])
def test_another_resource_is_not(resource: str) -> None:
    assert not allowed(allowing("sqs:*", on=resource))


def test_what_is_allowed_nowhere_is_denied_and_nobody_said_so() -> None:
    decision = evaluate([], SEND)

    assert (decision.allowed, decision.explicit) == (False, False)


def test_the_statement_that_decided_is_told() -> None:
    decision = evaluate([read_document(allowing("sqs:*", Sid="Send"), "orders")], SEND)

    assert (decision.allowed, decision.policy, decision.statement) == (True, "orders", "Send")


def test_a_deny_wins_wherever_it_stands() -> None:
    allow = read_document(allowing("*"), "all")
    deny = read_document(allowing("sqs:*", effect="Deny", Sid="NoQueues"), "none")

    for documents in ([allow, deny], [deny, allow]):
        decision = evaluate(documents, SEND)
        assert (decision.allowed, decision.policy, decision.statement) == (False, "none", "NoQueues")


def test_not_action_and_not_resource_name_all_others() -> None:
    other = {"Statement": {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:sqs:*:*:secret*"}}

    assert allowed(other)
    assert not allowed(other, Request(action="iam:PassRole", resource=QUEUE))
    assert not allowed(other, Request(action="sqs:SendMessage", resource=QUEUE.replace("orders", "secrets")))


def test_a_boundary_allows_nothing_by_itself_and_bounds_what_is_allowed() -> None:
    everything, queues = read_document(allowing("*"), "all"), read_document(allowing("sqs:*"), "boundary")

    assert evaluate([everything], SEND, queues).allowed
    assert not evaluate([], SEND, queues).allowed
    assert not evaluate([everything], Request(action="sns:Publish"), queues).allowed
    assert not evaluate([everything], SEND, read_document(allowing("sqs:*", effect="Deny"), "b")).allowed


def test_a_variable_in_a_resource_has_its_value_and_no_wildcards() -> None:
    own = allowing("s3:GetObject", on="arn:aws:s3:::home/${aws:username}/*")
    wanted = Request(
        action="s3:GetObject", resource="arn:aws:s3:::home/ann/a", context={"aws:username": ["ann"]}
    )

    assert allowed(own, wanted)
    for name in ("*", "a?n", "bob"):
        other = Request(action="s3:GetObject", resource=wanted.resource, context={"aws:username": [name]})
        assert not allowed(own, other)
    assert not allowed(own, Request(action="s3:GetObject", resource=wanted.resource))
    star = allowing("s3:GetObject", on="arn:aws:s3:::home/${*}")
    assert allowed(star, Request(action="s3:GetObject", resource="arn:aws:s3:::home/*"))
    assert not allowed(star, Request(action="s3:GetObject", resource="arn:aws:s3:::home/x"))


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "met"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "A", "a", False),
        ("StringEqualsIgnoreCase", "A", "a", True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", "a", "a", False),
        ("StringLike", "a*", "ab", True),
        ("StringNotLike", "a*", "ab", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", "10", "ten", False),
        ("NumericGreaterThanEquals", "10", "10", True),
        ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T12:00:00+00:00", True),
        ("DateGreaterThan", "2026-01-02T00:00:00Z", "1767268800", False),
        ("Bool", "true", "True", True),
        ("Bool", "true", "false", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "11.1.2.3", True),
        ("IpAddress", "10.0.0.0/8", "nowhere", False),
        (
            "ArnLike",
            "arn:aws:states:*:123456789012:stateMachine:*",
            "arn:aws:states:x:123456789012:stateMachine:a",
            True,
        ),
        ("ArnEquals", "arn:aws:sqs:*:orders", "arn:aws:sqs:us-east-1:123456789012:orders", False),
        ("ArnNotLike", "arn:aws:sqs:*:*:orders", "arn:aws:sqs:us-east-1:1:prices", True),
    ],
)
def test_an_operator_says(operator: str, wanted: str, found: str, met: bool) -> None:
    assert meets(operator, "k:key", [wanted], {"k:key": [found]}) is met
    assert meets(operator + "IfExists", "K:Key", [wanted], {"k:key": [found]}) is met


@pytest.mark.parametrize(
    ("operator", "met"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("Bool", False),
    ],
)
def test_a_key_that_is_not_there_meets(operator: str, met: bool) -> None:
    assert meets(operator, "k:key", ["a"], {}) is met


def test_several_values_of_a_policy_are_alternatives() -> None:
    assert meets("StringEquals", "k:key", ["a", "b"], {"k:key": ["b"]})
    assert not meets("StringNotEquals", "k:key", ["a", "b"], {"k:key": ["b"]})


def test_several_values_of_a_request_are_told_apart_by_for_any_and_for_all() -> None:
    tags = {"aws:TagKeys": ["team", "cost"]}

    assert meets("ForAnyValue:StringEquals", "aws:TagKeys", ["team"], tags)
    assert not meets("ForAllValues:StringEquals", "aws:TagKeys", ["team"], tags)
    assert meets("ForAllValues:StringEquals", "aws:TagKeys", ["team", "cost", "x"], tags)


def test_null_asks_whether_a_key_is_there() -> None:
    assert meets("Null", "k:key", ["true"], {})
    assert not meets("Null", "k:key", ["true"], {"k:key": ["a"]})
    assert meets("Null", "k:key", ["false"], {"k:key": ["a"]})


def test_all_conditions_have_to_be_met() -> None:
    document = allowing("sqs:*", Condition={"StringEquals": {"a:b": "1", "c:d": ["2", "3"]}})

    assert allowed(document, Request(action=SEND.action, context={"a:b": ["1"], "c:d": ["3"]}))
    assert not allowed(document, Request(action=SEND.action, context={"a:b": ["1"]}))


# Laws

WORDS = st.text("abc*?:/", max_size=8)
RULES = st.builds(
    lambda effect, actions, resources: {"Effect": effect, "Action": actions, "Resource": resources},
    st.sampled_from(["Allow", "Deny"]),
    st.lists(st.sampled_from(["a:B", "a:C", "a:*", "b:*", "*"]), min_size=1, max_size=3),
    st.lists(st.sampled_from(["x", "y", "x*", "*"]), min_size=1, max_size=2),
)
DOCUMENTS = st.lists(
    st.lists(RULES, min_size=1, max_size=3).map(lambda rules: read_document({"Statement": rules}, "p")),
    max_size=3,
)
REQUESTS = st.builds(
    lambda action, resource: Request(action=action, resource=resource),
    st.sampled_from(["a:B", "a:C", "b:D"]),
    st.sampled_from(["x", "y", "xx"]),
)


@given(st.text(max_size=12))
def test_a_text_without_wildcards_matches_itself_alone(text: str) -> None:
    plain = text.replace("*", "").replace("?", "")
    assert matches(plain, plain)
    assert not matches(plain, plain + "x")


@given(WORDS, WORDS, WORDS)
def test_a_star_stands_for_whatever_is_between(before: str, between: str, after: str) -> None:
    plain = [word.replace("*", "").replace("?", "") for word in (before, between, after)]
    assert matches(f"{plain[0]}*{plain[2]}", "".join(plain))
    assert matches("?" * len(plain[1]), plain[1])


@given(WORDS)
def test_a_pattern_that_is_asked_for_as_a_resource_matches_itself(pattern: str) -> None:
    assert matches(pattern, pattern)


@given(DOCUMENTS, REQUESTS)
def test_the_order_of_policies_does_not_matter(documents: list[Document], request: Request) -> None:
    assert evaluate(documents, request).allowed == evaluate(documents[::-1], request).allowed


@given(DOCUMENTS, DOCUMENTS, REQUESTS)
def test_a_further_deny_never_allows_and_an_allow_never_denies(
    documents: list[Document], others: list[Document], request: Request
) -> None:
    before = evaluate(documents, request).allowed
    denies = [Document("d", tuple(rule for rule in each.rules if rule.effect == "Deny")) for each in others]
    allows = [Document("a", tuple(rule for rule in each.rules if rule.effect == "Allow")) for each in others]

    assert before or not evaluate([*documents, *denies], request).allowed
    assert not before or evaluate([*documents, *allows], request).allowed


@given(DOCUMENTS, REQUESTS)
def test_a_boundary_never_allows_more(documents: list[Document], request: Request) -> None:
    for boundary in documents:
        within = evaluate(documents, request, boundary).allowed
        assert not within or evaluate(documents, request).allowed


@given(DOCUMENTS, REQUESTS)
def test_what_decided_is_one_of_the_statements(documents: list[Document], request: Request) -> None:
    decision = evaluate(documents, request)
    effect = "Allow" if decision.allowed else "Deny"

    assert decision.allowed <= decision.explicit
    if decision.explicit:
        rules = [
            rule for document in documents for rule in document.rules if rule.place == decision.statement
        ]
        assert effect in {rule.effect for rule in rules}
