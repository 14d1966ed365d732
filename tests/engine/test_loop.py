"""The engine's thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sfnb.engine.loop import Engine

SOON = 60.0


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def test_an_action_that_raises_takes_nothing_with_it(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    held, done = threading.Event(), threading.Event()
    engine.post(held.wait, SOON)  # so that the others are taken together

    engine.post(lambda: 1 // 0)
    engine.post(done.set)
    held.set()

    assert done.wait(SOON)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_it_knows_its_own_thread(engine: Engine) -> None:
    told: list[bool] = []
    done = threading.Event()

    engine.post(lambda: told.append(engine.here))
    engine.post(done.set)

    assert done.wait(SOON)
    assert (told, engine.here) == ([True], False)
