"""The benchmarks still measure what they say: each checks its own answers."""

from __future__ import annotations

import pytest

from benchmarks.workloads import WORKLOADS


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_does_its_work(name: str) -> None:
    workload = WORKLOADS[name]

    workload.make()()

    assert workload.unit == "ms" or workload.amount > 1
