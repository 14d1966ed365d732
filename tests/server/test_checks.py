"""What an operation takes. The words are those of recorded answers of AWS where there are any."""

from __future__ import annotations

import pytest

from sfnb.server.checks import BrokenConstraints, SerializationException, inputs, model, read

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
ALIAS_PATTERN = r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"
ROUTE = f"RoutingConfigurationListItem(stateMachineVersionArn={ARN}:1, weight=100)"
ROUTING = [{"stateMachineVersionArn": f"{ARN}:1", "weight": 100}]


def test_every_operation_of_the_model_can_be_read() -> None:
    assert len(inputs()) == 37
    assert list(inputs()) == list(model().operation_names)


def test_what_is_right_comes_out_as_it_went_in() -> None:
    params = {"name": "PROD", "routingConfiguration": ROUTING, "description": ""}

    assert read("CreateStateMachineAlias", params) == params


def test_what_is_null_or_unknown_is_left_out() -> None:
    params = {"stateMachineArn": ARN, "name": None, "colour": "red"}

    assert read("StartExecution", params) == {"stateMachineArn": ARN}


@pytest.mark.parametrize(
    ("operation", "params", "finding"),
    [
        (
            "StartExecution",
            {},
            "Value null at 'stateMachineArn' failed to satisfy constraint: Member must not be null",
        ),
        (
            "SendTaskSuccess",  # what is sensitive is not quoted, nor called null
            {"taskToken": "t"},
            "Value at 'output' failed to satisfy constraint: Member must not be null",
        ),
        (
            "SendTaskHeartbeat",
            {"taskToken": "t" * 2049},
            "Value at 'taskToken' failed to satisfy constraint: "
            "Member must have length less than or equal to 2048",
        ),
        (
            "ListExecutions",
            {"maxResults": 1001},
            "Value '1001' at 'maxResults' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000",
        ),
        (
            "ListStateMachines",
            {"nextToken": "x" * 1025},
            f"Value '{'x' * 1025}' at 'nextToken' failed to satisfy constraint: "
            "Member must have length less than or equal to 1024",
        ),
        (
            "CreateStateMachineAlias",
            {"name": "123", "routingConfiguration": ROUTING},
            "Value '123' at 'name' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {ALIAS_PATTERN}",
        ),
        (
            "CreateStateMachineAlias",
            {"name": "a", "routingConfiguration": ROUTING * 3},
            f"Value '[{ROUTE}, {ROUTE}, {ROUTE}]'"
            " at 'routingConfiguration' failed to satisfy constraint: "
            "Member must have length less than or equal to 2",
        ),
        (
            "CreateActivity",
            {"name": ""},
            "Value '' at 'name' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            "DescribeExecution",
            {"executionArn": ARN, "includedData": "SOME"},
            "Value 'SOME' at 'includedData' failed to satisfy constraint: "
            "Member must satisfy enum value set: [ALL_DATA, METADATA_ONLY]",
        ),
        (
            "TagResource",
            {"resourceArn": ARN, "tags": [{"key": "k"}, {"key": "", "value": "v"}]},
            "Value '' at 'tags.2.member.key' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            "UntagResource",
            {"resourceArn": ARN, "tagKeys": ["a", ""]},
            "Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: "
            "[Member must have length less than or equal to 128, "
            "Member must have length greater than or equal to 1, Member must not be null]",
        ),
        (
            "UpdateMapRun",
            {"mapRunArn": ARN, "toleratedFailurePercentage": 100.5},
            "Value '100.5' at 'toleratedFailurePercentage' failed to satisfy constraint: "
            "Member must have value less than or equal to 100",
        ),
        (
            "StartExecution",
            {"stateMachineArn": ARN, "traceHeader": "é"},
            "Value 'é' at 'traceHeader' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: \p{ASCII}*",
        ),
    ],
)
def test_a_broken_constraint_is_told_in_the_words_of_aws(
    operation: str, params: object, finding: str
) -> None:
    with pytest.raises(BrokenConstraints) as refused:
        read(operation, params)
    assert str(refused.value) == f"1 validation error detected: {finding}"


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BrokenConstraints) as refused:
        read("CreateStateMachineAlias", {"name": "!", "routingConfiguration": [{"weight": 101}]})

    assert str(refused.value) == (
        "3 validation errors detected: "
        "Value '!' at 'name' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {ALIAS_PATTERN}; "
        "Value null at 'routingConfiguration.1.member.stateMachineVersionArn' failed to satisfy constraint: "
        "Member must not be null; "
        "Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )


@pytest.mark.parametrize(
    ("operation", "params", "words"),
    [
        ("StartExecution", {"stateMachineArn": 5}, "NUMBER_VALUE cannot be converted to String"),
        ("StartExecution", {"stateMachineArn": True}, "TRUE_VALUE cannot be converted to String"),
        ("StartExecution", {"stateMachineArn": 1.5}, "DECIMAL_VALUE cannot be converted to String"),
        ("StartExecution", {"stateMachineArn": []}, "Unrecognized collection type class java.lang.String"),
        ("StartExecution", {"stateMachineArn": {}}, "Start of structure or map found where not expected"),
        ("ListStateMachines", {"maxResults": "5"}, "STRING_VALUE cannot be converted to Integer"),
        ("ListStateMachines", {"maxResults": False}, "FALSE_VALUE cannot be converted to Integer"),
        ("GetExecutionHistory", {"reverseOrder": "yes"}, "Unexpected token received from parser"),
        ("GetExecutionHistory", {"reverseOrder": 1}, "NUMBER_VALUE cannot be converted to Boolean"),
        ("TagResource", {"tags": "a"}, "Unexpected field type"),
        ("TagResource", {"tags": {}}, "Start of structure or map found where not expected"),
        ("TagResource", {"tags": ["a"]}, "Unexpected field type"),
        ("ListStateMachines", [], "Unrecognized collection type"),
        ("ListStateMachines", None, "Unexpected field type"),
    ],
)
def test_a_value_of_the_wrong_type_is_not_read_at_all(operation: str, params: object, words: str) -> None:
    known = {"executionArn": ARN, "resourceArn": ARN}
    with pytest.raises(SerializationException, match=f"^{words}$"):
        read(operation, {**known, **params} if isinstance(params, dict) else params)


def test_a_whole_number_with_decimals_is_cut() -> None:
    assert read("ListStateMachines", {"maxResults": 3.7}) == {"maxResults": 3}
