"""Mapping templates: AWS's documented ones, the language, and what it may not do."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.triggers.http.vtl import Template, TemplateError
from sfnb.triggers.http.vtl.variables import Input, escape_java_script, variables

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "cases" / "vtl.json").read_text(encoding="utf-8")
)


def render(case: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    body = case.get("raw", json.dumps(case.get("body", {}), separators=(",", ":"), ensure_ascii=False))
    context: dict[str, Any] = {"stage": "prod", "identity": {"sourceIp": "127.0.0.1"}, "requestId": "r"}
    header = case.get("header", {"X-Trace": 't"1'})
    query = case.get("querystring", {"page": "2", "q": "it's"})
    source = Input(body, {"petId": "42"}, query, header)
    return Template(case["template"]).render(variables(source, context, {"env": "dev"})), context


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_template_does_what_it_does_on_aws(case: dict[str, Any]) -> None:
    if "error" in case:
        before = time.thread_time()
        with pytest.raises(TemplateError) as fault:
            render(case)
        assert case["error"] in str(fault.value)
        assert time.thread_time() - before < 5
        return
    written, context = render(case)
    if "output" in case:
        assert written == case["output"]
        return
    found = json.loads(written)
    if "input_json" in case:
        assert json.loads(found["input"]) == case["input_json"]
        assert found["stateMachineArn"] == case["json"]["stateMachineArn"]
    else:
        assert found == case["json"]
    if "override" in case:
        assert context["responseOverride"] == case["override"]


WORDS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
)
EMBEDDED = Template('{"input": "$util.escapeJavaScript($input.json(\'$\')).replaceAll("\\\\\'","\'")"}')


@settings(deadline=None)
@given(JSON)
def test_a_body_embedded_in_json_is_that_body_again(body: Any) -> None:
    text = json.dumps(body, ensure_ascii=False)
    written = EMBEDDED.render(variables(Input(text), {}, {}))
    assert json.loads(json.loads(written)["input"]) == body


@settings(deadline=None)
@given(WORDS)
def test_escaped_text_has_nothing_that_ends_a_string(text: str) -> None:
    escaped = escape_java_script(text)
    assert escaped.isascii()
    assert escaped.isprintable()
    assert json.loads('"' + escaped.replace("\\'", "'") + '"') == text


@settings(deadline=None)
@given(st.text(alphabet="$#{}()[]!'\".abset ifndorch=,1\\\n@*", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    fault = None
    try:
        Template(text).render(variables(Input("{}"), {}, {}))
    except TemplateError as found:
        fault = found
    if fault is not None:
        lines = text.split("\n")
        assert 1 <= fault.line <= len(lines)
        assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1


def test_a_hostile_text_does_not_make_a_regular_expression_slow() -> None:
    template = Template("$input.path('$').replaceAll('(a+)+$','x')")
    before = time.thread_time()
    template.render(variables(Input(json.dumps("a" * 100_000 + "b")), {}, {}))
    assert time.thread_time() - before < 2


def test_a_template_is_read_once_and_keeps_nothing() -> None:
    template = Template("#set($n = $input.path('$.n'))$n$!m#set($m = 1)")
    assert [template.render(variables(Input(f'{{"n":{n}}}'), {}, {})) for n in (1, 2)] == ["1", "2"]


def test_a_template_of_more_than_300_kb_is_refused() -> None:
    with pytest.raises(TemplateError, match="307,200 characters"):
        Template("x" * 307_201)


@pytest.mark.parametrize("unit", ["\\", "#*", "#[[", "$", "${", "#", "#set", "'", '"', "#if(", "$a.", "$a["])
def test_a_large_template_of_nothing_is_read_quickly(unit: str) -> None:
    before = time.thread_time()
    with suppress(TemplateError):
        Template(unit * (300_000 // len(unit)))
        Template("#set($x = " + unit * (290_000 // len(unit)))
    assert time.thread_time() - before < 5
