"""What the rest of a definition reads of each task's result, and of the execution's input.

The definition is walked from StartAt along every transition with, in place of data, where each value
comes from (`flow`). Whatever a state reads of such a value makes the `Want` of its document grow. It is
a heuristic: each state is visited for at most `MOST` different inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from sfnb.engine.clock import SeededChance
from sfnb.mocks import choice_reads
from sfnb.mocks.fill import fill
from sfnb.mocks.flow import (
    MOST,
    NOTHING,
    Build,
    Const,
    Flow,
    ListOf,
    Ref,
    Seq,
    either,
    element,
    need,
    place,
    signature,
    wants,
)
from sfnb.mocks.jsonata_reads import expression_of, read_jsonata
from sfnb.mocks.jsonpath_reads import Scene, read_template, read_text, steps_of
from sfnb.mocks.plausible import Setting
from sfnb.mocks.want import Mark, Want
from sfnb.values import Json

Tree = dict[str, Any]
Exit = tuple[str | None, Flow]
"""Where a state goes, None for the end of its machine, and with what."""

ERROR_OUTPUT = Build({"Error": Const("Error"), "Cause": Const("Cause")})


class Wanted(msgspec.Struct, frozen=True):
    """What is read of what a definition does not make itself.

    input: the execution's. results: by the name of the Task state. items: of those that an ItemReader
        finds, by its Resource.
    """

    input: Want
    results: dict[str, Want]
    items: dict[str, Want]


def wanted_of(tree: Tree) -> Wanted:
    """What a definition, given as its plain JSON tree, reads of what it does not make itself."""
    walk = _Walk(Wanted(Want(), {}, {}))
    for _ in range(2):  # once more: a variable may be read before the walk finds what is assigned to it
        walk.machine(tree, Ref(walk.wanted.input), NOTHING, "JSONPath")
    return walk.wanted


class _Walk:
    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.variables: dict[str, list[Flow]] = {}

    def variable(self, name: str) -> Flow:
        return either(self.variables.get(name, []))

    def machine(self, tree: Tree, given: Flow, item: Flow, language: str) -> Flow:
        """Walk a machine, a branch or an iteration; its output."""
        language = tree.get("QueryLanguage", language)
        states = tree.get("States")
        if not isinstance(states, dict):
            return NOTHING
        ranks = choice_reads.ranks_of(states)
        seen: dict[str, set[str]] = {}
        todo: list[Exit] = [(tree.get("StartAt"), given)]
        outputs: list[Flow] = []
        while todo:
            name, flow = todo.pop(0)
            if name is None:
                outputs.append(flow)
                continue
            known = seen.setdefault(name, set())
            if name not in states or signature(flow) in known or len(known) >= MOST:
                continue
            known.add(signature(flow))
            scene = Scene(document=flow, input=Ref(self.wanted.input), item=item, variables=self.variable)
            visit = _Visit(self, name, states[name], scene, states[name].get("QueryLanguage", language))
            todo += visit.exits(ranks.get(name, {}))
        return either(outputs)

    def assign(self, values: Flow) -> None:
        if isinstance(values, Build):
            for name, flow in values.members.items():
                self.variables.setdefault(name, []).append(flow)


class _Visit:
    """One state, with one input."""

    def __init__(self, walk: _Walk, name: str, state: Tree, scene: Scene, language: str) -> None:
        self.walk = walk
        self.name = name
        self.state = state
        self.scene = scene
        self.language = language
        self.jsonata = language == "JSONata"

    def exits(self, ranks: dict[str, int]) -> list[Exit]:
        state = self.state
        effective = self._effective()
        if state.get("Type") == "Choice":
            choice_reads.read_choice(state, ranks, self.scene.at(effective))
            return list(self._choices(effective))
        for field in ("Seconds", "TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency"):
            need(self._value(field, effective), "seconds" if field == "Seconds" else "number")
        need(self._value("Timestamp", effective), "timestamp")
        result = self._result(effective)
        output = self._output(effective, result)
        next_state = None if state.get("End") or state.get("Type") == "Succeed" else state.get("Next")
        found: list[Exit] = [] if state.get("Type") == "Fail" else [(next_state, output)]
        return found + list(self._catches())

    def _template(self, field: str, document: Flow, result: Flow = NOTHING) -> Flow:
        if self.jsonata:
            return read_jsonata(self.state[field], self.scene.at(document), result)
        return read_template(self.state[field], self.scene.at(document))

    def _value(self, field: str, document: Flow) -> Flow:
        """What a field computes, of JSONata or of its `...Path` twin."""
        if self.jsonata:
            return self._template(field, document) if field in self.state else NOTHING
        return self._path(f"{field}Path", document)

    def _path(self, field: str, document: Flow) -> Flow:
        return read_text(self.state[field], self.scene.at(document)) if self.state.get(field) else NOTHING

    def _effective(self) -> Flow:
        path = self.state.get("InputPath", "$")
        if self.jsonata or path == "$":
            return self.scene.document
        return Const({}) if path is None else read_text(path, self.scene)

    def _output(self, effective: Flow, result: Flow) -> Flow:
        """What the state makes of its result."""
        state = self.state
        if self.jsonata:
            if "Assign" in state:
                self.walk.assign(self._template("Assign", self.scene.document, result))
            return self._template("Output", self.scene.document, result) if "Output" in state else result
        if "ResultSelector" in state:
            result = self._template("ResultSelector", result)
        if "Assign" in state:
            self.walk.assign(self._template("Assign", result))
        if state.get("Type") in ("Task", "Pass", "Map", "Parallel"):
            result = self._placed(state.get("ResultPath", "$"), result)
        path = state.get("OutputPath", "$")
        if path is None:
            return Const({})
        return result if path == "$" else read_text(path, self.scene.at(result))

    def _placed(self, path: str | None, result: Flow) -> Flow:
        if path is None:
            return self.scene.document
        return place(self.scene.document, [str(step) for step in steps_of(path)], result)

    def _choices(self, effective: Flow) -> Iterator[Exit]:
        state = self.state
        output = self._output(effective, effective)
        for rule in [*state.get("Choices", []), {"Next": state.get("Default")}]:
            own = output
            if self.jsonata and "Output" in rule:
                own = read_jsonata(rule["Output"], self.scene)
            if "Assign" in rule:
                read = read_jsonata if self.jsonata else read_template
                self.walk.assign(read(rule["Assign"], self.scene))
            if isinstance(rule.get("Next"), str):
                yield rule["Next"], own

    def _catches(self) -> Iterator[Exit]:
        for catcher in self.state.get("Catch", []):
            output: Flow = ERROR_OUTPUT
            if self.jsonata and "Output" in catcher:
                output = read_jsonata(catcher["Output"], self.scene)
            elif not self.jsonata:
                output = self._placed(catcher.get("ResultPath", "$"), ERROR_OUTPUT)
            yield catcher.get("Next"), output

    # The work of each type

    def _result(self, effective: Flow) -> Flow:
        state = self.state
        arguments = effective
        field = "Arguments" if self.jsonata else "Parameters"
        if field in state and state.get("Type") != "Map":
            arguments = self._template(field, effective)
        match state.get("Type"):
            case "Task":
                return Ref(self.walk.wanted.results.setdefault(self.name, Want()))
            case "Pass" if "Result" in state:
                return Const(state["Result"])
            case "Parallel":
                branches = state.get("Branches", [])
                walked = [
                    self.walk.machine(branch, arguments, self.scene.item, self.language)
                    for branch in branches
                ]
                return Seq(tuple(walked))
            case "Map":
                return self._map(effective)
        return arguments

    def _map(self, effective: Flow) -> Flow:
        state = self.state
        item = self._item(effective)
        scene = self.scene
        self.scene = msgspec.structs.replace(scene, item=item)
        selector = next((name for name in ("ItemSelector", "Parameters") if name in state), None)
        given = item if selector is None else self._template(selector, effective)
        self.scene = scene
        if isinstance(state.get("ItemBatcher"), dict):
            batch = state["ItemBatcher"].get("BatchInput", {})
            scene_here = scene.at(effective)
            read = read_jsonata(batch, scene_here) if self.jsonata else read_template(batch, scene_here)
            given = Build({"Items": ListOf(given), "BatchInput": read})
        processor: Tree = state.get("ItemProcessor") or state.get("Iterator") or {}
        walked = self.walk.machine(processor, given, item, self.language)
        if isinstance(state.get("ResultWriter"), dict):
            writer = {
                key: value
                for key, value in state["ResultWriter"].items()
                if key in ("Parameters", "Arguments")
            }
            read_jsonata(writer, scene.at(effective)) if self.jsonata else read_template(
                writer, scene.at(effective)
            )
            return NOTHING
        return ListOf(walked)

    def _item(self, effective: Flow) -> Flow:
        """One item of a Map."""
        state = self.state
        if isinstance(state.get("ItemReader"), dict):
            reader = state["ItemReader"]
            read = read_jsonata if self.jsonata else read_template
            read(reader, self.scene.at(effective))
            return Ref(self.walk.wanted.items.setdefault(str(reader.get("Resource")), Want()))
        items = effective
        if self.jsonata and expression_of(state.get("Items")):
            items = self._template("Items", effective)
        elif self.jsonata and "Items" in state:
            items = read_jsonata(state["Items"], self.scene)
        elif "ItemsPath" in state:
            items = read_text(state["ItemsPath"], self.scene.at(effective))
        need(items, "array")
        item = element(items, None)
        wants(item)
        return item


def auto_input(wanted: Wanted, seed: str, moment: datetime) -> Json:
    """An input with all that the definition reads of it; {} where it reads nothing."""
    setting = Setting(chance=SeededChance(seed), moment=moment)
    want = wanted.input
    value = fill(want, "input", setting) if want.members or want.kinds else Mark.ABSENT
    return {} if isinstance(value, Mark) else value
