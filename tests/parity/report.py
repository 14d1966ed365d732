"""Running many cases and counting: a row each, figures for both grades and for every folder."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from .loader import Case, is_selected, load_cases
from .runner import Grade, MakeWorld, differences, run_in_new_world
from .unify import Difference

GRADES: Sequence[Grade] = ("lenient", "strict")


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How one case did: what differs in each grade."""

    case: Case
    lenient: list[Difference]
    strict: list[Difference]

    def differences(self, grade: Grade) -> list[Difference]:
        return self.lenient if grade == "lenient" else self.strict

    def passes(self, grade: Grade) -> bool:
        return not self.differences(grade)


def score(case: Case, make_world: MakeWorld) -> Score:
    """Run a case in a new world and grade it twice."""
    run = run_in_new_world(case, make_world)
    return Score(case=case, lenient=differences(run, "lenient"), strict=differences(run, "strict"))


@functools.cache
def selected() -> tuple[Case, ...]:
    """The cases asked of this version."""
    return tuple(case for case in load_cases() if is_selected(case))


def percentage(scores: Sequence[Score], grade: Grade) -> float:
    """The share of cases that pass, from 0 to 100; 0 of no cases."""
    return 100 * sum(one.passes(grade) for one in scores) / len(scores) if scores else 0.0


def summary(scores: Sequence[Score]) -> str:
    """A line for each folder and one for all.

    >>> print(summary([]))
    all                               0 cases    lenient   0 (0.0 %)    strict   0 (0.0 %)
    """
    folders = Counter(one.case.folder for one in scores)
    groups = [(folder, [one for one in scores if one.case.folder == folder]) for folder in sorted(folders)]
    return "\n".join(_figures(name, group) for name, group in [*groups, ("all", list(scores))])


def _figures(name: str, scores: Sequence[Score]) -> str:
    parts = [f"{name:<30} {len(scores):>4} cases"]
    for grade in GRADES:
        passed = sum(one.passes(grade) for one in scores)
        parts.append(f"{grade} {passed:>3} ({percentage(scores, grade):.1f} %)")
    return "    ".join(parts)


def table(scores: Iterable[Score], grade: Grade, shown: int) -> str:
    """A row for each case, with the first `shown` differences of those that fail."""
    return "\n".join(line for one in scores for line in _rows(one, grade, shown))


def _rows(one: Score, grade: Grade, shown: int) -> list[str]:
    marks = " ".join("pass" if one.passes(each) else "FAIL" for each in GRADES)
    found = one.differences(grade)
    rows = [f"{marks}  {one.case.id}", *(f"           {difference}" for difference in found[:shown])]
    if len(found) > shown > 0:
        rows.append(f"           and {len(found) - shown} more")
    return rows
