"""JSONata as Step Functions has it: values, failures, limits, and what is known before evaluating."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.engine.clock import SeededChance
from sfnb.query.jsonata.evaluator import (
    UNDEFINED,
    Query,
    QueryError,
    QuerySyntaxError,
    compile_query,
)
from sfnb.query.jsonata.functions import LIBRARY
from sfnb.query.jsonata.names import read
from sfnb.query.jsonata.program import ALONE, Program
from sfnb.query.jsonata.tokens import tokens_of
from sfnb.values import Json

NOW = datetime(2026, 1, 2, 3, 4, 5, 678999, tzinfo=UTC)
BIG = 2**60 + 1
STATES: dict[str, Json] = {
    "input": {
        "x": 1,
        "none": None,
        "list": [1, 2],
        "one": [5],
        "rows": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        "double": 1.0,
        "big": BIG,
        "two words": {"é": "ü"},
    },
    "context": {"State": {"Name": "Here"}},
}
VARIABLES: dict[str, Json] = {"v": 5, "deep": {"er": [1, {"z": None}]}}


def chance() -> SeededChance:
    return SeededChance("key")


def evaluate(text: str, variables: dict[str, Json] | None = None) -> Any:
    return compile_query(text).evaluate(STATES, VARIABLES if variables is None else variables, chance, NOW)


def failure(text: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        evaluate(text)
    return caught.value


VALUES = [
    ("1", 1),
    ("null", None),
    ("4/2", 2),
    ("5/2", 2.5),
    ("0.1+0.2", 0.30000000000000004),
    ("2.0", 2),
    ("1e20", 100000000000000000000),
    ("$states.input.x + 1", 2),
    ("$states.input.none", None),
    ("$states.input.list", [1, 2]),
    ("$states.input.one", [5]),
    ("$states.input.rows.a", [1, 2]),
    ("$states.input.rows[a=2].b", "y"),
    ("$states.input.rows[a>5]", UNDEFINED),
    ("$states.input.`two words`.é", "ü"),
    ("$states.context.State.Name", "Here"),
    ("$sum($states.input.list) + $v", 8),
    ("$deep.er.z", None),
    ("$doesNotExist", UNDEFINED),
    ("$doesNotExist.x", UNDEFINED),
    ("$states.input.x.y", UNDEFINED),
    ("$states.input.none.y", UNDEFINED),
    ("$states.inputs", UNDEFINED),
    ('{"a": $doesNotExist, "b": 1}', {"b": 1}),
    ("[$doesNotExist, 1]", [1]),
    ('$contains("hello$world", /^hello\\$/)', True),
    ("$v = 5 and $states.input.x < 2", True),
    ("($x := $v; $x := $x + 1; $x)", 6),
    ("($f := function($n) { $n < 1 ? 0 : $n + $f($n - 1) }; $f(5))", 15),
    ("$map($states.input.rows, function($r, $i) { $r.a * $i })", [0, 2]),
    ("$v ~> $string()", "5"),
    ("$now()", "2026-01-02T03:04:05.678Z"),
    ("$millis()", 1767323045678),
    ("$random(42)", 0.7275636800328681),
    ("$random(42.9)", 0.7275636800328681),
    ("($r := $random; $r(42))", 0.7275636800328681),
    ("$random() = $random()", False),
    ("$partition([1,2,3,4], 2)", [[1, 2], [3, 4]]),
    ("$partition([1,2,3], 2.9)", [[1, 2], [3]]),
    ("$range(0, 6, 2)", [0, 2, 4, 6]),
    ("$range(0, 7, 2)", [0, 2, 4, 6]),
    ("$range(3, 1, -1)", [3, 2, 1]),
    ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]),
    ("$count($range(1, 200000, 1))", 200_000),
    ('$hash("input", "SHA-1")', "140f86aae51ab9e1cda9b4254fe98a74eb54c1a1"),
    ('$parse("{\\"a\\": [1, 2.5]}").a[1]', 2.5),
    ('$parse("-0")', 0),
    ("$parse($doesNotExist)", UNDEFINED),
    ('$keys([{"a": 1}, {"b": 2, "a": 3}])', ["a", "b"]),
    ('$keys({"a": 1})', "a"),
    ('$distinct([1, {"a": 1}, 1, {"a": 1}])', [1, {"a": 1}]),
    ("1/0", "Infinity"),
    ("[-1/0]", ["-Infinity"]),
    ("$map([2, 0], function($n) { 4 / $n })", [2, "Infinity"]),
    ("[1..873782] ~> $count()", 873_782),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_value(text: str, value: object) -> None:
    found = evaluate(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text", ["$", "$$", "x", "states", "$.states", "`v`", "$keys($)", "*", "$each($keys)"]
)
def test_there_is_nothing_to_see_at_the_top(text: str) -> None:
    assert evaluate(text) is UNDEFINED


def test_what_is_passed_on_stays_what_it_is() -> None:
    assert evaluate("$states.input.rows") is STATES["input"]["rows"]  # type: ignore[call-overload, index]
    assert evaluate("$states.input.big") == BIG
    assert repr(evaluate("$states.input.double")) == "1.0"
    assert repr(evaluate("$states.input.double + 0")) == "1"


def test_chance_repeats() -> None:
    uuid = evaluate("$uuid()")
    assert uuid == chance().uuid()
    assert evaluate("($u := $uuid; $u())") == uuid
    assert evaluate("$random()") == chance().float()
    assert evaluate("$map([1, 2], function($i) { $random() })") != [chance().float()] * 2


@pytest.mark.parametrize(
    ("text", "variables", "value"),
    [
        ("$sum", {"sum": 3}, 3),
        ("$sum + 1", {"sum": 3}, 4),
        ("$sum + 1", {"sum": None, "v": 1}, "T2001"),
        ("$sum([1])", {"sum": 3}, "T1006"),
        ("$keys & $random", {"keys": "a", "random": "b"}, "ab"),
        ("$eval", {"eval": 7}, 7),
        ("$map([1], function($sum) { $sum })", {}, 1),
    ],
)
def test_a_variable_hides_the_function_of_its_name(text: str, variables: Any, value: object) -> None:
    try:
        found = evaluate(text, variables)
    except QueryError as error:
        found = error.code
    assert found == value


FAILURES = [
    ("$randomSeeded(1)", ". T1006: Attempted to invoke a non-function"),
    ('$eval("1+1")', ". T1006: Attempted to invoke a non-function"),
    ('($e := $eval; $e("1"))', ". T1006: Attempted to invoke a non-function"),
    ('$map(["1"], $eval)', '. T0410: Argument 2 of function "map" does not match function signature'),
    ('$abs("x")', '. T0410: Argument 1 of function "abs" does not match function signature'),
    ('$sum(["a"])', '. T0412: Argument 1 of function "sum" must be an array of "numbers"'),
    ('1 + "a"', '. T2002: The right side of the "+" operator must evaluate to a number'),
    ('$number("x")', '. D3030: Unable to cast value to a number: "x"'),
    ("$sqrt(-2)", ". D3060: The sqrt function cannot be applied to a negative number: -2"),
    ('$error("boom")', ". D3137: boom"),
    ("1/0 + 1", ". D1001: Number out of range: null"),
    ("$uuid(1)", '. T0410: Argument 1 of function "uuid" does not match function signature'),
    ('$random("a")', '. T0410: Argument 1 of function "random" does not match function signature'),
    ("$range(1, 2)", '. T0410: Argument 3 of function "range" does not match function signature'),
    ("$range(1, 2, 0)", ": $range: the step must not be 0"),
    ("$range(1, 1e300, 1)", ": $range: the number 1e+300 is out of range"),
    ("$partition([1], -1)", ": $partition: the size must be at least 1, but was -1"),
    ('$parse("{")', ": $parse: the string is not valid JSON"),
    ('$hash("a", "SHA-3")', ": $hash: the algorithm must be one of"),
]


@pytest.mark.parametrize(("text", "ending"), FAILURES)
def test_a_failure_in_the_words_of_aws(text: str, ending: str) -> None:
    error = failure(text)
    assert error.kind == "threw"
    assert error.ending.startswith(ending)


@pytest.mark.parametrize(
    "text", ["$sum", "/a/", "function($x) { $x }", "$substring(?, 1)", "$sum ~> $string"]
)
def test_a_function_is_no_result(text: str) -> None:
    assert failure(text).kind == "unsupported"


@pytest.mark.parametrize(
    ("text", "code", "offset"),
    [
        ("1 +", "S0207", 3),
        ('"unterminated', "S0101", 0),
        ("$x :=", "S0207", 5),
        ('$match("a", /abc', "S0302", 12),
        ("1; 2", "S0201", 1),
        ("(1)) + (2", "S0201", 3),
        ("$v ?? 1", "S0211", 3),
        ("$v ?: 1", "S0211", 3),
        ('"\ud800"', "S0204", 1),
    ],
)
def test_what_is_not_jsonata_2_0_6(text: str, code: str, offset: int) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        compile_query(text)
    assert (caught.value.code, caught.value.offset) == (code, offset)


GROW = '($f := function($a, $n) { $n = 0 ? $a : $f({"a": $a, "b": $a}, $n - 1) }; '
HOSTILE = [
    ("[1..873783]", "memory"),
    ("$sum([1..9999999])", "memory"),
    ("$range(1, 500000, 1)", "memory"),
    ("$range(-1e15, 1e15, 1)", "memory"),
    ('$pad("a", 8000000)', "memory"),
    ('$pad("a", 1e15)', "memory"),
    ('$reduce([1..23], function($s, $i) { $s & $s }, "a")', "memory"),
    ("$reduce([1..30], function($a, $b) { $append($a, $a) }, [1])", "memory"),
    (GROW + "$f(1, 30))", "memory or timeout"),
    (GROW + "$string($f(1, 40)))", "memory"),
    (GROW + "$partition([$f(1, 40)], 1))", "memory"),
    (GROW + "$f(1, 60) = $f(1, 24))", None),
    (GROW + "$f(1, 27) = $f(1, 27))", "timeout"),
    ("($f := function() { $f() }; $f())", "timeout"),
    ("$map([1..100000], function($i) { [1..1000] })", "timeout"),
    ('$match($pad("a", 40, "a") & "!", /^(a+)+$/)', "timeout"),
    ("($f := function($n) { 1 + $f($n + 1) }; $f(1))", "stack"),
    ("1" + "+1" * 100, "stack"),
    ("1" + "+1" * 998, "stack"),
    ("1" + "+1" * 5000, "stack"),
    ("[" * 5000 + "]" * 5000, "stack"),
    ("$count($keys($merge($map([1..100000], function($i) {{$string($i): $i}}))))", None),
    ("$count($distinct([1..200000]))", None),
]


@pytest.mark.parametrize(("text", "kind"), HOSTILE, ids=lambda value: str(value)[:50])
def test_nothing_holds_the_engine_for_long(text: str, kind: str | None) -> None:
    began = time.perf_counter()
    try:
        evaluate(text)
        found = None
    except QueryError as error:
        found = error.kind
    assert found == kind or (kind is not None and found in kind.split(" or "))
    assert time.perf_counter() - began < 20


def test_a_hundred_levels_are_allowed() -> None:
    assert evaluate("1" + "+1" * 99) == 100
    assert evaluate("(" * 99 + "1" + ")" * 99) == 1


LIMITS_IN_WORDS = [
    (
        "[1..900000] ~> $count()",
        ": Expression evaluation memory limit exceeded: Check for excessive memory usage",
    ),
    ("1" + "+1" * 199, ": Stack overflow error: Check for non-terminating recursive function."),
    ("($f := function() { $f() }; $f())", ": Expression evaluation timeout: Check for infinite loop"),
]


@pytest.mark.parametrize(("text", "ending"), LIMITS_IN_WORDS, ids=["memory", "stack", "timeout"])
def test_a_limit_in_the_words_of_aws(text: str, ending: str) -> None:
    assert failure(text).ending.startswith(ending)


READS = [
    # expression, variables, members of $states (None: all, or it cannot be told), unknown functions
    ("$states.input.x + $y", {"y"}, {"input"}, set()),
    ("1", set(), set(), set()),
    ("$states", set(), None, set()),
    ('$states["input"]', set(), None, set()),
    ("$states.*", set(), None, set()),
    ("$states.($z)", {"z"}, None, set()),
    ("$states.`input`.x", set(), {"input"}, set()),
    ('$states."result".x', set(), {"result"}, set()),
    ("$states.input.a.%.%", set(), None, set()),
    ('$lookup($states, "input")', set(), None, set()),
    ("($s := $states; $s.input)", set(), None, set()),
    ("($states := 1; $states)", set(), set(), set()),
    ("$states.input + $states.errorOutput.Error", set(), {"input", "errorOutput"}, set()),
    (
        "$map($states.input, function($v, $i) { $v.x + $i + $k + $states.context.n })",
        {"k"},
        {"input", "context"},
        set(),
    ),
    ("$map($l, λ($v){ $v })", {"l"}, set(), set()),
    ("($a := 1; ($b := 2); $b + $a)", {"b"}, set(), set()),
    ("($x := $x + 1; $x)", {"x"}, set(), set()),
    ("($x := $y ? 1 : $x; $x)", {"x", "y"}, set(), set()),
    ("($f := function($n)<n:n> { $n > 0 ? $f($n - 1) : $z }; $f(3))", {"z"}, set(), set()),
    ("($f := function($n) { $n }; ($f := 1; $f); $f(1))", set(), set(), set()),
    ("$x := 1", set(), set(), set()),
    ("$f(?, 1)", set(), set(), {"f"}),
    ("$x ~> $f", {"x"}, set(), {"f"}),
    ("$x ~> $trim() ~> $nope($y)", {"x", "y"}, set(), {"nope"}),
    ("$sum($x) + $partition($y, 1) + $eval($z)", {"x", "y", "z"}, set(), {"eval"}),
    ("$map($x, $sum)", {"x"}, set(), set()),
    ("$", set(), set(), set()),
    ("$$", set(), set(), set()),
    ("\"$no\" & $yes /* $neither */ & '$nor'", {"yes"}, set(), set()),
    ("$contains($s, /$a[/]\\/$b/) and $t", {"s", "t"}, set(), set()),
    ("$a / $b / $c", {"a", "b", "c"}, set(), set()),
    ("$x[$y = 1].z / $w", {"x", "y", "w"}, set(), set()),
    ("$states.input@$i.x[$i]", set(), {"input"}, set()),
    ("$states.input#$i.{'n': $i, 'k': $k}", {"k"}, {"input"}, set()),
    ("$states.input ~> |x|{'a': $q}|", {"q"}, {"input"}, set()),
    ("(function($x) { $x + $y })(1)", {"y"}, set(), set()),
]


@pytest.mark.parametrize(("text", "variables", "states", "functions"), READS)
def test_what_an_expression_reads(
    text: str, variables: set[str], states: set[str] | None, functions: set[str]
) -> None:
    query = compile_query(text)
    assert (query.variables, query.states, query.functions) == (variables, states, functions)


@pytest.mark.parametrize(
    ("text", "explosive"),
    [
        ("($f := function($x) { $x = 1 }; $filter($v, $f))", False),
        ("$filter($v, function($x) { $x.a = 1 })", False),
        ("($f := function($a) { $f([$a, $a]) }; $f(1))", False),
        ("($f := function($a) { $f([$a, $a]) }; $f(1) = $f(2))", True),
        ("($f := function($s, $a) { $s($s, [$a, $a]) }; $f($f, 1) in 2)", True),
        ("$reduce($v, function($a, $b) { [[$a], [$a]] }) = 1", True),
        ("(function($s) { $s = 1 })(1)", True),
        ("(" + "$a := [[$a], [$a]];" * 16 + "$a = $a)", True),
    ],
)
def test_what_may_compare_for_ever_is_known(text: str, explosive: bool) -> None:
    assert read(text).explosive is explosive


def test_the_same_text_is_compiled_once() -> None:
    assert compile_query("$v + 17") is compile_query("$v + 17")


NAMES = st.sampled_from(["a", "b", "two words"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("xyz", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(document=DOCUMENTS, path=st.lists(NAMES, max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_path_is_followed_as_the_library_follows_it(document: Json, path: list[str]) -> None:
    text = "$states.input" + "".join(f".`{name}`" for name in path)
    by_library = Program(text, read(text), ALONE, frozenset({"states"}), frozenset())
    states = {"input": document}
    found = Query(text).evaluate(states, {}, chance, NOW)
    assert found == by_library.run(states, {}, chance, NOW)


@given(text=st.text("$a.b/`'\"\\[](){}|?:=~>@#%*! \n1", max_size=30))
def test_any_text_has_tokens(text: str) -> None:
    tokens = tokens_of(text)
    offsets = [token.offset for token in tokens]
    assert offsets == sorted(set(offsets))
    assert all(token.text in text[token.offset :] for token in tokens)
    assert bool(tokens) or not text.strip() or "/*" in text
    read(text)


def test_every_function_of_the_library_is_there() -> None:
    missing = [name for name in LIBRARY if evaluate(f"$type(${name})", {}) != "function"]
    assert missing == []


def test_a_large_state_is_not_converted_to_read_one_member() -> None:
    rows: list[Json] = [{"id": number, "name": f"name{number}"} for number in range(10_000)]
    states: dict[str, Json] = {"input": {"rows": rows, "x": 1}}
    query = compile_query("$states.input.x + $count($states.input.rows)")
    query.evaluate(states, {}, chance, NOW)
    began = time.thread_time()
    for _ in range(100):
        query.evaluate(states, {}, chance, NOW)
    assert (time.thread_time() - began) / 100 < 0.001


def test_the_library_is_loaded_only_when_an_expression_is_compiled() -> None:
    program = "import sys, sfnb.query.jsonata.evaluator; sys.exit('jlens' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
