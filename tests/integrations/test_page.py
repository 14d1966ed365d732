"""The page of integrations tells what is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sfnb.asl.resources import OPTIMIZED
from tests.integrations.page import PAGE, PREFIXES, TESTED, page

ACTIONS = {f"{service}:{action}" for service, actions in OPTIMIZED.items() for action in actions}


def test_the_page_of_integrations_is_what_the_tables_make() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m tests.integrations.page"


def test_the_page_has_a_row_for_each_action() -> None:
    rows = [line for line in page().splitlines() if re.match(r"\| (\*\*| \| `)", line)]

    assert len(rows) == len(ACTIONS)
    assert {*TESTED, *PREFIXES} <= ACTIONS


def test_a_row_tells_of_patterns_errors_and_the_end_of_a_job() -> None:
    (batch,) = (line for line in page().splitlines() if line.startswith("| **batch**"))

    assert batch == (
        "| **batch** | `submitJob` | ✓ `.sync` | `Batch` | `DescribeJobs` | `SUCCEEDED`; `FAILED` "
        "| `TerminateJob` | moto |"
    )


@pytest.mark.parametrize("name", [name for name, on in TESTED.items() if on == "moto"])
def test_what_is_said_to_be_tested_on_moto_is_in_a_test_that_uses_it(name: str) -> None:
    """A test may put the action together: `emr-serverless:{action}Application`."""
    service, _, action = name.partition(":")
    pattern = re.compile(rf"\b{service}:(?:{action}\b|{{action}})")
    files = (file.read_text() for file in Path(__file__).parent.glob("test_*.py") if file != Path(__file__))

    assert any(pattern.search(text) and "moto" in text for text in files)
