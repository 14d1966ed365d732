"""Two executions side by side: which visits stand for each other, and in what those differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfnb.diff.pairs import Pair, align
from sfnb.logged import Logged

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.diff.words import Comparison
    from sfnb.renderers import Picture


class Diff:
    """Two executions compared, as they are now; get one from `execution.diff(other)`.

    The first is the left one. A visit stands for the one of the same state, in the same branch or item,
    that is preceded by as many there. Ids and times are not compared.
    """

    def __init__(self, left: Logged, right: Logged) -> None:
        self.left = left
        self.right = right
        self.states = left.describe(), right.describe()
        self.trails = left.deep_trail, right.deep_trail
        self.pairs: list[Pair] = align(*self.trails)

    @property
    def same(self) -> bool:
        """Whether all visits are the same: in their statuses, payloads, variables, errors and attempts."""
        return not any(pair.aspects for pair in self.pairs) and self.states[0].status == self.states[1].status

    @property
    def frame(self) -> pd.DataFrame:
        """A row per visit, or pair of visits that stand for each other.

        change: "same", "only left", "only right", or what says most of what differs: "status", "input",
            "output" (of the same input), "error", "attempts", "variables".
        visit: which one of the state there, from 1. seconds: NaN while it runs, or where there is no visit.
        entered_id: for `left.at(...)` and `right.at(...)`; of a visit in a child execution, the child's.
        """
        from sfnb.diff.tables import pairs_frame

        return pairs_frame(self.pairs)

    @property
    def changes(self) -> pd.DataFrame:
        """A row per place in a payload that differs: `path` in the input, the output or the variables.

        kind: "changed", or on which side alone there is something; a null there is None, too.
        """
        from sfnb.diff.tables import changes_frame

        return changes_frame(self.pairs)

    def graph(self, *, title: str | None = None) -> Picture:
        """Both machines in one, with the states that differ, and those that one side alone has visited.

        title: the machine's name unless told; "" for none.
        """
        from sfnb.renderers import difference_picture

        return difference_picture(
            (self.left.outline, self.right.outline),
            self.trails,
            [(pair.either.path, pair.difference) for pair in self.pairs],
            title=self.comparison().headline if title is None else title,
        )

    def comparison(self) -> Comparison:
        """What there is to tell."""
        from sfnb.diff.words import compare

        return compare(self)

    def summary(self) -> str:
        """Where they part, and in what they differ, in a few lines."""
        return self.comparison().text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from sfnb.notebook.diff_view import bundle

        return bundle(self)

    def __repr__(self) -> str:
        return self.summary()
