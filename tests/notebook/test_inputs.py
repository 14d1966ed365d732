"""What --input means."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from sfnb.errors import InvalidInput
from sfnb.notebook.inputs import read_input

VARIABLES: dict[str, Any] = {"order": {"id": 7}, "orders": [1, 2], "nan": math.nan, "_order": 1, "f": len}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (None, {}),
        ("order", {"id": 7}),
        ('{"n": 1.0}', {"n": 1.0}),
        ("[1]", [1]),
        ("5", 5),
        ('"a"', "a"),
        ("null", None),
    ],
)
def test_a_variable_or_json(text: str | None, value: object) -> None:
    assert read_input(text, VARIABLES).payload.value == value


def test_json_keeps_its_white_space() -> None:
    assert read_input('{"n":  1}', {}).payload.text == '{"n":  1}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("odrer", "--input: there is no variable 'odrer'; did you mean \"order\"?"),
        ("zebra", "--input: there is no variable 'zebra'"),
        ("order.id", "--input takes a variable's name: write  data = order.id  above, and --input data"),
        ("orders[0]", "--input takes a variable's name"),
        ("order.json", "--input takes a variable's name"),
        ("first.json", "--input: a file's name begins with @: --input @first.json"),
        ("a-b", "--input: 'a-b' is no variable and no JSON; a text is written '\"a-b\"'"),
        ('{"n": NaN}', "--input: this is not JSON: JSON has no NaN; use null instead"),
        ("{'n': 1}", "--input: this is not JSON: line 1, column 2: Expecting property name"),
        ("nan", "the input is not JSON: nan is NaN: JSON has no such number"),
        ("f", "the input is not JSON: f is of type builtin_function_or_method"),
        ("@missing.json", "cannot read the input 'missing.json': No such file or directory"),
    ],
)
def test_what_is_no_input_is_said_plainly(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_input(text, VARIABLES)

    assert str(raised.value).startswith(message)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "order.json"
    path.write_bytes(b'\xef\xbb\xbf{"id": 7}\n')

    given = read_input(f"@{path}", {})

    assert given.payload.value == {"id": 7}
    assert given.origin == str(path)


def test_files_that_will_not_do(tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text('{\n  "id": }')
    (tmp_path / "latin.json").write_bytes(b'"\xe9"')

    with pytest.raises(InvalidInput, match=r'No such file or directory; did you mean "order\.json"'):
        read_input(f"@{tmp_path}/ordr.json", {})
    with pytest.raises(InvalidInput, match="is not JSON: line 2, column 9: Expecting value"):
        read_input(f"@{tmp_path}/order.json", {})
    with pytest.raises(InvalidInput, match="is no UTF-8 text"):
        read_input(f"@{tmp_path}/latin.json", {})
    with pytest.raises(InvalidInput, match="cannot read"):
        read_input(f"@{tmp_path}", {})
