"""Machines of every shape, drawn from a seed: the same in the process that is killed and in its driver.

What goes through a machine is always {"id", "n"}. `id` names the execution, with the iterations in which it
is, so that an `id` and a state's name together name one *site*, whatever the seed of its chance. `n` is some
JSON from which each task makes a number, so that a task that is left out shows in the output.

A state whose name begins with `Torn` is a group of which one branch fails: how far the others come is chance.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import chain
from typing import Any

import msgspec

TREE = dict[str, Any]
Fragment = list[tuple[str, TREE]]

ARN = "arn:aws:states:us-east-1:123456789012"
INVOKE = "arn:aws:states:::lambda:invoke"
NESTED = 3
EXPRESS_SECONDS = 5
"""How long one state of an EXPRESS machine may wait: the whole has five minutes."""
FLAKY, BROKEN = "Flaky", "Broken"


class Machine(msgspec.Struct, frozen=True):
    """A machine to start executions of. jumps: they are on clocks that skip waits."""

    name: str
    kind: str
    jumps: bool
    tree: TREE


def machines(seed: str, count: int, *, nests: bool = True) -> list[Machine]:
    """`count` machines to start; every seventh is an EXPRESS one. nests: they may start others."""
    made = []
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        kind = "EXPRESS" if number % 7 == 6 else "STANDARD"
        jumps = chance.random() < 0.5
        shapes = Shapes(chance, full=kind == "STANDARD", jumps=jumps, nests=nests)
        made.append(Machine(f"machine-{number}", kind, jumps, shapes.machine(depth=2)))
    return made


def nested_machines(seed: str) -> list[Machine]:
    """Those that others start; they do not fail."""
    made = []
    for number in range(NESTED):
        shapes = Shapes(random.Random(f"{seed}/nested/{number}"), full=True, jumps=False, nests=False)
        made.append(Machine(f"nested-{number}", "STANDARD", False, shapes.machine(depth=1, fails=False)))
    return made


def execution(number: int, machines: list[Machine]) -> tuple[Machine, str, TREE]:
    """The machine, name and input of the execution with this number."""
    machine = machines[number % len(machines)]
    return machine, f"e{number}", {"id": f"e{number}", "n": number}


class Shapes:
    """Draws states. full: callbacks, activities, map runs and other executions are allowed."""

    def __init__(self, chance: random.Random, *, full: bool, jumps: bool, nests: bool = True) -> None:
        self._chance = chance
        self._full = full
        self._jumps = jumps
        self._nests = nests
        self._names = 0
        self._longest_seconds = 100_000 if full else EXPRESS_SECONDS
        self._variables: list[str] = []

    def machine(self, depth: int, *, fails: bool = True, length: int | None = None) -> TREE:
        """A chain of fragments and an end."""
        outside = self._variables
        self._variables = [*outside]
        fragments = [self._fragment(depth) for _ in range(length or self._chance.randint(3, 6))]
        self._variables = outside
        ends: list[TREE] = [{"Type": "Succeed"}, {"Type": "Pass", "End": True}]
        end = self._chance.choice(ends)
        if fails and self._chance.random() < 0.1:
            end = {"Type": "Fail", "Error": "Asked", "Cause": "for"}
        return linked([*chain.from_iterable(fragments), (self._name("End"), end)])

    def _name(self, kind: str) -> str:
        self._names += 1
        return f"{kind}{self._names}"

    def _fragment(self, depth: int) -> Fragment:
        kinds: list[Callable[[], Fragment]] = [
            self.assigning,
            self.task,
            self.task,
            self.retried,
            self.caught,
            self.wait,
            self.choice,
            self.loop,
        ]
        if depth:
            groups = [lambda: self.parallel(depth), lambda: self.iterated(depth), lambda: self.torn(depth)]
            kinds += groups[: 3 if depth == 2 else 2]
        if self._full:
            kinds += [self.callback, self.callback, self.activity, self.nested if self._nests else self.task]
            kinds += [self.distributed] if depth == 2 else []
        return self._chance.choice(kinds)()

    # One state, or few

    def assigning(self) -> Fragment:
        """A variable with the data, and one with a draw of chance, which is to be the same ever after."""
        name = self._name("Assign")
        assign = {f"n{name}.$": "$.n", f"u{name}.$": "States.UUID()"}
        self._variables += [f"n{name}", f"u{name}"]
        return [(name, {"Type": "Pass", "Assign": assign})]

    def task(self, **flags: Any) -> Fragment:
        name = self._name("Task")
        flags = {"sleep_ms": self._chance.choice([0, 1, 3, 10, 30]), **flags}
        if self._chance.random() < 0.2:
            flags["prints"] = True
        draw = self._chance.choice([self._plain, self._invoked, self._jsonata])
        return [(name, draw(name, flags))]

    def _function(self) -> str:
        return self._chance.choice(["work", "work", "work_async"])

    def _payload(self, name: str, flags: TREE) -> TREE:
        read = {f"{variable}.$": f"${variable}" for variable in self._variables[-2:]}
        return {"site": name, "id.$": "$.id", "n.$": "$.n", **read, **flags}

    def _plain(self, name: str, flags: TREE) -> TREE:
        payload = self._payload(name, flags)
        return {"Type": "Task", "Resource": self._function(), "Parameters": payload, "ResultPath": "$.n"}

    def _invoked(self, name: str, flags: TREE) -> TREE:
        return {
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": {"FunctionName": self._function(), "Payload": self._payload(name, flags)},
            "ResultSelector": {"made.$": "$.Payload"},
            "ResultPath": "$.n",
        }

    def _jsonata(self, name: str, flags: TREE) -> TREE:
        read = {variable: f"{{% ${variable} %}}" for variable in self._variables[-2:]}
        given = {"site": name, "id": "{% $states.input.id %}", "n": "{% $states.input.n %}"}
        return {
            "Type": "Task",
            "QueryLanguage": "JSONata",
            "Resource": self._function(),
            "Arguments": {**given, **read, **flags},
            "Output": {"id": "{% $states.input.id %}", "n": "{% $states.result %}"},
        }

    def retried(self) -> Fragment:
        """It fails the first times; where it fails too often, that is caught."""
        fails, attempts = self._chance.randint(1, 2), self._chance.randint(1, 3)
        ((name, state),) = self.task(fails=fails)
        seconds = self._chance.randint(1, self._longest_seconds) if self._jumps else 1
        state["Retry"] = [
            {
                "ErrorEquals": [FLAKY],
                "MaxAttempts": attempts,
                "IntervalSeconds": seconds,
                "BackoffRate": 1,
                "JitterStrategy": "FULL",
            }
        ]
        return self._catching(name, state, [FLAKY])

    def caught(self) -> Fragment:
        ((name, state),) = self.task(breaks=True)
        return self._catching(name, state, ["States.ALL"])

    def _catching(self, name: str, state: TREE, errors: list[str]) -> Fragment:
        """The state, and one that it goes on with whether it has failed or not."""
        after = self._name("After")
        catcher: TREE = {"ErrorEquals": errors, "Next": after}
        if "Arguments" in state:
            caught = "{% $states.errorOutput.Error %}"
            catcher["Output"] = {"id": "{% $states.input.id %}", "n": {"caught": caught}}
        else:
            catcher["ResultPath"] = "$.n"
        return [(name, {**state, "Catch": [catcher]}), (after, {"Type": "Pass"})]

    def wait(self) -> Fragment:
        """Long on a clock that skips it; else no longer than to the next full second."""
        name = self._name("Wait")
        if self._jumps:
            return [(name, {"Type": "Wait", "Seconds": self._chance.randint(1, self._longest_seconds)})]
        entered = "$toMillis($states.context.State.EnteredTime)"
        ahead = self._chance.choice([50, 50, 50, 500])
        until = f"{{% $fromMillis({entered} + {ahead}) %}}"
        return [(name, {"Type": "Wait", "QueryLanguage": "JSONata", "Timestamp": until})]

    def choice(self) -> Fragment:
        """A task is left out, or not."""
        task = self.task()
        name, after = self._name("Choice"), self._name("Joined")
        rule = {"Variable": "$.n", "IsNumeric": True, "Next": task[0][0]}
        return [
            (name, {"Type": "Choice", "Choices": [rule], "Default": after}),
            *task,
            (after, {"Type": "Pass"}),
        ]

    def loop(self) -> Fragment:
        count, more = self._name("count"), self._name("More")
        task = self.task()
        rule = {"Condition": f"{{% ${count} < 3 %}}", "Next": task[0][0]}
        after = self._name("Joined")
        return [
            (self._name("Zero"), {"Type": "Pass", "Assign": {count: 0}}),
            *task,
            (
                self._name("Add"),
                {"Type": "Pass", "Assign": {f"{count}.$": f"States.MathAdd(${count}, 1)"}},
            ),
            (more, {"Type": "Choice", "QueryLanguage": "JSONata", "Choices": [rule], "Default": after}),
            (after, {"Type": "Pass"}),
        ]

    # Groups

    def parallel(self, depth: int) -> Fragment:
        branches = [self._inner(depth - 1) for _ in range(self._chance.randint(2, 3))]
        state = {
            "Type": "Parallel",
            "Branches": branches,
            "ResultSelector": {"all.$": "$[*].n"},
            "ResultPath": "$.n",
        }
        return [(self._name("Parallel"), state)]

    def torn(self, depth: int) -> Fragment:
        """One branch fails while others are at work; that is caught."""
        full, self._full = self._full, False
        others = [self._inner(depth - 1) for _ in range(2)]
        self._full = full
        broken = linked([*self.task(), *self.task(breaks=True), (self._name("End"), {"Type": "Succeed"})])
        state = {"Type": "Parallel", "Branches": [*others, broken], "ResultPath": "$.n"}
        return self._catching(self._name("Torn"), state, [BROKEN])

    def iterated(self, depth: int) -> Fragment:
        return self._map(self._inner(depth - 1))

    def distributed(self) -> Fragment:
        """A map run; some children fail, which is tolerated."""
        kind = self._chance.choice(["STANDARD", "EXPRESS"])
        broken = self._chance.random() < 0.3
        variables, self._variables = self._variables, []
        full, self._full = self._full, False
        longest, self._longest_seconds = self._longest_seconds, EXPRESS_SECONDS
        states = [
            *(self.task(breaks_at=[2]) if broken else self.task()),
            *self._chance.choice([self.wait, self.retried, self.caught, self.task])(),
            (self._name("End"), {"Type": "Succeed"}),
        ]
        self._variables, self._full, self._longest_seconds = variables, full, longest
        config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
        fragment = self._map(linked(states) | config)
        if broken:
            fragment[-1][1]["ToleratedFailureCount"] = 1
        fragment[-1][1]["Label"] = fragment[-1][0]
        return fragment

    def _inner(self, depth: int) -> TREE:
        return self.machine(depth, fails=False, length=self._chance.randint(1, 3))

    def _map(self, processor: TREE) -> Fragment:
        name, most, few = self._name("Map"), self._chance.randint(2, 4), self._chance.randint(0, 2)
        if self._chance.random() < 0.5:
            given = {
                "id": f"{{% $states.input.id & '/{name}/' & $string($states.context.Map.Item.Index) %}}",
                "n": "{% $states.context.Map.Item.Value %}",
            }
            state = {
                "Type": "Map",
                "QueryLanguage": "JSONata",
                "Items": list(range(1, most + 1)),
                "ItemSelector": given,
                "ItemProcessor": processor,
                "MaxConcurrency": few,
                "Output": {"id": "{% $states.input.id %}", "n": {"all": "{% $states.result.n %}"}},
            }
            return [(name, state)]
        items = {"id.$": "$.id", "n.$": f"States.ArrayRange(1, {most}, 1)"}
        state = {
            "Type": "Map",
            "ItemsPath": "$.n",
            "ItemSelector": {
                "id.$": f"States.Format('{{}}/{name}/{{}}', $.id, $$.Map.Item.Index)",
                "n.$": "$$.Map.Item.Value",
            },
            "ItemProcessor": processor,
            "MaxConcurrency": few,
            "ResultSelector": {"all.$": "$[*].n"},
            "ResultPath": "$.n",
        }
        return [(self._name("Items"), {"Type": "Pass", "Parameters": items}), (name, state)]

    # What is answered from outside

    def callback(self) -> Fragment:
        """Answered by another thread, by another process, or before the call has returned."""
        name = self._name("Ask")
        by = self._chance.choice(["thread", "driver", "itself"])
        payload = {**self._payload(name, {"by": by}), "token.$": "$$.Task.Token"}
        state = {
            "Type": "Task",
            "Resource": f"{INVOKE}.waitForTaskToken",
            "Parameters": {"FunctionName": "ask", "Payload": payload},
            "ResultSelector": {"n.$": "$.n"},
            "ResultPath": "$.n",
        }
        return [(name, state)]

    def activity(self) -> Fragment:
        name = self._name("Activity")
        state = {
            "Type": "Task",
            "Resource": f"{ARN}:activity:desk",
            "Parameters": self._payload(name, {"by": "worker"}),
            "ResultSelector": {"n.$": "$.n"},
            "ResultPath": "$.n",
        }
        return [(name, state)]

    def nested(self) -> Fragment:
        """Another execution, with a name of its own or without."""
        name = self._name("Nested")
        site = f"States.Format('{{}}/{name}', $.id)"
        parameters: TREE = {
            "StateMachineArn": f"{ARN}:stateMachine:nested-{self._chance.randrange(NESTED)}",
            "Input": {"id.$": site, "n.$": "$.n"},
        }
        if self._chance.random() < 0.5:
            parameters["Name.$"] = f"States.Hash({site}, 'SHA-1')"
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": parameters,
            "ResultSelector": {"n.$": "$.Output.n"},
            "ResultPath": "$.n",
        }
        return [(name, state)]


def linked(states: Fragment) -> TREE:
    """A machine of these states, each with the next one as its Next unless it has another way to go on."""
    named = {}
    for (name, state), (following, _) in zip(states, [*states[1:], ("", {})], strict=True):
        goes_on = state["Type"] not in ("Choice", "Succeed", "Fail") and "End" not in state
        named[name] = state | ({"Next": following} if goes_on else {})
    return {"StartAt": states[0][0], "States": named}
