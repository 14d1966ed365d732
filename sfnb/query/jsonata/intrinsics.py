"""What JSONata has in the place of JSONPath's intrinsic functions, for whoever writes one of them here.

Source: AWS guide, "Transforming data with JSONata"; docs.jsonata.org, the function library.
"""

from __future__ import annotations

import re

INSTEAD = {
    "Array": "[1, 2]",
    "ArrayContains": "value in array",
    "ArrayGetItem": "array[0]",
    "ArrayLength": "$count(array)",
    "ArrayPartition": "$partition(array, size)",
    "ArrayRange": "$range(first, last, step)",
    "ArrayUnique": "$distinct(array)",
    "Base64Decode": "$base64decode(text)",
    "Base64Encode": "$base64encode(text)",
    "Format": "'Hello ' & $string(value)",
    "Hash": "$hash(text, algorithm)",
    "JsonMerge": "$merge([first, second])",
    "JsonToString": "$string(value)",
    "MathAdd": "a + b",
    "MathRandom": "$random()",
    "StringSplit": "$split(text, separator)",
    "StringToJson": "$parse(text)",
    "UUID": "$uuid()",
}
"""By the intrinsic function's name without `States.`."""

_CALL = re.compile(r"\bStates\s*\.\s*(\w+)\s*\(")


def first_intrinsic(text: str) -> str | None:
    """The first call of something like an intrinsic function: `Format`."""
    call = _CALL.search(text)
    return call[1] if call else None


def intrinsic_advice(name: str) -> str:
    """
    >>> intrinsic_advice("UUID")
    'intrinsic functions belong to JSONPath; here it is $uuid()'
    """
    known = INSTEAD.get(name)
    told = f"here it is {known}" if known else "& joins texts, $string(...) makes one, $uuid() an id"
    return f"intrinsic functions belong to JSONPath; {told}"
