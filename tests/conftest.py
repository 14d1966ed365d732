"""What many tests need. Warnings are errors everywhere: see pyproject.toml."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sfnb.service import StepFunctions


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    """A service of one's own, closed in the end with all its threads."""
    service = StepFunctions()
    yield service
    service.close()
