"""What a form has started: the latest or a chosen one in full, and a line for each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.notebook import display as look
from sfnb.notebook.card_style import PILL
from sfnb.values import Json, encode

MOST_STARTS = 8
LONGEST_INPUT = 70
MOST_PRINTED = 10_000
"""Characters; the latest of what tasks print."""
GLANCE_SECONDS = 0.1


class Started:
    """One execution: its line, and what stands above the lines when it is looked at."""

    def __init__(self, execution: Execution, value: Json, printed: list[str]) -> None:
        self.execution = execution
        self.value = value
        self._printed = printed
        self._seen = 0
        self._text = ""
        self.summary = widgets.HTML()
        self.output = widgets.HTML(layout=widgets.Layout(display="none"))
        self.line = widgets.HTML()

    def refresh(self) -> None:
        """Bring all of it up to date."""
        status = self.execution.describe().status
        mark, hue = look.HUES[status]
        given = encode(self.value)
        given = given if len(given) <= LONGEST_INPUT else given[: LONGEST_INPUT - 1] + "…"
        self.line.value = (
            f'<div class="mathjax_ignore"><span style="{PILL.format(hue=hue)}">{mark} {status}</span> '
            f"<code>{escape(self.execution.name)}</code> <code>{escape(given)}</code></div>"
        )
        self.show_printed()
        if status != "RUNNING":
            self.summary.value = look.summary(self.execution).html

    def show_printed(self) -> None:
        """What tasks have printed since it was looked at last."""
        count = len(self._printed)
        if count == self._seen:
            return
        new = "".join(self._printed[self._seen : count])
        self._seen = count
        self._text = (self._text + new)[-MOST_PRINTED:]
        self.output.value = f'<pre class="sfnb-form-printed mathjax_ignore">{escape(self._text)}</pre>'
        self.output.layout.display = ""


class Starts:
    """The starts of one form.

    fill_in: takes over the input of an earlier start. is_open: whether there is still a form to show it.
    """

    def __init__(self, fill_in: Callable[[Json], None], is_open: Callable[[], bool]) -> None:
        self._fill_in = fill_in
        self._is_open = is_open
        self._started: list[Started] = []
        self._view: Any = None
        self._shown = widgets.VBox()
        self._lines = widgets.VBox()
        self.widget = widgets.VBox([self._shown, self._lines])
        self.widget.add_class("sfnb-form-results")

    def add(self, execution: Execution, value: Json, printed: list[str]) -> None:
        """Show an execution that has just begun, and follow it."""
        started = Started(execution, value, printed)
        self._started = [started, *self._started][:MOST_STARTS]
        started.refresh()
        self.show(started)
        self._lines.children = [self._line(each) for each in self._started] if len(self._started) > 1 else []
        threading.Thread(
            target=self._follow, args=(started,), name=f"sfnb form of {execution.name}", daemon=True
        ).start()

    def show(self, started: Started) -> None:
        """Show one in full, in the place of the one that was."""
        before, self._view = self._view, started.execution.view()
        self._shown.children = [started.summary, started.output, self._view]
        if before is not None:
            before.close()

    def close(self) -> None:
        if self._view is not None:
            self._view.close()

    def _line(self, started: Started) -> Any:
        name = started.execution.name
        show = _link("Show", f"Show {name} above", lambda: self.show(started))
        again = _link("Use its input", f"Fill in the input of {name}", lambda: self._fill_in(started.value))
        row = widgets.Box([started.line, show, again])
        row.add_class("sfnb-form-row")
        return row

    def _follow(self, started: Started) -> None:
        """Keep its line and what it prints up to date, until it ends or the form is closed."""
        try:
            while not started.execution.wait(GLANCE_SECONDS):
                if not self._is_open():
                    return
                started.show_printed()
            started.refresh()
        except SfnbError:  # it goes on in no process any more
            return


def _link(text: str, tooltip: str, do: Callable[[], None]) -> Any:
    button = widgets.Button(description=text, tooltip=tooltip)
    button.add_class("sfnb-form-link")
    button.on_click(lambda _: do())
    return button
