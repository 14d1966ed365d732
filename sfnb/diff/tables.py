"""Pairs of visits, and the places in which they differ, as pandas DataFrames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

from sfnb.diff.pairs import Aspect, Pair
from sfnb.diff.payloads import Kind
from sfnb.engine.progress import Status
from sfnb.engine.visits import Visit
from sfnb.frames import category, integers, objects, texts

if TYPE_CHECKING:
    import pandas as pd


def pairs_frame(pairs: Sequence[Pair]) -> pd.DataFrame:
    """See `Diff.frame`."""
    import pandas as pd

    left, right = [pair.left for pair in pairs], [pair.right for pair in pairs]
    return pd.DataFrame(
        {
            "state": category([pair.either.state for pair in pairs]),
            "where": texts([pair.where for pair in pairs]),
            "visit": integers([pair.nth for pair in pairs]),
            "change": category([pair.change for pair in pairs], ("same", *get_args(Aspect))),
            "status_left": category([visit and visit.status for visit in left], get_args(Status)),
            "status_right": category([visit and visit.status for visit in right], get_args(Status)),
            "input_differs": _differs(pairs, "input"),
            "output_differs": _differs(pairs, "output"),
            "seconds_left": [_seconds(visit) for visit in left],
            "seconds_right": [_seconds(visit) for visit in right],
            "entered_id_left": integers([visit and visit.entered_id for visit in left]),
            "entered_id_right": integers([visit and visit.entered_id for visit in right]),
        }
    ).astype({"seconds_left": "float64", "seconds_right": "float64"})


def _differs(pairs: Sequence[Pair], aspect: Aspect) -> pd.Series[bool]:
    """NA where one side has no such visit."""
    import pandas as pd

    values = [None if pair.left is None or pair.right is None else aspect in pair.aspects for pair in pairs]
    return pd.Series(values, dtype="boolean")


def _seconds(visit: Visit | None) -> float:
    if visit is None or visit.exited is None:
        return float("nan")
    return (visit.exited - visit.entered).total_seconds()


def changes_frame(pairs: Sequence[Pair]) -> pd.DataFrame:
    """See `Diff.changes`."""
    import pandas as pd

    rows = [(pair, payload, change) for pair in pairs for payload, change in pair.payloads()]
    found = [change for *_, change in rows]
    return pd.DataFrame(
        {
            "state": category([pair.either.state for pair, *_ in rows]),
            "where": texts([pair.where for pair, *_ in rows]),
            "visit": integers([pair.nth for pair, *_ in rows]),
            "payload": category([payload for _, payload, _ in rows], ("input", "output", "variables")),
            "path": texts([change.path for change in found]),
            "kind": category([change.kind for change in found], get_args(Kind)),
            "left": objects([change.left for change in found]),
            "right": objects([change.right for change in found]),
        }
    )
