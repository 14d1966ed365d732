"""The parser of delimited text, by laws: its fast ways read what its slow one reads."""

from __future__ import annotations

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sfnb.items.config import ReaderConfig
from sfnb.items.faults import ReaderFault
from sfnb.items.readers.csv_ import RowParser, _rows, read_csv

TEXT = st.text(alphabet=st.sampled_from('ab ,|"\\\n\r\té😀'), max_size=8)
ROWS = st.lists(st.lists(TEXT, min_size=2, max_size=4), max_size=6)


def slowly(text: str, delimiter: str) -> list[list[str]]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    rows: list[list[str]] = []
    parser = RowParser(delimiter)
    for line in lines:
        if parser.feed(line):
            rows.append(parser.fields)
            parser = RowParser(delimiter)
    return rows


@given(st.text(alphabet=st.sampled_from('ab ,|"\\\n\r'), max_size=30), st.sampled_from(",|"))
@example('"a","b ""c""",""\n', ",")
@example('a,""b"",c\n"x" ,y\n', ",")
def test_the_fast_ways_agree_with_the_slow_one(text: str, delimiter: str) -> None:
    found: list[list[str]] = []
    with suppress(ReaderFault):  # a quote that is never closed
        found.extend(_rows(io.BytesIO(text.encode()), delimiter))
    assert found == slowly(text, delimiter)


@given(ROWS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_python_writes_is_read_back(rows: list[list[str]], quoting: int) -> None:
    rows = [[field.replace("\\", "\\\\").replace("\r", "") for field in row] for row in rows]
    written = io.StringIO()
    csv.writer(written, quoting=quoting, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    config = ReaderConfig(headers=("a", "b", "c"))

    items = [value for _, value in read_csv(io.BytesIO(written.getvalue().encode()), config)]

    def value(row: list[str], place: int) -> str:
        return row[place].replace("\\\\", "\\") if place < len(row) else ""

    assert items == [{name: value(row, place) for place, name in enumerate("abc")} for row in rows]


@given(st.lists(st.text(max_size=5), min_size=1, max_size=30, unique=True))
def test_every_header_gets_its_own_field(headers: list[str]) -> None:
    headers = [name.encode("utf-8", "replace").decode() for name in headers]
    row = [str(place) for place in range(len(headers))]
    config = ReaderConfig(headers=tuple(dict.fromkeys(headers)))
    assert config.headers is not None

    [(_, item)] = read_csv(io.BytesIO(",".join(row[: len(config.headers)]).encode()), config)

    assert item == dict(zip(config.headers, row, strict=False))


def test_a_field_longer_than_the_csv_module_takes_is_read() -> None:
    field = "x," * 100_000
    text = f'a,b\n"{field}","y"\n'

    assert list(_rows(io.BytesIO(text.encode()), ",")) == [["a", "b"], [field, "y"]]


def test_headers_of_more_than_10_kib_are_refused() -> None:
    text = ",".join(f"header{number}" for number in range(2_000))

    with pytest.raises(ReaderFault, match="CSV headers cannot be larger than 10 KiB"):
        list(read_csv(io.BytesIO(text.encode()), ReaderConfig()))
