"""A web server that the tasks of a test call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integrations.web import Web, serving


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web
