"""Choice: go one way or another.

Source: Amazon States Language, "Choice State"; AWS recordings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from sfnb.asl.conditions import (
    COMPARISONS,
    TYPE_TESTS,
    Comparison,
    Condition,
    all_of,
    any_of,
    compare_constant,
    compare_path,
    negated,
    presence,
    type_test,
)
from sfnb.asl.graph import Edge
from sfnb.asl.state import QUIET_STAGES, State, Transition
from sfnb.errors import EvaluationError, PathStep
from sfnb.query import Exit
from sfnb.query.expression import Expression
from sfnb.query.jsonata.template import marked
from sfnb.query.scope import Scope
from sfnb.values import Json, Payload, encode

if TYPE_CHECKING:
    from sfnb.asl.decode import Decoder

MISS = "Invalid path '{path}': The choice state's condition path references an invalid value."
PARTS = frozenset({"Variable", "Next", "Comment"})
LOGIC = ("And", "Or", "Not")
OPERATORS = (
    *COMPARISONS,
    *(f"{name}Path" for name in COMPARISONS if name != "StringMatches"),
    *TYPE_TESTS,
    "IsPresent",
    *LOGIC,
)


class ChoiceRule(msgspec.Struct, frozen=True, kw_only=True):
    """One way on: taken when `condition` holds.

    words: the condition for a reader: `$.total > 100`.
    exit: the rule's own Assign and Output, which stand for those of the state.
    """

    condition: Condition
    words: str
    next: str
    exit: Exit
    comment: str | None = None

    @classmethod
    def from_tree(cls, decoder: Decoder, tree: Json, path: tuple[PathStep, ...]) -> ChoiceRule | None:
        """Compile a rule; None, with findings, where it is none."""
        if not isinstance(tree, dict):
            decoder.expected("an object", tree, path)
            return None
        language = decoder.language
        fields = {name: tree[name] for name in language.rule_fields if name in tree}
        rest = {name: value for name, value in tree.items() if name not in fields}
        decode_rule = decode_test if language.name == "JSONPath" else decode_condition
        test = decode_rule(decoder, rest, path, top=True)
        exit = language.rule(fields, lambda field: decoder.report_at((*path, field)))
        after = decoder.text(tree, "Next", path, required=True)
        comment = decoder.text(tree, "Comment", path)
        if test is None or after is None:
            return None
        return cls(condition=test[0], words=test[1], next=after, exit=exit, comment=comment)


class Choice(State, frozen=True, kw_only=True):
    """Take the first rule that holds, else the default.

    A variable of another type than its operator's makes the rule false; a missing one fails the
    execution, default or not, except under IsPresent.
    """

    stages = QUIET_STAGES
    transitions = False

    choices: Annotated[tuple[ChoiceRule, ...], Meta(min_length=1)]
    default: str | None = None

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        for rule in self.choices:
            if rule.condition(scope):
                return Transition(payload, rule.next, rule.exit)
        if self.default is not None:
            return Transition(payload, self.default)
        raise EvaluationError(
            "States.Runtime",
            "Failed to transition out of the state. The state does not point to a next state.",
            spec="States.NoChoiceMatched",
        )

    def ways(self) -> Iterator[Edge]:
        for rule in self.choices:
            yield Edge(source=self.name, target=rule.next, kind="choice", label=rule.words)
        if self.default is not None:
            yield Edge(source=self.name, target=self.default, kind="default", label="default")

    def targets(self) -> Iterator[tuple[str, tuple[PathStep, ...]]]:
        for index, rule in enumerate(self.choices):
            yield rule.next, ("Choices", index, "Next")
        if self.default is not None:
            yield self.default, ("Default",)


# From the tree of a rule to its condition and its words


Test = tuple[Condition, str]


def decode_condition(
    decoder: Decoder, tree: dict[str, Json], path: tuple[PathStep, ...], *, top: bool = False
) -> Test | None:
    """The condition of a Choice rule in JSONata."""
    for key in tree:
        if key not in ("Condition", "Next", "Comment"):
            decoder.unknown(key, ("Condition", "Next", "Comment"), path)
    if "Condition" not in tree:
        decoder.missing(["Condition"], path)
        return None
    value, here = tree["Condition"], (*path, "Condition")
    if not isinstance(value, bool) and not decoder.language.computes(value):
        hint = f'write "{marked(value)}"' if isinstance(value, str) else None
        decoder.expected("a JSONata expression, {% ... %}", value, here, hint=hint)
        return None
    expression = decoder.language.query("Condition", value, decoder.report_at(here))
    if expression is None:
        return None
    return _truth(expression), expression.text


def _truth(expression: Expression) -> Condition:
    evaluate = expression.evaluate

    def holds(scope: Scope) -> bool:
        value = evaluate(scope)
        if not isinstance(value, bool):
            raise expression.unexpected("boolean", value, "The Condition must be a boolean")
        return value

    return holds


def decode_test(
    decoder: Decoder, tree: dict[str, Json], path: tuple[PathStep, ...], *, top: bool = False
) -> Test | None:
    """The condition of one Choice rule, or of one inside And, Or, Not."""
    operators = [key for key in tree if key not in PARTS]
    for key in operators:
        if key not in OPERATORS:
            decoder.unknown(key, (*OPERATORS, *PARTS), path)
    if not top and "Next" in tree:
        decoder.unsupported("Next", path, hint="only the outermost rule says where to go")
    known = [key for key in operators if key in OPERATORS]
    if len(known) != 1:
        if len(known) == len(operators):
            what = f"it has {len(known)}: {', '.join(known)}" if known else "it has none"
            decoder.find("A Choice rule takes exactly one operator", path, hint=what)
        return None
    return _decode_operator(decoder, known[0], tree, path)


def _decode_operator(
    decoder: Decoder, name: str, tree: dict[str, Json], path: tuple[PathStep, ...]
) -> Test | None:
    operand, here = tree[name], (*path, name)
    if name in LOGIC:
        return _decode_logic(decoder, name, operand, here)
    variable = _variable(decoder, tree, path)
    if variable is None:
        return None
    if name == "IsPresent" or name in TYPE_TESTS:
        return _decode_type_test(decoder, name, variable, operand, here)
    if name.endswith("Path"):
        return _decode_path_test(decoder, name, variable, operand, here)
    comparison = COMPARISONS[name]
    if not comparison.accepts(operand):
        decoder.expected(comparison.expected, operand, here)
        return None
    return compare_constant(variable, comparison, operand), _words(variable, comparison, encode(operand))


def _variable(decoder: Decoder, tree: dict[str, Json], path: tuple[PathStep, ...]) -> Expression | None:
    if "Variable" not in tree:
        decoder.missing(["Variable"], path)
        return None
    report = decoder.report_at((*path, "Variable"))
    return decoder.language.query("Variable", tree["Variable"], report, miss=MISS)


def _decode_type_test(
    decoder: Decoder, name: str, variable: Expression, operand: Json, here: tuple[PathStep, ...]
) -> Test | None:
    if not isinstance(operand, bool):
        decoder.expected("true or false", operand, here)
        return None
    if name == "IsPresent":
        return presence(variable, operand), f"{variable.text} is {'' if operand else 'not '}present"
    test, what = TYPE_TESTS[name]
    return type_test(variable, test, operand), f"{variable.text} is {'' if operand else 'not '}{what}"


def _decode_path_test(
    decoder: Decoder, name: str, variable: Expression, operand: Json, here: tuple[PathStep, ...]
) -> Test | None:
    comparison = COMPARISONS[name.removesuffix("Path")]
    other = decoder.language.query(name, operand, decoder.report_at(here), miss=MISS)
    if other is None:
        return None
    return compare_path(variable, comparison, other), _words(variable, comparison, other.text)


def _words(variable: Expression, comparison: Comparison, operand: str) -> str:
    return f"{variable.text} {comparison.sign} {operand}"


def _decode_logic(decoder: Decoder, name: str, operand: Json, here: tuple[PathStep, ...]) -> Test | None:
    if name == "Not":
        if not isinstance(operand, dict):
            decoder.expected("an object", operand, here)
            return None
        inner = decode_test(decoder, operand, here)
        return inner and (negated(inner[0]), f"not ({inner[1]})")
    if not isinstance(operand, list) or not operand:
        decoder.expected("a list of rules that is not empty", operand, here)
        return None
    tests = []
    for index, item in enumerate(operand):
        if isinstance(item, dict):
            tests.append(decode_test(decoder, item, (*here, index)))
        else:
            decoder.expected("an object", item, (*here, index))
            tests.append(None)
    ready = [test for test in tests if test is not None]
    if len(ready) < len(tests):
        return None
    join, word = (all_of, " and ") if name == "And" else (any_of, " or ")
    words = word.join(
        f"({t[1]})" if len(ready) > 1 and (" and " in t[1] or " or " in t[1]) else t[1] for t in ready
    )
    return join([test[0] for test in ready]), words
