"""Functions that are missing, and mocks that have no more answers."""

from __future__ import annotations

import re

from sfnb.asl.ways import did_you_mean
from sfnb.hints.trouble import Trouble
from sfnb.integrations.local_aws import LocalAws

CALLBACK = ".waitForTaskToken"
BY_AWS = (
    "or really call it in an AWS of this process: %asl aws local --seed {name}, "
    'sfnb.use_aws("local", seed=...)',
    "or in your own account: %asl aws profile, sfnb.use_aws()",
)
BY_CONNECTION = "or really call it: sfnb.create_connection(NAME, api_key=(HEADER, VALUE)) for its connection"

MADE_UP = 'or try it with made-up answers: --mock auto, run(..., mock="auto")'


def no_function(trouble: Trouble, match: re.Match[str]) -> str:
    """Nothing stands for a Lambda function, an activity or a service."""
    name = match[1]
    if is_there_now(trouble, name):
        return there_now(trouble, name)
    known = trouble.execution.machine.known_tasks
    near = did_you_mean(name, known)
    lines = [f'no Python function stands for "{name}"; {near or "define one in a cell:"}']
    if near is None:
        lines += [f"    {line}" for line in stand_in(name)]
        if trouble.visit is not None:
            owner = trouble.execution.machine_name.partition("/")[0]
            owner = owner if owner.isidentifier() else "machine"
            lines.append(f'or one for this state alone, with @{owner}.task("{trouble.visit.state}")')
        lines.append(MADE_UP)
    return "\n".join(lines)


def is_there_now(trouble: Trouble, name: str) -> bool:
    """Whether a function has come since that stands for the state, or for what it calls."""
    machine, visit = trouble.execution.machine, trouble.visit
    names = [name] if visit is None or visit.resource is None else [name, visit.resource]
    own = visit is not None and visit.state in machine.tasks
    return own or machine.function_of(*names) is not None


def there_now(trouble: Trouble, name: str) -> str:
    """The function has come since: what it takes for it to be called."""
    again = "ex.redrive() goes on with it" if trouble.execution.redrivable else "run it again"
    return f'there was no Python function for "{name}" then, and now there is: {again}'


def stand_in(name: str) -> list[str]:
    """The lines of Python that make a task of this name.

    >>> print("\\n".join(stand_in("my-price")))
    @sfnb.task("my-price")
    def my_price(payload): ...
    """
    if name.isidentifier():
        return ["@sfnb.task", f"def {name}(payload): ..."]
    plain = re.sub(r"\W+", "_", name.rpartition(":")[2]).strip("_")
    return [f'@sfnb.task("{name}")', f"def {plain if plain.isidentifier() else 'task'}(payload): ..."]


def no_service(trouble: Trouble, match: re.Match[str]) -> str:
    parts = match[1].split(":")
    whole = ":".join(parts[5:]) or match[1]
    name = whole.removesuffix(CALLBACK)
    if is_there_now(trouble, name):
        return there_now(trouble, name)
    lines = ["sfnb calls no AWS service unless told; let a Python function stand for it:"]
    lines += [f"    {line}" for line in stand_in(name)]
    if whole != name:
        lines.append("what it returns is not the answer: sfnb.send_task_success(token, output) is")
    lines.append(MADE_UP)
    if name == "http:invoke":
        lines.append(BY_CONNECTION)
    else:
        lines += [line.format(name=_machine(trouble)) for line in BY_AWS]
    return "\n".join(lines)


def not_seeded(trouble: Trouble, match: re.Match[str]) -> str | None:
    """The AWS of this process has not what is called."""
    if not isinstance(trouble.execution._service.registry.aws, LocalAws):
        return None
    name = _machine(trouble)
    return f'%asl aws local --seed {name}, sfnb.use_aws("local", seed=...), makes what the definition names'


def no_connection(trouble: Trouble, match: re.Match[str]) -> str:
    return f'sfnb.create_connection("{match[1]}", api_key=(HEADER, VALUE)) makes it; basic, oauth are others'


def _machine(trouble: Trouble) -> str:
    """The name under which `%asl` knows the machine, also for one of its children."""
    return trouble.execution.machine_name.partition("/")[0]


def mock_ended(trouble: Trouble, match: re.Match[str]) -> str | None:
    """The Cause says what to do; only that retries are calls may not be known."""
    if trouble.visit is None or trouble.visit.attempts < 2:
        return None
    return f'each attempt is a call: Retry made {trouble.visit.attempts} of "{trouble.visit.state}"'
