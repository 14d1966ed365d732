"""Tables of rights, as text and as HTML."""

from __future__ import annotations

from sfnb.iam.roles import make_role
from sfnb.table import Table

ARN = "arn:aws:iam::123456789012:role/teller"


def test_a_column_with_nothing_in_it_is_left_out() -> None:
    table = Table(title="", header=("action", "condition", "why"), rows=(("a:B", "", "x"), ("c:D", "", "")))

    assert table.text.splitlines() == ["action  why", "a:B     x", "c:D"]
    assert "condition" not in table.html


def test_a_table_without_rows_still_has_its_header() -> None:
    assert Table(title="", header=("nothing is needed",), rows=()).text == "nothing is needed"


def test_an_arn_is_broken_at_its_parts_alone() -> None:
    html = Table(title="", header=("on",), rows=(("arn:aws:s3:::rows/a<b/*",),)).html

    assert "arn:<wbr>aws:<wbr>s3:::rows/<wbr>a&lt;b/*" in html


def test_a_role_shows_what_its_policies_say() -> None:
    role = make_role(
        ARN,
        {
            "orders": {
                "Statement": [
                    {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
                    {"Effect": "Deny", "NotAction": ["s3:*", "sns:*"], "Resource": "*"},
                ]
            }
        },
    )

    lines = [line.split() for line in repr(role).splitlines()]
    assert lines == [
        [ARN],
        ["statement", "effect", "actions", "resources"],
        ["orders/Read", "Allow", "s3:GetObject", "*"],
        ["orders/Statement[1]", "✘", "Deny", "all", "but", "*"],
        ["s3:*"],
        ["sns:*"],
    ]


def test_a_role_without_policies_says_so() -> None:
    assert repr(make_role(ARN)).splitlines()[-1] == "no policy grants it anything"
