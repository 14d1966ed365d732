"""Processes are killed again and again; what they had begun comes to what it would have come to."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash.driver import Campaign
from tests.crash.evidence import Evidence
from tests.crash.ledger import Ledger
from tests.crash.verdict import compare

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody is killed here")
UNDER_WAY = ("as it resumed and started", "at work")


def fight(folder: Path, seed: str, kills: int) -> Campaign:
    """One campaign; raises AssertionError, which names the seed."""
    folder.mkdir()
    campaign = Campaign(folder, seed, kills=kills)
    try:
        campaign.run()
        ledger = Ledger(folder / "whole")
        whole = Evidence(folder / "whole", ledger)
        whole.look(campaign.rounds)
        ledger.close()
        compare(campaign.evidence, whole)
    except Exception as fault:
        raise AssertionError(f"seed {seed!r}, round {campaign.rounds}, in {folder}: {fault}") from fault
    return campaign


def fight_all(folder: Path, seeds: Sequence[str], kills: int, together: int) -> list[Campaign]:
    with ThreadPoolExecutor(together) as pool:
        fights = [pool.submit(fight, folder / seed, seed, kills) for seed in seeds]
        faults = [str(fault) for each in fights if (fault := each.exception()) is not None]
        assert not faults, "\n".join(faults)
        return [each.result() for each in fights]


def report(campaigns: Sequence[Campaign]) -> float:
    """The share of kills that hit work under way; prints the figures."""
    killed = sum((campaign.killed for campaign in campaigns), Counter[str]())
    streams = sum(len(campaign.evidence.streams) for campaign in campaigns)
    calls = sum(len(campaign.evidence.calls) for campaign in campaigns)
    repeats = sum(campaign.evidence.repeats for campaign in campaigns)
    share = sum(killed[stage] for stage in UNDER_WAY) / killed.total()
    print(f"{killed.total()} kills, {share:.0%} of them with work under way: {dict(killed)}")
    print(f"{streams} executions, {calls} calls, {repeats} of them made again")
    return share


def test_what_is_killed_again_and_again_comes_to_the_same_end(tmp_path: Path) -> None:
    campaigns = fight_all(tmp_path, ["one", f"chance-{time.time_ns()}"], kills=8, together=2)

    assert report(campaigns) > 0.5
    assert sum(campaign.evidence.repeats for campaign in campaigns) > 0


@pytest.mark.soak
def test_a_thousand_kills(tmp_path: Path) -> None:
    began = time.time_ns()
    seeds = [f"{began}-{number}" for number in range(40)]

    campaigns = fight_all(tmp_path, seeds, kills=25, together=os.cpu_count() or 2)

    assert report(campaigns) > 0.8
