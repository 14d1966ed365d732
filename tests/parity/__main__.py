"""`python -m tests.parity`: run recorded cases and print how they did."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .loader import Case, load_cases, shared_folder
from .replay import ReplayWorld
from .report import GRADES, Score, score, selected, summary, table
from .runner import MakeWorld
from .served import run_served
from .world import SfnbWorld, missing


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 if every case that was run passes in the grade asked for, else 1."""
    options = _parser().parse_args(arguments)
    if shared_folder() is None:
        return _refuse("no recordings: put them in ../shared/parity or name the folder in SFNB_SHARED")
    if options.served:
        return _tell(run_served(_chosen(options), options.groups), options)
    reason = missing()
    if reason is not None and not options.replay:
        return _refuse(f"{reason}; --replay tests the harness itself")
    make_world: MakeWorld = ReplayWorld if options.replay else SfnbWorld
    return _tell([score(case, make_world) for case in _chosen(options)], options)


def _tell(scores: Sequence[Score], options: argparse.Namespace) -> int:
    shown = [one for one in scores if options.verbose or not one.passes(options.grade)]
    print(table(shown, options.grade, shown=1000 if options.verbose else 3))
    print(summary(scores))
    return 0 if all(one.passes(options.grade) for one in scores) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("--grade", choices=GRADES, default="lenient", help="whose differences are shown")
    parser.add_argument("--case", metavar="SUBSTRING", default="", help="only cases whose id contains it")
    parser.add_argument("--all", action="store_true", help="every execution case, not the selection alone")
    parser.add_argument("--verbose", action="store_true", help="cases that pass too, and all differences")
    parser.add_argument(
        "--served", action="store_true", help="against a real `sfnb serve`: all cases, of all kinds"
    )
    parser.add_argument("--groups", type=int, default=4, help="how many cases run side by side with --served")
    parser.add_argument("--replay", action="store_true", help="replay the recordings: tests the harness")
    return parser


def _chosen(options: argparse.Namespace) -> list[Case]:
    """The selection, or those of it that are named; a name outside of it is looked up in all."""
    every = [case for case in load_cases() if options.served or case.kind in ("execution", "test_state")]
    whole = options.all or options.served
    found = [case for case in (every if whole else selected()) if options.case in case.id]
    return found or [case for case in every if options.case in case.id]


def _refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
