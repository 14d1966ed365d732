"""Whatever triggers are called and hold, templates keep it, and none takes the place of another."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.exporters import TEMPLATES
from sfnb.exporters.deployable import Own, Starter, with_own
from sfnb.exporters.hcl import HELD, Document, Hcl
from sfnb.exporters.page import PSEUDO, Page
from tests.exporters import deployed, started
from tests.exporters.started import machine
from tests.exporters.test_exporters import TRAPS

HARD = (
    *TRAPS,
    *("${a}", "$${a}", "${!a}", "${AWS::Region}", "%{ if x }", "%%{", "${", "$", "}", "EOT", "\nEOT\n", "\\"),
    *('"', "\b\f\t", "${var.x}", "é\U0001f600", "\u2028", started.ORDERS, "123456789012"),
)
TEXTS = st.one_of(st.sampled_from(HARD), st.text(st.characters(exclude_categories=["Cs", "Co", "Cc"])))
NAMES = st.text(st.sampled_from("aAb1-_. /{}+$ü"), min_size=1, max_size=12)
LEAVES = st.one_of(
    TEXTS, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False)
)
PATTERNS = st.recursive(
    st.dictionaries(TEXTS, st.lists(LEAVES, min_size=1, max_size=3), min_size=1, max_size=3),
    lambda inner: st.dictionaries(TEXTS, inner, min_size=1, max_size=2),
    max_leaves=4,
)


def rule(pattern: Any, name: str = "orders-event", input: str | None = None) -> Starter:
    target = {"Id": "sfnb", "Arn": started.ORDERS, **({} if input is None else {"Input": input})}
    settings = {"Name": "r", "EventPattern": json.dumps(pattern), "Targets": [target]}
    return Starter(kind="event", name=name, settings=settings)


def moved(value: Any) -> Any:
    """What it says in another account."""
    if isinstance(value, str):
        local = machine()
        return with_own(local, value, Own("aws", deployed.REGION, deployed.ACCOUNT))
    if isinstance(value, dict):
        return {name: moved(item) for name, item in value.items()}
    return [moved(item) for item in value] if isinstance(value, list) else value


@settings(deadline=None, max_examples=100)
@given(pattern=PATTERNS, input=TEXTS)
@pytest.mark.parametrize("format", ["cloudformation", "sam"])
def test_cloudformation_gets_any_pattern_and_input_as_it_is(format: str, pattern: Any, input: str) -> None:
    text = TEMPLATES[format](machine(rule(pattern, input=input)))
    resources = deployed.by_cloudformation(text)
    rules = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Events::Rule"]
    if rules:
        told, target = rules[0]["EventPattern"], rules[0]["Targets"][0]
    else:
        (target,) = [
            each["Properties"] for each in resources["StateMachine"]["Properties"]["Events"].values()
        ]
        told = target["Pattern"]

    assert (json.loads(told) if isinstance(told, str) else told) == moved(pattern)
    assert target["Input"] == moved(input)


@settings(deadline=None, max_examples=100)
@given(pattern=PATTERNS, input=TEXTS)
def test_terraform_gets_any_pattern_as_it_is(pattern: Any, input: str) -> None:
    found = deployed.by_terraform(TEMPLATES["terraform"](machine(rule(pattern))))

    assert json.loads(found["aws_cloudwatch_event_rule.orders-event"]["event_pattern"]) == moved(pattern)


@settings(deadline=None, max_examples=30)
@given(names=st.lists(NAMES, min_size=1, max_size=6, unique=True))
@pytest.mark.parametrize("format", TEMPLATES)
def test_none_takes_the_place_of_another(format: str, names: list[str]) -> None:
    triggers = [rule({"source": ["a"]}, name) for name in names]
    triggers += [Starter(kind="schedule", name=name, settings=started.WEEKLY.settings) for name in names]
    text = TEMPLATES[format](machine(*triggers))
    if format == "terraform":
        kinds = [address.partition(".")[0] for address in deployed.by_terraform(text)]
        made = kinds.count("aws_cloudwatch_event_rule") + kinds.count("aws_scheduler_schedule")
        assert len(kinds) == sum(len(each) for each in hcl2.loads(text)["resource"])
    else:
        resources = yaml.safe_load(text)["Resources"]
        events = resources["StateMachine"]["Properties"].get("Events", {})
        kinds = [each["Type"] for each in resources.values()]
        made = len(events) + kinds.count("AWS::Events::Rule") + kinds.count("AWS::Scheduler::Schedule")
        assert all(id.isalnum() and id.isascii() for id in (*resources, *events))

    assert made == 2 * len(names)


@settings(deadline=None)
@given(value=st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=6))
def test_a_value_as_a_text_with_things_filled_in_reads_back(value: Any) -> None:
    page = Page(machine(), set(), sam=False)
    told = {"x": page.plain(page.json(page.own({"given": value})))}
    template = {"Resources": {"R": {"Type": "T", "Properties": told}}}
    (made,) = deployed.by_cloudformation(yaml.safe_dump(template)).values()

    assert json.loads(made["Properties"]["x"]) == {"given": moved(value)}
    assert PSEUDO.account == "${AWS::AccountId}"


@pytest.mark.skipif(shutil.which("terraform") is None, reason="needs terraform")
def test_terraform_itself_reads_texts_and_documents_as_they_were(tmp_path: Path) -> None:
    texts = [text for text in HARD if HELD not in text]
    hcl = Hcl(lambda text: text)
    (tmp_path / "main.tf").write_text(
        hcl.block(
            "locals", {"texts": texts, "document": Document({"texts": texts}), "map": {"k": texts[-1]}}
        ),
        encoding="utf-8",
    )
    asked = "base64encode(jsonencode([local.texts, jsondecode(local.document), local.map]))\n"
    answer = subprocess.run(
        ["terraform", "console", "-no-color"],
        input=asked,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    told = json.loads(base64.b64decode(answer.stdout.strip().splitlines()[-1].strip('"')))
    assert told == [texts, {"texts": texts}, {"k": texts[-1]}]
