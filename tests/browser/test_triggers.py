"""What starts executions, as it looks in a real JupyterLab."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Notebook, OpenNotebook

pytestmark = pytest.mark.browser

SET_UP = """
%load_ext sfnb
%config SfnMagic.durability = "memory"
import sfnb
@sfnb.function
def label(event, context): raise ValueError("the label is too small")
orders = sfnb.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="orders")
labels = label.on.event({"source": ["shop"]}, retries=0)
"""
EVENT = """
%%asl on orders event --input-path $.detail
source: [shop]
detail: {total: [{numeric: [">", 100]}]}
"""
SCHEDULE = "%asl on orders schedule cron(0 8 1 1 ? 2099) --timezone Europe/Berlin"
SEND = 'sfnb.put_event("shop", "OrderPlaced", {"total": 300}); labels.wait(0, dropped=1)'
TRY = '%asl try orders {"source": "shop", "detail": {"total": 70}}'
CELLS = (SET_UP, EVENT, SCHEDULE, SEND, "%asl triggers", TRY)


@pytest.fixture(scope="module")
def notebook(open_notebook: OpenNotebook) -> Notebook:
    return open_notebook("triggers", *CELLS).run(*range(len(CELLS)))


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_cards_and_tables_can_be_read_on_both_themes(
    notebook: Notebook, screenshots: Path, theme: str
) -> None:
    notebook.theme(theme.removeprefix("JupyterLab "))
    ground = "() => getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor"
    page = _luminance(notebook.page.evaluate(ground))

    for cell, words in (
        (1, "starts orders"),
        (2, "at 08:00 on the 1st of January"),
        (3, "1 dropped"),
        (4, "orders-schedule"),
        (5, "70 is not > 100"),
    ):
        output = notebook.output(cell).last
        place = output.get_by_text(words).last
        place.scroll_into_view_if_needed()
        assert place.is_visible(), words
        ink = _luminance(place.evaluate("place => getComputedStyle(place).color"))
        lighter, darker = max(ink, page), min(ink, page)
        assert (lighter + 0.05) / (darker + 0.05) > 4.5, words
        output.screenshot(path=screenshots / f"triggers-{theme.rpartition(' ')[2].lower()}-{cell}.png")
    assert notebook.elsewhere == []


def test_a_table_keeps_its_names_on_one_line(notebook: Notebook) -> None:
    row = notebook.output(4).last.locator("tbody tr").first

    assert row.locator("td").first.evaluate("cell => getComputedStyle(cell).whiteSpace") == "nowrap"
    assert notebook.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def _luminance(colour: str) -> float:
    """Of `rgb(1, 2, 3)`, or of `color(srgb 0.1 0.2 0.3)`; as WCAG 2 defines it."""
    inside = colour[colour.index("(") + 1 : -1].replace(",", " ").split()
    parts = (
        [float(part) for part in inside[1:4]]
        if inside[0] == "srgb"
        else [float(part) / 255 for part in inside[:3]]
    )
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
