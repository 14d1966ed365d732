"""SQL that is refused: each with its place, what was found and expected, and in little time."""

from __future__ import annotations

import subprocess
import sys
from time import thread_time

import pytest

from sfnb.errors import SfnbError
from sfnb.triggers.iot.sql import NOT_SELECTED, REFUSED, Facts, InvalidSql, Message, read_statement

FACTS = Facts(account="123456789012", timestamp=0, new_uuid=lambda: "0")


@pytest.mark.parametrize(
    ("sql", "complaint", "column"),
    [
        ("", "found nothing, expected SELECT", 1),
        ("DELETE FROM x", "found FROM", 8),
        ("color", "expected SELECT", 1),
        ("SELECT FROM 'a'", "without anything to select", 13),
        ("SELECT a,, b FROM 'a'", "found ,, expected an expression", 10),
        ("SELECT a, FROM 'a'", "found FROM, expected an expression", 11),
        ("SELECT a b FROM 'a'", "found b, expected a comma, AS", 10),
        ("SELECT a 'b' FROM 'a'", "found 'b'", 10),
        ("SELECT 12abc FROM 'a'", "found abc", 10),
        ("SELECT 'a' 'b' FROM 'a'", "CONCAT", 8),
        ("SELECT temp FROM topic/#", "found #", 24),
        ("SELECT temp FROM topic", "expected a topic filter in single quotes", 18),
        ('SELECT temp FROM "a/b"', "found double quotes", 18),
        ("SELECT temp FROM 'a/#/b'", "has # before its last level", 18),
        ("SELECT temp FROM 'a' AS b", "found ALIAS", 18),
        ("SELECT temp FROM 'a', 'b'", "found JOINS", 8),
        ("SELECT temp FROM", "expected table name", 13),
        ("SELECT 'abc FROM a", "found a text that is never closed", 8),
        ("SELECT a FROM 'x' WHERE", "expected an expression", 19),
        ("SELECT a FROM 'x' WHERE a != 3", "found !=, expected <>", 27),
        ("SELECT a FROM 'x'; DROP TABLE y", "found ;", 18),
        ("SELECT a -- all\nFROM 'x'", "without comments", 10),
        ("SELECT a /* all */ FROM 'x'", "without comments", 10),
        ("SELECT a FROM 'x' GROUP BY a", "found BY", 25),
        ("SELECT a FROM 'x' LIMIT 5", "found 5", 25),
        ("SELECT a FROM 'x' UNION SELECT b FROM 'y'", "found SELECT", 25),
        ("SELECT ((a) FROM 'x'", r"found \( that is never closed", 8),
        ("SELECT a)) FROM 'x'", r"found \)", 9),
        ("SELECT f(1) FROM 'x'", r"found f\(\), which AWS IoT SQL does not have", 8),
        ("SELECT uper(a) FROM 'x'", "did you mean upper", 8),
        ("SELECT abs() FROM 'x'", r"abs\(\) takes 1 arguments, found 0", 8),
        ("SELECT substring(a, 1, 2, 3) FROM 'x'", "takes 2 to 3 arguments, found 4", 8),
        ("SELECT cast(a as Blob) FROM 'x'", "found blob in cast", 8),
        ("SELECT cast(a) FROM 'x'", "without a value, AS and a type", 8),
        ("SELECT abs(a AS b) FROM 'x'", "found a AS b", 12),
        ("SELECT regexp_matches(a, '(?=b)') FROM 'x'", "look-around", 8),
        ("SELECT a[0] FROM 'x'", r"expected get\(array, index\)", 8),
        ("SELECT a IN (1, 2) FROM 'x'", "expected an array in brackets", 8),
        ("SELECT a IS NULL FROM 'x'", "found NULL", 13),
        ("SELECT {'a'} FROM 'x'", "without its key", 9),
        ("SELECT {1, 2} FROM 'x'", "without its key", 9),
        ("SELECT CASE WHEN a THEN 1 END FROM 'x'", "expected CASE value WHEN", 18),
        ("SELECT CASE a WHEN 1 2 END FROM 'x'", "expected WHEN and THEN in turn", 24),
        ("SELECT CASE a END FROM 'x'", "found FROM", 19),
        ("SELECT VALUE a, b FROM 'x'", "several items after SELECT VALUE", 14),
        ("SELECT (SELECT a) AS b FROM 'x'", "lacks its FROM", 16),
        ("SELECT (SELECT a FROM 'b') AS b FROM 'x'", "expected a name", 23),
        ("SELECT @a FROM 'x'", "found @a, which no SET before it defines", 1),
        ("SET @a = 1, @a = 2 SELECT @a FROM 'x'", "found @a set twice", 18),
        ("SET @a = 1", "expected SELECT after it", 1),
        ("SET a = 1 SELECT a FROM 'x'", "expected @name = expression", 5),
        ("SET @a = SELECT a FROM 'x'", "expected @name = expression", 5),
        (f"SET @{'a' * 65} = 1 SELECT b FROM 'x'", "at most 64", 6),
        ("SELECT .5 FROM 'x'", "found .5, expected a digit", 8),
        ("SELECT a.5 FROM 'x'", "found .5, expected a digit", 9),
        ("SELECT `a` FROM 'x'", "found a, which", 8),
        ("SELECT a ? b FROM 'x'", r"found \?", 10),
    ],
)
def test_a_faulty_statement_is_refused_with_its_place(sql: str, complaint: str, column: int) -> None:
    with pytest.raises(InvalidSql, match=complaint) as refusal:
        read_statement(sql)
    assert (refusal.value.line, refusal.value.column) == (1, column), str(refusal.value)


def test_a_refusal_shows_the_line_with_a_caret() -> None:
    with pytest.raises(InvalidSql) as refusal:
        read_statement("SELECT a,\n       uper(b)\nFROM 'x'")
    assert str(refusal.value).splitlines() == [
        "line 2, column 8: found uper(), which AWS IoT SQL does not have; did you mean upper?",
        "         uper(b)",
        "         ^",
    ]


@pytest.mark.parametrize("name", REFUSED)
def test_a_function_that_is_not_run_here_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidSql, match=rf"{name}\(\) is not run here: "):
        read_statement(f"SELECT {name}('a', b) AS x FROM 'x'")


@pytest.mark.parametrize(
    "expression",
    ["[1]", "{'a': 1}", "(SELECT a FROM b)", "indexof(a, b)", "cast(a as Bool)", "encode(*, 'base64')"],
)
def test_what_version_2015_has_not_is_refused_there_alone(expression: str) -> None:
    sql = f"SELECT {expression} AS x FROM 'x'"

    read_statement(sql)
    with pytest.raises(InvalidSql, match="2016-03-23"):
        read_statement(sql, version="2015-10-08")


def test_a_version_that_aws_has_not_is_refused() -> None:
    with pytest.raises(
        InvalidSql, match="found SQL version 2020-01-01, expected 2015-10-08, 2016-03-23, beta"
    ):
        read_statement("SELECT * FROM 'x'", version="2020-01-01")


HOSTILE = {
    "long": "x" * 1_000_000,
    "parentheses": f"SELECT {'(' * 30_000}1{')' * 30_000} FROM 'a'",
    "calls": f"SELECT {'abs(' * 100}1{')' * 100} FROM 'a'",
    "brackets": f"SELECT {'[' * 60_000}",
    "braces": "SELECT " + "{'a':" * 10_000,
    "cases": "SELECT " + "CASE a WHEN 1 THEN " * 3_000,
    "selects": f"SELECT {'(SELECT a FROM ' * 4_000}",
    "not": f"SELECT {'NOT ' * 16_000}a FROM 'a'",
    "minus": f"SELECT {'- ' * 30_000}a FROM 'a'",
    "plus": f"SELECT a{'+1' * 30_000} FROM 'a'",
    "dots": f"SELECT a{'.a' * 30_000} FROM 'a'",
    "alias": f"SELECT a AS b{'.a' * 30_000} FROM 'a'",
    "commas": f"SELECT {',' * 60_000} FROM 'a'",
    "quote": f"SELECT '{'x' * 60_000}",
    "quotes": f"SELECT {chr(39) * 60_001} FROM 'a'",
    "texts": "SELECT " + "'a' " * 15_000 + "FROM 'a'",
    "exponent": "SELECT 1e999999999 FROM 'a'",
    "digits": f"SELECT {'9' * 60_000} FROM 'a'",
    "lines": "\n" * 60_000 + "SELECT !",
    "variables": "SET " + ", ".join(f"@v{index} = 1" for index in range(1_000)) + " SELECT a FROM 'a'",
    "controls": "SELECT \x1b[31m FROM 'a'",
    "surrogate": "SELECT '\ud800' + \ud800 FROM 'a'",
}


@pytest.mark.parametrize("sql", HOSTILE.values(), ids=HOSTILE)
def test_hostile_sql_is_refused_in_bounded_time(sql: str) -> None:
    begun = thread_time()
    with pytest.raises(InvalidSql) as refusal:
        read_statement(sql)

    assert thread_time() - begun < 10
    assert len(str(refusal.value)) < 1_000
    assert "\x1b" not in str(refusal.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SET @a = [x,x,x,x,x,x,x,x,x,x], @b = [@a,@a,@a,@a,@a,@a,@a,@a,@a], @c = [@b,@b,@b,@b,@b,@b,@b],"
        " @d = [@c,@c,@c,@c,@c,@c,@c,@c], @e = [@d,@d,@d,@d,@d,@d,@d,@d,@d], @f = [@e,@e,@e,@e,@e,@e,@e,@e]"
        " SELECT [@f,@f,@f] AS g FROM 'a'",
        "SET @a = concat(t, t, t, t, t, t, t, t), @b = concat(@a, @a, @a, @a, @a, @a, @a, @a, @a),"
        " @c = concat(@b, @b, @b, @b, @b) SELECT replace(@c, 'a', @c) = @c AS g FROM 'a' WHERE g = 1",
        "SELECT (SELECT (SELECT (SELECT 1 FROM @x) AS d FROM @x) AS e FROM @x) AS f FROM 'a'".replace(
            "SELECT", "SET @x = x SELECT", 1
        ),
        "SELECT regexp_replace(t, '(a|aa)+b', 'x') FROM 'a' WHERE regexp_substr(t, '(a*)*b') = 1",
    ],
    ids=["doubling", "texts", "loops", "expressions"],
)
def test_a_greedy_statement_comes_to_an_end(sql: str) -> None:
    statement = read_statement(sql)
    payload = b'{"x": [' + b",".join([b"1"] * 2_000) + b'], "t": "' + b"a" * 50_000 + b'"}'
    begun = thread_time()

    assert statement.evaluate(Message(topic="a", payload=payload), FACTS) is NOT_SELECTED
    assert thread_time() - begun < 10


def test_an_evaluation_that_takes_too_many_steps_says_so() -> None:
    statement = read_statement(
        "SET @x = x SELECT (SELECT (SELECT 1 AS a FROM @x) AS b FROM @x) AS c FROM 'a'"
    )
    payload = b'{"x": [' + b",".join([b"1"] * 2_000) + b"]}"

    explained = statement.explain(Message(topic="a", payload=payload), FACTS)

    assert explained.reason == "it takes more than 1000000 steps"


def test_a_payload_nested_too_deeply_is_no_json() -> None:
    statement = read_statement("SELECT * FROM 'a' WHERE a = 1")

    assert statement.evaluate(Message(topic="a", payload=b"[" * 100_000), FACTS) is NOT_SELECTED


def test_sqlglot_and_re2_are_loaded_by_the_first_statement_that_needs_them() -> None:
    script = (
        "import sys\n"
        "from sfnb.triggers.iot.sql import read_statement\n"
        "assert not {'sqlglot', 're2'} & set(sys.modules)\n"
        "read_statement(\"SELECT * FROM 'a'\")\n"
        "assert 'sqlglot' in sys.modules and 're2' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize(
    ("package", "sql"), [("sqlglot", "SELECT * FROM 'a'"), ("re2", "SELECT regexp_matches(a, 'b') FROM 'a'")]
)
def test_a_package_that_is_missing_is_named_with_its_extra(
    package: str, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(SfnbError, match=r'pip install "sfnb\[triggers\]"'):
        read_statement(sql)
