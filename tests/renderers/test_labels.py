"""Text in pictures."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sfnb.renderers.labels import clean, shorten, width, wrap

ANY = st.text(st.characters(codec=None))


@given(ANY, st.integers(min_value=1, max_value=4))
def test_lines_fit_and_lose_nothing_but_what_the_ellipsis_stands_for(text: str, lines: int) -> None:
    rows = wrap(text, 10, 120, lines)

    assert 1 <= len(rows) <= lines
    assert all(width(row, 10) <= 120 or len(row) < 8 for row in rows)
    whole = "".join(rows).replace(" ", "")
    bare = clean(text).replace(" ", "")
    assert whole == bare or (whole.endswith("…") and bare.startswith(whole[:-1]))


def test_lines_break_where_words_do() -> None:
    assert wrap("ValidateOrderAndCharge the-card", 13, 110, 3) == ("ValidateOrder", "AndCharge the-", "card")


def test_a_glyph_of_several_characters_is_not_torn() -> None:
    family = "👨‍👩‍👧‍👦"
    rows = wrap(family * 9, 13, 120, 3)

    assert all(row.rstrip("…").replace(family, "") == "" for row in rows)


@given(ANY, st.integers(min_value=30, max_value=200))
def test_a_shortened_text_fits_and_keeps_its_ends(text: str, room: int) -> None:
    short = shorten(text, 10, room)

    assert width(short, 10) <= room
    if short != clean(text):
        head, _, tail = short.partition("…") if clean(text).count("…") == 0 else ("", "", "")
        assert clean(text).startswith(head)
        assert clean(text).endswith(tail)
