"""DataFrames in a notebook: two dollars in one cell are two paths, and no formula between them.

Pandas keeps MathJax off its tables where an option of its own says so. The option is set with the first
DataFrame that is shown, for to import pandas would make `%load_ext sfnb` several times slower. Whoever
sets it afterwards has the last word.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

OPTION = "display.html.use_mathjax"
HOMES = ("pandas", "pandas.core.frame")
"""Modules that DataFrame says it is from: since pandas 3, and before."""


def leave_dollars_alone(shell: Any) -> Callable[[], None]:
    """Set the option, now where pandas is loaded, else in time; returns what takes it back."""
    formatter = shell.display_formatter.formatters["text/html"]
    before: list[bool] = []

    def turn_off() -> None:
        import pandas as pd

        if not before:
            before.append(pd.get_option(OPTION))
            pd.set_option(OPTION, False)

    def show(frame: Any) -> str | None:
        turn_off()
        html: str | None = frame._repr_html_()
        return html

    def undo() -> None:
        for home in ours:
            formatter.pop(f"{home}.DataFrame", None)
        if before:
            import pandas as pd

            pd.set_option(OPTION, before[0])

    if "pandas" in sys.modules:
        turn_off()
    # Another extension may have a printer of its own for DataFrames, which is left where it is.
    ours = [home for home in HOMES if formatter.for_type_by_name(home, "DataFrame") is None]
    for home in ours:
        formatter.for_type_by_name(home, "DataFrame", show)
    return undo
