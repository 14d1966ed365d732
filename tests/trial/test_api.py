"""TestState as boto3 asks for it; cases.json says who says so. Recorded answers are in tests/parity."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfnb.errors import SfnbError, TaskError
from sfnb.service import StepFunctions
from sfnb.trial.request import request_of

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
LAMBDA = "arn:aws:states:::lambda:invoke"
ROLE = "arn:aws:iam::111111111111:role/r"


@pytest.fixture(scope="module")
def service() -> Iterator[StepFunctions]:
    made = StepFunctions(account="111111111111")
    yield made
    made.close()


def asked(service: StepFunctions, **params: Any) -> dict[str, Any]:
    return service.test_state(request_of({**params, "definition": json.dumps(params["definition"])}))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_state_is_tested_as_aws_does(service: StepFunctions, case: dict[str, Any]) -> None:
    if "refused" not in case:
        assert asked(service, **case["params"]) == case["expected"]
        return
    with pytest.raises(SfnbError) as refusal:
        asked(service, **case["params"])
    assert [type(refusal.value).__name__, str(refusal.value)] == case["refused"]


def test_without_a_mock_the_call_is_made(service: StepFunctions) -> None:
    service.registry.functions["price"] = lambda order: {"price": 3 * order["n"]}
    definition = {
        "Type": "Task",
        "Resource": LAMBDA,
        "Parameters": {"FunctionName": "price", "Payload.$": "$"},
        "OutputPath": "$.Payload",
        "End": True,
    }

    answer = asked(service, definition=definition, roleArn=ROLE, input='{"n": 2}')

    assert answer == {"output": '{"price":6}', "status": "SUCCEEDED"}
    assert service.list_executions() == []
    assert list(service.store.executions()) == []


def test_a_call_fails_as_in_an_execution(service: StepFunctions) -> None:
    def refuse(order: Any) -> None:
        raise TaskError("Declined", "no money")

    service.registry.functions["pay"] = refuse
    definition = {
        "Type": "Task",
        "Resource": "arn:aws:lambda:us-east-1:111111111111:function:pay",
        "Catch": [{"ErrorEquals": ["Declined"], "Next": "Ask"}],
        "End": True,
    }

    answer = asked(service, definition=definition, roleArn=ROLE)

    assert (answer["status"], answer["nextState"], answer["cause"]) == ("CAUGHT_ERROR", "Ask", "no money")


def test_the_context_object_is_made_up_as_aws_does(service: StepFunctions) -> None:
    definition = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states %}", "End": True}

    states = json.loads(asked(service, definition=definition, input="7")["output"])

    context = states["context"]
    name = context["StateMachine"]["Name"]
    assert states.keys() == {"input", "context"}
    assert context["Execution"]["Id"] == (
        f"arn:aws:states:us-east-1:111111111111:express:{name}:{context['Execution']['Name']}"
    )
    assert context["Execution"]["RoleArn"] is None
    assert context["State"].keys() == {"Name", "EnteredTime"}
    assert context["State"]["Name"] == "StateName"
