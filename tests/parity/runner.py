"""Running a recorded case against a world, and grading what it answered.

The case's steps are walked in order. Placeholders in their parameters are replaced by names made up
here, or by what earlier answers bound them to. Answers are kept as they came (normalised); grading
them, leniently or strictly, is a second pass with bindings of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import msgspec

from .lambdas import Handler, make_handler
from .loader import Case, Step, normalise, parse_texts
from .placeholders import PLACEHOLDER, Bindings
from .refusals import in_words, names_nothing, refusal, too_short
from .unify import Difference, unify

Grade = Literal["lenient", "strict"]
Params = dict[str, Any]

ACCOUNT = "111111111111"
REGION = "us-east-1"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/parity"
ROLE_WORDS = ("snf_role_arn", "sfn_role_arn")
MARK = "_x7f"
NO_TOPIC = "Topic does not exist"
NOT_ISO = "does not reference a valid ISO-8601"


class StepFunctionsApi(Protocol):
    """Step Functions in boto3's spelling: camelCase parameters, dicts out, datetimes as datetime.

    A refused call raises an exception with `code` and `message`. Further operations are looked up
    by their snake_case name when a case needs them.
    """

    def create_state_machine(self, **params: Any) -> dict[str, Any]: ...
    def start_execution(self, **params: Any) -> dict[str, Any]: ...
    def describe_execution(self, **params: Any) -> dict[str, Any]: ...
    def get_execution_history(self, **params: Any) -> dict[str, Any]: ...


class World(Protocol):
    """One account and region with nothing in it, and a clock of its own."""

    api: StepFunctionsApi
    mark: str
    """Four characters that end the names made up for a case, so that no other case has them."""

    def define_lambda(self, name: str, handler: Handler) -> None:
        """Make the function `name`. The handler may raise `LambdaError` or return `RawPayload`."""

    def make(self, service: str, operation: str, params: Params) -> Params:
        """Call another service, which the case needs, as boto3 spells it."""

    def collect(self, key: str) -> Any:
        """What the recording holds under `key` that is no answer of a step; None if that is unknown."""

    def task_token(self) -> str:
        """A token that a task waits for, once one has been handed out."""

    def wait(self, execution_arn: str) -> None:
        """Return when the execution has ended."""

    def sleep(self, seconds: float) -> None:
        """Called by a handler: let `seconds` pass on the world's clock."""

    def now(self) -> datetime: ...

    def close(self) -> None: ...


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a case answered: `answers` by key of `Case.expected`, normalised.

    given: what stood for placeholders in the parameters. words: what stood for plain words.
    fault: why the case could not be walked to its end; None if it was.
    """

    case: Case
    answers: dict[str, Any]
    given: Bindings
    words: Bindings = {}
    fault: str | None = None


class CannotRun(Exception):
    """A case that cannot be walked on: a call was refused, or was not."""


def run_case(case: Case, world: World) -> Run:
    """Walk the case's steps. What goes wrong is told in the result: nothing is raised."""
    walk = _CaseWalk(case, world)
    try:
        walk.all_steps()
    except Exception as error:  # an engine in the making may raise anything
        first_line = str(error).partition("\n")[0]
        fault = f"{walk.where}: {type(error).__name__}: {first_line:.300}"
        return Run(case=case, answers=walk.answers, given=walk.given, words=walk.words, fault=fault)
    return Run(case=case, answers=walk.answers, given=walk.given, words=walk.words)


def differences(run: Run, grade: Grade) -> list[Difference]:
    """How the answers of a run differ from AWS's; [] is a pass."""
    case = run.case
    found = [] if run.fault is None else [Difference("$", "a run to the end", run.fault)]
    relaxed = case.relaxed_paths if grade == "lenient" else ()
    bindings = dict(run.given)
    for key, expected in case.expected.items():
        if key in run.answers:
            answer = run.answers[key]
            spelled = in_words(expected, run.words)
            unequal = unify(spelled, answer, bindings, recorded=case.recorded_at, relaxed=relaxed)
            found += [msgspec.structs.replace(one, place=key + one.place[1:]) for one in unequal]
        elif run.fault is None:
            found.append(Difference(key, "an answer", "nothing: the harness cannot collect it"))
    return found


class _CaseWalk:
    """One case under way.

    given: what stands for placeholders because it was made up, or is an execution's name.
    learned: what answers have shown besides; a later step may ask for it. Grading learns it anew.
    """

    def __init__(self, case: Case, world: World) -> None:
        self.case = case
        self.world = world
        self.answers: dict[str, Any] = {}
        self.where = "before the first step"
        self.given: Bindings = {"<partition>": "aws", "<region>": REGION}
        self.given |= dict.fromkeys(ROLE_WORDS, ROLE_ARN)
        self.learned: Bindings = {}
        self.words: Bindings = {}
        self.definitions: dict[str, str] = {}
        self.started: Bindings = {}
        self.executions: list[str] = []
        self.made: list[Params] = []

    def all_steps(self) -> None:
        for resource in self.case.resources:
            self.where = f"{resource['service']} {resource['operation']}"
            self._make(resource)
        for function in self.case.lambda_functions:
            handler = make_handler(self._fill(function), self.world.sleep)
            self.world.define_lambda(self._fill(function["name"]), handler)
        for number, step in enumerate(self.case.steps, 1):
            self.where = f"step {number}, {step.operation}"
            self._step(step)
        self._collect(self.case.not_from_one_call)

    def _collect(self, keys: Iterable[str]) -> None:
        for key in keys:
            if key not in self.answers and (found := self.world.collect(key)) is not None:
                expected = self.case.expected[key]
                has_metadata = isinstance(expected, dict) and "ResponseMetadata" in expected
                self._keep(key, normalise(found) if has_metadata else parse_texts(found))

    def _make(self, resource: Params) -> None:
        """Make a queue, a topic, a table... and learn where it is."""
        given = resource["params"]
        if resource["operation"] == "CreateLogGroup" and resource in self.made:
            return  # two groups that go by one word
        self.made.append(resource)
        if resource["operation"] == "CreateTopic":
            if NO_TOPIC in json.dumps(self.case.expected):
                return  # the recording calls a missing topic by the name of one that was made
            if "FifoTopic" in given.get("Attributes", {}):
                self.given[given["Name"]] = f"{self._invent(given['Name'])}.fifo"
        answer = self.world.make(resource["service"], resource["operation"], self._fill(given))
        url, topic = answer.get("QueueUrl"), answer.get("TopicArn")
        if url is not None:
            self.given |= {"<sqs_queue_url>": url, "<endpoint>": url.rsplit("/", 2)[0]}
            self.words |= dict.fromkeys(("sqs_queue_url", "sqs-queue-url"), url)
        if topic is not None:
            self.words["topic-arn"] = topic

    def _step(self, step: Step) -> None:
        params = self._params(step)
        self._await(step, params)
        if step.operation == "ListStateMachines":
            self._collect(key for key in self.case.not_from_one_call if key.startswith("list-state-machines"))
        answer = self._call(step, params)
        if step.operation == "CreateActivity" and not step.fails:
            self.words["activity_arn"] = answer["activityArn"]
        if step.operation == "StartExecution" and not step.fails:
            self.executions.append(answer["executionArn"])
            self._bind_execution(answer["executionArn"], step.params["stateMachineArn"])
            if "cases" in self.case.not_from_one_call:
                self._collect_output(params["input"], answer["executionArn"])
        for key in step.keys:
            short = too_short(self.case.expected[key]) if step.fails else None
            self._keep(key, answer if short is None else self._call(step, params | {short: ""}, key))

    def _await(self, step: Step, params: Params) -> None:
        """Polling reads are left out of the recording."""
        if _reads_the_end(step, self.case.expected):
            self.world.wait(params["executionArn"])
        if step.operation == "ListExecutions" and '"RUNNING"' not in json.dumps(
            [self.case.expected[key] for key in step.keys]
        ):
            for execution_arn in self.executions:
                if ":express:" not in execution_arn:
                    self.world.wait(execution_arn)

    def _params(self, step: Step) -> Params:
        """The step's parameters. Where the recording gives two machines one name, the first is the
        target, and the second, which starts it, is known by the ARNs of the calls."""
        wanted = [self.case.expected[key] for key in step.keys]
        self.words |= names_nothing(step, wanted, ACCOUNT, REGION)
        params = self._fill(step.params)
        name = step.params.get("name")
        definition = step.params.get("definition")
        if (
            step.operation == "CreateStateMachine"
            and not step.fails
            and self.definitions.setdefault(name, definition) != definition
        ):
            self.started[params["name"]] = f"{params['name']}_2"
            params["name"] = self.started[params["name"]]
        for key in {"stateMachineArn", "executionArn"} & params.keys():
            for first, second in self.started.items():
                params[key] = re.sub(f"(?<=:){re.escape(first)}(?=:|$)", second, params[key])
        return params

    def _call(self, step: Step, params: Params, key: str | None = None) -> dict[str, Any]:
        """The answer, or the refusal; key: of the recording whose form a refusal takes."""
        wanted = self.case.expected[key or step.keys[0]] if step.keys else {}
        method = getattr(self.world.api, snake_case(step.operation))
        try:
            answer = method(**params)
        except Exception as error:
            if not hasattr(error, "code"):
                raise
            if step.fails:
                return refusal(error, step, wanted)
            if error.code != "ParamValidationError" or step.keys:
                raise
            if "error" in self.case.not_from_one_call:
                self._keep("error", error.message)
            return {}
        if step.fails:
            raise CannotRun(f"AWS refused this call, here it answered {answer!r:.300}")
        return normalise(answer)

    def _keep(self, key: str, answer: Any) -> None:
        self.answers[key] = answer
        self.learned |= self.given
        unify(self.case.expected[key], answer, self.learned, recorded=self.case.recorded_at)

    def _collect_output(self, text: str, execution_arn: str) -> None:
        """In some cases only the pairs of input and output are recorded."""
        self.world.wait(execution_arn)
        described = self.world.api.describe_execution(executionArn=execution_arn)
        pair = parse_texts({"input": text, "output": described.get("output")})
        self.answers.setdefault("cases", []).append(pair)

    def _bind_execution(self, execution_arn: str, machine_arn: str) -> None:
        """AWS makes up an execution's name: it stands for the placeholder by which a later step asks for
        it, else for the next free one. The execution of a machine that only helps has none."""
        if ":express:" in execution_arn:
            *_, name, run = execution_arn.split(":")
            self.given[_first_free("<ExpressExecArn_Part1_{}idx>", self.given)] = name
            self.given[_first_free("<ExpressExecArn_Part2_{}idx>", self.given)] = run
            return
        name = execution_arn.rsplit(":", 1)[1]
        machine = machine_arn.partition(":stateMachine:")[2]
        calls = str([step.params for step in self.case.steps])
        asked = re.findall(f":execution:{re.escape(machine)}:(<[^>]+>)", calls)
        fresh = next((placeholder for placeholder in asked if placeholder not in self.given), None)
        if fresh is not None:
            self.given[fresh] = name
        elif name not in self.given.values() and machine.startswith("<"):
            self.given[_first_free("<ExecArnPart_{}idx>", self.given)] = name

    def _fill(self, value: Any) -> Any:
        """`value` with made-up names in place of placeholders."""
        if isinstance(value, dict):
            return {key: self._fill(child) for key, child in value.items()}
        if isinstance(value, list):
            return [self._fill(child) for child in value]
        if not isinstance(value, str):
            return value
        if value in ROLE_WORDS:
            return ROLE_ARN
        value = self.words.get(value, value)
        for word, meant in self.words.items():
            value = value.replace(f'"{word}"', f'"{meant}"')
        return PLACEHOLDER.sub(lambda found: self._name(found[0]), value)

    def _name(self, placeholder: str) -> str:
        if placeholder == "<omitted>":
            return placeholder
        known = self.learned | self.given
        if placeholder not in known:
            self.given[placeholder] = known[placeholder] = self._invent(placeholder)
        return known[placeholder]

    def _invent(self, placeholder: str) -> str:
        """A name without `-`: some cases split the machine's name there."""
        bare = placeholder.strip("<>")
        if bare == "timestamp":
            return self._moment()
        if bare.endswith("role_arn"):
            return f"{ROLE_ARN}_{bare}"
        if bare.startswith("ArnPart_"):
            # As long as the recorded names, for a Content-Length counts them, and in their order.
            return f"statemachine_create_and_record_execution_{bare[8:]}{self.world.mark}"
        if bare.startswith("task_token"):
            return self.world.task_token()
        if bare.endswith("account_id"):
            return ACCOUNT
        if long := re.fullmatch(r"invalid_token_(\d+)_chars", bare):
            return "x" * int(long[1])
        return re.sub(r"\W", "_", bare) + self.world.mark

    def _moment(self) -> str:
        """A time computed for the run, in a form that AWS took or refused in the recording."""
        soon = (self.world.now() + timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%S")
        return soon if NOT_ISO in json.dumps(self.case.expected) else f"{soon}Z"


def _first_free(form: str, taken: Mapping[str, str]) -> str:
    return next(name for name in map(form.format, range(len(taken) + 1)) if name not in taken)


def _reads_the_end(step: Step, expected: Mapping[str, Any]) -> bool:
    """Whether the recording read an execution that had ended: polling reads are left out of it."""
    if step.fails or step.operation not in ("GetExecutionHistory", "DescribeExecution"):
        return False
    return not any(_is_running(expected.get(key)) for key in step.keys)


def _is_running(answer: Any) -> bool:
    if not isinstance(answer, dict):
        return False
    events = answer.get("events") or [{}]
    last = str(events[-1].get("type", "ExecutionSucceeded"))
    return answer.get("status") == "RUNNING" or not re.match(r"Execution(?!Started)", last)


def snake_case(operation: str) -> str:
    """An AWS operation as boto3 and `sfnb.service` spell it.

    >>> snake_case("ListStateMachineVersions")
    'list_state_machine_versions'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()


MakeWorld = Callable[[Case], World]


def run_in_new_world(case: Case, make_world: MakeWorld) -> Run:
    """Run a case in a world of its own and close it."""
    world = make_world(case)
    try:
        return run_case(case, world)
    finally:
        world.close()
