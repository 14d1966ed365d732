"""Walking a case, with a world made by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from .lambdas import Handler, LambdaError, RawPayload, make_handler
from .loader import Case, Step
from .runner import MARK, ROLE_ARN, Run, differences, run_case

MACHINE = "arn:<partition>:states:<region>:111111111111:stateMachine:<ArnPart_0idx>"
EXECUTION = "arn:<partition>:states:<region>:111111111111:execution:<ArnPart_0idx>:<ExecArnPart_0idx>"


class Refusal(Exception):
    code = "InvalidArn"
    message = "Invalid Arn: 'x'"


class StubWorld:
    """Answers each operation by a function, and notes what was asked."""

    def __init__(self, **operations: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.api: Any = self
        self.mark = MARK
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.lambdas: dict[str, Handler] = {}
        self._operations = operations

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        def answer(**params: Any) -> dict[str, Any]:
            self.asked.append((operation, params))
            return self._operations[operation](params)

        return answer

    def define_lambda(self, name: str, handler: Handler) -> None:
        self.lambdas[name] = handler

    def wait(self, execution_arn: str) -> None:
        self.asked.append(("wait", {"executionArn": execution_arn}))

    def sleep(self, seconds: float) -> None:
        self.asked.append(("sleep", {"seconds": seconds}))

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def close(self) -> None: ...


def started(params: dict[str, Any]) -> dict[str, Any]:
    arn = params["stateMachineArn"].replace(":stateMachine:", ":execution:")
    return {"executionArn": f"{arn}:run-1"}


def make_case(*steps: Step, expected: dict[str, Any], **fields: Any) -> Case:
    given: dict[str, Any] = {
        "id": "case",
        "folder": "made",
        "kind": "execution",
        "query_languages": ["JSONPath"],
        "recorded": "01-01-2026, 00:00:00",
        **{name: [] for name in ("lambda_functions", "resources", "state_machines", "executions")},
        **{name: [] for name in ("not_from_one_call", "relaxed_paths")},
    }
    return Case(steps=list(steps), expected=expected, **(given | fields))


CREATE = Step(
    operation="CreateStateMachine",
    params={"name": "<ArnPart_0idx>", "definition": '{"R": "<fn>"}', "roleArn": "snf_role_arn"},
)
START = Step(operation="StartExecution", params={"stateMachineArn": MACHINE, "input": "{}"})


def history_step() -> Step:
    return Step(operation="GetExecutionHistory", params={"executionArn": EXECUTION}, expect="history")


ENDED = {"type": "ExecutionSucceeded", "name": "<ExecArnPart_0idx>"}
METADATA = {"HTTPHeaders": {}, "HTTPStatusCode": 200}


def run_history(last: dict[str, Any], answered: dict[str, Any]) -> tuple[Run, StubWorld]:
    world = StubWorld(
        create_state_machine=lambda params: {},
        start_execution=started,
        get_execution_history=lambda params: {"events": [answered]},
    )
    expected = {"history": {"events": [last], "ResponseMetadata": METADATA}}
    case = make_case(
        CREATE,
        START,
        history_step(),
        expected=expected,
        lambda_functions=[{"name": "<fn>", "behaviour": "echo"}],
    )
    return run_case(case, world), world


def test_names_are_made_up_and_the_executions_name_is_taken_from_the_answer() -> None:
    run, world = run_history(ENDED, ENDED | {"name": "run-1"})
    (_, create), (_, start), (waited, _), (_, read) = world.asked
    name = "statemachine_create_and_record_execution_0idx_x7f"
    assert create == {"name": name, "definition": '{"R": "fn_x7f"}', "roleArn": ROLE_ARN}
    assert start["stateMachineArn"] == f"arn:aws:states:us-east-1:111111111111:stateMachine:{name}"
    assert read == {"executionArn": f"arn:aws:states:us-east-1:111111111111:execution:{name}:run-1"}
    assert (waited, list(world.lambdas)) == ("wait", ["fn_x7f"])
    assert differences(run, "strict") == []


def test_another_execution_name_in_the_history_is_a_difference() -> None:
    run, _ = run_history(ENDED, ENDED | {"name": "run-2"})
    assert [one.place for one in differences(run, "strict")] == ["history.events[0].name"]


def test_a_history_that_was_read_while_it_grew_is_not_waited_for() -> None:
    running = {"type": "TaskStarted"}
    run, world = run_history(running, running)
    assert "wait" not in [operation for operation, _ in world.asked]
    assert differences(run, "strict") == []


def refuse(params: dict[str, Any]) -> dict[str, Any]:
    raise Refusal


REFUSED = Step(operation="DescribeExecution", params={"executionArn": "x"}, expect="error", fails=True)
WIRE_ERROR = {
    "Error": {"Code": "InvalidArn", "Message": "Invalid Arn: 'x'"},
    "message": "Invalid Arn: 'x'",
    "ResponseMetadata": {"HTTPHeaders": {}, "HTTPStatusCode": 400},
}
PYTHON_ERROR = {
    "exception_typename": "InvalidArn",
    "exception_value": "An error occurred (InvalidArn) when calling the DescribeExecution operation: "
    "Invalid Arn: 'x'",
}


@pytest.mark.parametrize("error", [WIRE_ERROR, PYTHON_ERROR])
def test_a_refused_call_is_compared_in_the_shape_of_the_recording(error: dict[str, Any]) -> None:
    run = run_case(make_case(REFUSED, expected={"error": error}), StubWorld(describe_execution=refuse))
    assert differences(run, "strict") == []


def test_a_call_that_should_have_been_refused_fails_the_case() -> None:
    case = make_case(REFUSED, expected={"error": WIRE_ERROR})
    run = run_case(case, StubWorld(describe_execution=lambda params: {}))
    assert "AWS refused this call" in str(run.fault)
    assert differences(run, "lenient")


def test_a_call_that_should_not_have_been_refused_fails_the_case() -> None:
    step = Step(operation="CreateStateMachine", params={}, expect="created")
    run = run_case(make_case(step, expected={"created": {}}), StubWorld(create_state_machine=refuse))
    assert str(run.fault).startswith("step 1, CreateStateMachine: Refusal")
    assert differences(run, "lenient")


def test_an_answer_that_was_not_collected_fails_the_case() -> None:
    run = run_case(make_case(expected={"logged": []}), StubWorld())
    assert [one.place for one in differences(run, "lenient")] == ["logged"]


def pairs_case(output: Any) -> Case:
    pair = {"input": {"at": "date"}, "output": output}
    start = Step(
        operation="StartExecution", params=START.params | {"input": '{"at": "2026-01-01T00:00:00Z"}'}
    )
    return make_case(start, expected={"cases": [pair]}, not_from_one_call=["cases"])


@pytest.mark.parametrize(("output", "passes"), [({"n": 1}, True), ({"n": 1.0}, False), ({}, False)])
def test_outputs_are_collected_where_only_pairs_are_recorded(output: Any, passes: bool) -> None:
    world = StubWorld(start_execution=started, describe_execution=lambda params: {"output": '{"n": 1}'})
    run = run_case(pairs_case(output), world)
    assert (differences(run, "strict") == []) is passes


@pytest.mark.parametrize(
    ("cause", "moment"),
    [("fine", "2026-01-01T00:00:03Z"), ("does not reference a valid ISO-8601 ...", "2026-01-01T00:00:03")],
)
def test_a_computed_time_has_the_form_that_the_recording_took(cause: str, moment: str) -> None:
    start = Step(operation="StartExecution", params=START.params | {"input": "<timestamp>"})
    world = StubWorld(start_execution=started)
    run_case(make_case(start, expected={"cause": cause}), world)
    assert world.asked[0][1]["input"] == moment


# Lambda functions


def behave(event: Any = None, **function: Any) -> Any:
    return make_handler(function, sleep=lambda seconds: None)(event, None)


def test_lambda_behaviours() -> None:
    assert behave([1], behaviour="echo") == [1]
    assert behave(behaviour="constant", value={"a": 1}) == {"a": 1}
    assert behave(behaviour="raw", value="{") == RawPayload("{")
    assert behave(behaviour="raw", value_repeat={"text": "ab", "times": 2}) == RawPayload("abab")
    assert behave({"a": None}, behaviour="format", template="<{event}>") == "<{'a': None}>"
    assert behave(7, behaviour="sleep", seconds=60, then="echo") == 7


def test_a_failing_lambda_carries_its_recorded_payload() -> None:
    with pytest.raises(LambdaError) as failure:
        behave(behaviour="raise", error_type="E", error_message="m", stack_trace=["  File"])
    error = failure.value
    assert (error.error_type, error.error_message, error.stack_trace) == ("E", "m", ["  File"])


# What is asked over the wire only


class NoSuch(Exception):
    code = "ExecutionDoesNotExist"

    def __init__(self, arn: str) -> None:
        self.message = f"Execution Does Not Exist: '{arn}'"


def test_a_word_for_an_arn_of_nothing_is_given_one() -> None:
    """AWS said that there is no such execution, so the word in the recording is no text that was sent."""

    def refuse(params: dict[str, Any]) -> dict[str, Any]:
        raise NoSuch(params["executionArn"])

    step = Step(
        operation="DescribeExecution", params={"executionArn": "invalid_arn"}, expect="error", fails=True
    )
    told = "An error occurred (ExecutionDoesNotExist) when calling the DescribeExecution operation: "
    error = {
        "exception_typename": "ExecutionDoesNotExist",
        "exception_value": f"{told}Execution Does Not Exist: 'invalid_arn'",
    }
    world = StubWorld(describe_execution=refuse)
    run = run_case(make_case(step, expected={"error": error}), world)

    assert world.asked[0][1]["executionArn"].startswith("arn:aws:states:us-east-1:111111111111:execution:")
    assert differences(run, "strict") == []


class Unfit(Exception):
    code = "ParamValidationError"
    message = "Parameter validation failed:\nInvalid length for parameter name, value: 0, valid min length: 1"


UNFIT = {"exception_typename": "ParamValidationError", "exception_value": Unfit.message}


def test_a_call_that_botocore_refused_is_made_for_its_key() -> None:
    def create(params: dict[str, Any]) -> dict[str, Any]:
        raise Refusal if params["name"] else Unfit

    named = Step(operation="CreateAlias", params={"name": "123"}, expect=["named", "nameless"], fails=True)
    nameless = Step(operation="CreateAlias", params={"name": ""})
    world = StubWorld(create_alias=create)
    run = run_case(make_case(named, nameless, expected={"named": WIRE_ERROR, "nameless": UNFIT}), world)

    assert [params["name"] for _, params in world.asked] == ["123", "", ""]
    assert differences(run, "strict") == []


def test_one_log_group_is_made_where_two_go_by_one_word() -> None:
    group = {"service": "logs", "operation": "CreateLogGroup", "params": {"logGroupName": "log_group_name"}}
    world = StubWorld()
    made: list[str] = []
    world.make = lambda service, operation, params: made.append(operation) or {}  # type: ignore[method-assign]

    run = run_case(make_case(expected={}, resources=[group, group]), world)

    assert (run.fault, made) == (None, ["CreateLogGroup"])


def test_executions_are_waited_for_before_they_are_listed_as_ended() -> None:
    listed = Step(operation="ListExecutions", params={"stateMachineArn": MACHINE}, expect="listed")
    world = StubWorld(start_execution=started, list_executions=lambda params: {"executions": []})

    run_case(make_case(START, listed, expected={"listed": {"executions": [{"status": "SUCCEEDED"}]}}), world)
    assert [operation for operation, _ in world.asked] == ["start_execution", "wait", "list_executions"]

    world.asked.clear()
    run_case(make_case(START, listed, expected={"listed": {"executions": [{"status": "RUNNING"}]}}), world)
    assert [operation for operation, _ in world.asked] == ["start_execution", "list_executions"]
