"""What a YAML scalar means: the core schema of YAML 1.2 with decimal numbers only, and tags.

`0o7` and `0x1F` are text: JSON has no such numbers, and what looks like one in a definition is more
likely an identifier. `010` is the number 10.
Source: YAML 1.2.2, section 10.3.2; AWS CloudFormation, "Intrinsic function reference".
"""

from __future__ import annotations

import re
import sys
from math import isfinite

from sfnb.asl.reading import quoted, shown
from sfnb.values import Json

_WORDS: dict[str, Json] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_is_integer = re.compile(r"[-+]?[0-9]+").fullmatch
_is_float = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?").fullmatch
_is_nonfinite = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)").fullmatch
_BEGINS_NUMBER = frozenset("0123456789+-.")

_STANDARD = "tag:yaml.org,2002:"
_FUNCTIONS = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{
        f"!{name}": f"Fn::{name}"
        for name in (
            *("And", "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue"),
            *("Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"),
        )
    },
}


class NotJson(ValueError):
    """A scalar that has no value in JSON; the message says why."""


def plain_value(text: str) -> Json:
    """The value of a scalar without quotes or tag; raises NotJson for .nan, .inf and the like.

    >>> [plain_value(text) for text in ("Pass", "true", "yes", "3", "1e3", "~", "2024-01-31", "0x1F")]
    ['Pass', True, 'yes', 3, 1000.0, None, '2024-01-31', '0x1F']
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _BEGINS_NUMBER:
        return text
    if _is_integer(text):
        return _integer(text)
    if _is_float(text):
        return _float(text)
    if _is_nonfinite(text):
        raise NotJson(f"{text} is no JSON value")
    return text


def _integer(text: str) -> int:
    digits = len(text.lstrip("+-"))
    if 0 < sys.get_int_max_str_digits() < digits:
        raise NotJson(f"A number of {digits} digits is too long")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise NotJson(f"{shown(text)} is too large a number")
    return number


def function_of(tag: str | None) -> str | None:
    """The CloudFormation function that `tag` is short for.

    >>> function_of("!Sub"), function_of("!!str")
    ('Fn::Sub', None)
    """
    return None if tag is None else _FUNCTIONS.get(tag)


def is_known(tag: str | None) -> bool:
    return tag is None or tag == "!" or tag in _FUNCTIONS or tag.removeprefix(_STANDARD) in _KINDS


def spelled(tag: str) -> str:
    """`tag` as an author writes it.

    >>> spelled("tag:yaml.org,2002:set"), spelled("!Foo"), spelled("tag:example.com,2000:x")
    ('!!set', '!Foo', '!<tag:example.com,2000:x>')
    """
    if tag.startswith(_STANDARD):
        return shown(f"!!{tag.removeprefix(_STANDARD)}")
    return shown(tag if tag.startswith("!") else f"!<{tag}>")


def tagged_value(tag: str, value: Json) -> Json:
    """`value`, a text, array or object, under a known `tag`; raises NotJson where the two do not fit.

    >>> tagged_value("!GetAtt", "Table.Arn")
    {'Fn::GetAtt': ['Table', 'Arn']}
    """
    function = _FUNCTIONS.get(tag)
    if function == "Fn::GetAtt" and isinstance(value, str):
        return {function: list(value.split(".", 1))}
    if function is not None:
        return {function: value}
    kind = tag.removeprefix(_STANDARD)
    if kind not in _KINDS:
        return value
    if isinstance(value, str) and kind not in ("str", "map", "seq"):
        value = plain_value(value)
    if kind == "float" and type(value) is int:
        return _float(str(value))
    if type(value) is not _KINDS[kind]:
        raise NotJson(f"{quoted(value) if isinstance(value, str) else 'This'} is no {spelled(tag)}")
    return value


_KINDS: dict[str, type] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "null": type(None),
    "map": dict,
    "seq": list,
}
